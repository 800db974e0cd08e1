# SPDX-License-Identifier: BSD-2-Clause
"""Compression on the fly: what a client accepts is what it gets, the same content comes out, and
caches, ranges and validators are told the truth about it."""
import os
import random
import subprocess
import zlib

import pytest

import muster

SMALL_BYTES = 5000
LARGE_BYTES = 400000
MORE = """
host "*" {
    location "/off/" { compress = false }
    location "/fixed/" { cache_control = "public, no-transform" }
    location "/gzip-first/" { compress_codings = { "gzip", "zstd" } }
    location "/all/" { compress_min_size = "0" compress_types = { "text/*", "image/png" } }
    location "/listed/" { autoindex = true }
    error_page "404" { file = "/small.html" }
}
"""


def make_text(count, seed=1):
    """Compresses as text does, a byte to two or three bits."""
    words = random.Random(seed).choices(["the ", "server ", "<p>", "</p>\n", "of ", "answers ",
                                         "request ", "0", "1", "2", "with "], k=count)
    return "".join(words).encode()[:count]


SMALL, LARGE = make_text(SMALL_BYTES), make_text(LARGE_BYTES)
FILES = {
    "index.html": "start\n", "small.html": SMALL, "large.html": LARGE, "tiny.html": b"x" * 1023,
    "enough.html": b"x" * 1024, "a.json": SMALL, "a.css": SMALL, "a.png": SMALL,
    "a.unknown": SMALL, "empty.html": b"", "noise.html": random.Random(2).randbytes(3000),
    "off/a.html": SMALL, "fixed/a.html": SMALL, "gzip-first/a.html": SMALL,
    "all/tiny.html": b"x" * 100, "all/a.png": SMALL, "all/empty.html": b"",
    **{f"listed/{number:03}-a-name-that-takes-some-room.txt": b"" for number in range(100)},
}
CODINGS = ["gzip", pytest.param("br", marks=pytest.mark.needs("brotli")),
           pytest.param("zstd", marks=pytest.mark.needs("zstd"))]


@pytest.fixture(scope="module")
def server(module_serve):
    return module_serve(FILES, more=MORE, log={"format": "%r %>s %B"})


def decoded(answer):
    """The content, taken out of its coding by a program that has nothing to do with muster."""
    coding = answer["Content-Encoding"]
    if coding == "gzip":
        content = zlib.decompressobj(wbits=31)
        whole = content.decompress(answer.body)
        assert content.eof and not content.unused_data
        return whole
    command = {"br": ["brotli", "-dc"], "zstd": ["zstd", "-dcq"]}[coding]
    return subprocess.run(command, input=answer.body, stdout=subprocess.PIPE, check=True,
                          timeout=muster.PATIENCE_S).stdout


def accepting(codings):
    return [("Accept-Encoding", codings)]


def assert_identity(answer, varies=True):
    assert answer.get("Content-Encoding") is None
    assert answer.get("Vary") == ("Accept-Encoding" if varies else None)
    assert not answer["ETag"].startswith("W/")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("target, content", [("/small.html", SMALL), ("/large.html", LARGE)],
                         ids=["small", "large"])
def test_content_comes_in_the_coding_that_was_asked_for(server, coding, target, content):
    plain = server.get(target)
    answer = server.get(target, accepting(coding))
    assert answer.status == 200 and answer["Content-Encoding"] == coding
    assert decoded(answer) == content
    assert len(answer.body) < len(content) / 2
    assert answer["Content-Type"] == plain["Content-Type"]
    assert answer["Last-Modified"] == plain["Last-Modified"]
    assert answer["Vary"] == plain["Vary"] == "Accept-Encoding"
    assert answer["ETag"] == "W/" + plain["ETag"], "two contents must not share a strong tag"
    assert plain["Accept-Ranges"] == "bytes" and answer.get("Accept-Ranges") is None


def test_the_length_is_told_where_it_is_known(server):
    assert server.get("/small.html", accepting("gzip")).get("Transfer-Encoding") is None
    large = server.get("/large.html", accepting("gzip"))
    assert large["Transfer-Encoding"] == "chunked" and large.get("Content-Length") is None


