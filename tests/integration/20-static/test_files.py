# SPDX-License-Identifier: BSD-2-Clause
"""Whole files, directories and media types."""
import os
import random
import subprocess

import pytest

import muster

TYPES = "# a comment\ntext/html html htm\ntext/plain txt\nimage/x-own own OWN2\ntext/xml xml\n" \
        "application/javascript js\napplication/gzip gz\n"
SIZES = [0, 1, 2, 4095, 4096, 8191, 8192, 8193, 16383, 16384, 16385, 65535, 65536, 65537, 1 << 20,
         (5 << 20) + 3]
CONTENT = {size: random.Random(size).randbytes(size) for size in SIZES}
SITE = {
    "index.html": "start\n",
    "page.html": "page\n",
    "sub dir/index.html": "in sub dir\n",
    "sub dir/deep/file.txt": "deep\n",
    "empty/": None,
    "htm/index.htm": "second\n",
    "both/index.html": "first\n", "both/index.htm": "second\n",
    "odd/index.html/": None,
    "evil.example/index.html": "evil\n",
    "\\evil.example/index.html": "evil\n",
    "names/%41 literal": "percent\n", "names/a+b&c=d;e,f": "marks\n",
    "names/\u00e4\u4e16": "utf-8\n",
    "names/question?mark": "question\n", "names/hash#tag": "hash\n", "names/[x]{y}|z^`": "raw\n",
    "names/new\nline": "line\n", "names/back\\slash": "slash\n", "names/\"quote'": "quote\n",
    "names/~tilde": "tilde\n", "names/colon:1": "colon\n", "names/ lead": "lead\n",
    **{f"size/{size}": content for size, content in CONTENT.items()},
}


@pytest.fixture(scope="module")
def server(module_serve, tmp_path_factory):
    types = tmp_path_factory.mktemp("types") / "mime.types"
    types.write_text(TYPES)
    return module_serve(SITE, settings={"types_file": types,
                                        "index": ["index.html", "index.htm"]})


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


def test_every_size_byte_for_byte(client):
    """On one connection: an answer that is too long or short by a byte spoils the next one."""
    for size, content in CONTENT.items():
        response = client.request(target=f"/size/{size}")
        assert response.status == 200
        assert response["Content-Length"] == str(size)
        assert response.body == content, f"{size} bytes differ"


def test_head_is_get_without_the_body(client):
    for size in SIZES:
        head = client.request("HEAD", f"/size/{size}")
        get = client.request("GET", f"/size/{size}")
        assert head.body == b""
        assert [field for field in head.fields if field[0] != "Date"] == \
            [field for field in get.fields if field[0] != "Date"]


@pytest.mark.needs("curl")
def test_all_files_with_curl(server, tmp_path):
    """A client that others wrote, and the whole tree."""
    lines = []
    for number, name in enumerate(SITE):
        if not name.endswith("/"):
            escaped = "".join(chr(byte) if chr(byte).isalnum() and byte < 128 or chr(byte) in "/."
                              else f"%{byte:02X}" for byte in name.encode())
            lines += [f'url = "{server.url("/" + escaped)}"', f'output = "{tmp_path}/{number}"']
    (tmp_path / "list").write_text("\n".join(lines))
    subprocess.run(["curl", "-sS", "--fail", "--path-as-is", "-K", tmp_path / "list"], check=True,
                   timeout=muster.PATIENCE_S)
    for number, (name, content) in enumerate(SITE.items()):
        if not name.endswith("/"):
            wanted = content.encode() if isinstance(content, str) else content
            got = tmp_path / str(number)
            # curl makes no file where there was nothing to write into it.
            assert (got.read_bytes() if got.exists() else b"") == wanted, name


@pytest.mark.parametrize("target, body", [
    ("/", b"start\n"), ("/?query", b"start\n"), ("/page.html?a=b&c", b"page\n"),
    ("/sub%20dir/", b"in sub dir\n"), ("/sub%20dir/deep/../deep/./file.txt", b"deep\n"),
    ("/sub%20dir//deep///file.txt", b"deep\n"), ("/%73ub%20dir/%2e/index.html", b"in sub dir\n"),
    ("/htm/", b"second\n"), ("/both/", b"first\n"),
    ("/names/%2541%20literal", b"percent\n"), ("/names/a+b&c=d;e,f", b"marks\n"),
    ("/names/question%3Fmark", b"question\n"), ("/names/hash%23tag", b"hash\n"),
    ("/names/[x]{y}|z^`", b"raw\n"), ("/names/%c3%a4%e4%b8%96", b"utf-8\n"),
    ("/names/back%5Cslash", b"slash\n"), ("/names/%7etilde", b"tilde\n"),
])
def test_paths(client, target, body):
    response = client.request(target=target)
    assert (response.status, response.body) == (200, body)


