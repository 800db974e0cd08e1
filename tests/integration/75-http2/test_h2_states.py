# SPDX-License-Identifier: BSD-2-Clause
"""RFC 9113 3.4, 5 and 6.9: how a connection begins, which frames a stream takes in which state, how
many streams there may be, and whose windows hold up what. A stream that goes on after its end, an
answer that does not fit into a window, and a client that is told of an error it has not made break
it."""
import pytest

from h2 import (ACK, Answer, DATA, END_HEADERS, NO_ERROR, PADDED, PING, PREFACE, PROTOCOL_ERROR,
                REFUSED_STREAM, SETTINGS, STREAM_CLOSED, WINDOW_UPDATE, frame, literal)
from h2_rules import (all_rules, answered, block, connection_error, continuation, data, ended, get,
                      goaway, nothing, over_tls, post, priority, request, reset, rule, settings,
                      stream_error, trailers, until_answered, window)

LARGE = bytes(range(256)) * 4096    # /large
X = literal("x", "y" * 4000)


def until_it_is_there(client):
    """A step: the answer has ended, and its request has not."""
    client.until(lambda: client.answers.get(1, Answer()).is_whole)


def answered_to_the_end(client):
    assert client.answer(1).status == 200
    ended(client)


IDLE = [
    rule("5.1 idle: DATA", connection_error(PROTOCOL_ERROR), data()),
    rule("5.1 idle: empty DATA", connection_error(PROTOCOL_ERROR), data(b"", flags=0)),
    rule("5.1 idle: RST_STREAM", connection_error(PROTOCOL_ERROR), reset()),
    rule("5.1 idle: WINDOW_UPDATE", connection_error(PROTOCOL_ERROR), window(100, 1)),
    rule("5.1 idle: CONTINUATION", connection_error(PROTOCOL_ERROR), continuation(block())),
    rule("5.1 idle: PRIORITY", nothing, priority()),
    rule("5.1 idle: DATA on the server's", connection_error(PROTOCOL_ERROR), data(stream=2)),
    rule("5.1 idle: RST_STREAM of the server's", connection_error(PROTOCOL_ERROR), reset(2)),
    rule("5.1 idle: WINDOW_UPDATE of the server's", connection_error(PROTOCOL_ERROR),
         window(1, 2)),
    rule("5.1 idle: DATA on a higher one", connection_error(PROTOCOL_ERROR, last_stream=1), get(),
         data(stream=3)),
]

# The answer is on its way, and cannot end before its window opens.
HALF_CLOSED = [
    rule("5.1 half-closed: WINDOW_UPDATE", answered(), settings((4, 0)), get(),
         window(1, 1) + window(100, 1), settings((4, 65535))),
    rule("5.1 half-closed: PRIORITY", answered(), settings((4, 0)), get(), priority(),
         window(100, 1), settings((4, 65535))),
    rule("5.1 half-closed: RST_STREAM", nothing, settings((4, 0)), get(), reset(),
         settings((4, 65535))),
    rule("5.1 half-closed: DATA", connection_error(STREAM_CLOSED), settings((4, 0)), get(), data()),
    rule("5.1 half-closed: empty DATA", connection_error(STREAM_CLOSED), settings((4, 0)), get(),
         data(b"")),
    rule("5.1 half-closed: HEADERS", connection_error(STREAM_CLOSED), settings((4, 0)), get(),
         get()),
    rule("5.1 half-closed: trailers", connection_error(STREAM_CLOSED), settings((4, 0)), get(),
         trailers()),
    rule("5.1 half-closed: CONTINUATION", connection_error(PROTOCOL_ERROR), settings((4, 0)), get(),
         continuation(block())),
    rule("5.1 half-closed after DATA: DATA", connection_error(STREAM_CLOSED), settings((4, 0)),
         post(method="GET"), data(), data()),
    rule("5.1 half-closed after trailers: trailers", connection_error(STREAM_CLOSED),
         settings((4, 0)), post(method="GET"), data(flags=0), trailers(), trailers()),
]

