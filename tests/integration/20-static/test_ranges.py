# SPDX-License-Identifier: BSD-2-Clause
"""Parts of files (RFC 9110 14), also of a file over 4 GiB."""
import os
import re
import time

import pytest

import muster

CONTENT = bytes(range(256)) * 40                    # 10240
SIZE = len(CONTENT)
GIB = 1 << 30


@pytest.fixture(scope="module")
def server(module_serve):
    server = module_serve({"a.bin": CONTENT, "empty": b"", "index.html": "0123456789"},
                          more='host "*" { location "/off/" { max_ranges = 0 }\n'
                               'location "/two/" { max_ranges = 2 } }')
    muster.write_files(server.site, {"off/a": "0123456789", "two/a": "0123456789"})
    old_s = time.time() - 1000
    for name in ("a.bin", "empty", "index.html"):
        os.utime(server.site / name, (old_s, old_s))
    return server


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


def get(client, value, target="/a.bin", fields=()):
    return client.request("GET", target, [("Range", value), *fields])


@pytest.mark.parametrize("value, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=0-499", 0, 499), ("bytes=500-999", 500, 999),
    (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1), ("bytes=0-", 0, SIZE - 1),
    ("bytes=-1", SIZE - 1, SIZE - 1), ("bytes=-500", SIZE - 500, SIZE - 1),
    (f"bytes=-{SIZE}", 0, SIZE - 1), ("bytes=-999999", 0, SIZE - 1),
    ("bytes=10000-999999", 10000, SIZE - 1), ("bytes=5-99999999999999999999999", 5, SIZE - 1),
    ("bytes=007-008", 7, 8), ("BYTES=1-2", 1, 2), ("bytes=1-2,", 1, 2), ("bytes= 1-2", 1, 2),
    (f"bytes=1-2,{SIZE}-", 1, 2),                   # one of them can be had
], ids=muster.short)
def test_single(client, value, first, last):
    response = get(client, value)
    assert response.status == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response["Content-Length"] == str(last - first + 1)
    assert response["Content-Type"] == "application/octet-stream"
    assert response["ETag"] and response["Last-Modified"]
    assert response.body == CONTENT[first:last + 1]


@pytest.mark.parametrize("value", [
    f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE}", "bytes=99999999999999999999999-", "bytes=-0",
    f"bytes={SIZE}-,-0", "bytes=18446744073709551616-18446744073709551625"])
def test_unsatisfiable(client, value):
    response = get(client, value)
    assert response.status == 416
    assert response["Content-Range"] == f"bytes */{SIZE}"
    assert response.get("ETag") is None
    assert get(client, "bytes=0-0").status == 206, "the connection goes on"


@pytest.mark.parametrize("value", [
    "", "bytes", "bytes=", "bytes=a-b", "bytes=1-2-3", "bytes=2-1", "bytes=--1", "bytes=1",
    "bytes=0x1-2", "bytes =0-1", "bytes=0 - 1", "lines=0-1", "bytes=1-2,x", "bytes=1-2;3-4",
    "bytes=+1-2", "bytes=-", "0-1", "bytes:0-1", "bytes=5-4,0-0", "none=0-1", "=0-1", "bytes=1.5-2",
    "bytes=0\xe2\x88\x921", "\"bytes=0-1\"", "bytesx=0-1", "bytes=0--1",
], ids=muster.short)
def test_what_is_no_range_gets_the_whole(client, value):
    """RFC 9110 14.2: a field that is not understood is ignored."""
    response = get(client, value)
    assert (response.status, response.body) == (200, CONTENT)
    assert response.get("Content-Range") is None
    assert response["Accept-Ranges"] == "bytes"


def parts_of(response, size, content):
    """Takes multipart/byteranges apart, strictly; returns [(first, last)]."""
    boundary = re.fullmatch(r"multipart/byteranges; boundary=([0-9A-Za-z'()+_,./:=?-]{1,70})",
                            response["Content-Type"])[1].encode()
    assert response.get("Content-Range") is None, "that belongs into the parts"
    body = response.body
    assert body.endswith(b"\r\n--" + boundary + b"--\r\n")
    pieces = (b"\r\n" + body.removeprefix(b"\r\n")).split(b"\r\n--" + boundary)
    assert pieces[0] == b"" and pieces[-1] == b"--\r\n"
    found = []
    for piece in pieces[1:-1]:
        head, _, data = piece.partition(b"\r\n\r\n")
        fields = dict(line.split(": ") for line in head.decode().split("\r\n")[1:])
        assert head.startswith(b"\r\n")
        first, last, whole = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)",
                                                   fields["Content-Range"]).groups())
        assert whole == size
        assert "Content-Type" in fields
        assert data == content[first:last + 1]
        found.append((first, last))
    return found


@pytest.mark.parametrize("value, wanted", [
    ("bytes=0-0,-1", [(0, 0), (SIZE - 1, SIZE - 1)]),
    ("bytes=500-600, 0-10 ,700-", [(500, 600), (0, 10), (700, SIZE - 1)]),
    ("bytes=1-2,3-4,5-6,7-8", [(1, 2), (3, 4), (5, 6), (7, 8)]),
    (f"bytes=0-0,{SIZE}-,5-5", [(0, 0), (5, 5)]),
    ("bytes=" + ",".join(f"{i * 100}-{i * 100 + 9}" for i in range(16)),
     [(i * 100, i * 100 + 9) for i in range(16)]),
], ids=muster.short)
def test_multiple(client, value, wanted):
    response = get(client, value)
    assert response.status == 206
    assert parts_of(response, SIZE, CONTENT) == wanted
    assert get(client, "bytes=0-0").body == b"\0", "the connection goes on"


