# SPDX-License-Identifier: BSD-2-Clause
"""Directory lists (autoindex): what is named, in which order, and that names stay names."""
import html.parser
import json
import os
import subprocess
import urllib.parse

import pytest

import muster

ODD_NAMES = ["a b", "<script>alert(1)<b>", "\" onclick=\"x", "javascript:alert(1)", "a?b#c",
             "%41", "a&amp;b", "back\\slash", "new\nline", "\u00e4\u4e16\u05d0", "-", "~", "...a"]
RAW_NAME = b"latin-1 \xe4\xff"
SITE = {
    "index.html": "start\n",
    "pub/image1.jpg": "1" * 300, "pub/image2.jpg": "2" * 200, "pub/image10.jpg": "3" * 5000,
    "pub/Zebra.txt": "", "pub/apple.txt": "a",
    "pub/folder10/": None, "pub/folder9/": None, "pub/folder9/deep/": None,
    "pub/.hidden": "hidden", "pub/.folder/file": "hidden",
    "dots/.shown": "shown",
    "closed/file": "closed",
    "with/index.html": "index\n", "with/file": "",
    "empty/": None,
    **{f"odd/{name}": name for name in ODD_NAMES},
}
MORE = """
host "*" {
    location "/pub"    { autoindex = true }
    location "/empty"  { autoindex = true }
    location "/with"   { autoindex = true }
    location "/odd"    { autoindex = true }
    location "/links"  { autoindex = true
        location "/links/all" { follow_symlinks = true }
    }
    location "/dots"   { autoindex = true dot_files = true }
    location "/large"  { autoindex = true }
}
"""


