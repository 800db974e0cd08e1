# SPDX-License-Identifier: BSD-2-Clause
"""Trailer fields (RFC 9112 7.1.2, RFC 9110 6.5): checked as strictly as those of the head, and then
dropped: none of them may say anything about this request or the next."""
import pytest

import muster


def with_trailers(lines, more=()):
    fields = [("Transfer-Encoding", "chunked"), *more]
    return muster.request("GET", "/a.txt", fields) + b"1\r\na\r\n0\r\n" + lines + b"\r\n"


@pytest.mark.parametrize("lines", [
    b"A: a\r\n", b"A:\r\n", b"A: a\r\nB: \xe4\r\na:\tb:c \r\n", b"!#$%&'*+-.^_`|~0: a\r\n",
    b"".join(b"T%d: v\r\n" % i for i in range(300)), b"A: " + b"a" * 8000 + b"\r\n",
], ids=muster.short)
def test_dropped(accept, lines):
    assert accept(with_trailers(lines)).body == b"the text of a\n"


@pytest.mark.parametrize("lines", [
    b"Content-Length: 50\r\n", b"Content-Length: x\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n", b"Host: evil\r\n", b"Host: a b\r\n", b"Connection: close\r\n",
    b"Range: bytes=0-0\r\n", b"If-None-Match: *\r\n", b"If-Match: \"x\"\r\n", b"Expect: tea\r\n",
    b"Authorization: Basic x\r\n", b"Trailer: Host\r\n",
])
def test_what_means_something_in_a_head_means_nothing_here(accept, lines):
    name = lines.split(b":")[0].decode()
    for more in [[], [("Trailer", name)]]:
        assert accept(with_trailers(lines, more)).body == b"the text of a\n"


@pytest.mark.parametrize("lines", [
    b"No colon\r\n", b": a\r\n", b"A : b\r\n", b"A B: c\r\n", b" A: b\r\n", b"A: b\r\n folded\r\n",
    b"A: \x00\r\n", b"A\x00: b\r\n", b"A: \x7f\r\n", b"\xe4: b\r\n", b"A: b\n", b"A: b\nB: c\r\n",
    b"A: b\rB: c\r\n", b"A: b\r\r\n", b"A: b\r\n\n", b"GET /b.txt HTTP/1.1\r\nHost: a\r\n",
], ids=muster.short)
def test_malformed_is_400(refuse, lines):
    refuse(with_trailers(lines))


@pytest.mark.parametrize("lines", [b"A: %s\r\n" % (b"a" * 20000), b"A: b\r\n" * 5000,
                                   b"%s: b\r\n" % (b"A" * 20000)],
                         ids=["long", "many", "name"])
def test_large_is_431(refuse, lines):
    refuse(with_trailers(lines), 431)
