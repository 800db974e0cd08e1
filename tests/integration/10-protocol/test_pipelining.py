# SPDX-License-Identifier: BSD-2-Clause
"""Several requests on their way at once (RFC 9112 9.3.2): each is answered, in order, as soon as it
is whole, wherever the bytes are cut; and after an error nothing is."""
import pytest

import muster

NEXT = muster.request(target="/b.txt")
A, B = b"the text of a\n", b"b\n"

# Each kind of content, with the connection's end at the last one.
PIPELINE = [
    (muster.request("GET", "/a.txt"), "GET", 200, A),
    (muster.request("GET", "/b.txt", [("Transfer-Encoding", "chunked")]) +
     b"3;x=y\r\nGET\r\n0\r\nT: v\r\n\r\n", "GET", 200, B),
    (muster.request("POST", "/a.txt", body=b"GET / HTTP/1.1\r\n\r\n"), "POST", 405, None),
    (muster.request("HEAD", "/a.txt"), "HEAD", 200, b""),
    (b"\r\n" + muster.request("GET", "/missing"), "GET", 404, None),
    (muster.request("HEAD", "/missing"), "HEAD", 404, b""),
    (muster.request("GET", "/a.txt", [("Range", "bytes=4-7")]), "GET", 206, b"text"),
    (muster.request("GET", "/a.txt", [("Range", "bytes=0-1,4-5")]), "GET", 206, None),
    (muster.request("GET", "/a.txt", [("Range", "bytes=99-")]), "GET", 416, None),
    (muster.request("GET", "/a.txt", [("If-None-Match", "*")]), "GET", 304, b""),
    (muster.request("GET", "/a.txt", [("If-Match", '"x"')]), "GET", 412, None),
    (muster.request("GET", "/empty"), "GET", 200, b""),
    (muster.request("OPTIONS", "*"), "OPTIONS", 200, b""),
    (muster.request("GET", "/dir"), "GET", 301, None),
    (muster.request("GET", "/b.txt", [("Connection", "close")]), "GET", 200, B),
]
PIPELINE_BYTES = b"".join(data for data, _, _, _ in PIPELINE)


def check_pipeline(client):
    for data, method, status, body in PIPELINE:
        response = client.response(method)
        assert response.status == status, (response, data)
        assert body is None or response.body == body
    assert response.will_close
    client.expect_close()


def test_in_one_piece(client):
    check_pipeline(client.send(PIPELINE_BYTES))


def test_byte_by_byte(server_on_path):
    with server_on_path.connect() as client:
        for at in range(len(PIPELINE_BYTES)):
            client.send(PIPELINE_BYTES[at:at + 1]).wait_until_read()
        check_pipeline(client)


def test_split_at_every_byte(server_on_path):
    """The server sees each first part alone: it has taken it before the second is sent."""
    for cut in range(1, len(PIPELINE_BYTES)):
        with server_on_path.connect() as client:
            client.send(PIPELINE_BYTES[:cut]).wait_until_read().send(PIPELINE_BYTES[cut:])
            check_pipeline(client)


@pytest.mark.parametrize("data, status", [
    (muster.request(target="/a.txt"), 200), (muster.request("POST", "/a.txt", body=b"12345"), 405),
    (muster.request("GET", "/a.txt", [("Transfer-Encoding", "chunked")]) +
     b"1\r\na\r\n0\r\nT: v\r\n\r\n", 200),
], ids=["none", "length", "chunked"])
def test_a_whole_request_is_answered_though_a_piece_of_the_next_follows(client, data, status):
    """Whatever the piece is, and before more of it comes."""
    for cut in range(1, len(NEXT)):
        client.send(data + NEXT[:cut])
        assert client.response().status == status, cut
        client.send(NEXT[cut:])
        assert client.response().body == B, cut


@pytest.mark.parametrize("piece", [b"\r", b"\r\n", b"G", b"\0", b"\n", b" ", b"\xff" * 50,
                                   b"A" * 100, b"GET / HTTP/9", b"POST / HTTP/1.1\r\nHost: a\r\n",
                                   b"GET /" + b"a" * 9000], ids=muster.short)
def test_or_a_piece_of_something_else(server, piece):
    with server.connect() as client:
        client.send(muster.request(target="/a.txt") + piece)
        assert client.response().body == A


@pytest.mark.parametrize("count", [2, 5, 20, 50, 300])
def test_many(client, count):
    client.send((muster.request(target="/a.txt") + NEXT) * count)
    for _ in range(count):
        assert client.response().body == A
        assert client.response().body == B


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
    b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nN : v\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nN: \0\r\n\r\n", b"GET / HTTP/1.1\nHost: a\n\n",
    muster.request("POST", "/", [("Content-Length", "1"), ("Transfer-Encoding", "chunked")]),
    muster.request("POST", "/", [("Content-Length", "x")]),
    muster.request("POST", "/", [("Transfer-Encoding", "gzip, chunked")]),
    muster.request("POST", "/", [("Transfer-Encoding", "chunked")]) + b"z\r\n",
    muster.request("GET", "/", [("Content-Length", "99999999")]),
    muster.request("A" * 100), muster.request(target="/" + "a" * 9000),
    muster.request(fields=[("X", "a" * 40000)]),
], ids=muster.short)
def test_nothing_behind_an_error_of_framing_is_answered(client, bad):
    """But what was before it is."""
    client.send(muster.request(target="/a.txt") + bad + NEXT * 3)
    assert client.response().body == A
    response = client.response()
    assert response.status >= 400 and response.will_close
    client.finish().expect_close()


@pytest.mark.parametrize("version, fields", [("HTTP/1.1", [("Connection", "close")]),
                                             ("HTTP/1.0", [])])
def test_nothing_behind_the_last_request_is_answered(client, version, fields):
    client.send(muster.request("GET", "/a.txt", fields, version=version) + NEXT * 3)
    assert client.response().body == A
    client.finish().expect_close()


@pytest.mark.parametrize("target, status", [("/missing", 404), ("/.hidden", 403), ("/%zz", 400),
                                            ("/dir", 301)])
def test_errors_of_a_clear_request_let_the_connection_go_on(accept, target, status):
    accept(muster.request(target=target), status)
