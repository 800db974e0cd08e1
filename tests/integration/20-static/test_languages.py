# SPDX-License-Identifier: BSD-2-Clause
"""Pages in several languages: which one a client gets, and what caches are told of it."""
import os

import pytest

import muster

MODIFIED_S = 1700000000
# Every file holds its own name; "x" of all languages have the same size, and all the same time.
NAMES = ["page.html.en", "page.html.de", "page.html.pt-br", "both.html", "both.html.de",
         "index.html.en", "index.html.de", "sub/index.html.de", "plain.txt", "only.css.de",
         "README", "README.de", "tool.pl", "docs/index.html", "docs.de/index.html"]


@pytest.fixture(scope="module")
def server(module_serve):
    server = module_serve({name: name for name in NAMES}, more='''host "*" {
        languages = { "en", "de", "pt-BR" }
        types = { "text/x-perl pl", "text/css css", "text/html html", "text/plain txt" }
        location "/polish/" { languages = { "pl" } }
        location "/off/" { reset = { "languages" } }
    }''')
    muster.write_files(server.site, {
        "same.html.en": "x", "same.html.de": "y", "polish/tool.pl": "tool",
        "off/a.html": "plain", "off/a.html.de": "German"})
    for path in server.site.rglob("*"):
        os.utime(path, (MODIFIED_S, MODIFIED_S))
    return server


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


def ask(client, target, accept=None, fields=(), method="GET"):
    fields = [*fields, *([("Accept-Language", accept)] if accept is not None else [])]
    return client.request(method, target, fields=fields)


@pytest.mark.parametrize("target, accept, name, language", [
    ("/page.html", "de", "page.html.de", "de"),
    ("/page.html", "en;q=0.5, de", "page.html.de", "de"),
    ("/page.html", "de;q=0.5, en", "page.html.en", "en"),
    ("/page.html", "de, en", "page.html.en", "en"),             # the order of the server
    ("/page.html", "de-AT", "page.html.de", "de"),
    ("/page.html", "de-AT, de;q=0.9, en;q=0.8", "page.html.de", "de"),
    ("/page.html", "pt", "page.html.pt-br", "pt-br"),
    ("/page.html", "pt-BR, en;q=0.9", "page.html.pt-br", "pt-br"),
    ("/page.html", "fr", "page.html.en", "en"),                 # rather than nothing
    ("/page.html", None, "page.html.en", "en"),
    ("/page.html", "", "page.html.en", "en"),
    ("/page.html", "fr, *;q=0.1, en;q=0", "page.html.de", "de"),
    ("/page.html", "de;q=7, en", "page.html.en", "en"),         # malformed: says nothing
    ("/both.html", "de", "both.html.de", "de"),
    ("/both.html", "en", "both.html", None),                    # nobody says what it is in
    ("/both.html", None, "both.html", None),
    ("/", "de", "index.html.de", "de"),
    ("/", "en", "index.html.en", "en"),
    ("/sub/", "en", "sub/index.html.de", "de"),
    ("/README", "de", "README.de", "de"),
    ("/only.css", "en", "only.css.de", "de"),
])
def test_the_best_is_sent_and_caches_know(client, target, accept, name, language):
    response = ask(client, target, accept)
    assert (response.status, response.body.decode()) == (200, name)
    assert response.get("Content-Language") == language
    assert response["Vary"].lower().split(", ").count("accept-language") == 1
    head = ask(client, target, accept, method="HEAD")
    assert head.get("Content-Language") == language and head["ETag"] == response["ETag"]


@pytest.mark.parametrize("target, content_type", [
    ("/page.html", "text/html; charset=utf-8"), ("/only.css", "text/css; charset=utf-8"),
    ("/page.html.de", "text/html; charset=utf-8"), ("/README", "application/octet-stream"),
    ("/README.de", "application/octet-stream"),
])
def test_type_is_that_of_the_name_without_language(client, target, content_type):
    assert ask(client, target, "de")["Content-Type"] == content_type


