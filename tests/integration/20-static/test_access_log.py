# SPDX-License-Identifier: BSD-2-Clause
"""The access log: its formats, and when records are written."""
import datetime
import json
import os
import re
import signal

import pytest

import muster

FIELDS = [("Referer", "http://from.example/"), ("User-Agent", "agent/1.0")]
TIME = r"\[[0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2}:[0-9]{2}:[0-9]{2}:[0-9]{2} \+0000\]"
COMMON = rf'127\.0\.0\.1 - - {TIME} '


def visit(server):
    """One connection, four requests."""
    with server.connect() as client:
        client.request(target="/?q=1", fields=FIELDS)
        client.request("HEAD", "/index.html")
        client.request(target="/missing")
        client.request(target="/index.html", fields=[("Range", "bytes=1-2"),
                                                     ("Connection", "close")])
    return server.wait_for_access(4)


def test_common(serve):
    lines = visit(serve(log={"format": "common"}))
    for line, wanted in zip(lines, [
            r'"GET /\?q=1 HTTP/1\.1" 200 6', r'"HEAD /index\.html HTTP/1\.1" 200 -',
            r'"GET /missing HTTP/1\.1" 404 [0-9]+', r'"GET /index\.html HTTP/1\.1" 206 2']):
        assert re.fullmatch(COMMON + wanted, line), line


def test_combined_is_the_default(serve):
    lines = visit(serve())
    assert re.fullmatch(COMMON + r'"GET /\?q=1 HTTP/1\.1" 200 6 "http://from\.example/" '
                        r'"agent/1\.0"', lines[0]), lines[0]
    assert lines[1].endswith('200 - "-" "-"')


def test_json(serve):
    server = serve(log={"format": "json"})
    found = [json.loads(line) for line in visit(server)]
    first = found[0]
    assert {name: first[name] for name in (
        "client", "host", "method", "target", "protocol", "status", "body_bytes", "referer",
        "user_agent", "connection_request", "aborted")} == {
            "client": "127.0.0.1", "host": "test.example", "method": "GET", "target": "/?q=1",
            "protocol": "HTTP/1.1", "status": 200, "body_bytes": 6,
            "referer": FIELDS[0][1], "user_agent": FIELDS[1][1], "connection_request": 1,
            "aborted": False}
    assert datetime.datetime.fromisoformat(first["time"]).tzinfo is not None
    assert first["pid"] in server.worker_pids()
    assert first["sent_bytes"] > 6 and first["received_bytes"] > 6
    assert isinstance(first["duration_us"], int)
    assert [one["connection_request"] for one in found] == [1, 2, 3, 4]
    assert [one["body_bytes"] for one in found][1] == 0


def test_a_format_string(serve):
    text = '%h %a %l %u %m %U%q %H %s %>s %b %B %v %k %X "%{User-Agent}i" %{None}i %% "%r"'
    server = serve(log={"format": text})
    assert visit(server) == [
        '127.0.0.1 127.0.0.1 - - GET /?q=1 HTTP/1.1 200 200 6 6 test.example 0 + "agent/1.0" '
        '- % "GET /?q=1 HTTP/1.1"',
        '127.0.0.1 127.0.0.1 - - HEAD /index.html HTTP/1.1 200 200 - 0 test.example 1 + "-" '
        '- % "HEAD /index.html HTTP/1.1"',
        server.access().split("\n")[2],
        '127.0.0.1 127.0.0.1 - - GET /index.html HTTP/1.1 206 206 2 2 test.example 3 - "-" '
        '- % "GET /index.html HTTP/1.1"']


def test_bytes_are_those_on_the_wire(serve):
    server = serve(log={"format": "%I %O %B"})
    data = muster.request(fields=[("Connection", "close")])
    with server.connect() as client:
        answer = client.send(data).rest()
    body = answer.partition(b"\r\n\r\n")[2]
    assert server.wait_for_access(1) == [f"{len(data)} {len(answer)} {len(body)}"]


