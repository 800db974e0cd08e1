# SPDX-License-Identifier: BSD-2-Clause
"""Pages of users: /~alice/."""
import os

import pytest

import muster

HOMES = {
    "alice/public_html/index.html": "alice", "alice/public_html/a b.txt": "file of alice",
    "alice/public_html/sub/index.html": "sub", "alice/public_html/bare/": None,
    "alice/public_html/.private": "hidden", "alice/secret.txt": "secret of alice",
    "bob/": None, "carol/public_html/": None, "dave/public_html/index.html": "dave",
    "erin/public_html/index.html": "erin", "frank/public_html/index.html": "frank",
    ".skel/public_html/index.html": "skeleton", "public_html/index.html": "nobody's",
    "secret.txt": "secret of all", "file": "no home",
}
NOBODY = "/~nobody/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Not the temporary folder itself, which only its owner may enter."""
    folder = tmp_path_factory.mktemp("users") / "all"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def server(module_serve, folder):
    homes = folder / "home"
    muster.write_files(homes, HOMES)
    muster.write_files(folder, {"elsewhere/grace/public_html/index.html": "grace"})
    os.symlink("../elsewhere/grace", homes / "grace")
    os.symlink("alice", homes / "alias")
    os.symlink("../secret.txt", homes / "alice" / "public_html" / "up")
    os.symlink("a b.txt", homes / "alice" / "public_html" / "link")
    server = module_serve({"index.html": "site", "~file": "file of the site",
                           "pub/~x/index.html": "no user"},
                          more=f'''cache {{ valid = "0s" }}
host "*" {{
        user_dir = "{homes}/*/public_html"
        location "/~frank/" {{ deny = {{ "all" }} }}
        location "/~erin/" {{ alias = "{homes}/dave/public_html" }}
    }}
    host "off.example" {{ user_dir = "" }}
    host "links.example" {{ user_dir = "{homes}/*/public_html" follow_symlinks = true }}
    host "plain.example" {{ user_dir = "{folder}/elsewhere/*" }}''')
    return server


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


@pytest.mark.parametrize("target, status, body", [
    ("/~alice/", 200, "alice"), ("/~alice/index.html", 200, "alice"),
    ("/%7Ealice/", 200, "alice"), ("/~alice/a%20b.txt", 200, "file of alice"),
    ("/~alice/sub/", 200, "sub"), ("/~alice/sub/../a%20b.txt", 200, "file of alice"),
    ("/~alice/link", 200, "file of alice"), ("/~alias/", 200, "alice"),
    ("/~alice/none", 404, None), ("/~alice/bare/", 403, None), ("/~alice/.private", 403, None),
    ("/~alice/up", 403, None), ("/~alice/../~alice/", 200, "alice"),
    ("/~alice/../secret.txt", 404, None), ("/~alice/../../secret.txt", 400, None),
    ("/~alice/..%2f..%2fsecret.txt", 404, None),
    ("/", 200, "site"), ("/pub/~x/", 200, "no user"),
])
def test_pages(client, target, status, body):
    response = client.request(target=target)
    assert response.status == status
    if body is not None:
        assert response.body.decode() == body


@pytest.mark.parametrize("target, location", [
    ("/~alice", "/~alice/"), ("/~alice?a=b", "/~alice/?a=b"), ("/~alice/sub", "/~alice/sub/"),
])
def test_a_slash_is_put_behind_directories(client, target, location):
    response = client.request(target=target)
    assert (response.status, response["Location"]) == (301, location)


@pytest.fixture(scope="module")
def nobody(server):
    with server.connect() as one:
        response = one.request(target=NOBODY)
    assert response.status == 404
    return response


@pytest.mark.parametrize("target", [
    "/~nobody", "/~bob/", "/~bob", "/~carol/", "/~file/", "/~grace/", "/~/", "/~",
    "/~..%2falice/", "/~%2e%2e/", "/~alice%00/", "/~alice%20/", "/~ALICE%0a/", "/~*/",
    "/~" + "a" * 300 + "/", "/~alice/../~nobody/",
])
def test_who_has_no_pages_looks_like_nobody(client, nobody, target):
    """No home, no public_html, nothing in it, a link away: all the same."""
    response = client.request(target=target)
    assert response.status in (404, 400)
    if response.status == 404:
        assert response.body == nobody.body
        assert [name for name, _ in response.fields] == [name for name, _ in nobody.fields]


@pytest.mark.parametrize("target", ["/~.skel/", "/~.skel/index.html", "/~./", "/~../", "/~...",
                                    "/~alice/.private", "/~nobody/.private"])
def test_names_with_a_dot_are_refused(client, target):
    assert client.request(target=target).status in (403, 404)
    assert b"skeleton" not in client.request(target=target).body


@pytest.mark.root
@pytest.mark.parametrize("path", ["heidi", "heidi/public_html"])
def test_a_closed_home_looks_like_nobody(server, client, nobody, path, folder):
    homes = folder / "home"
    muster.write_files(homes, {"heidi/public_html/index.html": "heidi"})
    os.chmod(homes / path, 0o700)
    try:
        response = client.request(target="/~heidi/")
        assert (response.status, response.body) == (404, nobody.body)
        assert client.request(target="/~heidi/index.html").status == 404
        server.wait_for_log('"/~heidi/" refused: .*Permission denied')
    finally:
        os.chmod(homes / path, 0o755)
    assert client.request(target="/~heidi/").body == b"heidi"


def test_a_location_comes_first(client):
    """Its access control, or its root."""
    assert client.request(target="/~frank/").status == 403
    assert client.request(target="/~erin/index.html").body == b"dave"


@pytest.mark.parametrize("host, target, status, body", [
    ("off.example", "/~alice/", 404, None), ("off.example", "/~file", 200, "file of the site"),
    ("links.example", "/~grace/", 200, "grace"), ("links.example", "/~alice/up", 200, None),
    ("links.example", "/~../", 404, None), ("links.example", "/~.skel/", 404, None),
    ("plain.example", "/~grace/public_html/", 200, "grace"), ("plain.example", "/~x/", 404, None),
])
def test_of_each_host(client, host, target, status, body):
    response = client.request(target=target, host=host)
    assert response.status == status
    if body is not None:
        assert response.body.decode() == body


def test_fallbacks_of_the_site(serve, tmp_path):
    muster.write_files(tmp_path / "home", {"alice/www/a.html": "a"})
    server = serve({"index.html": "site"}, more=f'''host "*" {{
        user_dir = "{tmp_path}/home/*/www"
        try_files = {{ "$uri", "$uri.html", "/index.html" }}
    }}''')
    assert server.get("/~alice/a").body == b"a"
    assert server.get("/~alice/none").body == b"site"
    assert server.get("/~nobody/a").status == 404