class Page(html.parser.HTMLParser):
    """What a browser sees: rows of the table with link, text and cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.rows, self.heads, self.title = [], [], [], ""
        self.open = []
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag in ("meta", "link"):
            return
        self.open.append(tag)
        if tag == "tr" and "tbody" in self.open:
            self.rows.append({"cells": []})
        elif tag == "td":
            self.rows[-1]["cells"].append("")
            self.rows[-1]["title"] = attributes.get("title", self.rows[-1].get("title"))
        elif tag == "a" and "tbody" in self.open:
            self.rows[-1]["href"] = attributes["href"]
        elif tag == "th":
            self.heads.append({"sort": attributes.get("aria-sort")})
        elif tag == "a":
            self.heads[-1]["href"] = attributes["href"]
        elif tag == "time":
            self.rows[-1]["time"] = attributes["datetime"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "title" in self.open:
            self.title += data
        elif "td" in self.open:
            self.rows[-1]["cells"][-1] += data

    @property
    def links(self):
        return [row["href"] for row in self.rows]


@pytest.fixture(scope="module")
def server(module_serve):
    server = module_serve(SITE, more=MORE)
    site = os.fsencode(server.site)
    with open(site + b"/odd/" + RAW_NAME, "wb") as file:
        file.write(b"raw")
    for name in ("links", "links/all", "large"):
        (server.site / name).mkdir()
    (server.folder / "outside").write_text("outside")
    for folder in ("links", "links/all"):
        (server.site / folder / "own").write_text("own")
        (server.site / folder / "inside").symlink_to("own")
        # By a relative way: the absolute one is not open to the workers' user.
        (server.site / folder / "outside").symlink_to(
            os.path.relpath(server.folder / "outside", server.site / folder))
        (server.site / folder / "broken").symlink_to("nothing")
        os.mkfifo(server.site / folder / "fifo")
    for number in range(20010):
        (server.site / "large" / f"f{number}").touch()
    return server


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


def page(client, target):
    response = client.request(target=target)
    assert response.status == 200, response
    assert response["Content-Type"] == "text/html; charset=utf-8"
    return Page(response.body.decode())


def test_page(client):
    found = page(client, "/pub/")
    assert found.title == "Index of /pub/"
    assert found.links == ["folder9/", "folder10/", "apple.txt", "image1.jpg", "image2.jpg",
                           "image10.jpg", "Zebra.txt"]
    image = found.rows[found.links.index("image10.jpg")]
    assert image["cells"][0] == "image10.jpg" and image["cells"][1] == "4.9 KiB"
    assert image["title"] == "5,000 bytes"
    assert found.rows[0]["cells"][0] == "folder9/"
    assert [head["sort"] for head in found.heads] == ["ascending", None, None]
    assert ("html", {"lang": "en"}) in found.tags


def test_page_runs_and_loads_nothing(client):
    response = client.request(target="/pub/")
    assert response["Content-Security-Policy"] == \
        "default-src 'none'; style-src 'unsafe-inline'"
    found = Page(response.body.decode())
    assert not {"script", "img", "iframe", "form", "object"} & {tag for tag, _ in found.tags}
    assert b"url(" not in response.body and b"@import" not in response.body
    assert b"prefers-color-scheme:dark" in response.body
    assert b"width=device-width" in response.body


@pytest.mark.parametrize("query, wanted", [
    ("?sort=name&order=desc", ["folder10/", "folder9/", "Zebra.txt", "image10.jpg", "image2.jpg",
                               "image1.jpg", "apple.txt"]),
    ("?sort=size", ["folder9/", "folder10/", "Zebra.txt", "apple.txt", "image2.jpg", "image1.jpg",
                    "image10.jpg"]),
    ("?C=S;O=D", ["folder9/", "folder10/", "image10.jpg", "image1.jpg", "image2.jpg", "apple.txt",
                  "Zebra.txt"]),
    ("?unknown=x&sort=nothing", ["folder9/", "folder10/", "apple.txt", "image1.jpg", "image2.jpg",
                                 "image10.jpg", "Zebra.txt"])])
def test_order(client, query, wanted):
    assert page(client, "/pub/" + query).links == wanted


def test_a_click_turns_the_order(client):
    """The links in the head of the table lead to all orders."""
    for column, name in enumerate(("name", "size", "date")):
        first = page(client, "/pub/" + page(client, "/pub/?sort=date").heads[column]["href"])
        turned = page(client, "/pub/" + first.heads[column]["href"])
        assert f"sort={name}&" in first.heads[column]["href"]
        assert {first.heads[column]["sort"], turned.heads[column]["sort"]} == \
            {"ascending", "descending"}
        assert name == "date" or turned.links[2:] == first.links[2:][::-1]
        assert page(client, "/pub/" + turned.heads[column]["href"]).links == first.links


def test_dates(server, client):
    os.utime(server.site / "pub" / "image1.jpg", (951782400, 951782400))
    found = page(client, "/pub/?sort=date")
    assert found.links[2] == "image1.jpg"
    assert found.rows[2]["time"] == "2000-02-29T00:00:00Z"
    assert found.rows[2]["cells"][2] == "2000-02-29 00:00"
    assert page(client, "/pub/?sort=date&order=desc").links[-1] == "image1.jpg"


def test_way_up(client):
    """Not above the location that asked for lists."""
    assert "../" not in page(client, "/pub/").links
    assert page(client, "/pub/folder9/").links == ["../", "deep/"]


def test_names_stay_names(server, client):
    """Each link leads to its file, and the page shows the name."""
    found = page(client, "/odd/")
    assert "script" not in {tag for tag, _ in found.tags}
    shown = {row["cells"][0]: row["href"] for row in found.rows}
    visible = [name for name in ODD_NAMES if not name.startswith(".")]
    assert len(found.rows) == len(visible) + 1
    for name in visible:
        href = shown[name.replace("\n", "\ufffd")]
        assert not urllib.parse.urlsplit(href).scheme, href
        target = urllib.parse.urljoin("http://h/odd/", href)[len("http://h"):]
        assert client.request(target=target).body.decode() == name
    raw = shown["latin-1 \ufffd\ufffd"]
    assert client.request(target="/odd/" + raw).body == b"raw"


def test_json(client):
    response = client.request(target="/pub/?format=json&sort=size&order=desc")
    assert response["Content-Type"] == "application/json"
    found = json.loads(response.body)
    assert [(one["name"], one["type"], one.get("size")) for one in found] == [
        ("folder9", "directory", None), ("folder10", "directory", None),
        ("image10.jpg", "file", 5000), ("image1.jpg", "file", 300), ("image2.jpg", "file", 200),
        ("apple.txt", "file", 1), ("Zebra.txt", "file", 0)]
    assert all(one["mtime"].endswith(" GMT") for one in found)
    names = [one["name"] for one in
             json.loads(client.request(target="/odd/?format=json").body.decode())]
    assert set(names) == {name for name in ODD_NAMES if not name.startswith(".")} | \
        {"latin-1 \ufffd\ufffd"}
    assert json.loads(client.request(target="/empty/?format=json").body) == []


def test_what_is_hidden(server, client):
    assert page(client, "/empty/").links == []
    assert page(client, "/dots/").links == [".shown"]
    for name in (".hidden", ".folder/", "../"):
        assert name not in page(client, "/pub/").links


def test_links(client):
    """As what they lead to; those that lead away only where they are served."""
    assert page(client, "/links/").links == ["all/", "inside", "own"]
    assert page(client, "/links/all/").links == ["inside", "outside", "own"]
    for folder in ("/links/", "/links/all/"):
        for link in page(client, folder).links:
            assert client.request(target=folder + link).status == 200


def test_index_and_closed_directories(client):
    assert client.request(target="/with/").body == b"index\n"
    assert client.request(target="/closed/").status == 403
    assert client.request(target="/pub").status == 301
    assert client.request(target="/pub/nothing/").status == 404
    assert client.request(target="/pub/apple.txt/").status == 404


def test_head_is_get_without_the_body(client):
    for target in ("/pub/", "/pub/?format=json", "/large/"):
        head, get = client.request("HEAD", target), client.request("GET", target)
        assert head.status == 200 and head.body == b""
        assert [field for field in head.fields if field[0] != "Date"] == \
            [field for field in get.fields if field[0] != "Date"]


def test_conditions(server, client):
    """A list that is known is not sent again, until something in it changes."""
    first = client.request(target="/pub/")
    known = [("If-None-Match", first["ETag"])]
    assert first["ETag"].startswith('W/"')
    again = client.request(target="/pub/", fields=known)
    assert again.status == 304
    assert first["Vary"] == "Accept-Encoding"
    for name in ("ETag", "Vary", "Content-Security-Policy"):
        assert again[name] == first[name], name
    assert client.request(target="/pub/?sort=size", fields=known).status == 200
    assert client.request(target="/pub/", fields=[("If-Match", '"other"')]).status == 412
    (server.site / "pub" / "apple.txt").write_text("more")
    changed = client.request(target="/pub/", fields=known)
    assert changed.status == 200 and changed["ETag"] != first["ETag"]
    (server.site / "pub" / "apple.txt").write_text("a")


def test_no_ranges_and_no_dates(client):
    response = client.request(target="/pub/", fields=[("Range", "bytes=0-9")])
    assert response.status == 200
    assert response.get("Accept-Ranges") is None and response.get("Last-Modified") is None


def test_many_files(client):
    """The list is cut, and says so."""
    response = client.request(target="/large/")
    assert response.status == 200 and len(response.body) > 4000000
    found = Page(response.body.decode())
    assert len(found.rows) == 19998, "20000 without . and .. are listed"
    assert b"more than can be listed" in response.body
    assert len(json.loads(client.request(target="/large/?format=json").body)) == 19998
    assert b"more than can be listed" not in client.request(target="/pub/").body


@pytest.mark.needs("curl")
def test_curl(server):
    """A client that others wrote; compressed, if that is built in."""
    got = subprocess.run(["curl", "-sS", "--fail", "--compressed", server.url("/large/")],
                         check=True, stdout=subprocess.PIPE, timeout=muster.PATIENCE_S).stdout
    assert len(Page(got.decode()).rows) == 19998
    got = subprocess.run(["curl", "-sS", "--fail", server.url("/pub/?format=json")],
                         check=True, stdout=subprocess.PIPE, timeout=muster.PATIENCE_S).stdout
    assert len(json.loads(got)) == 7