RESET = [
    rule("5.1 reset: DATA", connection_error(STREAM_CLOSED), post(), reset(), data()),
    rule("5.1 reset: HEADERS", connection_error(STREAM_CLOSED), post(), reset(), get()),
    rule("5.1 reset: trailers", connection_error(STREAM_CLOSED), post(), reset(), trailers()),
    rule("5.1 reset: CONTINUATION", connection_error(PROTOCOL_ERROR), post(), reset(),
         continuation(X)),
    rule("5.1 reset: PRIORITY", nothing, post(), reset(), priority()),
    rule("5.1 reset: WINDOW_UPDATE", nothing, post(), reset(), window(1, 1)),
    rule("5.1 reset: RST_STREAM", nothing, post(), reset(), reset(error=NO_ERROR)),
    rule("5.1 reset long before: DATA", connection_error(STREAM_CLOSED), post(), reset(),
         b"".join(get(stream) for stream in range(3, 23, 2)), data()),
]

CLOSED = [
    rule("5.1 closed: DATA", connection_error(STREAM_CLOSED), get(), until_answered, data()),
    rule("5.1 closed: HEADERS", connection_error(STREAM_CLOSED), get(), until_answered, get()),
    rule("5.1 closed: trailers", connection_error(STREAM_CLOSED), get(), until_answered,
         trailers()),
    rule("5.1 closed: CONTINUATION", connection_error(PROTOCOL_ERROR), get(), until_answered,
         continuation(X)),
    rule("5.1 closed: PRIORITY", nothing, get(), until_answered, priority()),
    rule("5.1 closed: WINDOW_UPDATE", nothing, get(), until_answered, window(5, 1)),
    rule("5.1 closed: RST_STREAM", nothing, get(), until_answered, reset(error=NO_ERROR)),
    rule("5.1 closed after content: DATA", connection_error(STREAM_CLOSED), post(), data(),
         until_answered, data()),
    rule("5.1 closed after trailers: DATA", connection_error(STREAM_CLOSED), post(), data(flags=0),
         trailers(), until_answered, data()),
]

# Until the client knows, what it sends is no error (5.1, 8.1).
WE_WERE_FIRST = [
    rule("5.1 we have reset: DATA that was on its way", stream_error(PROTOCOL_ERROR),
         request(flags=END_HEADERS, more=[("x", " y")]), data(flags=0) + data()),
    rule("5.1 we have reset: trailers that were on their way", stream_error(PROTOCOL_ERROR),
         request(flags=END_HEADERS, more=[("x", " y")]), data(flags=0) + trailers()),
    rule("8.1 we have answered: the rest of the content", answered(405), post(), until_it_is_there,
         data(flags=0), data()),
    rule("8.1 we have answered: trailers", answered(405), post(), until_it_is_there, trailers()),
    rule("8.1 we have answered: RST_STREAM", answered(405), post(), until_it_is_there, reset()),
    rule("8.1 we have answered, and its end has come: DATA", connection_error(STREAM_CLOSED),
         post(), until_it_is_there, data(), data()),
]

IDENTIFIERS = [
    rule("5.1.1 an even number", connection_error(PROTOCOL_ERROR, last_stream=0), get(2)),
    rule("5.1.1 a number that is lower than one before", connection_error(PROTOCOL_ERROR), get(5),
         get(3)),
    rule("5.1.1 a number between two before", connection_error(PROTOCOL_ERROR), get(), get(9),
         get(5)),
    rule("5.1.1 a number that was left out: DATA", connection_error(STREAM_CLOSED), get(5),
         data(stream=3)),
    rule("5.1.1 a number that was left out: PRIORITY", nothing, get(5), priority(3)),
    rule("5.1.1 a number that was left out: RST_STREAM", nothing, get(5), reset(3)),
    rule("5.1.1 the same number, while it is open", stream_error(PROTOCOL_ERROR),
         post(), request(flags=END_HEADERS)),
    rule("5.1.1 numbers that are left out", answered(stream=99), get(7), get(99)),
    rule("5.1.1 the highest number", connection_error(PROTOCOL_ERROR), get((1 << 31) - 1), get(3)),
]

