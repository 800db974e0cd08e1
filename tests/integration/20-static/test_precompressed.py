# SPDX-License-Identifier: BSD-2-Clause
"""Files that lie there compressed beside the plain ones."""
import gzip
import os
import subprocess

import pytest

import muster

MODIFIED_S = 1700000000
BROWSER = "gzip, deflate, br, zstd"
SCRIPT = b"var a = 1;\n" * 200
# Besides .gz nothing is really compressed: muster sends the bytes as they are.
SITE = {
    "all.js": SCRIPT, "all.js.gz": gzip.compress(SCRIPT), "all.js.br": "br", "all.js.zst": "zstd",
    "gz.js": SCRIPT, "gz.js.gz": gzip.compress(SCRIPT), "none.js": SCRIPT,
    "old.js": SCRIPT, "old.js.gz": "old", "empty.js": SCRIPT, "empty.js.gz": "",
    "folder.js": SCRIPT, "folder.js.gz/x": "x", "photo.png": "png", "photo.png.gz": "png",
    "alone.js.gz": gzip.compress(SCRIPT), "sub/index.html": "start", "sub/index.html.br": "br",
    "off/a.js": SCRIPT, "off/a.js.gz": "coded", "br/a.js": SCRIPT, "br/a.js.gz": "gz",
    "br/a.js.br": "br", "fly/all.js": SCRIPT, "fly/all.js.gz": gzip.compress(SCRIPT),
}


@pytest.fixture(scope="module")
def server(module_serve):
    server = module_serve(SITE, more='''host "*" {
        compress = false
        location "/off/" { precompressed = false }
        location "/br/" { compress_codings = { "br" } }
        location "/fly/" { compress = true }
    }''')
    for path in server.site.rglob("*"):
        os.utime(path, (MODIFIED_S, MODIFIED_S))
    os.utime(server.site / "old.js.gz", (MODIFIED_S - 1, MODIFIED_S - 1))
    os.symlink("../error.log", server.site / "none.js.gz")
    return server


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


def ask(client, target, accept=BROWSER, fields=(), method="GET"):
    fields = [*fields, *([("Accept-Encoding", accept)] if accept is not None else [])]
    return client.request(method, target, fields=fields)


def varies(response):
    return response.get("Vary", "").lower().split(", ").count("accept-encoding")


@pytest.mark.parametrize("target, accept, coding", [
    ("/all.js", BROWSER, "zstd"), ("/all.js", "gzip, br", "br"), ("/all.js", "gzip", "gzip"),
    ("/all.js", "x-gzip", "gzip"), ("/all.js", "*", "zstd"),
    ("/all.js", "gzip, br;q=0.9, zstd;q=0.8", "gzip"), ("/all.js", "zstd;q=0, *", "br"),
    ("/gz.js", BROWSER, "gzip"), ("/sub/", BROWSER, "br"), ("/sub/index.html", "br", "br"),
    ("/br/a.js", BROWSER, "br"), ("/br/a.js", "gzip", None),
    ("/all.js", None, None), ("/all.js", "", None), ("/all.js", "identity", None),
    ("/all.js", "gzip;q=0, br;q=0, zstd;q=0", None), ("/all.js", "deflate", None),
    ("/all.js", "gzip;q=5, br;q=x", None), ("/all.js", "identity;q=0", None),
    ("/gz.js", "br, zstd", None), ("/none.js", BROWSER, None), ("/old.js", BROWSER, None),
    ("/empty.js", BROWSER, None), ("/folder.js", BROWSER, None),
])
def test_what_the_client_takes_is_sent(client, target, accept, coding):
    response = ask(client, target, accept)
    assert response.status == 200
    assert response.get("Content-Encoding") == coding
    assert varies(response) == 1, "a cache must not give this to everybody"
    if coding is None:
        assert response.body == SCRIPT
    elif coding == "gzip":
        assert gzip.decompress(response.body) == SCRIPT
    else:
        assert response.body.decode() == coding
    assert response["Content-Length"] == str(len(response.body))
    assert response["Content-Type"].startswith(("application/javascript", "text/javascript",
                                                "text/html"))
    head = ask(client, target, accept, method="HEAD")
    assert [field for field in head.fields if field[0] != "Date"] == \
        [field for field in response.fields if field[0] != "Date"]


@pytest.mark.parametrize("target, status", [
    ("/photo.png", 200), ("/off/a.js", 200), ("/alone.js", 404), ("/all.js.gz", 200),
    ("/missing.js", 404),
])
def test_what_has_no_coded_form(client, target, status):
    """A type that gains nothing, a scope where it is off, a coded file by its own name; and a
    coded file alone is nothing: the plain one says what there is."""
    response = ask(client, target)
    assert response.status == status
    assert response.get("Content-Encoding") is None
    assert varies(response) == 0


def test_tags_differ_and_are_strong(client):
    tags = [ask(client, "/all.js", accept)["ETag"] for accept in (None, "gzip", "br", "zstd")]
    assert len(set(tags)) == 4
    assert all(tag.startswith('"') for tag in tags)


