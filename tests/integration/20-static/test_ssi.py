# SPDX-License-Identifier: BSD-2-Clause
"""Server-side includes: pages of several files, what the client can put into them, and whose
rules an include obeys."""
import re
import subprocess

import pytest

import muster

ERROR = "[an error occurred while processing this directive]"
SITE = {
    "index.html": "start\n",
    "plain.html": '<!--#echo var="REQUEST_METHOD"-->',
    "ssi/index.html": '<!--#set var="title" value="Home"--><!--#include virtual="/ssi/head.html"-->'
                      '<p>text</p><!--#include file="parts/foot.txt"-->',
    "ssi/head.html": '<title><!--#echo var="title"--></title><!--#echo var="DOCUMENT_URI"-->',
    "ssi/parts/foot.txt": "<p>foot</p>\n",
    "ssi/text.txt": '<!--#echo var="REQUEST_METHOD"-->',
    "ssi/client.html": '<!--#echo var="QUERY_STRING_UNESCAPED"-->|'
                       '<!--#echo var="HTTP_USER_AGENT"-->|'
                       '<!--#echo var="HTTP_COOKIE"-->|<!--#echo var="HTTP_REFERER"-->',
    "ssi/raw.html": '<!--#set var="x" value="$HTTP_USER_AGENT"-->'
                    '<!--#echo encoding="none" var="x"-->',
    "ssi/if.html": '<!--#if expr="$HTTP_USER_AGENT = /^Old\\/([0-9]+)/ && $1 -lt 5"-->old'
                   '<!--#elif expr="$QUERY_STRING != \'\'"-->query<!--#else-->new<!--#endif-->',
    "ssi/times.html": '<!--#config timefmt="%Y-%m-%d" sizefmt="bytes"-->'
                      '<!--#flastmod file="parts/foot.txt"--> <!--#fsize file="parts/foot.txt"--> '
                      '<!--#fsize virtual="head.html"-->',
    "ssi/secret.html": 'a<!--#include virtual="/closed/file"-->b',
    "ssi/password.html": 'a<!--#include virtual="/password/file"-->b',
    "ssi/dots.html": 'a<!--#include file=".hidden"--><!--#include file="../plain.html"-->b',
    "ssi/.hidden": "hidden",
    "ssi/missing.html": 'line 1\nline 2 <!--#include virtual="/nothing.html"-->\n'
                        '<!--#config errmsg="[oops]"-->\n<!--#exec cmd="id"-->',
    "ssi/self.html": 'x<!--#include virtual="/ssi/self.html"-->',
    "ssi/page.html": 'x<!--#include virtual="/plain.html"-->y<!--#include virtual="/list/"-->',
    "ssi/sub/index.html": "\n<!--#nothing-->",
    "ssi/moved.html": '<!--#include virtual="/old/text"-->',
    "ssi/twice.html": '<!--#include virtual="/big"--><!--#include virtual="/big"-->end',
    "ssi/vars.html": '<!--#echo var="DOCUMENT_NAME"--> <!--#echo var="REQUEST_URI"--> '
                     '<!--#echo var="REMOTE_ADDR"--> <!--#echo var="SERVER_PROTOCOL"--> '
                     '<!--#echo var="SERVER_NAME"--> <!--#echo var="REQUEST_SCHEME"-->',
    "ssi/env.html": "<!--#printenv-->",
    "new/text": "moved here",
    "closed/file": "closed", "password/file": "for users",
    "list/entry": "",
    "big": "B" * (5 << 20),
}
MORE = """
host "*" {
    rewrite "/old/" { to = "/new/" }
    location "/ssi"      { ssi = true }
    location "/closed"   { deny = { "all" } }
    location "/password" { allow = { "192.0.2.1" } }
    location "/list"     { autoindex = true }
}
"""


@pytest.fixture(scope="module")
def server(module_serve):
    return module_serve(SITE, more=MORE)


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


def text(client, target, fields=()):
    response = client.request(target=target, fields=fields)
    assert response.status == 200, response
    assert response["Content-Length"] == str(len(response.body))
    return response.body.decode()


def test_pages_of_several_files(client):
    assert text(client, "/ssi/") == \
        "<title>Home</title>/ssi/index.html<p>text</p><p>foot</p>\n"


def test_only_html_where_it_is_asked_for(client):
    assert text(client, "/plain.html") == SITE["plain.html"]
    assert text(client, "/ssi/text.txt") == SITE["ssi/text.txt"]


def test_fields(client):
    """Such a page is another one each time: nothing that a cache or a range could use."""
    response = client.request(target="/ssi/")
    assert response["Content-Type"].startswith("text/html")
    for name in ("Last-Modified", "ETag", "Accept-Ranges"):
        assert response.get(name) is None
    again = client.request(target="/ssi/", fields=[
        ("If-Modified-Since", "Fri, 01 Jan 2038 00:00:00 GMT"), ("Range", "bytes=0-4")])
    assert again.status == 200 and again.body == response.body


def test_head_is_get_without_the_body(client):
    head, get = client.request("HEAD", "/ssi/"), client.request("GET", "/ssi/")
    assert head.body == b"" and head["Content-Length"] == str(len(get.body))