@pytest.mark.parametrize("value", [
    "bytes=" + ",".join(["0-"] * 10), "bytes=0-,0-", "bytes=" + ",".join(["0-5119"] * 3),
    "bytes=" + ",".join(f"{i}-{i}" for i in range(17)),
    "bytes=" + ",".join(f"{i}-" for i in range(1300)),
], ids=muster.short)
def test_ranges_cannot_be_used_to_make_an_answer_larger(client, value):
    """CVE-2011-3192: the whole is never less than what is sent."""
    response = get(client, value)
    assert (response.status, response.body) == (200, CONTENT)


def test_head_has_no_ranges(client):
    """RFC 9110 14.2: Range is for GET."""
    response = client.request("HEAD", "/a.bin", [("Range", "bytes=0-1")])
    assert response.status == 200 and response["Content-Length"] == str(SIZE)


def test_two_range_fields_are_none(client):
    assert get(client, "bytes=0-0", fields=[("Range", "bytes=1-1")]).status == 200


def test_max_ranges(client):
    assert get(client, "bytes=0-0", "/off/a").status == 200
    assert client.request(target="/off/a").get("Accept-Ranges") in (None, "none")
    assert get(client, "bytes=0-0,2-2", "/two/a").status == 206
    assert get(client, "bytes=0-0,2-2,4-4", "/two/a").status == 200


def test_ranges_of_an_index_file(client):
    assert get(client, "bytes=2-3", "/").body == b"23"


@pytest.mark.parametrize("value", ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=5-"])
def test_ranges_of_an_empty_file(client, value):
    """RFC 9110 14.2 lets the whole be sent, and that is what clients know from others."""
    response = get(client, value, "/empty")
    assert (response.status, response["Content-Length"]) == (200, "0")


def test_if_range(client):
    whole = client.request(target="/a.bin")
    etag, date = whole["ETag"], whole["Last-Modified"]
    for value, status in [
            (etag, 206), (date, 206), ("W/" + etag, 200), ('"other"', 200), (etag[:-1], 200),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 200), ("Fri, 31 Dec 9999 23:59:59 GMT", 200),
            ("x", 200), ("", 200), (f'"a", {etag}', 200)]:
        response = get(client, "bytes=0-9", fields=[("If-Range", value)])
        assert response.status == status, value
        assert response.body == (CONTENT[:10] if status == 206 else CONTENT)
    assert client.request(target="/a.bin", fields=[("If-Range", etag)]).status == 200


def test_conditions_come_before_ranges(client):
    etag = client.request(target="/a.bin")["ETag"]
    assert get(client, "bytes=0-9", fields=[("If-None-Match", etag)]).status == 304
    assert get(client, "bytes=0-9", fields=[("If-Match", '"x"')]).status == 412
    assert get(client, f"bytes={SIZE}-", fields=[("If-None-Match", etag)]).status == 304
    assert get(client, f"bytes={SIZE}-", fields=[("If-Range", '"x"')]).status == 200


@pytest.fixture
def huge(server):
    """6 GiB that take no room, with marks."""
    path = server.site / "huge"
    with open(path, "wb") as file:
        file.truncate(6 * GIB)
        for at in (2 * GIB, 4 * GIB, 6 * GIB):
            file.seek(at - 8)
            file.write(b"%-16d" % at if at < 6 * GIB else b"%-8d" % 6)
    yield path
    path.unlink()


def test_file_over_4_gib(client, huge):
    assert client.request("HEAD", "/huge")["Content-Length"] == str(6 * GIB)
    for at in (2 * GIB, 4 * GIB):                   # over the borders of 31 and 32 bits
        response = get(client, f"bytes={at - 8}-{at + 7}", "/huge")
        assert response["Content-Range"] == f"bytes {at - 8}-{at + 7}/{6 * GIB}"
        assert response.body == b"%-16d" % at
    assert get(client, "bytes=-8", "/huge").body == b"%-8d" % 6
    assert get(client, f"bytes={6 * GIB - 8}-", "/huge").body == b"%-8d" % 6
    assert get(client, f"bytes={6 * GIB}-", "/huge").status == 416
    long = get(client, f"bytes={4 * GIB - (2 << 20)}-{4 * GIB + (2 << 20) - 1}", "/huge")
    assert len(long.body) == 4 << 20
    assert long.body[(2 << 20) - 8:][:16] == b"%-16d" % (4 * GIB)
    parts = get(client, f"bytes={4 * GIB - 8}-{4 * GIB + 7},-8", "/huge")
    assert b"%-16d" % (4 * GIB) in parts.body and parts.status == 206


def test_whole_file_over_4_gib_begins_as_it_should(server, huge):
    with server.connect() as client:
        client.send(muster.request(target="/huge"))
        assert client.read_head()["Content-Length"] == str(6 * GIB)
        client.reset()
    assert server.get("/").status == 200
