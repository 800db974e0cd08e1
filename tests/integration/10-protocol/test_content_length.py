# SPDX-License-Identifier: BSD-2-Clause
"""Content-Length (RFC 9110 8.6, RFC 9112 6.3): content is read to its last byte and no further, so
that nobody smuggles a request in; a length that two programs could read differently is refused."""
import pytest

import muster

NEXT = muster.request(target="/b.txt")


def with_length(value, content=b"12345", method="POST", version="HTTP/1.1"):
    fields = [("Content-Length", value)] if isinstance(value, str) else value
    return muster.request(method, "/a.txt", fields, version=version) + content


@pytest.mark.parametrize("method, status", [("GET", 200), ("HEAD", 200), ("POST", 405),
                                            ("PUT", 405), ("OPTIONS", 200), ("BREW", 501),
                                            ("TRACE", 405)])
@pytest.mark.parametrize("value, content", [
    ("0", b""), ("5", b"12345"), ("  5 \t", b"12345"), ("\t5", b"12345"), ("00005", b"12345"),
    ("0" * 40 + "5", b"12345"), ("65536", b"x" * 65536), (str(len(NEXT)), NEXT),
    ("18", b"GET / HTTP/1.1\r\n\r\n"), ("4", b"\r\n\r\n"), ("5", b"\0\0\0\0\0"),
], ids=muster.short)
def test_content_is_read_to_its_end_and_no_further(accept, method, status, value, content):
    accept(with_length(value, content, method), status, method)


def test_without_a_length_there_is_no_content(accept):
    accept(muster.request("POST", "/a.txt"), 405)


@pytest.mark.parametrize("name", ["Content_Length", "Content-Length5", "XContent-Length"])
def test_of_another_name_it_is_none(accept, name):
    accept(muster.request("POST", "/a.txt", [(name, "5")]), 405)


def test_http_1_0_has_it_too(accept):
    accept(with_length([("Content-Length", "5"), ("Connection", "keep-alive")],
                       version="HTTP/1.0"), 405)


@pytest.mark.parametrize("value", [
    "", "+5", "-5", "-0", "0x5", "0o5", "0b1", "5e0", "5.0", "5,0", "5_0", "5 5", "5\t5", "five",
    "5a", "a5", '"5"', "'5'", "(5)", "5;a=b", "5, 5", "5,5", "5, 6", "5, 5, 6", ",5", "5,", ",",
    "\xb2", "\xef\xbc\x95", "5\xa0", "5%", "5/5", ":5", "=5", "5\x00", "\x0b5", "5\x0b", "5\x0c",
    "5\r", "5\r\n 5", "\r\n 5", "9223372036854775808", "18446744073709551615",
    "18446744073709551616", "18446744073709551621", "9" * 20, "9" * 400,
], ids=muster.short)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_what_is_no_length_is_400(refuse, method, value):
    """Also what overflows 63 or 64 bits: some program would cut it."""
    refuse(with_length(value, method=method))


@pytest.mark.parametrize("first, second", [("5", "5"), ("5", "6"), ("0", "5"), ("5", "0"),
                                           ("5", "x"), ("x", "5"), ("5", "05"), ("5", "")])
@pytest.mark.parametrize("name", ["Content-Length", "content-length"])
def test_more_than_one_is_400(refuse, first, second, name):
    refuse(with_length([("Content-Length", first), ("X", "y"), (name, second)]))


@pytest.mark.parametrize("value", ["65537", "2147483648", "4294967301", "9223372036854775807"])
@pytest.mark.parametrize("method", ["POST", "GET", "BREW"])
def test_over_the_limit_is_413(refuse, method, value):
    """body_size is 64k here."""
    refuse(with_length(value, method=method), 413, method)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("content", [b"", b"1234"])
def test_cut_off_by_the_client_is_400(client, method, content):
    """Half a request must not be acted on as if it were whole (RFC 9112 8)."""
    response = client.send(with_length("5", content, method)).finish().response()
    assert response.status == 400, response
    client.expect_close()