def test_nothing_to_choose_needs_no_vary(client):
    response = ask(client, "/plain.txt", "de")
    assert response.body == b"plain.txt"
    assert "language" not in (response.get("Vary") or "").lower()
    assert response.get("Content-Language") is None


@pytest.mark.parametrize("target", ["/page.html.de", "/page.html.pt-br"])
def test_a_variant_has_its_own_address(client, target):
    """Whatever the client would rather have."""
    response = ask(client, target, "en")
    assert response.body.decode() == target[1:]
    assert response["Content-Language"] == target.rpartition(".")[2]
    assert "language" not in (response.get("Vary") or "").lower()


def test_an_extension_is_no_language_when_it_is_a_type(client):
    response = ask(client, "/polish/tool.pl", "pl")
    assert response["Content-Type"] == "text/x-perl; charset=utf-8"
    assert response.get("Content-Language") is None


def test_variants_of_one_address_have_different_tags(client):
    """The same time and size: without the language a client would be told that nothing has
    changed when it asks for another one."""
    english, german = ask(client, "/same.html", "en"), ask(client, "/same.html", "de")
    assert english["ETag"] != german["ETag"]
    again = ask(client, "/same.html", "de", [("If-None-Match", english["ETag"])])
    assert (again.status, again.body) == (200, b"y")
    again = ask(client, "/same.html", "de", [("If-None-Match", german["ETag"])])
    assert again.status == 304
    assert "accept-language" in again["Vary"].lower()


def test_parts_are_of_the_same_variant(client):
    response = ask(client, "/page.html", "de", [("Range", "bytes=10-")])
    assert (response.status, response.body) == (206, b"de")
    assert response["Content-Language"] == "de"
    assert "accept-language" in response["Vary"].lower()


def test_directories_are_no_variants(client):
    """docs.de/ is a folder beside docs/."""
    assert ask(client, "/docs", "de")["Location"] == "/docs/"
    assert ask(client, "/docs/", "de").body == b"docs/index.html"


def test_no_language_without_the_directive(client):
    response = ask(client, "/off/a.html", "de")
    assert response.body == b"plain"
    assert response.get("Content-Language") is None
    assert ask(client, "/off/a.html.de").get("Content-Language") is None
    assert ask(client, "/none.html", "de").status == 404


def test_a_variant_has_the_access_control_of_its_own_name(serve):
    """Other settings are those of the address that was asked for."""
    server = serve({name: name for name in (
        "page.html", "page.html.de", "open.html", "open.html.de", "index.html.de",
        "style.css", "style.css.gz")}, more='''host "*" {
        languages = { "en", "de" }
        types = { "text/html html", "text/css css" }
        location "= /page.html.de" { deny = { "all" } }
        location "= /style.css.gz" { deny = { "all" } }
        location "~ [.]html$" { cache_control = "no-cache" }
        location "= /" { cache_control = "no-store" }
    }''')
    german = [("Accept-Language", "de")]
    assert server.get("/page.html.de").status == 403
    page = server.get("/page.html", german)
    assert (page.status, page.body) == (200, b"page.html")
    page = server.get("/open.html", german)
    assert (page.body, page["Cache-Control"]) == (b"open.html.de", "no-cache")
    assert server.get("/", german).body == b"index.html.de"
    coded = server.get("/style.css", [("Accept-Encoding", "gzip")])
    assert (coded.body, coded.get("Content-Encoding")) == (b"style.css", None)


def test_a_variant_that_cannot_be_had_is_an_error(server, client):
    """Not another language in its place: the administrator would never know."""
    os.symlink("../error.log", server.site / "out.html.de")
    (server.site / "out.html").write_text("plain")
    assert ask(client, "/out.html", "de").status == 403
    assert ask(client, "/out.html", "en").body == b"plain"
