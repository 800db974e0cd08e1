# SPDX-License-Identifier: BSD-2-Clause
"""Host (RFC 9112 3.2): once, well-formed, and a name that all programs read alike. Which site it
leads to is 20-static's."""
import pytest

import muster


@pytest.mark.parametrize("host", [
    "a", "A.B:80", "a:", "a:0", "a.b.", "a-b.example", "a_b.example", "xn--bcher-kva.example",
    "12345", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:80", "[::ffff:127.0.0.1]",
    " test.example\t ", "a" * 300,
], ids=muster.short)
def test_served(accept, host):
    accept(f"GET /a.txt HTTP/1.1\r\nHost:{host}\r\n\r\n")


@pytest.mark.parametrize("host", [
    "", " ", "a b", "a\tb", "a,b", "a, b", "u@a", "u:p@a", "a/", "a/b", "http://a", "a?b", "a#b",
    "a\\b", "\"a\"", "<a>", "{a}", "a|b", "a^b", "a`b", "a;b", "a=b", "a!b", "a'b", "a(b)", "a$b",
    "a+b", "a&b", "*", "a%62", "a%00", "a%zz", "a%", "\xe4", "\xc3\xa4", "a\x00", "a\x01", "a\x7f",
    "a:b", "a:80x", "a:-1", "a:+1", "a: 80", "a:80:80", "a:65536", "a:" + "9" * 50, ":", ":80",
    "::1", "[::1", "::1]", "[]", "[::g]", "[::1]x", "[::1]:x", "[fe80::1%25eth0]", "[v1.a]",
    ".", "..", ".a", "a..b", "a..", "../../etc",
], ids=muster.short)
def test_malformed_is_400(refuse, host):
    refuse(f"GET /a.txt HTTP/1.1\r\nHost: {host}\r\n\r\n")


@pytest.mark.parametrize("fields", [
    "", "X: y\r\n", "X-Forwarded-Host: a\r\n", "Host : a\r\n", "Host\t: a\r\n", " Host: a\r\n",
    "Host: a\r\nHost: a\r\n", "Host: a\r\nhost: b\r\n", "Host: a\r\nX: y\r\nHOST: b\r\n",
    "Host: a\r\nHost:\r\n", "Host:\r\n test.example\r\n",
], ids=muster.short)
@pytest.mark.parametrize("line", ["GET /a.txt HTTP/1.1", "GET /a.txt HTTP/1.2",
                                  "OPTIONS * HTTP/1.1"])
def test_wanted_once(refuse, line, fields):
    refuse(f"{line}\r\n{fields}\r\n")


@pytest.mark.parametrize("fields, status", [
    ("", 200), ("Host:\r\n", 200), ("Host: test.example\r\n", 200),
    ("Host: a b\r\n", 400), ("Host: a\r\nHost: a\r\n", 400),
])
def test_http_1_0_may_leave_it_out(server, fields, status):
    """But what it sends has to be right."""
    with server.connect() as client:
        assert client.send(f"GET /a.txt HTTP/1.0\r\n{fields}\r\n").response().status == status
        client.finish().expect_close()


@pytest.mark.parametrize("name", ["host", "HOST", "hOsT"])
def test_its_name_in_any_case_and_place(accept, name):
    accept(f"GET /a.txt HTTP/1.1\r\nX: y\r\n{name}:test.example\r\n\r\n")
