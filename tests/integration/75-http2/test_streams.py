# SPDX-License-Identifier: BSD-2-Clause
"""Frame by frame: streams beside each other, windows, priorities, content, limits of a request, and
what is an error of a stream or of the connection. A worker that waits in writing while its input
lies unread, or an answer with bytes of another, breaks it."""
import struct
import time

import pytest

import muster
from patience import wait_for
from h2 import (Answer, CANCEL, COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM,
                FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, GOAWAY, HEADERS, NO_ERROR, PADDED, PING,
                PREFACE, PRIORITY, PRIORITY_UPDATE, PROTOCOL_ERROR, PUSH_PROMISE, REFUSED_STREAM,
                RST_STREAM, SETTINGS, STREAM_CLOSED, WINDOW_UPDATE, fields, frame, literal,
                setting)

LARGE = bytes(range(256)) * 4096
BIG_WINDOW = setting(4, 1 << 24)


def test_one_after_the_other(connect):
    client = connect()
    for _ in range(3):
        answer = client.get("/a.txt")
        assert (answer.status, answer.body) == (200, b"the text of a\n")
    assert client.get("/nothing").status == 404


def test_streams_beside_each_other(connect):
    client = connect()
    streams = {client.request(f"/many/{i}"): i for i in range(20)}
    for stream, i in streams.items():
        assert client.answer(stream).body == b"number %d\n" % i * 100


def test_reset_in_the_read_that_began_it(connect, server):
    """It has a record, and what is no request has none, even if nothing was done for either."""
    client = connect().ping()
    upper = fields("/a.txt?upper") + literal("Upper", "x")
    client.socket.send(
        frame(HEADERS, END_STREAM | END_HEADERS, 1, fields("/a.txt?gone"))
        + frame(RST_STREAM, 0, 1, struct.pack(">I", CANCEL))
        + frame(HEADERS, END_STREAM | END_HEADERS, 3,
                fields("/a.txt?te") + literal("te", "x"))
        + frame(RST_STREAM, 0, 3, struct.pack(">I", CANCEL))
        + frame(HEADERS, END_STREAM | END_HEADERS, 5, upper)
        + frame(HEADERS, END_STREAM | END_HEADERS, 7, fields("/a.txt?after")))
    assert client.answer(7).status == 200
    wait_for(lambda: "a.txt?after" in server.access(), "the record")
    records = server.access().splitlines()
    assert [line for line in records if "a.txt?gone" in line] == [
        '400 X HTTP/2.0 0 0 "GET /a.txt?gone HTTP/2.0"']
    assert not any("a.txt?te" in line or "a.txt?upper" in line for line in records)


def test_more_streams_with_sources_than_memory_for_them(connect):
    """Each compresses and has to have a large arena for it: eight have, the others wait."""
    client = connect(settings=setting(4, 1000))
    accept = [("accept-encoding", "gzip")]
    listing = [client.request("/many/", more=accept) for _ in range(20)]
    client.ping()
    bodies = {client.answer(stream).body for stream in listing}
    assert len(bodies) == 1 and all(client.answers[s].status == 200 for s in listing)


def test_http_1_on_the_same_socket(server):
    assert server.get("/a.txt").body == b"the text of a\n"
    with server.connect() as client:
        client.send_pieces(muster.request(target="/a.txt"), 1, 2)
        assert client.response().status == 200


def test_preface_in_pieces(connect):
    client = connect(start=False)
    client.send_pieces(PREFACE + frame(SETTINGS), *range(1, 30))
    assert client.get("/a.txt").status == 200


def test_preface_that_is_none(server):
    with server.connect() as client:
        response = client.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n").finish().response()
        assert response.status == 505


def test_without_h2c_there_is_none(serve):
    server = serve()
    with server.connect() as client:
        assert client.send(PREFACE).finish().response().status == 505


def test_windows(connect):
    client = connect(settings=setting(4, 100))
    client.updates_windows = False
    stream = client.request("/large")

    def expect(size):
        client.until(lambda: len(client.answers.get(stream, Answer()).body) >= size)
        client.ping()
        assert client.answers[stream].body == LARGE[:size]

    expect(100)
    client.send_frame(SETTINGS, payload=setting(4, 5000))
    expect(5000)
    client.send_frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 1 << 24))
    expect(65535)
    client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 24))
    assert client.answer(stream).body == LARGE


def test_stalled_stream_holds_up_nobody(connect):
    client = connect(settings=setting(4, 0))
    client.updates_windows = False
    stalled = client.request("/large")
    moving = client.request("/a.txt")
    client.send_frame(WINDOW_UPDATE, 0, moving, struct.pack(">I", 100))
    assert client.answer(moving).status == 200
    assert client.answers[stalled].body == b""
    client.send_frame(RST_STREAM, 0, stalled, struct.pack(">I", CANCEL)).ping()


