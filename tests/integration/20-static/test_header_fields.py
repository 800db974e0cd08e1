# SPDX-License-Identifier: BSD-2-Clause
"""Fields that the configuration gives to answers: header, cache_control, expires, nosniff, hsts."""
import calendar
import email.utils

import pytest

import credentials
import muster

MORE = """
header "X-Everywhere" { value = "global" }
header "X-Override" { value = "global" }
header "Link" { action = "add" value = "</a.css>; rel=preload" }
expires = { "text/html 0s", "text/* 1h", "image/* 30d", "text/x-off off" }
types = { "text/x-off off", "text/x-other other" }
host "*" {
    header "X-Override" { value = "host" }
    header "Link" { action = "add" value = "</b.css>; rel=preload" }
    header "X-Missing-Page" { value = "yes" status = { "404", "5xx" } }
    header "Server" { action = "remove" }
    languages = { "fr" }
    header "Content-Language" { action = "default" value = "en" }
    location "/vary" {
        header "Vary" { value = "X-Foo, accept-encoding" }
        header "Vary" { action = "default" value = "X-Bar" }
        cors = { "https://a.example" }
    }
    location "/plain" {
        reset = { "header", "expires" }
        nosniff = false
        cache_control = "no-store"
    }
    location "/assets" {
        cache_control = "public, immutable"
        header "X-Override" { value = "location" }
        expires = { "text/css 365d" }
    }
}
"""
FILES = {"index.html": "start", "a.txt": "text", "a.png": "image", "a.bin": "bytes", "a.off": "off",
         "a.other": "other", "plain/a.html": "plain", "page.html.fr": "langue",
         "vary/a.html": "vary " * 1000, "assets/a.css": "css", "assets/a.html": "x"}


@pytest.fixture(scope="module")
def server(module_serve):
    return module_serve(FILES, more=MORE)


def test_a_header_reaches_every_scope_below(server):
    for target in ("/", "/assets/a.css", "/missing"):
        assert server.get(target)["X-Everywhere"] == "global"


def test_set_replaces_what_an_outer_scope_set(server):
    assert server.get("/")["X-Override"] == "host"
    assert server.get("/assets/a.css")["X-Override"] == "location"


def test_add_keeps_what_is_there(server):
    assert server.get("/").all("Link") == ["</a.css>; rel=preload", "</b.css>; rel=preload"]


def test_remove_takes_away_what_muster_says_itself(server):
    assert server.get("/").get("Server") is None
    assert server.get("/plain/a.html")["Server"] == "muster"


def test_default_leaves_what_is_there(server):
    assert server.get("/page.html")["Content-Language"] == "fr"
    assert server.get("/a.txt")["Content-Language"] == "en"


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_vary_keeps_what_negotiation_needs(server, coding):
    """A cache that does not know of Origin or Accept-Encoding gives one client's answer to
    another."""
    answer = server.get("/vary/a.html", [("Accept-Encoding", coding)])
    assert answer.status == 200 and (answer.get("Content-Encoding") == "gzip") == (coding == "gzip")
    names = [name.strip().lower() for value in answer.all("Vary") for name in value.split(",")]
    assert sorted(names) == ["accept-encoding", "origin", "x-bar", "x-foo"]


@pytest.mark.parametrize("target, is_there", [("/", False), ("/missing", True)])
def test_a_header_may_be_for_some_statuses_only(server, target, is_there):
    assert (server.get(target).get("X-Missing-Page") == "yes") == is_there


def test_reset_forgets_the_outer_scopes(server):
    answer = server.get("/plain/a.html")
    assert answer.get("X-Everywhere") is None and answer.all("Link") == []
    assert answer["Cache-Control"] == "no-store" and answer.get("Expires") is None


@pytest.mark.parametrize("target, expected, age_s", [
    ("/", "no-cache", 0),
    ("/a.txt", "max-age=3600", 3600),
    ("/a.other", "max-age=3600", 3600),
    ("/a.png", "max-age=2592000", 2592000),
    ("/assets/a.css", "public, immutable, max-age=31536000", 31536000),
    ("/assets/a.html", "public, immutable, no-cache", 0),
])
def test_the_age_goes_by_the_closest_type(server, target, expected, age_s):
    answer = server.get(target)
    assert answer["Cache-Control"] == expected
    times = [calendar.timegm(email.utils.parsedate(answer[name])) for name in ("Date", "Expires")]
    assert times[1] - times[0] == age_s


@pytest.mark.parametrize("target", ["/a.bin", "/a.off", "/missing", "/missing.txt"])
def test_without_an_age_nothing_is_said(server, target):
    answer = server.get(target)
    assert answer.get("Cache-Control") is None and answer.get("Expires") is None


def test_a_304_says_what_the_200_said(server):
    whole = server.get("/a.txt")
    again = server.get("/a.txt", [("If-None-Match", whole["ETag"])])
    assert again.status == 304
    for name in ("Cache-Control", "ETag", "X-Everywhere", "X-Override"):
        assert again[name] == whole[name], name
    assert again.get("Expires") is not None


def test_a_page_with_a_part_for_one_user_is_private(make_server):
    """Else a shared cache that may keep pages of users gives the part to others."""
    server = make_server()
    server.more = f"""expires = {{ "* 1h" }}
        host "*" {{ ssi = true location "/closed" {{
            auth_type = basic auth_user_file = {muster.quoted(server.folder / "htpasswd")} }} }}"""
    server.write_config()
    muster.write_files(server.site, {
        "../htpasswd": credentials.password_file(credentials.ALICE), "closed/part": "secret",
        "index.html": 'a<!--#include virtual="/closed/part"-->b', "open.html": "open"})
    server.start()
    login = credentials.basic(credentials.ALICE)
    with server.connect() as client:
        known = client.request(fields=[login])
        assert (known.body, known["Cache-Control"]) == (b"asecretb", "private, max-age=3600")
        unknown = client.request()
        assert b"secret" not in unknown.body and unknown["Cache-Control"] == "max-age=3600"
        assert client.request(target="/open.html", fields=[login])["Cache-Control"] == \
            "max-age=3600"


def test_browsers_are_told_to_believe_the_type(server):
    assert server.get("/a.txt")["X-Content-Type-Options"] == "nosniff"
    assert server.get("/missing")["X-Content-Type-Options"] == "nosniff"
    assert server.get("/plain/a.html").get("X-Content-Type-Options") is None


def test_hsts_is_said_over_https_only(serve):
    server = serve(settings={"hsts": "365d", "hsts_subdomains": True, "hsts_preload": True,
                             "trusted_proxies": ["127.0.0.1"]})
    name = "Strict-Transport-Security"
    assert server.get().get(name) is None
    assert server.get(fields=[("X-Forwarded-Proto", "http")]).get(name) is None
    assert server.get(fields=[("X-Forwarded-Proto", "https")])[name] == \
        "max-age=31536000; includeSubDomains; preload"


def test_hsts_needs_a_proxy_that_is_trusted(serve):
    server = serve(settings={"hsts": "1d"})
    answer = server.get(fields=[("X-Forwarded-Proto", "https")])
    assert answer.get("Strict-Transport-Security") is None
