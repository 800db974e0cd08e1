# SPDX-License-Identifier: BSD-2-Clause
"""Connections over several requests (RFC 9112 9): keep-alive, and how they end."""
import re
import subprocess

import pytest

import muster

A, B = b"the text of a\n", b"b\n"


@pytest.mark.parametrize("version, connection, goes_on", [
    ("HTTP/1.1", None, True), ("HTTP/1.1", "close", False), ("HTTP/1.1", "Close", False),
    ("HTTP/1.1", "keep-alive", True), ("HTTP/1.1", "keep-alive, close", False),
    ("HTTP/1.1", "upgrade , close", False), ("HTTP/1.1", "x-close", True),
    ("HTTP/1.1", ", ,", True), ("HTTP/1.1", "", True), ("HTTP/1.1", ", close ,", False),
    ("HTTP/1.1", "closed", True), ("HTTP/1.1", "\"close\"", True), ("HTTP/1.2", None, True),
    ("HTTP/1.2", "close", False),
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
def test_nothing_and_the_end_is_no_request(serve, part):
    server = serve(log={"format": "%r"})
    with server.connect() as client:
        client.send(part).finish().expect_close()
    server.get("/a.txt")
    assert server.wait_for_access(1) == ["GET /a.txt HTTP/1.1"]


def test_clients_that_vanish_leave_the_server_well(server):
    for data in [b"", b"GET", muster.request(), muster.request() * 9,
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
