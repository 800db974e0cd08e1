# SPDX-License-Identifier: BSD-2-Clause
"""Redirects and rewrites: where they lead, in which order, and that none leads astray."""
import re
import subprocess

import pytest

MORE = r"""
redirect "= /everywhere" { to = "/new/" }
rewrite "= /quiet" { to = "/new/a.html" }
host "a.example" {
    redirect "/blog" { to = "/articles" }
    redirect "= /feed" { to = "/news.xml" status = 308 }
    redirect "= /see" { to = "/other?fixed" status = 303 }
    redirect "= /for-now" { to = "/x" status = 302 }
    redirect "= /keep" { to = "/x" status = 307 }
    redirect "/gone" { status = 410 }
    redirect "/law" { status = 451 }
    redirect "~ ^/post-([0-9]+)$" { to = "/posts/$1.html" }
    redirect "~ ^/go/(.*)$" { to = "/$1" }
    redirect "~ ^/to/(.*)$" { to = "$1" }
    redirect "~ ^/out(.*)$" { to = "https://out.example$1" }
    redirect "= /self" { to = "/self" }
    rewrite "~ ^/user/([a-z]+)$" { to = "/new/$1.html?user=$1" }
    rewrite "= /up" { to = "/../etc/passwd" }
    rewrite "= /hidden" { to = "/.secret" }
    location "/closed" { deny = { "all" } }
    rewrite "= /open" { to = "/closed/x" }
    location "/app" { rewrite "~ ^/app/" { to = "/app/index.html" } }
    location "/turn" { rewrite "/turn" { to = "/back" } }
    location "/back" { rewrite "/back" { to = "/turn" } }
    error_page "410" { file = "/gone.html" }
}
host "b.example" { redirect "/" { to = "http://a.example/" } }
host "free.example" { reset = { "redirect", "rewrite" } }
"""
FILES = {"index.html": "start", "new/a.html": "new a", "new/alice.html": "alice",
         "closed/x": "closed", ".secret": "secret", "app/index.html": "application",
         "gone.html": "our 410"}


@pytest.fixture(scope="module")
def server(module_serve):
    return module_serve(FILES, more=MORE)


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


def ask(client, target, host="a.example", method="GET"):
    return client.request(method, target, host=host)


@pytest.mark.parametrize("target, status, location", [
    ("/blog", 301, "/articles"), ("/blog/", 301, "/articles/"),
    ("/blog/2024/a%20b?p=2&q=%2F", 301, "/articles/2024/a%20b?p=2&q=%2F"),
    ("/%62log/x", 301, "/articles/x"), ("//blog//x", 301, "/articles/x"),
    ("/feed", 308, "/news.xml"), ("/see?x", 303, "/other?fixed"), ("/for-now", 302, "/x"),
    ("/keep?a", 307, "/x?a"), ("/post-12", 301, "/posts/12.html"),
    ("/post-12?c", 301, "/posts/12.html?c"), ("/everywhere", 301, "/new/"),
    ("/blog/a%3Fb%23c%25", 301, "/articles/a%3Fb%23c%25"),
    ("/blog/%c3%a4", 301, "/articles/%C3%A4"),
])
def test_where_it_leads(client, target, status, location):
    response = ask(client, target)
    assert (response.status, response["Location"]) == (status, location)
    assert b"<h1>" in response.body
    head = ask(client, target, method="HEAD")
    assert (head.status, head["Location"], head.body) == (status, location, b"")


@pytest.mark.parametrize("target, location", [
    ("/go//evil.example/x", "/evil.example/x"), ("/go/%5Cevil.example", "/%5Cevil.example"),
    ("/go/%09/evil.example", "/%09/evil.example"), ("/to/evil.example", "/evil.example"),
    ("/to/https://evil.example", "/https:/evil.example"),
    ("/out.evil.example", "https://out.example/.evil.example"),
    ("/out@evil.example", "https://out.example/@evil.example"),
    ("/out:81", "https://out.example/:81"), ("/out/x", "https://out.example/x"),
    ("/go/a%0d%0aSet-Cookie:%20b=c", "/a%0D%0ASet-Cookie:%20b=c"),
])
def test_no_capture_leads_to_another_site(client, target, location):
    response = ask(client, target)
    assert response["Location"] == location
    assert response.get("Set-Cookie") is None


@pytest.mark.parametrize("target, status", [("/gone/x", 410), ("/law", 451)])
def test_an_answer_without_a_location(client, target, status):
    response = ask(client, target)
    assert response.status == status and response.get("Location") is None
    assert status != 410 or response.body == b"our 410"


@pytest.mark.parametrize("target, status, body", [
    ("/quiet", 200, b"new a"), ("/user/alice", 200, b"alice"), ("/user/bob", 404, None),
    ("/up", 400, None), ("/hidden", 403, None), ("/open", 403, None),
    ("/app/a/b/c", 200, b"application"), ("/app", 301, None),
])
def test_rewrites(client, target, status, body):
    """The new path passes the access control of its own location."""
    response = ask(client, target)
    assert response.status == status
    assert body is None or response.body == body


@pytest.mark.parametrize("target, reason", [
    ("/turn", 'a.example: rewrite loop: "/turn" was rewritten more than 10 times'),
    ("/self", 'redirect "= /self" leads "/self" to itself'),
])
def test_a_loop_is_an_error_and_told(server, client, target, reason):
    assert ask(client, target).status == 500
    server.wait_for_log(re.escape(reason))
    assert ask(client, "/").body == b"start"


def test_a_whole_site_moves(client):
    response = ask(client, "/a/b?c", host="b.example")
    assert (response.status, response["Location"]) == (301, "http://a.example/a/b?c")
    assert ask(client, "/", host="b.example")["Location"] == "http://a.example/"


def test_reset_takes_outer_rules_away(client):
    assert ask(client, "/everywhere", host="free.example").status == 404
    assert ask(client, "/quiet", host="free.example").status == 404


@pytest.mark.parametrize("location", ["", 'location "~ [.]html$" { cache_control = "no-cache" }'])
def test_an_address_of_the_index_may_lead_to_the_folder(serve, location):
    """The rules of a host are about what the client has asked for."""
    server = serve({"index.html": "start", "sub/index.html": "sub"}, more=f'''host "*" {{
        redirect "~ ^(.*/)index[.]html$" {{ to = "$1" }}
        {location}
    }}''')
    for target, body in (("/", b"start"), ("/sub/", b"sub")):
        answer = server.get(target)
        assert (answer.status, answer.body) == (200, body)
        assert answer.get("Cache-Control") == ("no-cache" if location else None)
        assert server.get(target + "index.html")["Location"] == target


def test_a_fallback_is_not_rewritten_by_the_host(serve):
    server = serve({"start.html": "start", "other.html": "other"}, more='''host "*" {
        rewrite "= /start.html" { to = "/other.html" }
        try_files = { "$uri", "/start.html" }
    }''')
    assert server.get("/any").body == b"start"
    assert server.get("/start.html").body == b"other"


@pytest.mark.needs("curl")
def test_a_client_follows(server):
    result = subprocess.run(
        ["curl", "-sSL", "--max-redirs", "3", "-H", "Host: a.example",
         f"http://127.0.0.1:{server.port}/go/app/x"], stdout=subprocess.PIPE, check=True)
    assert result.stdout == b"application"
