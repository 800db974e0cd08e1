# SPDX-License-Identifier: BSD-2-Clause
"""The four forms of the request target (RFC 9112 3.2). What a path leads to is 20-static's."""
import pytest

import muster

A = b"the text of a\n"


@pytest.mark.parametrize("target", [
    "/a.txt", "/a.txt?", "/a.txt?x=1", "/a.txt??", "/a.txt?/../x//", "/a.txt?!$&'()*+,;=:@-._~",
    "/a.txt?%zz", "/a.txt?%", "/a.txt?%00", "/a.txt?%0d%0aX:y", "/a.txt?a[]=\\{}|^`",
    "//a.txt", "/dir/../a.txt", "/%61%2etxt",
    "http://test.example/a.txt", "HTTP://test.example/a.txt", "hTtP://TEST.example:80/a.txt",
    "http://test.example:/a.txt", "http://other.example/a.txt?x", "http://127.0.0.1/a.txt",
    "http://[::1]:8080/a.txt", "http://test.example/dir/../a.txt", "http://test.example//a.txt",
])
def test_served(accept, target):
    assert accept(muster.request(target=target)).body == A


@pytest.mark.parametrize("target", ["http://test.example", "http://test.example?x=/y",
                                    "http://test.example/"])
def test_absolute_form_without_a_path_is_the_root(accept, target):
    assert accept(muster.request(target=target)).body == b"<p>start\n"


@pytest.mark.parametrize("target", [
    "a.txt", "../a.txt", "\\a.txt", "?a", "#", "*", "**", "test.example", "test.example:80",
    "test.example/a.txt", ":80", "@test.example/",
    "http://", "http:///a.txt", "http://:80/a.txt", "http://?x", "http:/a.txt", "http:a.txt",
    "http//test.example/", "ttp://test.example/", "ftp://test.example/a.txt",
    "file:///etc/passwd", "javascript:alert(1)", "foo://test.example/",
    "http://u@test.example/", "http://u:p@test.example/", "http://@test.example/",
    "http://test.example:x/", "http://test.example:99999/", "http://test.example:80:80/",
    "http://[::1/", "http://[::g]/", "http://[::1]x/", "http://a..b/", "http://a%20b/",
    "http://test.example\\a.txt", "http://test.example\\@evil.example/",
    "http://test.example#x", "http://test.example/a.txt#x",
    "/a.txt#x", "/a.txt?x#y", "/\xe4", "/a.txt?\xc3\xa4", "/a\x00", "/a\x01", "/a\x1f", "/a\x7f",
    "/a\tb", "/a\rb", "/a\nb", "/\x1b[31m", "/\"", "/<b>", "/a\\b", "/a.txt?\"", "/a.txt?<b>",
], ids=muster.short)
def test_malformed_is_400(refuse, target):
    refuse(f"GET {target} HTTP/1.1\r\nHost: test.example\r\n\r\n")


@pytest.mark.parametrize("target", ["/%", "/%4", "/%zz", "/%4g", "/%00", "/a.txt%00.html", "/..",
                                    "/%2e%2e/a", "http://test.example/..", "/a.txt/../../x"])
def test_paths_that_name_nothing_are_400(accept, target):
    """The request as such is clear, so the connection goes on."""
    accept(muster.request(target=target), 400)


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "hTTps"])
def test_an_https_resource_is_421_over_a_plain_connection(accept, scheme):
    """RFC 9110 7.4: it must be asked for over a secured one."""
    accept(muster.request(target=f"{scheme}://test.example/a.txt"), 421)


def test_the_host_of_the_absolute_form_counts(make_server):
    """Whatever Host says, even nothing (RFC 9112 3.2.2)."""
    server = make_server()
    muster.write_files(server.site, {"one/a": "one", "two/a": "two"})
    server.more = "".join(f'host "{name}" {{ root = {muster.quoted(server.site / name)} }}\n'
                          for name in ("one", "two"))
    server.write_config()
    server.start()
    with server.connect() as client:
        for host in ["", "one", "two", "other.example", "two:99"]:
            for name in ["one", "two"]:
                response = client.request(target=f"http://{name}/a", host=host)
                assert response.body.decode() == name, (host, response)


@pytest.mark.parametrize("fields", ["", "Host: a b\r\n", "Host: a/\r\n",
                                    "Host: test.example\r\nHost: test.example\r\n"])
def test_the_absolute_form_does_not_excuse_a_bad_host(refuse, fields):
    refuse(f"GET http://test.example/a.txt HTTP/1.1\r\n{fields}\r\n")


def test_absolute_form_of_http_1_0_needs_no_host(server):
    with server.connect() as client:
        client.send("GET http://test.example/a.txt HTTP/1.0\r\n\r\n")
        assert client.response().body == A


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "PATCH",
                                    "BREW"])
def test_the_asterisk_is_for_options(refuse, method):
    refuse(muster.request(method, "*"), method=method)


@pytest.mark.parametrize("target", ["**", "*?x", "*/", "http:*", "/*#"])
def test_nothing_stands_behind_the_asterisk(refuse, target):
    refuse(muster.request("OPTIONS", target))


@pytest.mark.parametrize("target", [
    "/", "/a.txt", "*", "test.example", "test.example:", ":443", "test.example:x",
    "test.example:99999", "test.example:443/", "http://test.example:443/", "u@test.example:443",
    "[::1]", "[::1:443",
])
def test_connect_wants_host_and_port(refuse, target):
    refuse(muster.request("CONNECT", target))
