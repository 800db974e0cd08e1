# SPDX-License-Identifier: BSD-2-Clause
"""Field lines (RFC 9112 5, RFC 9110 5.5): what is none is refused, what is odd but valid is not,
and what a server does not know changes nothing."""
import pytest

import muster


def with_field(line):
    return f"GET /a.txt HTTP/1.1\r\nHost: test.example\r\n{line}\r\n\r\n"


@pytest.mark.parametrize("line", [
    "Name", "Name value", "Na me: a", "Na\tme: a", "Name : a", "Name\t: a", "Name  : a", ": a", ":",
    " Name: a", "\tName: a", " ", "\t", "Name: a\r\n folded", "Name: a\r\n\tfolded",
    "Name: a\r\n \r\nX: y", "Name:\r\n a",
    "N\x00: a", "N\x01: a", "N\x7f: a", "N\xe4me: a", "N\rme: a", "N\nme: a",
    "Name: \x00", "Name: a\x00b", "Name: \x01", "Name: a\x07", "Name: a\x0bb", "Name: \x1b[2J",
    "Name: a\x7f", "Name: a\rb", "Name: \ra", "Name: a\nb", "Name: a\r",
    *(f"Na{byte}me: a" for byte in '()<>@,;\\"/[]?={}'),
], ids=muster.short)
def test_malformed_is_400(refuse, line):
    refuse(with_field(line))


@pytest.mark.parametrize("line", [" Host: evil", " X: y", "\tX: y", " ", " \r\n\t"],
                         ids=muster.short)
def test_blanks_before_the_first_field_are_400(refuse, line):
    """RFC 9112 2.2: the lines could be seen by one program and not by the next."""
    refuse(f"GET /a.txt HTTP/1.1\r\n{line}\r\nHost: test.example\r\n\r\n")


@pytest.mark.parametrize("line", [
    "X:", "X: ", "X:a", "X: \ta\t ", "X: \xe4\xff", "X: a:b\tc", "X: ,", 'X: "open', "1: a",
    "!#$%&'*+-.^_`|~09aZ: a", "Under_score: a", "X: a\r\nX: b\r\nx: c",
])
def test_odd_but_valid(accept, line):
    accept(with_field(line))


@pytest.mark.parametrize("line", [
    "Accept: image/png", "Accept: ;;,/", "Accept-Encoding: ;q=,,x;;", "Accept-Encoding:",
    "Accept-Encoding: identity;q=0", "Accept-Language: de, en;q=0.5", "T\x45: gzip;q=0.5, trailers",
    "Max-Forwards: 0", "Via: 1.1 a", "Cache-Control: only-if-cached", "Pragma: no-cache",
    "Authorization: Basic Zm9vOmJhcg==", "Authorization: x", "Content-Encoding: gzip",
    "Content-Type: x", "Content-Range: bytes 0-1/2", "Date: yesterday", "From: a@b",
    "Cookie: a=b; c", "Keep-Alive: timeout=5", "Proxy-Connection: close", "Trailer: Host",
    "Content_Length: 5", "Transfer_Encoding: chunked", "Content-Length5: 5",
    "X-HTTP-Method-Override: DELETE", "X-Original-URL: /b.txt\r\nX-Rewrite-URL: /b.txt",
    "X-Forwarded-Host: evil\r\nX-Forwarded-Proto: https", "User-Agent: () { :;}; echo x",
    "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Connection: Host", "Connection: Content-Length", "Connection: x y",
], ids=muster.short)
def test_of_no_account_for_a_file(accept, line):
    """No protocol is changed, no other file is sent, nothing is taken for a length."""
    assert accept(with_field(line)).body == b"the text of a\n"
