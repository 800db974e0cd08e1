# SPDX-License-Identifier: BSD-2-Clause
"""Where a request's content ends (RFC 9112 6 and 7): what is ambiguous is refused, and what is
read is read exactly, so that nobody smuggles a request in (the one behind it is answered, or
nothing)."""
import pytest

import muster

NEXT = muster.request(target="/b.txt")
CHUNKED = [("Transfer-Encoding", "chunked")]


def expect_next(client):
    """The bytes behind the content are a request of their own."""
    response = client.response()
    assert (response.status, response.body) == (200, b"b\n")


def post(fields, content=b"", method="POST", version="HTTP/1.1"):
    return muster.request(method, "/a.txt", fields, version=version) + content


@pytest.mark.parametrize("fields, content", [
    ([], b""),
    ([("Content-Length", "0")], b""),
    ([("Content-Length", "5")], b"12345"),
    ([("Content-Length", "00005")], b"12345"),
    ([("Content-Length", "65536")], b"x" * 65536),
    (CHUNKED, b"0\r\n\r\n"),
    (CHUNKED, b"5\r\n12345\r\n0\r\n\r\n"),
    (CHUNKED, b"5\r\n12345\r\n00A\r\n1234567890\r\n0000\r\n\r\n"),
    (CHUNKED, b"a;name=value;other=\"q;\\\" \"\r\n1234567890\r\n0;last\r\n\r\n"),
    (CHUNKED, b"1\r\na\r\n0\r\nTrailer-A: a\r\nTrailer-B:\r\n\r\n"),
    (CHUNKED, b"2\r\n\r\n\r\n0\r\n\r\n"),
    ([("Transfer-Encoding", "Chunked")], b"1\r\na\r\n0\r\n\r\n"),
    (CHUNKED, b"".join(b"1\r\n%c\r\n" % (65 + i % 26) for i in range(500)) + b"0\r\n\r\n"),
    ([("Content-Length", str(len(NEXT)))], NEXT),
    (CHUNKED, b"%x\r\n%s\r\n0\r\n\r\n" % (len(NEXT), NEXT)),
], ids=muster.short)
@pytest.mark.parametrize("method, status", [("POST", 405), ("GET", 200)])
def test_content_is_read_to_its_end_and_no_further(client, method, status, fields, content):
    client.send(post(fields, content, method) + NEXT)
    assert client.response().status == status
    expect_next(client)


def expect_refused(server, data, status=400):
    """The bytes behind, which look like a request, are never taken for one."""
    with server.connect() as client:
        response = client.send(data + NEXT).finish().response()
        assert response.status == status, response
        assert response["Connection"] == "close"
        client.expect_close()


@pytest.mark.parametrize("fields", [
    [("Content-Length", "5"), ("Content-Length", "5")],
    [("Content-Length", "5"), ("Content-Length", "6")],
    [("Content-Length", "5, 5")], [("Content-Length", "")], [("Content-Length", "+5")],
    [("Content-Length", "-5")], [("Content-Length", "5 ,")], [("Content-Length", "0x5")],
    [("Content-Length", "5.0")], [("Content-Length", "5 5")], [("Content-Length", "five")],
    [("Content-Length", "5;a")], [("Content-Length", "\xb2")],
    [("Content-Length", "5"), *CHUNKED], [*CHUNKED, ("Content-Length", "5")],
    [("Content-Length", "0"), *CHUNKED],
    [("Transfer-Encoding", "")], [("Transfer-Encoding", "identity")],
    [("Transfer-Encoding", "gzip")], [("Transfer-Encoding", "chunked, gzip")],
    [("Transfer-Encoding", "chunked, chunked")], [("Transfer-Encoding", "chunked, identity")],
    [*CHUNKED, *CHUNKED], [("Transfer-Encoding", "chunked;a=b")],
    [("Transfer-Encoding", "xchunked")], [("Transfer-Encoding", "\"chunked\"")],
    [("Transfer-Encoding", "chunked\x0b")], [("Transfer-Encoding", ",chunked")],
    [("Transfer-Encoding", "chunked,")], [("Transfer-Encoding", "chun ked")],
], ids=muster.short)
def test_ambiguous_lengths_are_400(server, fields):
    expect_refused(server, post(fields, b"0\r\n\r\n"))
    expect_refused(server, post(fields, b"0\r\n\r\n", "GET"))


def test_transfer_encoding_of_http_1_0_is_400(server):
    """A proxy of that version passes it on unread (RFC 9112 6.1)."""
    expect_refused(server, post(CHUNKED, b"0\r\n\r\n", version="HTTP/1.0"))


@pytest.mark.parametrize("coding", ["gzip, chunked", "identity, chunked", "x;y=z, chunked"])
def test_unknown_codings_below_chunked_are_501(server, coding):
    expect_refused(server, post([("Transfer-Encoding", coding)], b"0\r\n\r\n"), 501)


