# SPDX-License-Identifier: BSD-2-Clause
"""Connections over several requests (RFC 9112 9): keep-alive, pipelining, and how they end."""
import re
import subprocess

import pytest

import muster

A, B = b"the text of a\n", b"b\n"


@pytest.mark.parametrize("version, connection, goes_on", [
    ("HTTP/1.1", None, True), ("HTTP/1.1", "close", False), ("HTTP/1.1", "Close", False),
    ("HTTP/1.1", "keep-alive", True), ("HTTP/1.1", "keep-alive, close", False),
    ("HTTP/1.1", "upgrade , close", False), ("HTTP/1.1", "x-close", True),
    ("HTTP/1.1", ", ,", True),
    ("HTTP/1.0", None, False), ("HTTP/1.0", "keep-alive", True), ("HTTP/1.0", "close", False),
    ("HTTP/1.0", "Keep-Alive, close", False), ("HTTP/1.0", "upgrade", False),
])
def test_keep_alive(client, version, connection, goes_on):
    fields = [] if connection is None else [("Connection", connection)]
    response = client.request("GET", "/a.txt", fields, version=version)
    assert (response.status, response.body) == (200, A)
    if goes_on:
        assert not response.will_close
        # A client of version 1.0 has to be told, one of 1.1 knows.
        assert response.get("Connection") == ("keep-alive" if version == "HTTP/1.0" else None)
        assert client.request("GET", "/b.txt", fields, version=version).body == B
    else:
        assert response["Connection"] == "close"
        client.expect_close()


def test_several_connection_fields_count_together(client):
    response = client.request("GET", "/a.txt", [("Connection", "keep-alive"),
                                                ("Connection", "close")])
    assert response.will_close
    client.expect_close()


def test_keep_alive_that_is_off(serve):
    server = serve(keepalive={"timeout": "0s"})
    with server.connect() as client:
        assert client.request().will_close
        client.expect_close()


def test_requests_per_connection_are_bounded(serve):
    server = serve(keepalive={"max_requests": 3})
    with server.connect() as client:
        client.send(muster.request() * 5)
        assert [client.response().will_close for _ in range(3)] == [False, False, True]
        client.expect_close()


def test_no_bound(serve):
    server = serve(keepalive={"max_requests": 0}, pool={"max_requests": 0})
    with server.connect() as client:
        client.send(muster.request() * 300)
        for _ in range(300):
            assert not client.response().will_close


# Each kind of content, with the connection's end at the last one.
PIPELINE = [
    (muster.request("GET", "/a.txt"), "GET", 200, A),
    (muster.request("GET", "/b.txt", [("Transfer-Encoding", "chunked")]) +
     b"3;x=y\r\nGET\r\n0\r\nT: v\r\n\r\n", "GET", 200, B),
    (muster.request("POST", "/a.txt", body=b"GET / HTTP/1.1\r\n\r\n"), "POST", 405, None),
    (muster.request("HEAD", "/a.txt"), "HEAD", 200, b""),
    (b"\r\n" + muster.request("GET", "/missing"), "GET", 404, None),
    (muster.request("GET", "/a.txt", [("Range", "bytes=4-7")]), "GET", 206, b"text"),
    (muster.request("OPTIONS", "*"), "OPTIONS", 204, b""),
    (muster.request("GET", "/b.txt", [("Connection", "close")]), "GET", 200, B),
]
PIPELINE_BYTES = b"".join(data for data, _, _, _ in PIPELINE)


def check_pipeline(client):
    for _, method, status, body in PIPELINE:
        response = client.response(method)
        assert response.status == status, (response, method)
        assert body is None or response.body == body
    assert response.will_close
    client.expect_close()


def test_pipelined_in_one_piece(client):
    check_pipeline(client.send(PIPELINE_BYTES))


def test_pipelined_byte_by_byte(server_on_path):
    with server_on_path.connect() as client:
        for at in range(len(PIPELINE_BYTES)):
            client.send(PIPELINE_BYTES[at:at + 1]).wait_until_read()
        check_pipeline(client)


def test_pipelined_and_split_at_every_byte(server_on_path):
    """The server sees each first part alone: it has taken it before the second is sent."""
    for cut in range(1, len(PIPELINE_BYTES)):
        with server_on_path.connect() as client:
            client.send(PIPELINE_BYTES[:cut]).wait_until_read().send(PIPELINE_BYTES[cut:])
            check_pipeline(client)


