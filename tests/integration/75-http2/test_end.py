# SPDX-License-Identifier: BSD-2-Clause
"""How connections end: what was asked for is answered, and the client is told in time for what it
asks next, by the number of the last stream."""
import os
import signal
import struct
import time

import pytest

from h2 import NO_ERROR, PING, WINDOW_UPDATE, H2Client, frame, setting
from muster import wait_for

H2C = [("127.0.0.1:0", {"h2c": True})]


def begin(server, **options):
    client = H2Client(server.address(), **options)
    assert client.get("/index.html").status == 200
    return client


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_idle_connection_is_told(serve, number):
    server = serve(listen=H2C)
    client = begin(server)
    server.send_signal(number)
    assert client.until_end() == NO_ERROR
    assert [one.last_stream for one in client.goaways] == [0x7fffffff, 1]
    if number == signal.SIGQUIT:
        assert server.wait_for_end() == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_streams_are_finished(serve, number):
    server = serve({"index.html": "x\n", "large": b"y" * 300000}, listen=H2C)
    client = begin(server, settings=setting(4, 10))
    client.updates_windows = False
    stream = client.request("/large")
    client.ping()
    server.send_signal(number)
    client.until(lambda: len(client.goaways) == 2)
    assert client.goaways[0].last_stream == 0x7fffffff
    assert client.goaways[1].last_stream == stream
    late = client.request("/large")
    for one in (0, stream):
        client.send_frame(WINDOW_UPDATE, 0, one, struct.pack(">I", 1 << 24))
    assert client.answer(stream).body == b"y" * 300000
    assert client.until_end() == NO_ERROR
    assert late not in client.answers


def test_client_that_does_not_answer_the_notice(serve):
    server = serve(listen=H2C)
    client = begin(server)
    client.answers_pings = False
    server.send_signal(signal.SIGQUIT)
    assert client.until_end() == NO_ERROR
    assert len(client.goaways) == 2
    assert server.wait_for_end() == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("size", [300_000, 3_000_000])
def test_slow_client_gets_the_end(serve, number, size):
    """All of it is in the socket, or soon will be, when the worker is told to go. One that goes as
    soon as it has nothing to do makes the system answer WINDOW_UPDATE with a reset."""
    server = serve({"index.html": "x\n", "file": b"y" * size}, listen=H2C)
    client = begin(server, settings=setting(4, 1 << 30), receive_buffer=4096)
    client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30))
    stream = client.request("/file")
    assert client.has_input(60)     # it is on its way
    server.send_signal(number)
    time.sleep(4)                   # longer than the notice and the goodbye
    assert client.answer(stream).body == b"y" * size
    assert client.until_end() == NO_ERROR
    if number == signal.SIGQUIT:
        assert server.wait_for_end() == 0
    client.close()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_connection_rate_is_no_slow_client(serve, number):
    """It takes longer than send_timeout for 64 KiB, because we do not send faster."""
    server = serve({"index.html": "x\n", "file": b"y" * 1_000_000}, listen=H2C,
                   limits={"send_timeout": "300ms", "connection_rate": "100k"})
    client = begin(server, settings=setting(4, 1 << 30))
    client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30))
    stream = client.request("/file")
    assert client.has_input(60)
    server.send_signal(number)
    assert client.answer(stream).body == b"y" * 1_000_000
    assert client.until_end() == NO_ERROR
    client.close()


def test_client_that_takes_nothing_is_given_up(serve):
    """Before drain_timeout, by send_timeout."""
    server = serve({"index.html": "x\n", "file": b"y" * 300_000}, listen=H2C,
                   limits={"send_timeout": "500ms", "drain_timeout": "1h"})
    client = begin(server, settings=setting(4, 1 << 30), receive_buffer=4096)
    client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30))
    client.request("/file")
    assert client.has_input(60)
    server.send_signal(signal.SIGQUIT)
    assert server.wait_for_end() == 0
    client.close()


def test_client_that_takes_nothing_and_sends(serve):
    """The connection ends by what it sends, long before send_timeout."""
    server = serve({"index.html": "x\n", "file": b"y" * 300_000}, listen=H2C,
                   limits={"send_timeout": "1h", "drain_timeout": "1h"})
    client = begin(server, settings=setting(4, 1 << 30), receive_buffer=4096)
    client.send_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30))
    client.request("/file")
    assert client.has_input(60)
    wait_for(lambda: "/file" in server.access(), "the answer is in the socket")
    left_bytes = 64 << 20           # beyond what sockets hold
    pings = frame(PING, 0, 0, bytes(8)) * 1000
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        while left_bytes > 0:
            left_bytes -= client.socket.send(pings)
    client.close()


def test_stop_ends_at_once(serve):
    server = serve({"index.html": "x\n", "large": b"y" * 300000}, listen=H2C)
    client = begin(server, settings=setting(4, 10))
    client.updates_windows = False
    client.request("/large")
    client.ping()
    server.send_signal(signal.SIGTERM)
    assert server.wait_for_end() == 0
    client.close()


def test_most_requests_of_a_connection(serve):
    server = serve(listen=H2C, keepalive={"max_requests": 5})
    client = H2Client(server.address())
    for _ in range(5):
        assert client.get("/").status == 200
    assert client.until_end() == NO_ERROR
    assert client.goaways[-1].last_stream == 9


def test_worker_serves_the_next_one(serve):
    """Whatever a connection leaves behind."""
    server = serve({"index.html": "x\n", "large": b"y" * 300000}, listen=H2C,
                   pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 1},
                   keepalive={"keepers": 0})
    for _ in range(20):
        client = begin(server, settings=setting(4, 10))
        client.updates_windows = False
        for _ in range(20):
            client.request("/large")
        client.request("/large", ends=False)
        client.ping()
        client.reset()
    with H2Client(server.address()) as client:
        assert client.get("/large").body == b"y" * 300000
    assert len(server.worker_pids()) == 1


def test_memory_system_calls(serve, tmp_path):
    """None for a request once a connection is warm."""
    server = serve(listen=H2C, keepalive={"keepers": 0, "max_requests": 0},
                   pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 1})
    client = begin(server)
    pid, = server.worker_pids()

    def faults():
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return int(file.read().rpartition(")")[2].split()[7])

    for _ in range(300):
        client.get("/index.html")
    before = faults()
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        maps = file.read()
    for _ in range(300):
        client.get("/index.html")
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        assert file.read() == maps
    assert faults() - before < 50
    os.kill(pid, 0)
    client.close()
