# SPDX-License-Identifier: BSD-2-Clause
"""Each time limit, set low, against a client that stops or drips. No test says when: the limit
comes, or the test runs out of patience."""
import os
import struct
import time

import pytest

from h2 import (CANCEL, DATA, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, NO_ERROR, PREFACE,
                WINDOW_UPDATE, H2Client, fields, frame, setting)
from muster import wait_for

DRIP_S = 0.02
FRAME_HEAD_BYTES = 9


@pytest.fixture(scope="module")
def server(module_serve):
    server = module_serve({"a": "a\n"}, listen=[("127.0.0.1:0", {"h2c": True})],
                          limits={"header_timeout": "200ms", "body_timeout": "200ms",
                                  "send_timeout": "200ms"},
                          keepalive={"timeout": "200ms"}, log={"format": "%>s %X %U"},
                          pool={"start": 4, "min_idle": 2})
    for name in ("large", "unread"):
        with open(server.site / name, "wb") as file:
            file.truncate(64 << 20)
    return server


def test_preface_that_stops(server):
    with server.connect() as client:
        assert client.send(PREFACE[:10]).response().status == 408


def test_no_request(connect):
    assert connect().until_end() == NO_ERROR


def test_idle(connect):
    client = connect()
    assert client.get("/a").status == 200
    assert client.until_end() == NO_ERROR


def test_pings_keep_nobody_alive(connect):
    client = connect()
    assert client.get("/a").status == 200
    while client.take():
        time.sleep(DRIP_S)
        client.quietly(6, 0, 0, b"12345678")
    assert client.goaways[-1].error == NO_ERROR


def test_header_list_that_stops(connect):
    client = connect().ping()
    client.send_frame(HEADERS, END_STREAM, 1, fields())
    assert client.until_end() == ENHANCE_YOUR_CALM


def test_header_list_that_drips(connect):
    """The head of its frame comes at once: before that there is no list, and the limit is that of
    an idle connection."""
    client = connect().ping()
    data = frame(HEADERS, END_STREAM | 4, 1, fields("/" + "x" * 3000))
    client.send(data[:FRAME_HEAD_BYTES])
    for i in range(FRAME_HEAD_BYTES, len(data)):
        if client.has_input(DRIP_S) and not client.take():
            break
        client.socket.send(data[i:i + 1])
    else:
        raise AssertionError("the list was taken")
    assert client.goaways[-1].error == ENHANCE_YOUR_CALM


def test_content_that_stops(connect):
    client = connect()
    stream = client.request("/a", ends=False)
    client.send_frame(DATA, 0, stream, b"abc")
    assert client.answer(stream).status == 408


@pytest.mark.parametrize("drips", [False, True])
def test_window_of_a_stream_that_stays_shut(connect, drips):
    """It is reset; the others and the connection go on."""
    client = connect(settings=setting(4, 100))
    client.updates_windows = False
    stream = client.request("/large")
    client.until(lambda: stream in client.answers)
    while client.answers[stream].reset is None:
        if client.has_input(DRIP_S):
            assert client.take()
        elif drips:
            client.send_frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 1))
    assert client.answers[stream].reset == CANCEL
    client.updates_windows = True
    assert client.get("/a").status == 200


@pytest.mark.parametrize("drips", [False, True])
def test_window_of_the_connection_that_stays_shut(connect, drips):
    client = connect(settings=setting(4, 1 << 24))
    client.updates_windows = False
    client.request("/large")
    while True:
        if client.has_input(DRIP_S):
            if not client.take():
                break
        elif drips:
            client.quietly(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1))


def test_client_that_does_not_read(server):
    client = H2Client(server.address(), settings=setting(4, 1 << 30), receive_buffer=4096)
    client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30))
    client.request("/unread")
    wait_for(lambda: "200 X /unread\n" in server.access(), server.access)
    client.close()


def deaf(server):
    """A client that opens all windows, and reads when it is asked to."""
    client = H2Client(server.address(), settings=setting(4, 1 << 30), receive_buffer=4096)
    client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30))
    client.updates_windows = False
    return client


def serve_large(serve, **limits):
    server = serve({"a": "a\n"}, listen=[("127.0.0.1:0", {"h2c": True})], limits=limits,
                   log={"format": "%>s %X %U"}, pool={"start": 4, "min_idle": 2})
    with open(server.site / "large", "wb") as file:
        file.truncate(64 << 20)
    return server


def test_header_list_that_stops_while_nothing_is_read(serve):
    """The client is told to go, and does not take even that: the connection ends."""
    server = serve_large(serve, header_timeout="200ms", send_timeout="2s")
    client = deaf(server)
    client.request("/large")
    for _ in range(5):              # each one makes the server fill up its socket
        time.sleep(DRIP_S)
        client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1))
    client.send_frame(HEADERS, END_STREAM, 3, fields())
    wait_for(lambda: "200 X /large" in server.access(), server.access)
    client.close()


def ticks(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            words = file.read().rpartition(")")[2].split()
        total += int(words[11]) + int(words[12])
    return total


def test_resets_that_cannot_be_sent(serve):
    """Content that nobody wants is reset after two seconds, but the socket is full: nothing can be
    done before there is room, so nothing is."""
    server = serve_large(serve, send_timeout="5s")
    pids = server.worker_pids()
    before = ticks(pids)
    client = deaf(server)
    for _ in range(3):
        stream = client.request("/a", "DELETE", ends=False)
        assert client.answer(stream).status == 405
        client.has_input(0.3)
    client.request("/large")
    wait_for(lambda: "200 X /large" in server.access(), server.access)
    assert ticks(pids) - before < os.sysconf("SC_CLK_TCK") / 2
    client.close()


@pytest.mark.parametrize("size", [300_000, 3_000_000])
def test_slow_client_gets_the_end(serve, size):
    """The last stream has ended long before its last bytes are taken. A connection that is then
    taken for idle costs the client the rest, for it still sends WINDOW_UPDATE."""
    server = serve({"file": b"x" * size}, listen=[("127.0.0.1:0", {"h2c": True})],
                   keepalive={"timeout": "100ms"})
    client = deaf(server)
    stream = client.request("/file")
    client.updates_windows = True
    time.sleep(3)                   # longer than the time-out and the goodbye
    assert client.answer(stream).body == b"x" * size
    assert client.until_end() == NO_ERROR
    client.close()