def test_input_is_read_while_output_waits(connect):
    """Neither side's buffers can hold it all: PINGs behind a large answer that nobody reads."""
    client = connect(settings=BIG_WINDOW, receive_buffer=4096)
    client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 28))
    stream = client.request("/large")
    uploads = client.request("/a.txt", "GET", ends=False)
    for _ in range(3):              # 48 KiB, and the server must take it
        client.send_frame(DATA, 0, uploads, b"x" * 16000)
    client.send_frame(DATA, END_STREAM, uploads)
    time.sleep(0.05)                # the answer is on its way; nothing depends on it
    assert client.answer(stream).body == LARGE
    assert client.answer(uploads).status in (200, 405)


def test_urgent_first(connect):
    client = connect(settings=setting(4, 0))
    client.updates_windows = False
    late = client.request("/large", more=[("priority", "u=6")])
    soon = client.request("/large", more=[("priority", "u=1")])
    sooner = client.request("/large", more=[("priority", "u=6")])
    client.send_frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", sooner) + b"u=0")
    client.ping()
    client.order.clear()
    client.updates_windows = True
    client.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 24)) +
                frame(SETTINGS, payload=BIG_WINDOW))
    for stream in (late, soon, sooner):
        assert client.answer(stream).body == LARGE
    firsts = [client.order.index(stream) for stream in (sooner, soon, late)]
    assert firsts == sorted(firsts)


def test_incremental_ones_share(connect):
    client = connect(settings=BIG_WINDOW)
    client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 24))
    client.send(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream,
                               fields("/large", more=[("priority", "u=3, i")]))
                         for stream in (1, 3)))
    for stream in (1, 3):
        assert client.answer(stream).body == LARGE
    assert sorted(client.order[:4]) == [1, 1, 3, 3]


def test_content(connect):
    client = connect()
    stream = client.request("/a.txt", more=[("content-length", "6")], ends=False)
    client.send_frame(DATA, PADDED, stream, b"\x02abc\0\0").ping()
    assert stream not in client.answers
    client.send_frame(DATA, END_STREAM, stream, b"def")
    assert client.answer(stream).status == 200


def test_trailers(connect):
    client = connect()
    stream = client.request("/a.txt", ends=False)
    client.send_frame(DATA, 0, stream, b"abc")
    client.send_frame(HEADERS, END_HEADERS | END_STREAM, stream, literal("x", "y"))
    assert client.answer(stream).status == 200


def test_expectation(connect):
    client = connect()
    stream = client.request("/a.txt", more=[("expect", "100-continue")], ends=False)
    client.until(lambda: stream in client.answers)
    assert client.answers[stream].interim == [100]
    client.send_frame(DATA, END_STREAM, stream, b"abc")
    assert client.answer(stream).status == 200


def test_answer_that_needs_no_content(connect):
    """It is there before the content has ended, which may then stop."""
    client = connect()
    stream = client.request("/a.txt", "DELETE", ends=False)
    assert client.answer(stream).status == 405
    client.until(lambda: client.answers[stream].reset is not None)
    assert client.answers[stream].reset == NO_ERROR
    assert client.get("/a.txt").status == 200


@pytest.mark.parametrize("more", [[], [("content-length", "70000")]])
def test_too_much_content(connect, more):
    client = connect()
    stream = client.request("/a.txt", more=more, ends=False)
    for _ in range(5):
        client.send_frame(DATA, 0, stream, b"x" * 14000)
    assert client.answer(stream).status == 413
    assert client.get("/a.txt").status == 200


REFUSED = [
    (fields("/" + "x" * 9000), 414),
    (fields(more=[("x", "y" * 33000)]), 431),
    (fields(more=[(f"x{i}", "y") for i in range(101)]), 431),
    (fields("/", "M" * 65), 501),
    (fields("/", authority="a@b"), 400),
    (fields("/%zz"), 400),
    (fields("/", scheme="https"), 421),
    (literal(":method", "CONNECT") + literal(":authority", "h:1"), 501),
]


@pytest.mark.parametrize("block, status", REFUSED, ids=muster.short)
def test_refused_with_a_status(connect, block, status):
    client = connect()
    pieces = [block[i:i + 16000] for i in range(0, len(block), 16000)]
    client.send_frame(HEADERS, END_STREAM | (END_HEADERS if len(pieces) == 1 else 0), 1, pieces[0])
    for i, piece in enumerate(pieces[1:], 2):
        client.send_frame(CONTINUATION, END_HEADERS if i == len(pieces) else 0, 1, piece)
    got = client.answer(1).status
    assert got == status or (status == 501 and got == 405)
    client.next_stream = 3
    assert client.get("/a.txt").status == 200