@pytest.mark.parametrize("content", [
    b"\r\n", b"g\r\n", b"-1\r\n", b"+1\r\na\r\n", b" 1\r\na\r\n", b"1 \r\na\r\n", b"0x1\r\na\r\n",
    b"1\na\r\n0\r\n\r\n", b"1\r\na\n0\r\n\r\n", b"1\r\na0\r\n\r\n", b"1\r\nab\r\n0\r\n\r\n",
    b"1\ra\r\n0\r\n\r\n", b"1\r\na\r\n0\r\n\n", b"1\r\na\r\n0\n\r\n", b"1;\x00\r\na\r\n",
    b"1;a\nb\r\na\r\n", b"11111111111111111\r\n", b";a\r\n",
    b"0\r\nNo colon\r\n\r\n", b"0\r\n: a\r\n\r\n", b"0\r\n folded\r\n\r\n", b"0\r\nA: \x00\r\n\r\n",
    b"0\r\nA: b\n\r\n", b"0\r\nA : b\r\n\r\n",
], ids=muster.short)
def test_malformed_chunks_are_400(server, content):
    expect_refused(server, post(CHUNKED, content))


def test_endless_chunk_extensions_are_400(server):
    """A chunk of one byte each may carry as much beside it as the sender likes."""
    expect_refused(server, post(CHUNKED, b"1;" + b"a" * 5000 + b"\r\na\r\n"))


def test_large_trailers_are_431(server):
    expect_refused(server, post(CHUNKED, b"0\r\n" + b"A: %s\r\n" % (b"a" * 20000) + b"\r\n"), 431)


@pytest.mark.parametrize("fields, content", [
    ([("Content-Length", "65537")], b""),
    ([("Content-Length", "18446744073709551615")], b""),
    ([("Content-Length", "18446744073709551616")], b""),
    ([("Content-Length", "9" * 300)], b""),
    (CHUNKED, b"10001\r\n"), (CHUNKED, b"8000\r\n" + b"x" * 0x8000 + b"\r\n8001\r\n"),
    (CHUNKED, b"ffffffffffffffff\r\n"),
], ids=muster.short)
def test_content_over_the_limit_is_413(server, fields, content):
    """body_size is 64k here."""
    expect_refused(server, post(fields, content), 413)


@pytest.mark.parametrize("fields, content", [
    ([("Content-Length", "5")], b"123"), ([("Content-Length", "5")], b""),
    (CHUNKED, b""), (CHUNKED, b"5\r\n123"), (CHUNKED, b"5\r\n12345\r\n"),
    (CHUNKED, b"1\r\na\r\n0\r\n"), (CHUNKED, b"1\r\na\r\n0\r\nA: b\r\n"),
], ids=muster.short)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_content_cut_off_by_the_client_is_400(client, method, fields, content):
    """Half a request must not be acted on as if it were whole (RFC 9112 8)."""
    response = client.send(post(fields, content, method)).finish().response()
    assert response.status == 400, response
    client.expect_close()


def test_chunked_content_split_at_every_byte(server_on_path):
    data = post(CHUNKED, b"5;e=\"v\"\r\n12345\r\n0a\r\n1234567890\r\n0\r\nA: b\r\n\r\n") + NEXT
    with server_on_path.connect() as client:
        for cut in range(1, len(data)):
            client.send(data[:cut]).wait_until_read().send(data[cut:])
            assert client.response().status == 405, cut
            expect_next(client)


class TestExpect:
    """RFC 9110 10.1.1."""

    def test_the_client_is_asked_to_go_on(self, client):
        client.send(muster.request("GET", "/a.txt", [("Expect", "100-continue"),
                                                     ("Content-Length", "5")]))
        assert client.response().status == 100
        client.send(b"12345" + NEXT)
        assert client.response().status == 200
        expect_next(client)

    def test_chunked(self, client):
        client.send(muster.request("GET", "/a.txt", [("Expect", "100-Continue"), *CHUNKED]))
        assert client.response().status == 100
        client.send(b"1\r\na\r\n0\r\n\r\n" + NEXT)
        assert client.response().status == 200
        expect_next(client)

    def test_not_when_the_content_has_begun_to_come(self, client):
        client.send(post([("Expect", "100-continue"), ("Content-Length", "5")], b"12345",
                         "GET") + NEXT)
        assert client.response().status == 200
        expect_next(client)

    def test_not_when_there_is_no_content(self, client):
        client.send(muster.request("GET", "/a.txt", [("Expect", "100-continue")]) + NEXT)
        assert client.response().status == 200
        expect_next(client)

    def test_not_for_http_1_0(self, client):
        client.send(muster.request("GET", "/a.txt", [("Expect", "100-continue"),
                                                     ("Content-Length", "1")], version="HTTP/1.0"))
        client.send(b"1")
        assert client.response().status == 200

    @pytest.mark.parametrize("method, target, status, fields", [
        ("POST", "/a.txt", 405, [("Content-Length", "5")]),
        ("BREW", "/a.txt", 501, [("Content-Length", "5")]),
        ("GET", "/%zz", 400, [("Content-Length", "5")]),
        ("GET", "/a.txt", 413, [("Content-Length", "65537")]),
        ("GET", "/a.txt", 417, [("Content-Length", "5"), ("Expect", "200-maybe")]),
    ])
    def test_a_refusal_comes_instead_and_ends_the_connection(self, server, method, target, status,
                                                             fields):
        """Whether the client still sends the content is open, so the connection cannot go on."""
        with server.connect() as client:
            client.send(muster.request(method, target, [("Expect", "100-continue"), *fields]))
            response = client.response()
            assert response.status == status
            assert response["Connection"] == "close"
            client.send(NEXT).finish().expect_close()

    def test_an_unknown_expectation_is_417(self, client):
        assert client.request("GET", "/a.txt", [("Expect", "tea")]).status == 417
