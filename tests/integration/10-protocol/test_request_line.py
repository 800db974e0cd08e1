# SPDX-License-Identifier: BSD-2-Clause
"""The request line and Host: which are served, and which status the others get (RFC 9112 3)."""
import pytest

import muster


def refused(client, data, status, method="GET"):
    """Sends bytes, expects this error with a page, and the end of the connection."""
    response = client.send(data).response(method)
    assert response.status == status, response
    assert response["Connection"] == "close"
    if method != "HEAD":
        assert response.body.startswith(b"<!DOCTYPE html>") and response.body.endswith(b"</html>\n")
    client.finish().expect_close()
    return response


@pytest.mark.parametrize("line", [
    "GET /a.txt HTTP/1.1", "GET /a.txt HTTP/1.0", "GET /a.txt?query HTTP/1.1",
    "GET /a.txt?a=\\&b=%zz HTTP/1.1", "GET /dir/../a.txt HTTP/1.1",
    "GET //a.txt HTTP/1.1", "GET /%61.txt HTTP/1.1", "GET /a.txt HTTP/1.7",
    "GET http://test.example/a.txt HTTP/1.1", "GET HTTP://TEST.example:80/a.txt HTTP/1.1",
])
def test_served(client, line):
    response = client.send(f"{line}\r\nHost: test.example\r\n\r\n").response()
    assert (response.status, response.body) == (200, b"the text of a\n")
    assert response.version == "HTTP/1.1"


@pytest.mark.parametrize("line", [
    "GET /a.txt",                           # HTTP/0.9: RFC 9112 has none of it
    "GET  /a.txt HTTP/1.1", "GET /a.txt  HTTP/1.1", "GET /a.txt HTTP/1.1 ", " GET /a.txt HTTP/1.1",
    "GET\t/a.txt\tHTTP/1.1", "GET /a b.txt HTTP/1.1", "GET /a.txt\x0bHTTP/1.1",
    "GET /a.txt http/1.1", "GET /a.txt HTTP/1", "GET /a.txt HTTP/1.", "GET /a.txt HTTP/1.10",
    "GET /a.txt HTTP/01.1", "GET /a.txt HTTPS/1.1", "GET /a.txt HTTP/1.1\r", "GET /a.txt HTTP/1,1",
    "GET a.txt HTTP/1.1", "GET ../a.txt HTTP/1.1", "GET \\a.txt HTTP/1.1", "GET ?a HTTP/1.1",
    "GET * HTTP/1.1", "GET test.example:80 HTTP/1.1", "GET ftp://test.example/a.txt HTTP/1.1",
    "GET http:///a.txt HTTP/1.1", "GET http://u:p@test.example/ HTTP/1.1", "GET http:/a HTTP/1.1",
    "GET /a.txt#part HTTP/1.1", "GET /\xe4 HTTP/1.1", "GET /\x00 HTTP/1.1", "GET /\x7f HTTP/1.1",
    "GET /a\\b HTTP/1.1",
    "G\x00T / HTTP/1.1", "GE T / HTTP/1.1", "G{T / HTTP/1.1", "G\xc4T / HTTP/1.1",
    "CONNECT / HTTP/1.1", "CONNECT test.example HTTP/1.1",
    "A" * 300 + " / HTTP/1.1", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
], ids=muster.short)
def test_malformed_is_400(server, line):
    with server.connect() as client:
        refused(client, f"{line}\r\nHost: test.example\r\n\r\n", 400)


@pytest.mark.parametrize("path", ["/%", "/%4", "/%zz", "/%00", "/a.txt%00.html", "/..",
                                  "/%2e%2e/a"])
def test_paths_that_name_nothing_are_400(client, path):
    """The request as such is clear, so the connection goes on."""
    assert client.request(target=path).status == 400
    assert client.request(target="/a.txt").status == 200


@pytest.mark.parametrize("data", [
    "GET / HTTP/1.1\nHost: test.example\n\n", "GET / HTTP/1.1\rHost: test.example\r\r",
    "GET / HTTP/1.1\r\nHost: test.example\n\r\n", "\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
], ids=muster.short)
def test_line_ends_other_than_crlf_are_400(server, data):
    with server.connect() as client:
        refused(client, data, 400)


def test_one_empty_line_before_a_request_is_skipped(client):
    """Some old clients send one behind a body (RFC 9112 2.2)."""
    assert client.send(b"\r\n" + muster.request(target="/a.txt")).response().status == 200


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "HTTP/9.9"])
def test_other_major_versions_are_505(client, version):
    refused(client, f"GET / {version}\r\nHost: test.example\r\n\r\n", 505)