@pytest.mark.parametrize("target, status", [
    ("/none", 404), ("/none/", 404), ("/page.html/", 404), ("/page.html/x", 404),
    ("/empty/", 403), ("/odd/", 403), ("/size", 301), ("/PAGE.html", 404), ("/page.htm", 404),
    ("/page.html%20", 404), ("/page.html.", 404), ("/names/a%20b", 404), ("/names%2Fhash", 404),
    ("/page.html;a=b", 404),
])
def test_what_is_not_there(client, target, status):
    assert client.request(target=target).status == status


@pytest.mark.parametrize("target, location", [
    ("/both", "/both/"), ("/both?a=b&c=%20d", "/both/?a=b&c=%20d"), ("/both?", "/both/?"),
    ("/sub%20dir", "/sub%20dir/"), ("/sub%20dir/deep/../deep", "/sub%20dir/deep/"),
    ("//both", "/both/"),
    # An address that begins with two slashes, or with what a browser takes for them, leads to
    # another site.
    ("//evil.example", "/evil.example/"), ("///evil.example", "/evil.example/"),
    ("//evil.example/../evil.example", "/evil.example/"),
    ("/./evil.example", "/evil.example/"), ("/.//evil.example", "/evil.example/"),
    ("/%5Cevil.example", "/%5Cevil.example/"), ("//%5Cevil.example", "/%5Cevil.example/"),
    ("http://test.example//evil.example", "/evil.example/"),
    ("http://evil.example/both", "/both/"),
])
def test_redirect_of_a_directory(client, target, location):
    response = client.request(target=target)
    assert response.status == 301
    assert response["Location"] == location
    assert client.request("HEAD", target)["Location"] == location


def test_redirect_can_be_followed(client):
    """Each directory's, whatever its name."""
    for folder in ["sub%20dir", "%5Cevil.example", "evil.example", "sub%20dir/deep"]:
        location = client.request(target="/" + folder)["Location"]
        assert client.request(target=location).status in (200, 403)


@pytest.mark.parametrize("name, wanted", [
    ("a.html", "text/html; charset=utf-8"), ("a.HTML", "text/html; charset=utf-8"),
    ("a.txt", "text/plain; charset=utf-8"), ("a.own", "image/x-own"), ("a.own2", "image/x-own"),
    ("a.js", "application/javascript"), ("a.tar.gz", "application/gzip"),
    ("a.xml", "text/xml"),                          # says so itself
    ("a.unknown", "application/octet-stream"), ("html", "application/octet-stream"),
    ("a.", "application/octet-stream"), ("a.html.", "application/octet-stream"),
])
def test_media_types(server, client, name, wanted):
    (server.site / name).write_text("x")
    assert client.request(target=f"/{name}")["Content-Type"] == wanted


def test_media_types_without_a_file(serve):
    """A system without /etc/mime.types: a table of our own stands in."""
    server = serve({"a.html": "", "a.png": "", "a.svg": "", "a.css": "", "a.xyz": ""},
                   settings={"types_file": "", "charset": "", "default_type": ""})
    for name, wanted in [("a.html", "text/html"), ("a.png", "image/png"), ("a.css", "text/css"),
                         ("a.svg", "image/svg+xml"), ("a.xyz", None)]:
        assert server.get(f"/{name}").get("Content-Type") == wanted


def test_index_of_an_inner_scope_comes_first(serve):
    server = serve({"index.html": "outer", "a/inner.html": "inner", "a/index.html": "outer",
                    "b/index.html": "outer"},
                   more='host "*" { location "/a/" { index = { "inner.html" } } }'
                   'cache { valid = "0s" }')
    assert server.get("/a/").body == b"inner"
    assert server.get("/b/").body == b"outer"
    os.remove(server.site / "a" / "inner.html")
    assert server.get("/a/").body == b"outer"
