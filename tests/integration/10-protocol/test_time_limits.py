# SPDX-License-Identifier: BSD-2-Clause
"""Each time limit, set low, against a client that stops and one that drips: a byte now and then
must not start the time anew. No test says when: the limit comes, or the test runs out of
patience. The access log tells how a connection ended: its status, and X when it was cut off."""
import os
import time

import pytest

import muster

DRIP_S = 0.02       # between the bytes of a client that drips; ten times below the limits
DRIP_COUNT = 1500
LARGE_BYTES = 64 << 20
LIMIT_S = 0.2
LIMITS = {"header_timeout": "200ms", "body_timeout": "200ms", "send_timeout": "200ms"}


@pytest.fixture(scope="module")
def server(module_serve, tmp_path_factory):
    path = tmp_path_factory.mktemp("socket") / "http"
    server = module_serve({"index.html": "start\n", "small": "s" * 3000}, limits=LIMITS,
                          keepalive={"timeout": "200ms"}, log={"format": "%>s %X %U"},
                          pool={"start": 4, "min_idle": 2, "max_idle": 16},
                          listen=["127.0.0.1:0", f"unix:{path}"])
    with open(server.site / "large", "wb") as file:
        file.truncate(LARGE_BYTES)
    return server


def pause():
    """A slow client has to be slow."""
    time.sleep(DRIP_S)


def drip(client, data):
    """Sends single bytes, in a circle, until the server says something."""
    for count in range(DRIP_COUNT):
        if client.has_input(DRIP_S):
            return
        try:
            client.send(data[count % len(data):][:1])
        except (BrokenPipeError, ConnectionResetError):
            return
    raise AssertionError(f"the server took {DRIP_COUNT} single bytes without an end")


def expect_408(client):
    response = client.response()
    assert response.status == 408, response
    assert response["Connection"] == "close"
    client.finish().expect_close()


