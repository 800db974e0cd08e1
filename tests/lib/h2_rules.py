# SPDX-License-Identifier: BSD-2-Clause
"""Rules of RFC 9113 and RFC 7541 as rows of a table: what a client sends, and what has to come of
it. A row is tried in several ways (WAYS), because what a server does must not depend on how
frames come in: all in one segment, each one after the one before was acted on, or in crumbs."""
import struct
import typing

import pytest

import h2
from h2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PRIORITY,
                PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, literal)
from tls_client import TlsClient

PRIORITY_FLAG = 0x20
WHOLE = END_HEADERS | END_STREAM
LATER = 101                         # a stream after all those of a row
PIECES = 500                        # most crumbs of a segment
HTTP, HTTPS = b"\x86", b"\x87"      # schemes in HPACK's static table
AUTHORITY = b"\0\x0a:authority"


class H2TlsClient(h2.H2Client, TlsClient):
    """HTTP/2 behind a handshake."""


class Rule(typing.NamedTuple):
    name: str                       # the section first
    outcome: typing.Callable        # takes the client after all is sent
    steps: tuple                    # bytes to send, or what to do in between with the client


def rule(name, outcome, *steps):
    return Rule(name, outcome, steps)


def all_rules(*tables):
    """As rows for pytest.mark.parametrize."""
    rows = [row for table in tables for row in table]
    assert len({row.name for row in rows}) == len(rows), "two rows have one name"
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in rows])


# How a row is sent ------------------------------------------------------------------------------

def at_once(client, steps):
    """As much as may be in one segment."""
    waiting = b""
    for step in steps:
        if callable(step):
            client.send(waiting)
            waiting = b""
            step(client)
        else:
            waiting += step
    client.send(waiting)


def apart(client, steps):
    """The server has acted on a step before it gets the next."""
    client.ping()
    for number, step in enumerate(steps):
        if callable(step):
            step(client)
            continue
        client.send(step)
        if number < len(steps) - 1:
            client.ping()


def in_crumbs(client, steps):
    for step in steps:
        if callable(step):
            step(client)
        else:
            crumb = len(step) // PIECES + 1
            client.send_pieces(step, *range(crumb, len(step), crumb))


WAYS = {"at once": at_once, "apart": apart, "in crumbs": in_crumbs}


# What comes of it -------------------------------------------------------------------------------

def connection_error(*codes, last_stream=None):
    """GOAWAY with one of these, then the end of the connection, with no reset that could cost
    the client what is on its way."""
    def check(client):
        assert client.until_end() in codes
        if last_stream is not None:
            assert client.goaways[-1].last_stream == last_stream
    return check


def ended(client):
    """With or without a word: the client was the first to say so."""
    while client.take():
        pass
    assert all(one.error == h2.NO_ERROR for one in client.goaways)


def goes_on(client):
    """Nobody has lost anything: the next request is answered, by the same tables of HPACK."""
    client.next_stream = max(client.next_stream, LATER)
    answer = client.get("/a.txt", scheme=client.scheme)
    assert (answer.status, answer.body) == (200, b"the text of a\n")
    assert not client.goaways


def stream_error(code, stream=1):
    """RST_STREAM, and the connection goes on."""
    def check(client):
        client.until(lambda: client.answers.get(stream, h2.Answer()).reset is not None)
        assert client.answers[stream].reset == code
        goes_on(client)
    return check


def answered(status=200, stream=1):
    def check(client):
        answer = client.answer(stream)
        assert answer.status == status and answer.reset in (None, h2.NO_ERROR)
        goes_on(client)
    return check


def nothing(client):
    """It is as if it had not been sent."""
    client.ping()
    assert all(answer.reset is None for answer in client.answers.values())
    goes_on(client)


def until_answered(client):
    """A step: stream 1 has its whole answer."""
    assert client.answer(1).status is not None


# Frames -----------------------------------------------------------------------------------------

def number(value):
    return struct.pack(">I", value)


def block(path="/", method="GET", more=(), authority="h"):
    """A header list; its scheme is the byte that over_tls() finds."""
    return literal(":method", method) + HTTP + literal(":authority", authority) + \
        literal(":path", path) + b"".join(literal(*field) for field in more)


def over_tls(step):
    return step if callable(step) else step.replace(HTTP + AUTHORITY, HTTPS + AUTHORITY)


def raw(length, kind, flags, stream, payload=b""):
    """A head that says what it likes."""
    return length.to_bytes(3, "big") + bytes([kind, flags]) + number(stream) + payload


def request(stream=1, flags=WHOLE, more=(), path="/", method="GET", after=b"", **named):
    return frame(HEADERS, flags, stream, block(path, method, more, **named) + after)


def get(stream=1, **named):
    return request(stream, **named)


def post(stream=1, flags=END_HEADERS, method="POST", **named):
    """A request whose content is to come."""
    return request(stream, flags, method=method, **named)


def data(content=b"test", stream=1, flags=END_STREAM):
    return frame(DATA, flags, stream, content)


def reset(stream=1, error=h2.CANCEL):
    return frame(RST_STREAM, 0, stream, number(error))


def window(increment, stream=0):
    return frame(WINDOW_UPDATE, 0, stream, number(increment))


def depends(on, weight=255, exclusive=False):
    """The five bytes of PRIORITY."""
    return number(on | (1 << 31 if exclusive else 0)) + bytes([weight])


def priority(stream=1, on=0, **named):
    return frame(PRIORITY, 0, stream, depends(on, **named))


def continuation(block, stream=1, flags=END_HEADERS):
    return frame(CONTINUATION, flags, stream, block)


def settings(*pairs, flags=0, stream=0):
    return frame(SETTINGS, flags, stream, b"".join(h2.setting(*pair) for pair in pairs))


def goaway(last=0, error=h2.NO_ERROR, stream=0, text=b""):
    return frame(GOAWAY, 0, stream, number(last) + number(error) + text)


def promise(stream=1, promised=2):
    return frame(PUSH_PROMISE, END_HEADERS, stream, number(promised) + block())


def trailers(stream=1, flags=WHOLE, block=literal("x-test", "ok")):
    return frame(HEADERS, flags, stream, block)


def padded(kind, flags, payload, pad, stream=1, told=None):
    """told: the length of the padding, if it is to be a lie."""
    return frame(kind, flags | PADDED, stream,
                 bytes([pad if told is None else told]) + payload + bytes(pad))
