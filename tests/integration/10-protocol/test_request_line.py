# SPDX-License-Identifier: BSD-2-Clause
"""The request line's form, line ends, and how long line and header may be (RFC 9112 2.2, 3). A
line that two programs could cut up differently, and that is served, breaks it."""
import pytest

import muster

REST = "\r\nHost: test.example\r\n\r\n"


@pytest.mark.parametrize("line", [
    "GET /a.txt",                           # HTTP/0.9: RFC 9112 has none of it
    "GET", "GET ", "GET /a.txt ", "GET HTTP/1.1", "GET  HTTP/1.1", "/a.txt HTTP/1.1",
    "GET  /a.txt HTTP/1.1", "GET /a.txt  HTTP/1.1", "GET /a.txt HTTP/1.1 ", " GET /a.txt HTTP/1.1",
    "\tGET /a.txt HTTP/1.1", "GET\t/a.txt\tHTTP/1.1", "GET /a.txt\tHTTP/1.1",
    "GET /a.txt HTTP/1.1\t", "GET\x0b/a.txt HTTP/1.1", "GET /a.txt\x0cHTTP/1.1",
    "GET /a.txt\rHTTP/1.1", "GET\r/a.txt HTTP/1.1", "GET /a.txt\xa0HTTP/1.1",
    "GET /a b.txt HTTP/1.1", "GET /a.txt HTTP/1.1 HTTP/1.1", "GET /a.txt HTTP/1.1\r",
    "Host: test.example", "HTTP/1.1 200 OK", "   ",
    "\x00GET / HTTP/1.1", "\xef\xbb\xbfGET / HTTP/1.1", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "SSH-2.0-OpenSSH_9.2", "EHLO test.example", '{"a": 1}', "\x80\xff\xfe",
], ids=muster.short)
def test_malformed_is_400(refuse, line):
    refuse(line + REST)


@pytest.mark.parametrize("data", [
    "GET / HTTP/1.1\nHost: test.example\n\n", "GET / HTTP/1.1\rHost: test.example\r\r",
    "GET / HTTP/1.1\r\nHost: test.example\n\r\n", "GET / HTTP/1.1\nHost: test.example\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test.example\r\n\n", "GET / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n",
    "GET / HTTP/1.1\r\r\nHost: test.example\r\n\r\n", "GET / HTTP/1.1\n\rHost: a\n\r\n\r",
    "GET / HTTP/1.1\r\nHost: test.example\r\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n",
    "\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n" * 9 + "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n" * 1000,
], ids=muster.short)
def test_line_ends_other_than_crlf_are_400(refuse, data):
    refuse(data)


@pytest.mark.parametrize("count", [1, 2, 8])
def test_empty_lines_before_a_request_are_skipped(accept, count):
    """Some old clients send one behind content (RFC 9112 2.2)."""
    accept(b"\r\n" * count + muster.request(target="/a.txt"))


@pytest.mark.parametrize("data, status", [
    ("GET /" + "a" * 9000, 414), ("GET /" + "a" * 200000, 414), ("GET /?" + "a" * 9000, 414),
    ("FOO /" + "a" * 9000, 414), ("A" * 200000, 501), ("(" * 200000, 400),
], ids=muster.short)
def test_an_endless_line_is_refused_before_its_end(server, data, status):
    """The limit is request_line, 8k. A method longer than any known one is 501 (RFC 9112 3)."""
    with server.connect() as client:
        response = client.send(data).response()
        assert response.status == status and response.will_close
        client.finish().expect_close()


def test_a_line_up_to_its_limit(accept):
    """RFC 9112 3 wants 8000 bytes at least."""
    for target in ["/a.txt?" + "a" * 8000, "http://test.example/a.txt?" + "a" * 7900]:
        assert accept(muster.request(target=target)).body == b"the text of a\n"


def test_path_that_no_file_system_has(accept):
    """The server has understood it, so it is not too long for it: there is no such file."""
    for path in ["a" * 300, "a/" * 3000, "a" * 5000, "a" * 8000, "%61" * 2600]:
        accept(muster.request(target="/" + path), 404)


@pytest.mark.parametrize("fields", [
    f"X: {'a' * 33000}\r\n", "".join(f"X{i}: {'a' * 1000}\r\n" for i in range(40)),
    "".join(f"X{i}: a\r\n" for i in range(101)), "".join(f"X{i}: a\r\n" for i in range(5000)),
    f"{'X' * 33000}: a\r\n", f"Cookie: {'a' * 200000}\r\n",
], ids=["long", "much", "many", "thousands", "name", "very long"])
def test_large_header_is_431(refuse, fields):
    refuse(f"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n", 431)


@pytest.mark.parametrize("part", ["X" * 40000, "X: " + "a" * 40000])
def test_an_endless_field_is_431(server, part):
    with server.connect() as client:
        response = client.send("GET / HTTP/1.1\r\nHost: a\r\n" + part).response()
        assert response.status == 431 and response.will_close
        client.finish().expect_close()


def test_header_up_to_its_limits(accept):
    accept(muster.request(target="/a.txt", fields=[(f"X{i}", "a" * 300) for i in range(99)]))
    accept(muster.request(target="/a.txt", fields=[("X", "a" * 32000)]))
