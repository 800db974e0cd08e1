# SPDX-License-Identifier: BSD-2-Clause
"""What every answer carries, whatever its status (RFC 9110 6.6, 8.6, 9.3.2, 15). The client of the
tests checks the syntax of each status line and field, and that content is as long as announced."""
import email.utils
import time

import pytest

import muster


def by(method="GET", target="/a.txt", *fields, version="HTTP/1.1", host="test.example"):
    return method, muster.request(method, target, fields, version=version, host=host)


# A request for each status there is; its fields are those of any other with that status.
ANSWERS = {
    200: by(), 206: by("GET", "/a.txt", ("Range", "bytes=0-1")), 301: by("GET", "/dir"),
    304: by("GET", "/a.txt", ("If-None-Match", "*")), 400: by(host=None),
    403: by("GET", "/bare/"), 404: by("GET", "/missing"), 405: by("DELETE"),
    412: by("GET", "/a.txt", ("If-Match", '"x"')), 413: by("PUT", "/", ("Content-Length", "99999")),
    414: by("GET", "/" + "a" * 9000), 416: by("GET", "/a.txt", ("Range", "bytes=99-")),
    417: by("GET", "/a.txt", ("Expect", "tea")), 421: by("GET", "https://test.example/"),
    431: by("GET", "/", ("X", "a" * 40000)), 501: by("BREW"), 505: by(version="HTTP/2.0"),
    "OPTIONS": by("OPTIONS", "*"), "HEAD": by("HEAD"), "1.0": by(version="HTTP/1.0"),
}


@pytest.mark.parametrize("status", ANSWERS, ids=str)
def test_date_server_and_framing(server, status):
    method, data = ANSWERS[status]
    before_s = int(time.time())
    with server.connect() as client:
        response = client.send(data).finish().response(method)
        client.expect_close()
    assert response.status == (status if isinstance(status, int) else 200)
    assert response.version == "HTTP/1.1"
    date = email.utils.parsedate_to_datetime(response["Date"])
    assert email.utils.format_datetime(date, usegmt=True) == response["Date"]
    assert before_s <= date.timestamp() <= time.time()
    assert response["Server"] == "muster", "the version is nobody's business"
    assert response.get("Transfer-Encoding") is None
    assert (response.get("Content-Length") is None) == (status == 304)
    if response.status >= 400:
        assert response["Content-Type"].startswith("text/html") and response.body


def test_a_304_says_what_a_cache_needs(client):
    """RFC 9110 15.4.5: the tag, and no date beside it; nothing of the content."""
    tag = client.request(target="/a.txt")["ETag"]
    response = client.request(target="/a.txt", fields=[("If-None-Match", tag)])
    assert response["ETag"] == tag
    for name in ("Last-Modified", "Content-Type", "Content-Range", "Accept-Ranges"):
        assert response.get(name) is None, name


def test_a_206_says_what_200_does(client):
    whole = client.request(target="/a.txt")
    part = client.request(target="/a.txt", fields=[("Range", "bytes=0-1")])
    for name in ("ETag", "Last-Modified", "Content-Type", "Vary", "Cache-Control"):
        assert part.get(name) == whole.get(name), name


@pytest.mark.parametrize("target, fields", [
    ("/a.txt", []), ("/", []), ("/empty", []), ("/dir", []), ("/dir?x", []), ("/missing", []),
    ("/bare/", []), ("/%zz", []), ("/a.txt", [("If-None-Match", "*")]),
    ("/a.txt", [("If-Match", '"x"')]), ("/a.txt", [("Expect", "tea")]),
    ("https://test.example/", []),
])
def test_head_is_get_without_content(client, target, fields):
    head = client.request("HEAD", target, fields)
    get = client.request("GET", target, fields)
    assert head.status == get.status
    assert [one for one in head.fields if one[0] != "Date"] == \
        [one for one in get.fields if one[0] != "Date"]


@pytest.mark.parametrize("data, status", [
    ("HEAD / HTTP/1.1\r\n\r\n", 400), ("HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("HEAD / HTTP/1.1\r\nHost: a\r\n" + "".join(f"X{i}: a\r\n" for i in range(101)) + "\r\n", 431),
    ("HEAD /missing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
    ("HEAD / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nConnection: close\r\n\r\n", 417),
    ("HEAD /" + "a" * 9000 + " HTTP/1.1\r\n\r\n", 414), ("HEAD / HTTP/2.0\r\n\r\n", 505),
    ("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
], ids=muster.short)
def test_errors_of_head_have_no_content(refuse, data, status):
    """RFC 9110 9.3.2; a proxy would take the page for the next response."""
    refuse(data, status, "HEAD")