def test_more_requests_than_buffers_hold(client):
    """The client writes on while it has nothing to read, so neither side may wait for the other
    for ever."""
    data, count = muster.request(target="/a.txt", fields=[("X-Padding", "p" * 40)]), 5000
    sent = received = 0
    while received < count:
        if sent < count and not client.has_input():
            client.send(data * 50)
            sent += 50
        else:
            assert client.response().body == A
            received += 1


@pytest.mark.parametrize("bad", [
    b"BAD\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/3.0\r\n\r\n",
    muster.request("POST", "/", [("Content-Length", "1"), ("Transfer-Encoding", "chunked")]),
    muster.request("GET", "/", [("Content-Length", "99999999")]),
], ids=muster.short)
def test_nothing_behind_an_error_of_framing_is_answered(client, bad):
    client.send(muster.request(target="/a.txt") + bad + muster.request(target="/b.txt") * 3)
    assert client.response().body == A
    response = client.response()
    assert response.status in (400, 413, 505) and response.will_close
    client.finish().expect_close()


@pytest.mark.parametrize("target, status", [("/missing", 404), ("/.hidden", 403), ("/%zz", 400),
                                            ("/dir", 301)])
def test_errors_of_a_clear_request_let_the_connection_go_on(client, target, status):
    client.send(muster.request(target=target) + muster.request(target="/b.txt"))
    assert client.response().status == status
    assert client.response().body == B


def test_a_half_closed_client_gets_all_answers(client):
    """As of `printf ... | nc`."""
    client.send(muster.request(target="/a.txt") + muster.request(target="/b.txt")).finish()
    assert client.response().body == A
    assert client.response().body == B
    client.expect_close()


@pytest.mark.parametrize("part", [b"G", b"GET / HTTP/1.1", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_half_a_request_and_the_end_is_400(client, part):
    client.send(muster.request(target="/a.txt") + part).finish()
    assert client.response().body == A
    assert client.response().status == 400
    client.expect_close()


@pytest.mark.parametrize("part", [b"", b"\r\n"])
def test_nothing_and_the_end_is_no_request(server, part):
    before = server.access().count("\n")
    with server.connect() as client:
        client.send(part).finish().expect_close()
    server.get("/a.txt")
    lines = server.wait_for_access(before + 1)
    assert len(lines) == before + 1, lines[before:]


def test_clients_that_vanish_leave_the_server_well(server):
    for data in [b"", b"GET", muster.request(), PIPELINE_BYTES,
                 muster.request("POST", "/", [("Content-Length", "5")])]:
        server.connect().send(data).reset()
        server.connect().send(data).close()
    assert server.get("/a.txt").body == A


JUNK = b"more of the request that is never read " * 5000       # 200 kB


@pytest.mark.parametrize("data, status", [
    (b"BAD\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", 414),
    (muster.request("PUT", "/a.txt", [("Content-Length", str(10 ** 6))]), 413),
    (muster.request("PUT", "/a.txt", [("Transfer-Encoding", "chunked")]) + b"fffff\r\n", 413),
    (muster.request("PUT", "/a.txt", [("Transfer-Encoding", "chunked")]) + b"x\r\n", 400),
    (muster.request("PUT", "/a.txt", [("Expect", "tea"), ("Content-Length", str(10 ** 6))]), 417),
    (muster.request("PUT", "/a.txt", [("Expect", "100-continue"), ("Content-Length", "200000")]),
     405),
], ids=muster.short)
def test_an_answer_is_not_lost_to_a_reset(server, data, status):
    """A close with unread bytes resets the connection, and the reset overtakes the answer. So
    the server takes the rest away for a while (RFC 9112 9.6)."""
    for _ in range(5):
        with server.connect() as client:
            client.send(data + JUNK)
            response = client.response()
            assert response.status == status
            assert response.will_close
            client.finish().expect_close()


@pytest.mark.parametrize("version, fields", [("HTTP/1.1", [("Connection", "close")]),
                                             ("HTTP/1.0", [])])
def test_nor_when_the_client_asked_for_the_end(server, version, fields):
    """Some send an empty line behind the content, or a request that they had ready."""
    for _ in range(5):
        with server.connect() as client:
            client.send(muster.request("GET", "/a.txt", fields, version=version) + JUNK)
            assert client.response().body == A
            client.finish().expect_close()


@pytest.mark.needs("curl")
def test_curl_keeps_its_connection(server):
    result = subprocess.run(
        ["curl", "-sS", "-v", server.url("/a.txt"), server.url("/b.txt"), server.url("/missing")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=muster.PATIENCE_S)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(A + B)
    assert len(re.findall(rb"Connected to", result.stderr)) == 1