def test_conditions_about_the_page(client):
    """There is one, but nothing to tell its states apart by."""
    for field, status in [(("If-Match", '"x"'), 412), (("If-None-Match", "*"), 304),
                          (("If-Match", "*"), 200), (("If-None-Match", '"x"'), 200)]:
        assert client.request(target="/ssi/", fields=[field]).status == status, field


def test_the_clients_conditions_are_not_the_includes(client):
    """Else a 304, a 206 or a compressed piece would stand in the page."""
    piece = client.request(target="/new/text")
    for field in [("Range", "bytes=1-2"), ("If-None-Match", piece["ETag"]),
                  ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
                  ("If-Modified-Since", piece["Last-Modified"]), ("Accept-Encoding", "gzip")]:
        assert text(client, "/ssi/moved.html", [field]) == "moved here", field


CLIENT = [("User-Agent", '<script>"x"</script><!--#echo var="DATE_LOCAL"-->'),
          ("Cookie", "<b>"), ("Referer", "http://x/&<")]


def test_what_the_client_sends_is_text(client):
    got = text(client, "/ssi/client.html?%3Cscript%3E&x=%22", CLIENT)
    assert got == '&lt;script&gt;&amp;x=&quot;|&lt;script&gt;&quot;x&quot;&lt;/script&gt;' \
        '&lt;!--#echo var=&quot;DATE_LOCAL&quot;--&gt;|&lt;b&gt;|http://x/&amp;&lt;'


def test_what_the_client_sends_is_never_an_element(client):
    """Not even where the page asks for it as it is."""
    assert text(client, "/ssi/raw.html", CLIENT) == CLIENT[0][1]


@pytest.mark.parametrize("agent, query, wanted", [
    ("Old/4", "", "old"), ("Old/5", "", "new"), ("Old/5", "?q", "query"), ("New", "", "new"),
    ("Old/x || a", "", "new")])
def test_branches(client, agent, query, wanted):
    assert text(client, "/ssi/if.html" + query, [("User-Agent", agent)]) == wanted


def test_times_and_sizes(client):
    date, size, page = text(client, "/ssi/times.html").split(" ")
    assert re.fullmatch("20[0-9]{2}-[01][0-9]-[0-3][0-9]", date)
    assert size == "12" and page == str(len(SITE["ssi/head.html"]))


def test_variables(client):
    assert text(client, "/ssi/vars.html?a=1") == \
        "vars.html /ssi/vars.html?a=1 127.0.0.1 HTTP/1.1 test.example http"


def test_no_password_in_the_environment(client):
    got = text(client, "/ssi/env.html", [("Authorization", "Basic c2VjcmV0")])
    assert "REMOTE_ADDR=127.0.0.1" in got and "c2VjcmV0" not in got


@pytest.mark.parametrize("name", ["secret", "password"])
def test_access_control_holds_for_includes(server, client, name):
    assert text(client, f"/ssi/{name}.html") == "a" + ERROR + "b"
    server.wait_for_log(rf'notice: "/ssi/{name}\.html" line 1: status 403 for ')


def test_nothing_above_or_hidden(client):
    assert text(client, "/ssi/dots.html") == "a" + ERROR + ERROR + "b"


def test_includes_of_other_kinds(client):
    """A page without includes of its own, a list, and what a rewrite leads to."""
    got = text(client, "/ssi/page.html")
    assert got.startswith("x" + SITE["plain.html"] + "y<!DOCTYPE html>") and "entry" in got
    assert text(client, "/ssi/moved.html") == "moved here"


def test_mistakes_are_shown_and_logged_with_their_line(server, client):
    assert text(client, "/ssi/missing.html") == f"line 1\nline 2 {ERROR}\n\n[oops]"
    server.wait_for_log(r'notice: "/ssi/missing\.html" line 2: status 404 for "/nothing\.html"')
    server.wait_for_log(r'notice: "/ssi/missing\.html" line 4: exec is not supported')
    text(client, "/ssi/sub/")
    server.wait_for_log(r'notice: "/ssi/sub/index\.html" line 2: there is no element .* "nothing"')


def test_a_page_that_includes_itself_ends(server, client):
    assert text(client, "/ssi/self.html") == "x" * 9 + ERROR
    server.wait_for_log("included more than 8 deep")


def test_a_page_has_a_largest_size(client):
    got = text(client, "/ssi/twice.html")
    assert got == "B" * (5 << 20) + ERROR + "end"


def test_one_page_leaves_nothing_to_the_next(client):
    """Variables and settings end with the request."""
    text(client, "/ssi/")
    assert text(client, "/ssi/head.html") == "<title>(none)</title>/ssi/head.html"


@pytest.mark.needs("curl")
def test_curl(server):
    got = subprocess.run(["curl", "-sS", "--fail", "--compressed", server.url("/ssi/twice.html")],
                         check=True, stdout=subprocess.PIPE, timeout=muster.PATIENCE_S).stdout
    assert len(got) == (5 << 20) + len(ERROR) + 3
