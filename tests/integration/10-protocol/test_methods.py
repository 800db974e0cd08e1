# SPDX-License-Identifier: BSD-2-Clause
"""Methods (RFC 9110 9): those that files have, those that are refused, and which status says so."""
import pytest

import muster

ALLOW = ["GET", "HEAD", "OPTIONS"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("target", ["/a.txt", "/dir/", "/missing"])
@pytest.mark.parametrize("body", [b"", b"12345"])
def test_known_ones_are_405_with_allow(server, accept, method, target, body):
    response = accept(muster.request(method, target, body=body), 405)
    assert sorted(response["Allow"].split(", ")) == ALLOW
    assert not (server.site / "missing").exists()
    assert (server.site / "a.txt").read_text() == "the text of a\n"


@pytest.mark.parametrize("target", ["/a.txt", "/dir/", "/missing"])
@pytest.mark.parametrize("fields", [[], [("Max-Forwards", "0")]])
def test_trace_is_405(accept, target, fields):
    """It would send back what the client's cookies are."""
    response = accept(muster.request("TRACE", target, [("Cookie", "secret"), *fields]), 405)
    assert b"secret" not in response.head + response.body
    assert "TRACE" not in response["Allow"]


@pytest.mark.parametrize("target", ["test.example:443", "127.0.0.1:22", "[::1]:80"])
def test_connect_is_405_and_no_tunnel(accept, target):
    assert sorted(accept(muster.request("CONNECT", target), 405)["Allow"].split(", ")) == ALLOW


@pytest.mark.parametrize("method", ["BREW", "get", "Get", "GE", "GETT", "HEADER", "PROPFIND",
                                    "M-SEARCH", "QUERY", "LINK", "TRACK", "DEBUG", "1", "A",
                                    "!#$%&'*+-.^_`|~", "X" * 64])
@pytest.mark.parametrize("body", [b"", b"12345"])
def test_unknown_ones_are_501(accept, method, body):
    accept(muster.request(method, "/a.txt", body=body), 501)


@pytest.mark.parametrize("length", [65, 300, 5000, 9000])
def test_one_longer_than_any_known_is_501(refuse, length):
    """RFC 9112 3. It is not read to its end, so the connection ends."""
    refuse(muster.request("X" * length, "/a.txt"), 501)


@pytest.mark.parametrize("method", [
    "G\x00T", "G(T", "G{T", "G@T", "G/T", "G:T", '"GET"', "GET,POST", "G\xc4T", "G\x7fT", "GE T",
    "",
])
def test_what_is_no_token_is_400(refuse, method):
    refuse(muster.request(method, "/a.txt"))


@pytest.mark.parametrize("target", ["*", "/", "/a.txt", "/dir", "/missing", "http://test.example"])
@pytest.mark.parametrize("fields", [[], [("Max-Forwards", "0")], [("If-Match", '"x"')],
                                    [("If-None-Match", "*")], [("Range", "bytes=0-0")],
                                    [("Content-Length", "0")]])
def test_options(accept, target, fields):
    """Conditions and ranges are not about it (RFC 9110 13.2.1, 14.2)."""
    response = accept(muster.request("OPTIONS", target, fields), 200)
    assert sorted(response["Allow"].split(", ")) == ALLOW
    assert response["Content-Length"] == "0"


def test_options_with_content(accept):
    accept(muster.request("OPTIONS", "*", body=b"12345"), 200)
