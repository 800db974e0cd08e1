# SPDX-License-Identifier: BSD-2-Clause
"""HTTP over TLS is HTTP: what goes through records comes out as it went in, in as many pieces as
there are, and what the plain protocol does is done here, too."""
import pytest

import muster
import processes
from muster import request
from tls_client import TLS_1_2, TLS_1_3

VERSIONS = [TLS_1_2, TLS_1_3]
VERSION_NAMES = ["1.2", "1.3"]
CONTENT = processes.large_content(8)
SIZES = [0, 1, 8191, 8192, 8193, 16383, 16384, 16385, 65535, 65536, 65537, 300000]


@pytest.fixture(scope="module")
def server(module_serve_tls):
    files = {f"{size}": CONTENT[:size] for size in SIZES}
    return module_serve_tls({"index.html": "start\n", "big.bin": CONTENT, **files},
                            pool={"start": 3}, keepalive={"max_requests": 0},
                            log={"format": '%>s %X %B "%r"'})


@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
def test_files_of_all_sizes(server, connect, version):
    with connect(server, version) as client:
        for size in SIZES:
            for _ in range(2):              # made, then from the cache
                response = client.request(target=f"/{size}")
                assert response.body == CONTENT[:size]
            assert client.request("HEAD", f"/{size}")["Content-Length"] == str(size)


@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
def test_large_file(server, connect, version):
    with connect(server, version) as client:
        assert client.request(target="/big.bin").body == CONTENT
        assert client.request().body == b"start\n"


@pytest.mark.parametrize("first, last", [(0, 0), (1, 16384), (70000, 200000), (8388600, 8388607)])
def test_range(server, connect, first, last):
    with connect(server) as client:
        response = client.request(target="/big.bin", fields=[("Range", f"bytes={first}-{last}")])
        assert response.status == 206
        assert response.body == CONTENT[first:last + 1]


def test_ranges(server, connect):
    with connect(server) as client:
        response = client.request(target="/big.bin",
                                  fields=[("Range", "bytes=0-9,100-200,65000-140000")])
        assert response.status == 206
        for first, last in ((0, 9), (100, 200), (65000, 140000)):
            assert CONTENT[first:last + 1] in response.body
        assert client.request().body == b"start\n"


def test_not_modified(server, connect):
    with connect(server) as client:
        tag = client.request()["ETag"]
        assert client.request(fields=[("If-None-Match", tag)]).status == 304
        assert client.request().status == 200


@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
def test_pipelines(server, connect, version):
    """In one record, in several, and a byte a record."""
    many = [8193, 1, 0, 65537, 16384]
    data = b"".join(request(target=f"/{size}") for size in many)
    for step in (len(data), 50, 7, 1):
        with connect(server, version) as client:
            for at in range(0, len(data), step):
                client.send(data[at:at + step])
            for size in many:
                assert client.response().body == CONTENT[:size]


@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
def test_content_of_requests(server, connect, version):
    with connect(server, version) as client:
        for size in (1, 16384, 200000):
            assert client.request("POST", "/", body=b"x" * size).status == 405
        chunks = b"".join(b"%x\r\n%s\r\n" % (size, b"y" * size) for size in (5, 40000)) + \
            b"0\r\n\r\n"
        client.send(request("POST", "/", [("Transfer-Encoding", "chunked")]) + chunks)
        assert client.response().status == 405
        assert client.request().body == b"start\n"


def test_continue_is_said(server, connect):
    with connect(server) as client:
        client.send(request("GET", "/", [("Expect", "100-continue"), ("Content-Length", "3")]))
        assert client.response().status == 100
        assert client.send(b"abc").response().status == 200


def test_slow_reader_gets_all(server, connect):
    with connect(server, receive_buffer=4096) as client:
        client.send(request(target="/300000"))
        head = client.read_head()
        body = bytearray()
        while len(body) < int(head["Content-Length"]):
            body += client.take(min(1000, 300000 - len(body)))
        assert body == CONTENT[:300000]


def test_deaf_reader_is_given_up(serve_tls, connect):
    server = serve_tls({"big.bin": CONTENT}, limits={"send_timeout": "300ms"},
                       log={"format": "%X %B"})
    with connect(server, receive_buffer=4096) as client:
        client.send(request(target="/big.bin"))
        mark, sent = server.wait_for_access(1)[0].split()
        assert mark == "X" and int(sent) < len(CONTENT)


def test_scheme_and_targets(serve_tls, connect):
    """An https target is this server's own here, and only here; HSTS is said, $scheme known."""
    server = serve_tls(listen=["127.0.0.1:0", ("127.0.0.1:0", {"tls": True})],
                       settings={"hsts": "1h"},
                       more='redirect "/go" { to = "$scheme://$host/there" status = 302 }')
    with connect(server, index=1) as client:
        response = client.request(target="https://test.example/")
        assert response.status == 200
        assert response["Strict-Transport-Security"] == "max-age=3600"
        assert client.request(target="/go")["Location"] == "https://test.example/there"
    with server.connect() as client:
        assert client.request(target="https://test.example/").status == 421
        assert client.request().get("Strict-Transport-Security") is None


@pytest.mark.parametrize("keepers", [0, 1])
def test_connection_stays_with_its_worker(serve_tls, connect, keepers):
    """A keeper could not go on with it: its keys are the worker's."""
    server = serve_tls(log={"format": "%P %k"}, keepalive={"keepers": keepers, "linger": "1ms"})
    with connect(server) as client, connect(server) as other:
        for number in range(5):
            assert client.request().status == 200
            assert other.request().status == 200
        pids = processes.workers_of(server, [client, other])
        assert {muster.role_of(pid) for pid in pids} == {"worker"}
    records = sorted(server.wait_for_access(10))
    assert records == sorted(f"{pid} {number}" for pid in pids for number in range(5))


def test_idle_connections_give_way(serve_tls, connect):
    """When all workers wait for clients that say nothing, others are served all the same."""
    server = serve_tls(pool={"start": 2, "min_idle": 1, "max_idle": 2, "max_workers": 2},
                       keepalive={"timeout": "1h", "keepers": 0, "linger": "10ms"})
    idle = [connect(server) for _ in range(2)]
    for client in idle:
        assert client.request().status == 200
    for _ in range(3):
        with connect(server) as client:
            assert client.request().status == 200
    for client in idle:
        client.close()


def test_idle_connection_ends_in_time(serve_tls, connect):
    server = serve_tls(keepalive={"timeout": "200ms"})
    with connect(server, tells_cuts=True) as client:
        assert client.request().status == 200
        client.expect_close()


def test_half_a_head_ends_in_time(serve_tls, connect):
    server = serve_tls(limits={"header_timeout": "300ms"})
    with connect(server) as client:
        assert client.request().status == 200
        client.send(b"GET / HTTP/1.1\r\n")
        assert client.response().status == 408
        client.expect_close()


def test_bandwidth_is_limited(serve_tls, connect):
    """As without TLS: what is measured is that all comes, and that the limit is taken."""
    server = serve_tls({"big.bin": CONTENT[:300000]}, settings={"limit_rate": "10M"})
    with connect(server) as client:
        assert client.request(target="/big.bin").body == CONTENT[:300000]


def test_sent_bytes_are_those_of_http(server, connect):
    with connect(server) as client:
        client.request(target="/65536?counted")
    muster.wait_for(lambda: "?counted " in server.access(), "the record of it")
    assert '200 + 65536 "GET /65536?counted ' in server.access()