@pytest.mark.parametrize("target", ["/small.html", "/large.html"])
def test_the_connection_goes_on_behind_it(server, target):
    with server.connect() as client:
        for _ in range(3):
            client.send(muster.request(target=target, fields=accepting("gzip")) +
                        muster.request())
            assert decoded(client.response()) == dict(zip(
                ["/small.html", "/large.html"], [SMALL, LARGE]))[target]
            assert client.response().body == b"start\n"


@pytest.mark.parametrize("codings, expected", [
    ("", None),
    ("identity", None),
    ("deflate, compress", None),
    ("gzip;q=0", None),
    ("*;q=0", None),
    ("gzip;q=0, *", "zstd"),
    ("gzip", "gzip"),
    ("GZIP", "gzip"),
    ("x-gzip", "gzip"),
    ("gzip, deflate, br, zstd", "zstd"),
    ("gzip, deflate, br", "br"),
    ("zstd;q=0.5, gzip;q=0.9", "gzip"),
    ("gzip;q=0.5, identity;q=0.9", None),
    ("gzip;q=bad", None),
])
def test_quality_values_decide(server, codings, expected):
    answer = server.get("/small.html", accepting(codings))
    assert answer.get("Content-Encoding") == expected and answer["Vary"] == "Accept-Encoding"


def test_among_equals_the_order_of_the_configuration_decides(server):
    assert server.get("/small.html", accepting("gzip, zstd"))["Content-Encoding"] == "zstd"
    answer = server.get("/gzip-first/a.html", accepting("zstd, gzip"))
    assert answer["Content-Encoding"] == "gzip"
    # What the list leaves out is not to be had.
    assert server.get("/gzip-first/a.html", accepting("br")).get("Content-Encoding") is None


@pytest.mark.parametrize("target, is_compressed", [
    ("/tiny.html", False), ("/enough.html", True), ("/a.json", True), ("/a.css", True),
    ("/a.png", False), ("/a.unknown", False), ("/empty.html", False), ("/off/a.html", False),
    ("/fixed/a.html", False), ("/all/tiny.html", True), ("/all/a.png", True),
    ("/all/empty.html", False),
])
def test_type_and_size_and_scope_decide(server, target, is_compressed):
    answer = server.get(target, accepting("gzip"))
    assert answer.get("Content-Encoding") == ("gzip" if is_compressed else None)
    # The plain one tells as well that there is another.
    assert ("Accept-Encoding" in (server.get(target).get("Vary") or "")) >= is_compressed


def test_what_would_not_become_smaller_is_sent_as_it_is(server):
    answer = server.get("/noise.html", accepting("gzip, br, zstd"))
    assert_identity(answer)
    assert answer.body == FILES["noise.html"]