ERRORS = [
    rule("5.4.1 GOAWAY, and then the end", connection_error(PROTOCOL_ERROR, last_stream=0),
         frame(PING, 0, 3, bytes(8))),
    rule("5.4.1 with the last stream that was acted on",
         connection_error(PROTOCOL_ERROR, last_stream=3), get(), get(3), until_answered,
         frame(PING, 0, 3, bytes(8))),
    rule("5.4.1 what comes after it is not looked at", connection_error(PROTOCOL_ERROR),
         frame(PING, 0, 3, bytes(8)) + get() + frame(PING, 0, 0, bytes(3)) + data(bytes(3000), 7)),
    rule("5.4.2 an error of a stream leaves others alone", answered(stream=3),
         get(more=[("connection", "x")]), get(3)),
    rule("6.8 streams from before GOAWAY are answered", answered_to_the_end, get() + goaway()),
]


@all_rules(IDLE, HALF_CLOSED, RESET, CLOSED, WE_WERE_FIRST, IDENTIFIERS, ERRORS)
def test_rule(keeps, row):
    keeps(row)


# 3.4 ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("is_tls", [False, True], ids=["h2c", "tls"])
def test_settings_come_first(rules_connect, is_tls):
    """Before anything else, and before the client's own are there; then their ACK."""
    client = rules_connect(is_tls, start=False)
    client.send(PREFACE)
    first = client.frame()
    assert (first.kind, first.flags, first.stream) == (SETTINGS, 0, 0)
    client.send(settings((4, 65535)))
    while True:
        one = client.frame()
        if one.kind == SETTINGS:
            break
    assert (one.flags, one.payload) == (ACK, b"")