def test_http2_preface_is_505(client):
    refused(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("target", ["/a.txt", "/dir/", "/missing"])
def test_known_methods_are_405_with_allow(client, method, target):
    """TRACE too: it would send back what the client's cookies are."""
    response = client.request(method, target, [("Cookie", "secret")])
    assert response.status == 405
    assert sorted(response["Allow"].split(", ")) == ["GET", "HEAD", "OPTIONS"]
    assert b"secret" not in response.body
    assert client.request(target="/a.txt").status == 200, "the connection should go on"


def test_connect_is_405(client):
    response = client.request("CONNECT", "test.example:443")
    assert response.status == 405 and "Allow" in dict(response.fields)


@pytest.mark.parametrize("method", ["BREW", "get", "PROPFIND", "M-SEARCH", "GETT", "X" * 20])
def test_unknown_methods_are_501(client, method):
    assert client.request(method, "/a.txt").status == 501
    assert client.request(target="/a.txt").status == 200, "the connection should go on"


@pytest.mark.parametrize("target", ["*", "/", "/a.txt", "/missing"])
def test_options(client, target):
    response = client.request("OPTIONS", target)
    assert response.status in (200, 204)
    assert "GET" in response["Allow"] and response.body == b""
    assert client.request(target="/a.txt").status == 200


@pytest.mark.parametrize("fields", [
    "", "Host: a\r\nHost: a\r\n", "Host: a\r\nhost: b\r\n", "Host: a b\r\n", "Host: a/b\r\n",
    "Host: u@a\r\n", "Host: a:b\r\n", "Host: a:99999\r\n", "Host: [::1\r\n", "Host: a\\b\r\n",
    "Host: a,b\r\n\x00", "Host : a\r\n",
], ids=muster.short)
def test_host_is_wanted_once_and_well_formed(server, fields):
    with server.connect() as client:
        refused(client, f"GET / HTTP/1.1\r\n{fields}\r\n", 400)


@pytest.mark.parametrize("host", ["", "a", "A.B:80", "a:", "127.0.0.1:1", "[::1]", "[::1]:80",
                                  "a.b.", "%61"])
def test_hosts_that_are_served(client, host):
    assert client.request(target="/a.txt", host=host).status == 200


def test_http_1_0_needs_no_host(server):
    with server.connect() as client:
        response = client.send("GET /a.txt HTTP/1.0\r\n\r\n").response()
        assert (response.status, response.body) == (200, b"the text of a\n")
        client.expect_close()


@pytest.mark.parametrize("field", [
    "Name", "Na me: a", "Name : a", ": a", " Name: a", "\tName: a", "N\x00: a", "Name: \x00",
    "Name: a\x07", "Name: a\x7f", "N\xe4me: a", "Name: a\r b", "Name: a\r\n folded", "(N): a",
], ids=muster.short)
def test_malformed_fields_are_400(server, field):
    with server.connect() as client:
        refused(client, f"GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n", 400)


@pytest.mark.parametrize("field", ["X:", "X: ", "X:a", "X: \ta\t ", "X: \xe4\xff", "X: a:b\tc",
                                   "!#$%&'*+-.^_`|~09aZ: a"])
def test_odd_but_valid_fields(client, field):
    assert client.send(f"GET /a.txt HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n").response() \
        .status == 200


def test_long_target_is_414(server):
    """The limit is request_line, 8k; the answer comes before the line's end does."""
    with server.connect() as client:
        refused(client, "GET /" + "a" * 9000, 414)
    with server.connect() as client:
        assert client.request(target="/a.txt?" + "a" * 8000).status == 200


def test_path_that_no_file_system_has(server):
    """Within the limit, but longer than PATH_MAX."""
    with server.connect() as client:
        assert client.request(target="/" + "a/" * 3000).status in (404, 414)
        assert client.request(target="/" + "a" * 300).status == 404


@pytest.mark.parametrize("fields", [
    f"X: {'a' * 33000}\r\n", "".join(f"X{i}: {'a' * 1000}\r\n" for i in range(40)),
    "".join(f"X{i}: a\r\n" for i in range(101)), "X" * 33000,
], ids=["long", "much", "many", "name"])
def test_large_header_is_431(server, fields):
    with server.connect() as client:
        refused(client, f"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n", 431)


def test_header_up_to_its_limits(client):
    fields = [(f"X{i}", "a" * 300) for i in range(98)]
    assert client.request(target="/a.txt", fields=fields).status == 200


@pytest.mark.parametrize("data, status", [
    ("HEAD / HTTP/1.1\r\n\r\n", 400), ("HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("HEAD / HTTP/1.1\r\nHost: a\r\n" + "".join(f"X{i}: a\r\n" for i in range(101)) + "\r\n", 431),
    ("HEAD /missing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
    ("HEAD / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nConnection: close\r\n\r\n", 417),
    ("HEAD /" + "a" * 9000, 414),
], ids=muster.short)
def test_errors_of_head_have_no_content(client, data, status):
    """RFC 9110 9.3.2; a proxy would take the page for the next response."""
    refused(client, data, status, "HEAD")


def test_date_and_server_are_in_each_answer(server):
    for data in [muster.request(), muster.request(target="/missing"), b"BAD\r\n\r\n"]:
        with server.connect() as client:
            response = client.send(data).response()
            assert response["Date"].endswith(" GMT")
            assert response["Server"] == "muster", "the version is nobody's business"