@pytest.mark.parametrize("target", ["/small.html", "/large.html"])
def test_old_clients_get_the_plain_content(server, target):
    with server.connect() as client:
        answer = client.request(target=target, fields=accepting("gzip"), version="HTTP/1.0")
    assert_identity(answer)
    assert answer.body == FILES[target[1:]] and answer["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize("target", ["/small.html", "/large.html"])
@pytest.mark.parametrize("codings", ["gzip", "identity"])
def test_head_has_the_fields_of_get(server, target, codings):
    with server.connect() as client:
        get = client.request("GET", target, accepting(codings))
        head = client.request("HEAD", target, accepting(codings))
        assert client.request().body == b"start\n", "HEAD has sent a body"
    for name in ("Content-Encoding", "Content-Type", "ETag", "Vary", "Accept-Ranges"):
        assert head.get(name) == get.get(name), name
    if codings == "identity":
        assert head["Content-Length"] == get["Content-Length"]
    else:
        # None, or what is known of the answer that was kept; never that of other content.
        assert head.get("Content-Length") in (None, get.get("Content-Length"))


@pytest.mark.parametrize("target", ["/small.html", "/large.html"])
def test_a_cache_asks_again_with_either_tag(server, target):
    plain = server.get(target)
    coded = server.get(target, accepting("gzip"))
    for tag in (plain["ETag"], coded["ETag"]):
        again = server.get(target, [*accepting("gzip"), ("If-None-Match", tag)])
        assert again.status == 304 and again["ETag"] == coded["ETag"]
        assert again["Vary"] == "Accept-Encoding"
        assert again.get("Content-Encoding") is None
        again = server.get(target, [("If-None-Match", tag)])
        assert again.status == 304 and again["ETag"] == plain["ETag"]
        assert again["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("target", ["/small.html", "/large.html"])
def test_a_range_is_one_of_the_plain_content(server, target):
    content = FILES[target[1:]]
    answer = server.get(target, [*accepting("gzip"), ("Range", "bytes=100-199")])
    assert answer.status == 206 and answer.body == content[100:200]
    assert_identity(answer)
    assert answer["Content-Range"] == f"bytes 100-199/{len(content)}"


def test_a_coded_part_is_not_completed_by_a_plain_one(server):
    """If-Range with the weak tag of the coded content never matches: all of it comes."""
    coded = server.get("/large.html", accepting("gzip"))
    answer = server.get("/large.html", [*accepting("gzip"), ("Range", "bytes=100-"),
                                        ("If-Range", coded["ETag"])])
    assert answer.status == 200 and answer.body == LARGE
    assert_identity(answer)


def test_error_pages_are_compressed_too(server):
    answer = server.get("/missing", accepting("gzip"))
    assert answer.status == 404 and decoded(answer) == SMALL
    assert answer["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("query", ["", "?format=json"])
def test_listings_are_compressed_too(server, query):
    plain = server.get("/listed/" + query)
    answer = server.get("/listed/" + query, accepting("gzip"))
    assert answer["Content-Encoding"] == "gzip" and decoded(answer) == plain.body
    assert "Accept-Encoding" in plain["Vary"]


def test_a_coded_file_is_not_coded_again(serve):
    server = serve({"a.html": SMALL, "a.html.gz": LARGE[:2000]})
    answer = server.get("/a.html", accepting("gzip"))
    assert answer["Content-Encoding"] == "gzip" and answer.body == LARGE[:2000]
    assert not answer["ETag"].startswith("W/"), "a file is the same each time"
    again = server.get("/a.html", [*accepting("gzip"), ("If-None-Match", answer["ETag"])])
    assert again.status == 304 and again["ETag"] == answer["ETag"]
    assert again.get("Content-Encoding") is None


def test_the_log_counts_what_was_sent_without_its_framing(serve):
    server = serve(FILES, log={"format": "%B"})
    answers = [server.get(target, accepting("gzip")) for target in ("/small.html", "/large.html")]
    assert server.wait_for_access(2) == [str(len(answer.body)) for answer in answers]


@pytest.fixture
def half_read(serve):
    """A client that has the head of a compressed answer and then stopped reading."""
    content = random.Random(3).randbytes(10 << 20).hex().encode()
    server = serve({"index.html": "start\n", "huge.txt": content}, pool={"start": 1, "max_idle": 1})
    with server.connect(receive_buffer=1 << 16) as client:
        client.send(muster.request(target="/huge.txt", fields=accepting("zstd")))
        assert client.read_head()["Transfer-Encoding"] == "chunked"
        yield server, client


def test_a_file_that_shrinks_ends_the_connection(half_read):
    server, client = half_read
    os.truncate(server.site / "huge.txt", 1 << 20)
    got = client.rest()
    assert not got.endswith(b"\r\n0\r\n\r\n"), "a part was called the whole"
    assert b"HTTP/1.1" not in got
    server.wait_for_log("error: a file cannot be compressed: it was truncated meanwhile")
    assert server.get().body == b"start\n"
    assert " died " not in server.log(), "a worker has died"


def test_a_client_may_go_away(half_read):
    server, client = half_read
    client.reset()
    for coding in ("zstd", "gzip"):
        answer = server.get("/huge.txt", accepting(coding))
        assert answer["Content-Encoding"] == coding and len(answer.body) > 1 << 20
    assert " died " not in server.log(), "a worker has died"