@pytest.mark.parametrize("start", [
    b"INVALID CONNECTION PREFACE\r\n\r\n", PREFACE[:-1] + b"x" + settings(),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r\n", b"PRI * HTTP/1.1\r\n\r\n", bytes(24)], ids=repr)
@pytest.mark.parametrize("is_tls", [False, True], ids=["h2c", "tls"])
def test_preface_that_is_none(rules_connect, is_tls, start):
    """The connection ends by itself; over TLS, where h2 was agreed on, with a word why."""
    client = rules_connect(is_tls, start=False)
    client.send(start)
    if is_tls:
        assert client.until_end() == PROTOCOL_ERROR
    else:
        assert client.rest().startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("first", [frame(PING, 0, 0, bytes(8)), get(), settings(flags=ACK),
                                   window(5), frame(0x2a, 0, 0, b"x")], ids=repr)
def test_preface_without_settings(rules_connect, first):
    client = rules_connect(start=False)
    client.send(PREFACE + first)
    assert client.until_end() == PROTOCOL_ERROR


# 5.1.2 -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("is_tls", [False, True], ids=["h2c", "tls"])
def test_more_streams_than_may_be(rules_connect, is_tls):
    """It knows the limit, and its window keeps all of them open."""
    client = rules_connect(is_tls, settings=b"\0\4\0\0\0\0").ping()
    requests = [get(2 * i + 1) for i in range(21)]
    for one in requests:
        client.send(over_tls(one) if is_tls else one)
    client.until(lambda: 41 in client.answers or client.goaways)
    if client.goaways:
        assert client.until_end() in (PROTOCOL_ERROR, REFUSED_STREAM)
    else:
        assert client.answers[41].reset in (PROTOCOL_ERROR, REFUSED_STREAM)


def test_streams_that_have_ended_do_not_count(rules_connect):
    client = rules_connect()
    for i in range(50):
        client.send(get(4 * i + 1) + post(4 * i + 3) + reset(4 * i + 3))
        assert client.answer(4 * i + 1).status == 200


# 6.9 ---------------------------------------------------------------------------------------------

def data_frames(client):
    """Lengths of the DATA frames that are there. PING overtakes them, but not those from before
    it was sent."""
    lengths = []
    for _ in range(2):
        client.send(frame(PING, 0, 0, b"the last"))
        while True:
            one = client.frame()
            if one.kind == DATA:
                lengths.append(len(one.payload))
            elif one.kind == PING and one.flags & ACK:
                break
    return lengths


@pytest.mark.parametrize("sizes, lengths", [([1], [1]), ([100, 1], [1]), ([1, 0], []),
                                            ([0, 3], [3])])
def test_setting_of_a_window(rules_connect, sizes, lengths):
    """In the order in which its values are told (6.5.3)."""
    client = rules_connect().ping()
    client.send(settings(*[(4, size) for size in sizes])).ping()
    client.send(get())
    assert data_frames(client) == lengths
    client.send(window(1, 1))
    assert data_frames(client) == [1]


def test_setting_that_opens_a_window(rules_connect):
    """The answer waits, and goes on with no WINDOW_UPDATE (6.9.2)."""
    client = rules_connect().ping()
    client.send(settings((4, 0)) + get())
    assert data_frames(client) == []
    client.send(settings((4, 1)))
    assert data_frames(client) == [1]
    client.send(settings((4, 65535)))
    assert data_frames(client) == [len("<p>start\n") - 1]


def test_window_below_nothing(rules_connect):
    client = rules_connect().ping()
    client.send(settings((4, 3)) + get())
    assert data_frames(client) == [3]
    client.send(settings((4, 2)))
    assert data_frames(client) == []
    client.send(window(1, 1))           # which makes it nothing
    assert data_frames(client) == []
    client.send(window(1, 1))
    assert data_frames(client) == [1]


def test_window_of_the_connection(rules_connect):
    """What a setting does not change (6.9.2)."""
    client = rules_connect().ping()
    client.send(settings((4, 1 << 20)) + get(path="/large"))
    lengths = data_frames(client)
    while sum(lengths) < 65535:
        lengths += data_frames(client)
    assert sum(lengths) == 65535
    client.send(settings((4, 1 << 24)))
    assert data_frames(client) == []
    client.send(window(10))
    assert data_frames(client) == [10]


@pytest.mark.parametrize("largest", [16384, 20000, (1 << 24) - 1])
def test_frames_are_as_large_as_the_client_takes(rules_connect, largest):
    client = rules_connect().ping()
    client.send(settings((4, 1 << 24), (5, largest)) + window(1 << 24) + get(path="/large"))
    lengths = data_frames(client)
    while sum(lengths) < len(LARGE):
        lengths += data_frames(client)
    assert max(lengths) <= largest and sum(lengths) == len(LARGE)


def test_window_is_given_back(rules_connect):
    """Of streams that get content, of such that are gone, and for padding (6.9)."""
    client = rules_connect()
    window_bytes = 65535

    def send_all(stream, piece, count):
        nonlocal window_bytes
        for _ in range(count):
            client.send(piece)
            window_bytes -= len(piece) - 9
            client.ping()
            window_bytes += client.given
            client.given = 0
            assert window_bytes > 0

    client.given = 0
    take = client.frame

    def note():
        one = take()
        if one is not None and one.kind == WINDOW_UPDATE and one.stream == 0:
            client.given += int.from_bytes(one.payload, "big")
        return one

    client.frame = note
    for stream, piece in ((1, data(bytes(16000), 1, 0)),
                          (3, frame(DATA, PADDED, 3, b"\xff" + bytes(300)))):
        client.send(post(stream))
        send_all(stream, piece, 200)
    client.send(request(5, END_HEADERS, more=[("x", " y")]))    # and we reset it
    send_all(5, data(bytes(1600), 5, 0), 1000)
