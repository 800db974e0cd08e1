# SPDX-License-Identifier: BSD-2-Clause
"""Chunks (RFC 9112 7.1): sizes, line ends, extensions, limits. The unit tests of the decoder have
every cut of the bytes; here it is shown that the next request is found, or never looked for."""
import pytest

import muster

NEXT = muster.request(target="/b.txt")
CHUNKED = [("Transfer-Encoding", "chunked")]


def chunked(content, method="POST"):
    return muster.request(method, "/a.txt", CHUNKED) + content


@pytest.mark.parametrize("content", [
    b"0\r\n\r\n", b"0000\r\n\r\n", b"5\r\n12345\r\n0\r\n\r\n",
    b"5\r\n12345\r\n00A\r\n1234567890\r\n0\r\n\r\n", b"a\r\n1234567890\r\n0\r\n\r\n",
    b"%s5\r\n12345\r\n0\r\n\r\n" % (b"0" * 15), b"%s5\r\n12345\r\n0\r\n\r\n" % (b"0" * 300),
    b"2\r\n\r\n\r\n0\r\n\r\n", b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"1\r\n\0\r\n0\r\n\r\n",
    b"5;a\r\n12345\r\n0;last\r\n\r\n", b"5;a=b;c=d\r\n12345\r\n0\r\n\r\n",
    b'5;a="b;\\"c\\\\\t"\r\n12345\r\n0\r\n\r\n', b'5;a=""\r\n12345\r\n0\r\n\r\n',
    b"5 ;a\r\n12345\r\n0\r\n\r\n", b"5\t; a\t=\t b ;c\r\n12345\r\n0\r\n\r\n",
    b"5;%s\r\n12345\r\n0\r\n\r\n" % (b"a" * 4000),
    b"".join(b"1\r\n%c\r\n" % (65 + i % 26) for i in range(500)) + b"0\r\n\r\n",
    b"%x\r\n%s\r\n0\r\n\r\n" % (len(NEXT), NEXT), b"10000\r\n%s\r\n0\r\n\r\n" % (b"x" * 65536),
], ids=muster.short)
@pytest.mark.parametrize("method, status", [("POST", 405), ("GET", 200), ("HEAD", 200),
                                            ("BREW", 501)])
def test_content_is_read_to_its_end_and_no_further(accept, method, status, content):
    accept(chunked(content, method), status, method)


@pytest.mark.parametrize("content", [
    b"\r\n", b"g\r\n", b"-1\r\n", b"-0\r\n\r\n", b"+1\r\na\r\n", b" 1\r\na\r\n", b"\t1\r\na\r\n",
    b"1 \r\na\r\n", b"1\t\r\na\r\n", b"1 1\r\na\r\n", b"0x1\r\na\r\n", b"1h\r\na\r\n",
    b"0_1\r\na\r\n", b"1.0\r\na\r\n", b"1,\r\na\r\n", b'"1"\r\na\r\n', b"\xef\xbc\x91\r\na\r\n",
    b"1\0\r\na\r\n", b"1\x0b\r\na\r\n", b"1:\r\na\r\n", b"1#a\r\na\r\n", b"1\na\r\n0\r\n\r\n",
    b"1\r\na\n0\r\n\r\n", b"1\r\na0\r\n\r\n", b"1\r\nab\r\n0\r\n\r\n", b"2\r\na\r\n0\r\n\r\n",
    b"1\r\na\r\n\r\n0\r\n\r\n", b"1\ra\r\n0\r\n\r\n", b"1\r\na\r0\r\n\r\n",
    b"1\r\r\na\r\n0\r\n\r\n", b"1\r\na\r\r\n0\r\n\r\n", b"1\r\na\r\n0\r\n\n", b"1\r\na\r\n0\n\r\n",
    b"1\r\na\r\n0\r\n\r\r\n", b"0\n\n", b";a\r\n", b"1;\r\na\r\n", b"1;;a\r\na\r\n",
    b"1;a;\r\na\r\n", b"1;a=\r\na\r\n", b"1;=b\r\na\r\n", b"1;a b\r\na\r\n", b"1;a \r\na\r\n",
    b"1;a=b c\r\na\r\n", b'1;a="b\r\na\r\n', b'1;a="b"c\r\na\r\n', b"1;\x00\r\na\r\n",
    b"1;a\x01\r\na\r\n", b"1;\xe4\r\na\r\n", b"1;a\nb\r\na\r\n", b"1;a\rb\r\na\r\n",
    b'1;a="\n"\r\na\r\n', b'1;a="\0"\r\na\r\n', b"10000000000000001\r\na\r\n",
    b"100000000000000000000000000000001\r\na\r\n", b"f" * 40 + b"\r\n",
], ids=muster.short)
def test_malformed_is_400(refuse, content):
    refuse(chunked(content))


def test_endless_extensions_are_400(refuse):
    """A chunk of one byte each may carry as much beside it as the sender likes."""
    refuse(chunked(b"1;" + b"a" * 5000 + b"\r\na\r\n"))
    refuse(chunked(b"1;%s\r\na\r\n" % (b"a" * 4000) * 20))
    refuse(chunked(b"%s1\r\na\r\n" % (b"0" * 4000) * 20))


@pytest.mark.parametrize("content", [
    b"10001\r\n", b"8000\r\n" + b"x" * 0x8000 + b"\r\n8001\r\n", b"80000000\r\n", b"100000005\r\n",
    b"7fffffffffffffff\r\n", b"ffffffffffffffff\r\n",
], ids=muster.short)
def test_over_the_limit_is_413(refuse, content):
    """body_size is 64k here."""
    refuse(chunked(content), 413)


@pytest.mark.parametrize("content", [
    b"", b"5", b"5\r", b"5\r\n123", b"5\r\n12345", b"5\r\n12345\r\n", b"1\r\na\r\n0",
    b"1\r\na\r\n0\r\n", b"1\r\na\r\n0\r\nA: b", b"1\r\na\r\n0\r\nA: b\r\n", b"0\r\n\r",
], ids=muster.short)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_cut_off_by_the_client_is_400(client, method, content):
    """Half a request must not be acted on as if it were whole (RFC 9112 8)."""
    response = client.send(chunked(content, method)).finish().response()
    assert response.status == 400, response
    client.expect_close()


def test_split_at_every_byte(server_on_path):
    data = chunked(b"5;e=\"v\"\r\n12345\r\n0a\r\n1234567890\r\n0\r\nA: b\r\n\r\n") + NEXT
    with server_on_path.connect() as client:
        for cut in range(1, len(data)):
            client.send(data[:cut]).wait_until_read().send(data[cut:])
            assert client.response().status == 405, cut
            assert client.response().body == b"b\n", cut