def test_pipelined_requests_share_no_bytes(serve):
    server = serve(log={"format": "%I %O"})
    data = [muster.request(fields=[("X", "x" * count)]) for count in (1, 100, 10)]
    data.append(muster.request(fields=[("Connection", "close")]))
    with server.connect() as client:
        answer = client.send(b"".join(data)).rest()
    counts = [tuple(map(int, line.split())) for line in server.wait_for_access(4)]
    assert [received for received, _ in counts] == [len(one) for one in data]
    assert sum(sent for _, sent in counts) == len(answer)


@pytest.mark.parametrize("target", ["stdout", "stderr"])
def test_standard_descriptors(serve, target):
    server = serve(log={"access": target, "format": "common"})
    server.get("/")
    read = {"stdout": server.stdout, "stderr": server.stderr}[target]
    muster.wait_for(lambda: '"GET / HTTP/1.1" 200 6' in read(), "the record")


def test_off(serve):
    server = serve(log={"access": "off"})
    assert server.get("/").status == 200
    server.stop()
    assert server.access() == "" and server.stdout() == "" and server.stderr() == ""


@pytest.mark.parametrize("stays", [False, True], ids=["client gone", "client idle"])
def test_a_buffered_record_is_written_without_another_request(serve, stays):
    """A quiet site: the record of the last visitor must not wait for the next one, nor until the
    visitor's connection ends."""
    server = serve(log={"buffer": "64k", "flush": "1s"}, keepalive={"timeout": "1h"})
    with server.connect() as client:
        client.request()
        if not stays:
            client.close()
        assert len(server.wait_for_access(1)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT])
def test_buffered_records_are_written_at_the_stop(serve, number):
    server = serve(log={"buffer": "64k", "flush": "1h"})
    for _ in range(10):
        server.get("/")
    assert server.access() == ""
    server.stop(number)
    assert server.access().count("GET / HTTP/1.1") == 10


def test_a_full_buffer_is_written(serve):
    server = serve(log={"buffer": "1k", "flush": "1h", "format": "combined"},
                   pool={"start": 1, "max_requests": 0})
    with server.connect() as client:
        for _ in range(100):
            client.request()
    lines = server.wait_for_access(80)
    assert all(line.endswith('"GET / HTTP/1.1" 200 6 "-" "-"') for line in lines), \
        "a buffer is written only between records"
    server.stop()
    assert server.access().count("\n") == 100


def test_a_record_that_is_larger_than_the_buffer(serve):
    server = serve(log={"buffer": "512", "flush": "1h"}, pool={"start": 1})
    with server.connect() as client:
        client.request(target="/?first")
        client.request(target="/?" + "x" * 2000)
        first, second = server.wait_for_access(2)
    assert "?first" in first and "x" * 2000 in second


def test_many_workers_tear_no_record(serve):
    """They share the file, opened for appending."""
    server = serve(pool={"start": 8, "min_idle": 8, "max_idle": 16})
    clients = [server.connect() for _ in range(8)]
    data = b"".join(muster.request(target=f"/?{i:03d}" + "y" * 500) for i in range(50))
    for client in clients:
        client.send(data)
    for client in clients:
        for _ in range(50):
            assert client.response().status == 200
        client.close()
    lines = server.wait_for_access(400)
    pattern = re.compile(COMMON + r'"GET /\?[0-9]{3}y{500} HTTP/1\.1" 200 6 "-" "-"')
    assert len(lines) == 400 and all(pattern.fullmatch(line) for line in lines)


def test_a_log_that_cannot_be_written_is_said_once_and_stops_nobody(serve):
    if not os.path.exists("/dev/full"):
        pytest.skip("the system has no /dev/full")
    server = serve(log={"access": "/dev/full"}, pool={"start": 1, "max_idle": 1})
    with server.connect() as client:
        for _ in range(20):
            assert client.request().status == 200
    server.wait_for_log("error: access log: No space left")
    assert len(re.findall("access log: No space left", server.log())) == 1