PARTS = [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: "]


@pytest.mark.parametrize("part", PARTS, ids=muster.short)
def test_header_that_stops(server, part):
    with server.connect() as client:
        expect_408(client.send(part))


def test_header_that_drips(server):
    with server.connect() as client:
        client.send(PARTS[2])
        drip(client, b"x")
        expect_408(client)


def test_header_of_a_later_request(server):
    """What was in time for the first one is of no use to the next."""
    with server.connect() as client:
        assert client.request().status == 200
        client.send(PARTS[1])
        drip(client, b"X: a\r\n")
        expect_408(client)


def test_empty_lines_that_drip(server):
    """Two are skipped; they may not hold a worker for ever."""
    with server.connect() as client:
        drip(client, b"\r\n")
        client.finish()
        rest = client.rest()
        assert rest == b"" or rest.startswith(b"HTTP/1.1 40")


def test_a_connection_without_a_byte_is_closed_without_one(server):
    with server.connect() as client:
        client.expect_close()


@pytest.mark.parametrize("start", [
    muster.request("POST", "/", [("Content-Length", "1000000")]),
    muster.request("GET", "/", [("Content-Length", "1000000")]),
    muster.request("POST", "/", [("Transfer-Encoding", "chunked")]) + b"fffff\r\n",
    muster.request("POST", "/", [("Transfer-Encoding", "chunked")]) + b"1;",
    muster.request("POST", "/", [("Transfer-Encoding", "chunked")]) + b"0\r\nX: ",
], ids=["length", "length of GET", "chunk", "extension", "trailer"])
@pytest.mark.parametrize("drips", [False, True], ids=["stops", "drips"])
def test_content(server, start, drips):
    with server.connect() as client:
        client.send(start)
        if drips:
            drip(client, b"x")
        expect_408(client)


def test_content_that_comes_after_the_client_was_asked_to_go_on(server):
    with server.connect() as client:
        client.send(muster.request("GET", "/", [("Content-Length", "9"),
                                                ("Expect", "100-continue")]))
        assert client.response().status == 100
        expect_408(client)


class Pace:
    """Of a client that means to be slow but steady. On a busy machine it may not be."""

    def __init__(self):
        self.last_s, self.longest_s = time.monotonic(), 0

    def step(self):
        now_s = time.monotonic()
        self.longest_s = max(self.longest_s, now_s - self.last_s)
        self.last_s = now_s

    def was_steady(self):
        return self.longest_s < LIMIT_S / 2


def upload(server, pace):
    """Whether it was taken."""
    piece = b"x" * 65536
    with server.connect() as client:
        client.send(muster.request("GET", "/", [("Content-Length", str(len(piece) * 25))]))
        for _ in range(25):
            has_input = client.has_input(DRIP_S)
            pace.step()
            if has_input:
                break
            client.send(piece)
        return client.response().status == 200


def expect_steady(server, act):
    """Until the client has kept its pace, and then it must have come to the end."""
    def was_steady():
        pace = Pace()
        try:
            is_done = act(server, pace)
        except (OSError, AssertionError):
            is_done = False
        assert is_done or not pace.was_steady(), "given up although it is steady"
        return is_done

    muster.wait_for(was_steady, "a client that keeps its pace")


def test_slow_but_steady_content_is_taken(server):
    """The limit is for each 64 KiB: an upload as a whole may take longer."""
    expect_steady(server, upload)


def test_keep_alive_ends_without_a_byte(server):
    with server.connect() as client:
        assert client.request().status == 200
        client.expect_close()


def cut_off(server, path, count=1):
    """Waits for so many records of a path that say the connection was cut off."""
    muster.wait_for(lambda: server.access().count(f"200 X {path}\n") >= count,
                    lambda: f"200 X {path} in\n" + server.access())


def test_client_that_does_not_read(server):
    before = server.access().count("200 X /large\n")
    with server.connect(receive_buffer=4096) as client:
        client.send(muster.request(target="/large"))
        cut_off(server, "/large", before + 1)
        assert client.read_head().status == 200
        assert len(client.rest()) < LARGE_BYTES
    assert server.get().status == 200


def sip(client, piece_bytes, is_over):
    """Reads a piece now and then, until is_over() or the server has had enough."""
    for _ in range(DRIP_COUNT):
        if is_over():
            return
        pause()
        try:
            if not client.socket.recv(piece_bytes):
                return
        except ConnectionResetError:
            return
    raise AssertionError(f"the server sent {DRIP_COUNT} pieces of {piece_bytes} without an end")


def test_client_that_reads_a_little(server):
    """Less than 64 KiB within the limit is as good as nothing."""
    before = server.access().count("200 X /large\n")
    with server.connect(receive_buffer=4096) as client:
        client.send(muster.request(target="/large"))
        sip(client, 64, lambda: server.access().count("200 X /large\n") > before)
        cut_off(server, "/large", before + 1)


def test_client_that_reads_enough_for_the_kernel(serve):
    """Some 30 kB a second over small segments: the kernel makes progress in the middle of
    sendfile(2), so that no time limit of the socket's ends the call; muster has to look itself."""
    server = serve({"large": ""}, limits={"send_timeout": "1s"}, log={"format": "%>s %X %U"})
    os.truncate(server.site / "large", LARGE_BYTES)
    with server.connect(receive_buffer=4096, segment_bytes=536) as client:
        client.send(muster.request(target="/large"))
        sip(client, 600, lambda: "200 X /large\n" in server.access())
        cut_off(server, "/large")


@pytest.mark.parametrize("index", [0, 1], ids=["TCP", "unix"])
def test_client_that_pipelines_and_reads_nothing(server, index):
    """Each answer is small; together they fill the buffers, and the worker waits in send(2)."""
    before = server.access().count("200 X /small\n")
    with server.connect(index, receive_buffer=4096) as client:
        client.socket.setblocking(False)
        data = muster.request(target="/small") * 100

        def is_cut_off():
            try:
                client.socket.send(data)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                pass
            return server.access().count("200 X /small\n") > before

        muster.wait_for(is_cut_off, "the end of a client that reads nothing", patience_s=20)


@pytest.mark.parametrize("index", [0, 1], ids=["TCP", "unix"])
def test_large_file_to_nobody(server, index):
    before = server.access().count("200 X /large\n")
    with server.connect(index, receive_buffer=4096) as client:
        client.send(muster.request(target="/large"))
        cut_off(server, "/large", before + 1)


def download(server, pace):
    """Whether all has come."""
    with server.connect(receive_buffer=1 << 18) as client:
        client.send(muster.request(target="/large", fields=[("Range", "bytes=0-8388607")]))
        response = client.read_head()
        left = int(response["Content-Length"]) - len(client.pending)
        while left > 0:
            pause()
            data = client.socket.recv(1 << 18)
            pace.step()
            if not data:
                break
            left -= len(data)
        return left == 0


def test_slow_but_steady_reader_gets_all(server):
    """As long as 64 KiB go out within the limit. Reads as often as the limit comes many times."""
    expect_steady(server, download)


def test_lingering_ends_too(server):
    """After an error the server reads on for a while, but not for as long as bytes come."""
    with server.connect() as client:
        assert client.send(b"BAD\r\n\r\n").response().status == 400
        for _ in range(DRIP_COUNT):
            pause()
            try:
                client.send(b"x")
            except (BrokenPipeError, ConnectionResetError):
                return
    raise AssertionError("the server reads on without an end")
