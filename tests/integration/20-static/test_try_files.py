# SPDX-License-Identifier: BSD-2-Clause
"""try_files: applications of one page, names without extension, fallbacks that fall back."""
import os

import pytest

import muster

SITE = {
    "index.html": "application", "app.js": "script", "about.html": "about", "dir/index.html": "dir",
    "dir/x.txt": "x", "bare/": None, "cached/page.html": "cached", "page.html": "fresh",
    "secret/key.txt": "secret", "pages/secret.html": "of pages", "p%41.html": "percent",
    ".hidden.html": "hidden", "deep/a/b.html": "b", "exact/": None,
}


@pytest.fixture(scope="module")
def server(module_serve, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "files"
    muster.write_files(other, {"index.html": "other start", "a.txt": "other a",
                               "cache/c.txt": "other c"})
    server = module_serve(SITE, more=f'''host "*" {{
        try_files = {{ "$uri", "$uri/", "/index.html" }}
        location "/files/" {{ try_files = {{ "$uri", "=404" }} }}
        location "/gone/" {{ try_files = {{ "$uri", "=410" }} }}
        location "/deep/" {{ try_files = {{ "$uri.html", "$uri", "=404" }} }}
        location "/pages/" {{ try_files = {{ "$uri.html", "/secret/key.txt" }} }}
        location "/secret/" {{ deny = {{ "all" }} try_files = {{ "$uri", "=404" }} }}
        location "/round/" {{ try_files = {{ "$uri", "/about/" }} }}
        location "/about/" {{ try_files = {{ "$uri", "/round/" }} }}
        location "/self/" {{ try_files = {{ "$uri", "/self/none" }} }}
        location "/other/" {{
            alias = {muster.quoted(other)}
            try_files = {{ "$uri", "$uri.txt", "/other/index.html" }}
        }}
        location "/off/" {{ reset = {{ "try_files" }} }}
        location "/dotted/" {{ try_files = {{ "$uri", "/.hidden.html" }} }}
    }}''')
    os.symlink("../error.log", server.site / "leaves")
    return server


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


@pytest.mark.parametrize("target, status, body", [
    ("/app.js", 200, "script"), ("/", 200, "application"), ("/any/where", 200, "application"),
    ("/any/where/", 200, "application"), ("/app.js/", 200, "application"),
    ("/dir/", 200, "dir"), ("/dir/x.txt", 200, "x"), ("/dir/y.txt", 200, "application"),
    ("/bare/", 403, None), ("/%2e%2e/etc", 400, None), ("/p%2541.html", 200, "percent"),
    ("/files/none", 404, None), ("/gone/none", 410, None),
    ("/deep/a/b", 200, "b"), ("/deep/a/b.html", 200, "b"), ("/deep/a", 404, None),
    ("/deep/a/", 404, None),
    ("/other/a", 200, "other a"), ("/other/a.txt", 200, "other a"),
    ("/other/none", 200, "other start"), ("/other/cache/c", 200, "other c"),
    ("/other/", 200, "other start"), ("/off/none", 404, None), ("/off/", 404, None),
])
def test_what_is_found(client, target, status, body):
    response = client.request(target=target)
    assert response.status == status
    if body is not None:
        assert response.body.decode() == body


def test_a_directory_still_gets_its_slash(client):
    response = client.request(target="/dir?a=b")
    assert (response.status, response["Location"]) == (301, "/dir/?a=b")


def test_type_and_tag_are_those_of_what_is_sent(client):
    fallback, page = client.request(target="/any"), client.request(target="/index.html")
    for name in ("Content-Type", "ETag", "Last-Modified", "Content-Length"):
        assert fallback[name] == page[name]
    assert client.request(target="/any", fields=[("If-None-Match", page["ETag"])]).status == 304
    assert client.request("HEAD", "/any")["ETag"] == page["ETag"]


def test_a_file_of_another_location_needs_its_leave(client):
    """A fallback is no way around access control."""
    assert client.request(target="/pages/secret").body == b"of pages"
    assert client.request(target="/pages/none").status == 403
    assert client.request(target="/secret/key.txt").status == 403


@pytest.mark.parametrize("target", ["/round/x", "/self/x"])
def test_a_circle_ends(server, client, target):
    assert client.request(target=target).status == 500
    server.wait_for_log("try_files leads to itself")
    assert client.request(target="/app.js").body == b"script"


def test_what_is_refused_does_not_fall_back(server, client):
    """Or a page would come in place of what the administrator has locked by mistake."""
    assert client.request(target="/leaves").status == 403
    server.wait_for_log('"/leaves" refused')


@pytest.mark.parametrize("target", ["/.hidden.html", "/.git/config", "/any/.env"])
def test_names_with_a_dot_do_not_fall_back(client, target):
    assert client.request(target=target).status == 403


def test_a_fallback_with_a_dot_is_refused(client):
    assert client.request(target="/dotted/x").status == 403


def test_index_of_another_location_needs_its_leave(serve):
    """Nor is a directory a way around it; what is said for the file goes for the directory."""
    server = serve({"a/index.html": "a", "b/index.html": "b", "index.html": "start"},
                   more='''host "*" {
        location "= /a/index.html" { deny = { "all" } }
        location "~ ^/b/.*[.]html$" { cache_control = "no-store" }
        location "= /" { cache_control = "no-cache" }
    }''')
    assert server.get("/a/index.html").status == server.get("/a/").status == 403
    assert server.get("/b/")["Cache-Control"] == server.get("/b/index.html")["Cache-Control"] == \
        "no-store"
    start = server.get("/")
    assert (start.body, start.get("Cache-Control")) == (b"start", None)


def test_a_directory_of_another_name_is_answered_as_itself(serve):
    """Its index would else be had without the leave of the index's own location, and its list
    would have the wrong name and links."""
    server = serve({"app/index.html": "app", "list/a.txt": "a", "list/b.txt": "b"},
                   more='''host "*" {
        try_files = { "$uri", "/app/", "=404" }
        location "= /app/index.html" { deny = { "all" } }
        location "/list/" { reset = { "try_files" } autoindex = true }
        location "/lists/" { try_files = { "$uri", "/list/", "=404" } autoindex = true }
    }''')
    for target in ("/app/index.html", "/app/", "/nope/", "/nope"):
        assert server.get(target).status == 403, target
    assert server.get("/list/a.txt").body == b"a"
    assert b"a.txt" in server.get("/list/").body
    for target in ("/lists/x/", "/lists/x"):
        listing = server.get(target)
        assert listing.status == 200 and b"/list/" in listing.body, target
        assert b"/lists/" not in listing.body


def test_an_exact_alias_of_a_directory_gives_its_index(serve, tmp_path):
    """"/x/" is no address of that location, so there is nowhere to redirect to."""
    muster.write_files(tmp_path / "folder", {"index.html": "there", "a.txt": "a"})
    muster.write_files(tmp_path / "empty", {"a.txt": "a"})
    server = serve(more=f'''host "*" {{
        location "= /x" {{ alias = "{tmp_path}/folder/" }}
        location "= /empty" {{ alias = "{tmp_path}/empty/" autoindex = true }}
    }}''')
    assert server.get("/x").body == b"there"
    assert server.get("/x/").status == 404
    assert server.get("/x/a.txt").status == 404
    assert server.get("/empty").status == 403


def test_the_query_stays(serve):
    """/docs is no file for this location, but a folder for the one that it leads to."""
    server = serve({"docs/index.html": "d"}, more='''host "*" {
        location "/app/" { try_files = { "$uri", "/docs" } }
    }''')
    assert server.get("/app/%C3%A4?a=%20b")["Location"] == "/docs/?a=%20b"


def test_a_fallback_may_have_a_query(serve):
    server = serve({"page.html": '<!--#echo var="QUERY_STRING" -->'},
                   settings={"ssi": True, "try_files": ["$uri", "/page.html?from=fallback"]})
    assert server.get("/none").body == b"from=fallback"
    assert server.get("/none?own=1").body == b"from=fallback"
    assert server.get("/page.html?own=1").body == b"own=1"
