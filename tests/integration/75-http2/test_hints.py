# SPDX-License-Identifier: BSD-2-Clause
"""early_hints: the Link fields of a page go ahead of it, once, to who can make something of them;
whether the page is made or comes out of a cache. A 103 for what turns out to be no page, or for a
client of HTTP/1, which may take it for the answer, breaks it."""
import re
import subprocess

import pytest

import muster

LINK = "</style.css>; rel=preload; as=style"
SITE = {"index.html": "<p>start\n", "style.css": "p {}\n", "off/a.html": "off\n",
        "next/a.html": "next\n", "dir/b.html": "b\n", "dir/page.html": "<p>a page " * 1000,
        "old": "old\n"}
MORE = f"""
early_hints = true
header "Link" {{ action = "add" value = {muster.quoted(LINK)} }}
header "Link" {{ action = "add" value = "</next>; rel=next" }}
redirect "/moved" {{ to = "/" }}
host "*" {{
    location "/off" {{ early_hints = false }}
    location "/next" {{ reset = {{ "header" }} header "Link" {{ value = "</x>; rel=next" }} }}
    location "/dir" {{ autoindex = true }}
}}
"""
NAVIGATES = (("sec-fetch-mode", "navigate"),)


@pytest.fixture(scope="module")
def server(module_serve):
    return module_serve(SITE, listen=[("127.0.0.1:0", {"h2c": True})], more=MORE,
                        log={"format": '%>s "%r"'})


@pytest.mark.parametrize("more", [(), NAVIGATES], ids=["silent", "navigates"])
@pytest.mark.parametrize("path", ["/", "/dir/", "/dir/page.html"])
def test_made_and_out_of_the_cache(connect, path, more):
    client = connect()
    for _ in range(3):
        answer = client.get(path, more=more)
        assert (answer.status, answer.interim) == (200, [103])


@pytest.mark.parametrize("request_", [
    {"path": "/missing"}, {"path": "/moved"}, {"path": "/dir"}, {"method": "HEAD"},
    {"method": "DELETE"}, {"more": (("range", "bytes=0-1"),)}, {"more": (("if-none-match", "*"),)},
    {"more": (("sec-fetch-mode", "no-cors"),)}, {"more": (("sec-fetch-mode", "cors"),)},
    {"path": "/off/a.html"}, {"path": "/next/a.html"}, {"method": "OPTIONS", "path": "*"},
], ids=muster.short)
def test_not_for_what_is_no_page(connect, request_):
    client = connect()
    client.get()                    # so that it is in the cache
    for _ in range(2):
        answer = client.get(**request_)
        assert answer.status and answer.interim == []


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_never_over_http_1(server, version):
    """Browsers take hints over HTTP/2 only, and older programs take them for the answer."""
    with server.connect() as client:
        for _ in range(3):
            answer = client.request(version=version, fields=[
                ("Sec-Fetch-Mode", "navigate"), ("Connection", "keep-alive")])
            assert answer.status == 200 and LINK in answer.all("Link")


@pytest.mark.needs("curl")
def test_programs_take_it(server):
    output = subprocess.run(["curl", "-sSi", "--http2-prior-knowledge", server.url("/")],
                            stdout=subprocess.PIPE, check=True, text=True).stdout
    hints, head, body = output.replace("\r\n", "\n").split("\n\n")
    assert hints == f"HTTP/2 103 \nlink: {LINK}"
    assert head.startswith("HTTP/2 200 \n") and f"\nlink: {LINK}\n" in head
    assert body == SITE["index.html"]


@pytest.mark.needs("nghttp")
def test_frames_of_a_page(server):
    output = subprocess.run(["nghttp", "-nv", server.url("/")], stdout=subprocess.PIPE,
                            check=True, text=True).stdout
    assert re.findall(r"recv \(stream_id=\d+\) :status: (\d+)", output) == ["103", "200"]


@pytest.mark.needs("nghttp")
def test_log_has_the_answer_only(serve):
    server = serve(SITE, listen=[("127.0.0.1:0", {"h2c": True})], more=MORE,
                   log={"format": '%>s "%r"'})
    for path in ("/", "/", "/missing"):
        subprocess.run(["nghttp", "-n", server.url(path)], stdout=subprocess.PIPE, check=True)
    assert server.wait_for_access(3) == ['200 "GET / HTTP/2.0"'] * 2 + \
        ['404 "GET /missing HTTP/2.0"']
    server.stop()
    assert server.access().count("\n") == 3
