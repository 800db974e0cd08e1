# SPDX-License-Identifier: BSD-2-Clause
"""Expect (RFC 9110 10.1.1): who waits is told to go on or gets the final status, at once; nobody
else is sent 100 (Continue)."""
import pytest

import muster

NEXT = muster.request(target="/b.txt")
CONTINUE = ("Expect", "100-continue")
LENGTH = ("Content-Length", "5")
CHUNKED = ("Transfer-Encoding", "chunked")


def expect_next(client):
    response = client.response()
    assert (response.status, response.body) == (200, b"b\n"), response


@pytest.mark.parametrize("value", ["100-continue", "100-Continue", " 100-CONTINUE ",
                                   "100-continue, 100-continue", ",100-continue,"])
@pytest.mark.parametrize("field, content", [(LENGTH, b"12345"),
                                            (CHUNKED, b"1\r\na\r\n0\r\n\r\n")])
def test_the_client_is_asked_to_go_on(client, value, field, content):
    client.send(muster.request("GET", "/a.txt", [("Expect", value), field]))
    assert client.response().status == 100
    client.send(content + NEXT)
    assert client.response().status == 200
    expect_next(client)


@pytest.mark.parametrize("fields, content", [
    ([CONTINUE, LENGTH], b"12345"),             # the content has come along
    ([CONTINUE, LENGTH], b"1"),                 # or has begun to
    ([CONTINUE, CHUNKED], b"0\r\n\r\n"),
    ([CONTINUE, CHUNKED], b"1"),
    ([CONTINUE], b""),                          # there is none
    ([CONTINUE, ("Content-Length", "0")], b""),
    ([("Expect", "")], b""),
], ids=muster.short)
def test_nobody_else_is(client, fields, content):
    client.send(muster.request("GET", "/a.txt", fields) + content)
    if content == b"1":
        client.send(b"2345" if LENGTH in fields else b"\r\na\r\n0\r\n\r\n")
    client.send(NEXT)
    assert client.response().status == 200
    expect_next(client)


@pytest.mark.parametrize("method, status", [("GET", 200), ("POST", 405)])
def test_http_1_0_never_is(server, method, status):
    with server.connect() as client:
        client.send(muster.request(method, "/a.txt", [CONTINUE, LENGTH], version="HTTP/1.0"))
        client.send(b"12345")
        assert client.response().status == status
        client.finish().expect_close()


@pytest.mark.parametrize("method, target, status, fields", [
    ("POST", "/a.txt", 405, [CONTINUE, LENGTH]), ("POST", "/missing", 405, [CONTINUE, CHUNKED]),
    ("BREW", "/a.txt", 501, [CONTINUE, LENGTH]), ("GET", "/%zz", 400, [CONTINUE, LENGTH]),
    ("GET", "https://test.example/", 421, [CONTINUE, LENGTH]),
    ("GET", "/a.txt", 413, [CONTINUE, ("Content-Length", "65537")]),
    ("GET", "/a.txt", 417, [CONTINUE, LENGTH, ("Expect", "200-maybe")]),
    ("GET", "/a.txt", 417, [("Expect", "tea"), LENGTH]),
    ("GET", "/a.txt", 400, [CONTINUE, ("Content-Length", "x")]),
    ("GET", "/a.txt", 400, [CONTINUE, LENGTH, CHUNKED]),
])
def test_a_refusal_comes_instead_and_ends_the_connection(server, method, target, status, fields):
    """Whether the client still sends the content is open, so the connection cannot go on, and what
    comes is never taken for a request."""
    with server.connect() as client:
        client.send(muster.request(method, target, fields))
        response = client.response()
        assert response.status == status
        assert response["Connection"] == "close"
        client.send(NEXT).finish().expect_close()


@pytest.mark.parametrize("value", ["tea", "200-ok", "100-continued", "100-continue;a=b", "a=b",
                                   '"100-continue"', "100-continue, tea", "tea, 100-continue"])
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_any_other_expectation_is_417(server, value, version):
    with server.connect() as client:
        response = client.request("GET", "/a.txt", [("Expect", value)], version=version)
        assert response.status == 417
        if version == "HTTP/1.1":
            expect_next(client.send(NEXT))