@pytest.mark.parametrize("target", ["/all.js", "/fly/all.js"])
def test_conditions_are_about_the_form_that_is_sent(client, target):
    """With compression on the fly as well: the tag of a file stays strong."""
    plain, coded = ask(client, target, None)["ETag"], ask(client, target, "gzip")["ETag"]
    for accept, tag, status in [(None, plain, 304), (None, coded, 200), ("gzip", coded, 304),
                                ("gzip", plain, 200), ("gzip", "*", 304)]:
        response = ask(client, target, accept, [("If-None-Match", tag)])
        assert response.status == status, (accept, tag)
        assert varies(response) == 1
        assert response["ETag"] == (coded if accept else plain)
        assert (response.get("Content-Encoding") is None) == (status == 304 or accept is None)
    assert ask(client, target, "gzip", [("If-Match", plain)]).status == 412


def test_ranges_are_of_the_plain_file(client):
    response = ask(client, "/all.js", BROWSER, [("Range", "bytes=0-9")])
    assert (response.status, response.body) == (206, SCRIPT[:10])
    assert response.get("Content-Encoding") is None
    assert response["Content-Range"] == f"bytes 0-9/{len(SCRIPT)}"
    assert varies(response) == 1


def test_if_range_of_the_coded_file_gets_the_whole_plain_one(client):
    coded = ask(client, "/all.js", "gzip")
    assert coded.get("Accept-Ranges") is None, "a range would not be of these bytes"
    response = ask(client, "/all.js", "gzip", [("Range", "bytes=5-"), ("If-Range", coded["ETag"])])
    assert (response.status, response.body) == (200, SCRIPT)
    assert response.get("Content-Encoding") is None
    plain = ask(client, "/all.js", None)["ETag"]
    response = ask(client, "/all.js", "gzip", [("Range", "bytes=5-"), ("If-Range", plain)])
    assert (response.status, response.body) == (206, SCRIPT[5:])


@pytest.mark.needs("gzip")
def test_what_gzip_makes_is_current(server, client):
    """It gives its file the time of the plain one."""
    path = server.site / "made.js"
    path.write_bytes(SCRIPT)
    subprocess.run(["gzip", "-k", path], check=True, timeout=muster.PATIENCE_S)
    assert gzip.decompress(ask(client, "/made.js").body) == SCRIPT
    path.write_bytes(b"new")
    os.utime(path, (MODIFIED_S + 9e8, MODIFIED_S + 9e8))
    assert ask(client, "/made.js").body == b"new"


@pytest.mark.needs("brotli")
def test_what_brotli_makes_is_current(server, client):
    """Some of its versions leave out the fraction of the second."""
    path = server.site / "brotli.js"
    path.write_bytes(SCRIPT)
    os.utime(path, ns=(MODIFIED_S * 10**9 + 999, MODIFIED_S * 10**9 + 999))
    subprocess.run(["brotli", "-k", path], check=True, timeout=muster.PATIENCE_S)
    assert ask(client, "/brotli.js")["Content-Encoding"] == "br"


@pytest.mark.needs("curl")
def test_curl_reads_it(server):
    done = subprocess.run(["curl", "-sS", "--fail", "--compressed", "-H", "Accept-Encoding: gzip",
                           server.url("/gz.js")], check=True, stdout=subprocess.PIPE,
                          timeout=muster.PATIENCE_S)
    assert done.stdout == SCRIPT


def test_languages_have_coded_files_of_their_own(serve):
    names = ["a.html.en", "a.html.de", "a.html.de.gz", "a.html.en.gz"]
    server = serve({name: name for name in names},
                   more='host "*" { languages = { "en", "de" } compress = false }')
    for name in names:
        os.utime(server.site / name, (MODIFIED_S, MODIFIED_S))
    response = server.get("/a.html", [("Accept-Language", "de"), ("Accept-Encoding", "gzip")])
    assert response.body == b"a.html.de.gz"
    assert response["Content-Language"] == "de" and response["Content-Encoding"] == "gzip"
    assert {"accept-language", "accept-encoding"} <= set(response["Vary"].lower().split(", "))


def looked_up(trace):
    """The names that were looked up, in order."""
    return [line.split('"')[1] for line in trace.split("\n") if line.startswith("openat2(")]


@pytest.mark.needs("strace")
def test_without_accept_encoding_nothing_more_is_looked_up(make_server, tmp_path):
    """Nor for a type that is never coded: what clients do not ask for costs nothing."""
    if subprocess.run(["strace", "-o", "/dev/null", "true"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL, timeout=muster.PATIENCE_S).returncode != 0:
        pytest.skip("strace may not trace here")
    (tmp_path / "trace").mkdir()
    server = make_server(wrapper=["strace", "-D", "-ff", "-qq", "-e", "trace=openat2", "-o",
                                  str(tmp_path / "trace" / "of")],
                         pool={"start": 1, "min_idle": 1}, log={"format": "%P"},
                         keepalive={"keepers": 0}, more='cache { valid = "0s" }')
    muster.write_files(server.site, {"a.js": SCRIPT, "a.png": "png"})
    server.start()
    with server.connect() as client:
        ask(client, "/a.js", None)
        ask(client, "/a.png")
        ask(client, "/a.js", "br", [("Range", "bytes=0-1")])
        ask(client, "/a.js", "br")
    pid = server.wait_for_access(4)[0]
    names = looked_up((tmp_path / "trace" / f"of.{pid}").read_text())
    assert names == ["a.js", "a.png", "a.js", "a.js", "a.js.br"]
