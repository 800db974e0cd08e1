# SPDX-License-Identifier: BSD-2-Clause
"""Media types of a scope, and charsets."""
import pytest

TYPES = "text/html html htm\ntext/plain txt\nimage/x-sys own sys\ntext/xml xml\n" \
        "application/javascript js\napplication/json json\nimage/svg+xml svg\n" \
        "application/gzip gz\n"
NAMES = ["a.html", "a.own", "a.OWN", "a.sys", "a.txt", "a.xml", "a.js", "a.json", "a.svg",
         "a.unknown", "README", "a.tar.gz", "a.gz", ".own", "own"]
MORE = '''host "*" {
    types = { "text/x-host own" }
    dot_files = true
    location "/inner/" {
        types = { "text/x-inner own txt", "text/html unknown" }
        location "/inner/most/" { types = { "image/x-most own" } }
    }
    location "/latin/" { charset = "iso-8859-1" }
    location "/bare/" { charset = "" default_type = "" }
    location "/text/" { default_type = "text/plain" }
    location "/reset/" { reset = { "types" } }
}'''
SITE = {f"{folder}{name}": "x" for name in NAMES
        for folder in ("", "inner/", "inner/most/", "latin/", "bare/", "text/", "reset/")}


@pytest.fixture(scope="module")
def server(module_serve, tmp_path_factory):
    types = tmp_path_factory.mktemp("types") / "mime.types"
    types.write_text(TYPES)
    return module_serve(SITE, settings={"types_file": types}, more=MORE)


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


@pytest.mark.parametrize("target, content_type", [
    ("/a.own", "text/x-host; charset=utf-8"), ("/a.OWN", "text/x-host; charset=utf-8"),
    ("/a.sys", "image/x-sys"), ("/a.html", "text/html; charset=utf-8"),
    ("/a.tar.gz", "application/gzip"), ("/a.gz", "application/gzip"),
    ("/.own", "application/octet-stream"), ("/own", "application/octet-stream"),
    ("/inner/a.own", "text/x-inner; charset=utf-8"),
    ("/inner/a.txt", "text/x-inner; charset=utf-8"),
    ("/inner/a.unknown", "text/html; charset=utf-8"),
    ("/inner/most/a.own", "image/x-most"), ("/inner/most/a.txt", "text/x-inner; charset=utf-8"),
    ("/reset/a.own", "image/x-sys"),
])
def test_types_of_the_scope_come_first(client, target, content_type):
    assert client.request(target=target)["Content-Type"] == content_type


@pytest.mark.parametrize("name, content_type", [
    ("a.txt", "text/plain; charset=utf-8"), ("a.xml", "text/xml"),
    ("a.js", "application/javascript"), ("a.json", "application/json"),
    ("a.svg", "image/svg+xml"),
])
def test_charset_is_said_of_text_that_has_a_choice(client, name, content_type):
    """XML says it itself, JavaScript and JSON have no other (RFC 9239 and 8259)."""
    assert client.request(target=f"/{name}")["Content-Type"] == content_type


@pytest.mark.parametrize("target, content_type", [
    ("/latin/a.html", "text/html; charset=iso-8859-1"), ("/bare/a.html", "text/html"),
    ("/bare/README", None), ("/bare/a.unknown", None), ("/README", "application/octet-stream"),
    ("/text/README", "text/plain; charset=utf-8"),
])
def test_defaults_of_the_scope(client, target, content_type):
    assert client.request(target=target).get("Content-Type") == content_type


def test_parts_have_the_type_as_well(client):
    response = client.request(target="/inner/a.own", fields=[("Range", "bytes=0-0")])
    assert (response.status, response["Content-Type"]) == (206, "text/x-inner; charset=utf-8")