MALFORMED = [
    fields(more=[("connection", "close")]),
    fields(more=[("X-Upper", "a")]),
    fields(more=[("te", "gzip")]),
    fields(more=[("transfer-encoding", "chunked")]),
    fields(more=[(":path", "/")]),
    fields(more=[(":status", "200")]),
    fields(more=[("x", "a\nb")]),
    fields(more=[("x", " a")]),
    fields(more=[("host", "other")]),
    fields(path=""),
    fields("/a b"),
    literal(":method", "GET"),
    literal("x", "y") + fields(),
]


@pytest.mark.parametrize("block", MALFORMED, ids=muster.short)
def test_malformed_is_reset(connect, block):
    client = connect()
    client.send_frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
    assert client.answer(1).reset == PROTOCOL_ERROR
    client.next_stream = 3
    assert client.get("/a.txt").status == 200


@pytest.mark.parametrize("length, content", [("1", b""), ("1", b"ab"), ("3", b"ab")])
def test_length_that_is_wrong(connect, length, content):
    client = connect()
    stream = client.request("/a.txt", more=[("content-length", length)], ends=False)
    client.send_frame(DATA, END_STREAM, stream, content)
    assert client.answer(stream).reset == PROTOCOL_ERROR


REQUEST = frame(HEADERS, END_HEADERS | END_STREAM, 1, fields())
ERRORS = [
    (frame(DATA, 0, 1, b"x"), PROTOCOL_ERROR),
    (frame(HEADERS, END_HEADERS | END_STREAM, 2, fields()), PROTOCOL_ERROR),
    (frame(HEADERS, END_HEADERS | END_STREAM, 0, fields()), PROTOCOL_ERROR),
    (frame(HEADERS, 0, 1, fields()) + frame(PING, 0, 0, b"12345678"), PROTOCOL_ERROR),
    (frame(CONTINUATION, END_HEADERS, 1, fields()), PROTOCOL_ERROR),
    (frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff"), COMPRESSION_ERROR),
    (frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + fields()), PROTOCOL_ERROR),
    (frame(PING, 0, 0, b"123"), FRAME_SIZE_ERROR),
    (frame(PING, 0, 1, b"12345678"), PROTOCOL_ERROR),
    (frame(SETTINGS, 0, 0, b"12345"), FRAME_SIZE_ERROR),
    (frame(SETTINGS, 0, 0, setting(4, 1 << 31)), FLOW_CONTROL_ERROR),
    (frame(SETTINGS, 0, 0, setting(5, 1)), PROTOCOL_ERROR),
    (frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0)), PROTOCOL_ERROR),
    (frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7fffffff)), FLOW_CONTROL_ERROR),
    (frame(WINDOW_UPDATE, 0, 5, struct.pack(">I", 1)), PROTOCOL_ERROR),
    (frame(RST_STREAM, 0, 1, struct.pack(">I", 0)), PROTOCOL_ERROR),
    (frame(RST_STREAM, 0, 0, struct.pack(">I", 0)), PROTOCOL_ERROR),
    (struct.pack(">I", 20000)[1:] + bytes([DATA, 0, 0, 0, 0, 1]) + b"x" * 20000, FRAME_SIZE_ERROR),
    (REQUEST + frame(HEADERS, END_HEADERS | END_STREAM, 1, fields()), STREAM_CLOSED),
]


@pytest.mark.parametrize("data, error", ERRORS, ids=muster.short)
def test_errors_of_the_connection(connect, data, error):
    client = connect()
    client.send(data)
    assert client.until_end() == error


def test_unknown_frames_and_settings_are_nothing(connect):
    client = connect(settings=setting(99, 5))
    client.send_frame(99, 255, 7, b"abc")
    client.send_frame(PRIORITY, 0, 9, b"\0\0\0\0\1").ping()
    assert client.get("/a.txt").status == 200


def test_too_many_streams(connect):
    """Before the client knows the limit it is refused, and may try again."""
    client = connect()
    client.send(b"".join(frame(HEADERS, END_HEADERS, 2 * i + 1, fields("/a.txt"))
                         for i in range(25)))
    for i in range(20, 25):
        assert client.answer(2 * i + 1).reset == REFUSED_STREAM
    client.send_frame(DATA, END_STREAM, 1)
    assert client.answer(1).status == 200


def test_reset_half_way(connect, server):
    client = connect(settings=setting(4, 1000))
    client.updates_windows = False
    stream = client.request("/large?reset")
    client.until(lambda: len(client.answers.get(stream, Answer()).body) == 1000)
    client.send_frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))
    wait_for(lambda: "large?reset" in server.access(), "the record")
    records = [line for line in server.access().split("\n") if "large?reset" in line]
    assert records == ['200 X HTTP/2.0 1000 0 "GET /large?reset HTTP/2.0"']


def test_goaway_of_the_client(connect):
    client = connect()
    stream = client.request("/a.txt")
    client.send_frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0))
    assert client.answer(stream).status == 200
    assert not client.take() or client.until_end() == NO_ERROR
