# SPDX-License-Identifier: BSD-2-Clause
"""The access log: its formats, and when records are written."""
import datetime
import json
import os
import re
import signal

import pytest

import muster
import processes

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
    assert not processes.pids_of_role(server, "logger"), "there is nothing to do for it"
    server.stop()
    assert server.access() == "" and server.stdout() == "" and server.stderr() == ""


@pytest.mark.parametrize("stays", [False, True], ids=["client gone", "client idle"])
@pytest.mark.parametrize("full", ["wait", "count"])
def test_a_record_is_written_without_another_request(serve, stays, full):
    """A quiet site: the record of the last visitor must not wait for the next one, nor until the
    visitor's connection ends."""
    server = serve(log={"full": full}, keepalive={"timeout": "1h"})
    with server.connect() as client:
        client.request()
        if not stays:
            client.close()
        assert len(server.wait_for_access(1)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT])
def test_what_waits_for_the_logger_is_written_at_the_stop(serve, number):
    """The first record wakes it, the others wait for its next look, which is an hour off."""
    server = serve(log={"flush": "1h"})
    for _ in range(10):
        server.get("/")
    server.stop(number)
    assert server.access().count("GET / HTTP/1.1") == 10


def test_a_ring_that_fills_does_not_wait_for_its_time(serve):
    """Many times what a ring holds, and the logger's next look an hour off."""
    server = serve(log={"flush": "1h", "format": "combined"},
                   pool={"start": 1, "max_requests": 0},
                   keepalive={"keepers": 0, "max_requests": 0})
    with server.connect() as client:
        for number in range(1000):
            assert client.request(target=f"/?{number}-" + "z" * 400).status == 200
    lines = server.wait_for_access(900)     # all but what makes no half of a ring
    server.stop()
    lines = server.access().splitlines()
    assert [int(re.search(r"/\?(\d+)-z{400} ", line)[1]) for line in lines] == list(range(1000))


def test_a_long_record(serve):
    """Longer than anything that a log is likely to hold, and cut where it is longer still."""
    server = serve(log={"format": "%q %{X}i %{Y}i"})
    with server.connect() as client:
        for query, x, y in (("whole", 3000, 4000), ("cut", 6000, 7000), ("after", 1, 1)):
            client.request(target=f"/?{query}", fields=[("X", "x" * x), ("Y", "y" * y)])
    records = server.wait_for_access(3)
    assert records[0] == f"?whole {'x' * 3000} {'y' * 4000}"
    assert re.match(r"\?cut x{1000}", records[1]) and 4000 < len(records[1]) <= 8192
    assert records[2] == "?after x y"


def test_records_come_in_order_of_time(serve):
    """Each request begins when the one before has ended, at another worker mostly, whose ring the
    logger may look at sooner; others keep it busy meanwhile."""
    server = serve(log={"format": "%r", "flush": "1ms"},
                   pool={"start": 8, "min_idle": 8, "max_idle": 16})
    count = 400
    with processes.Hammer(server, {b"start\n"}, thread_count=2) as hammer:
        for number in range(count):
            with server.connect() as client:
                client.request(target=f"/?order-{number}", fields=[("Connection", "close")])
                client.expect_close()   # then its record is in the ring
    assert not hammer.failures, hammer.failures
    server.stop()
    found = [int(number) for number in re.findall(r"/\?order-(\d+) ", server.access())]
    assert found == list(range(count))


def test_many_workers_tear_no_record(serve):
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
