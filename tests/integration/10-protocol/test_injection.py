# SPDX-License-Identifier: BSD-2-Clause
"""What a client sends stays what it is: no field of ours, no line of a log, is made from it."""
import json
import os
import re

import pytest

import muster


def test_a_redirect_cannot_be_split(serve):
    """The name of the directory holds a line break, and the request names it, encoded."""
    name = "d\r\nSet-Cookie: evil=1\r\n\r\nHTTP"
    server = serve({f"{name}/": None})
    target = "/" + "".join(f"%{ord(char):02x}" for char in name)
    response = server.get(target)
    assert response.status == 301
    assert response.all("Set-Cookie") == []
    assert response["Location"] == "/d%0D%0ASet-Cookie:%20evil=1%0D%0A%0D%0AHTTP/"
    assert server.get(target + "?a=%0d%0aSet-Cookie:x").all("Set-Cookie") == []


@pytest.mark.parametrize("target", ["/a.txt?\r\nX: y", "/\rX", "/a\nX: y", "/dir?\rX"])
def test_raw_line_breaks_in_a_target_are_400(server, target):
    response = server.get(target)
    assert response.status == 400
    assert response.all("X") == []


@pytest.mark.parametrize("data", [
    muster.request("GET", "/marker"), muster.request("GET", "/%3Cb%3Emarker"),
    muster.request("MARKER", "/"), muster.request("GET", "/marker<b>"),
    muster.request("GET", "/none", [("Referer", "http://marker/"), ("User-Agent", "marker")]),
    muster.request("GET", "/", [("Marker", "a"), ("marker", "b"), ("Expect", "marker")]),
    muster.request("GET", "/", host="marker/"), b"marker\r\n\r\n",
], ids=muster.short)
def test_error_pages_show_nothing_of_the_request(client, data):
    response = client.send(data).response()
    assert response.status >= 400
    assert b"marker" not in (response.head + response.body).lower()


EVIL_FIELDS = [
    ("Referer", "\" 200 1 \xe4\xff\xc2\x9b\xe2\x80\xa8"),
    ("User-Agent", "quote \" back \\ tab \t end \\\""),
]
COMBINED = re.compile(
    r'(\S+) (\S+) (\S+) \[([^]]+)\] "((?:[^"\\]|\\.)*)" ([0-9]{3}) ([0-9]+|-)'
    r' "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"\Z')


def records(server, count):
    lines = server.wait_for_access(count)
    assert len(lines) == count, lines
    return lines


def send_evil(server):
    """Three requests: one that is answered, two that are none. Each is on record before the next
    is sent, which another worker may serve."""
    assert server.get("/?a\\b", fields=EVIL_FIELDS).status == 200
    for count, data in enumerate([b"GET /\"\x1b[31m\xff\x00\x7f HTTP/1.1\r\n\r\n",
                                  b"GET / HTTP/1.1\" 200 5 \"-\" \"-\r\n\r\n"], 1):
        server.wait_for_access(count)
        with server.connect() as client:
            assert client.send(data).response().status == 400
    return 3


def test_access_log_in_a_text_format(serve):
    server = serve(log={"format": "combined"})
    lines = records(server, send_evil(server))
    raw = server.access_path.read_bytes()
    assert not re.search(rb"[\0-\x09\x0b-\x1f\x7f-\xff]", raw), raw
    found = [COMBINED.match(line) for line in lines]
    assert all(found), lines
    assert found[0][5] == r"GET /?a\\b HTTP/1.1"
    assert found[0][8] == r"\" 200 1 \xe4\xff\xc2\x9b\xe2\x80\xa8"
    assert found[0][9] == r"quote \" back \\ tab \t end \\\""
    assert [one[6] for one in found] == ["200", "400", "400"]
    assert found[1][5].startswith(r"GET /\"\x1b[31m\xff\x00\x7f")
    assert found[2][5] == r"GET / HTTP/1.1\" 200 5 \"-\" \"-"


def test_access_log_in_json(serve):
    server = serve(log={"format": "json"})
    lines = records(server, send_evil(server))
    raw = server.access_path.read_bytes()
    assert not re.search(rb"[\0-\x09\x0b-\x1f\x7f]", raw), raw
    found = [json.loads(line) for line in raw.decode("utf-8").split("\n")[:-1]]
    assert len(found) == len(lines)
    assert found[0]["target"] == "/?a\\b"
    assert found[0]["user_agent"] == EVIL_FIELDS[1][1]
    # Bytes that are no UTF-8 come out one by one, a control of Unicode escaped.
    assert found[0]["referer"] == "\" 200 1 \xe4\xff\x9b\u2028"
    assert [one["status"] for one in found] == [200, 400, 400]


def test_error_log(serve):
    """The path stands in it, decoded, when a file is refused."""
    forged = "\n2026-01-01T00:00:00.000Z musterd[1]: error: forged \x1b[2J"
    server = serve({}, log={"level": "debug"})
    os.symlink("/etc/passwd", server.site / ("link" + forged))
    target = "/link" + "".join(f"%{ord(char):02X}" for char in forged)
    assert server.get(target).status == 403
    found = server.wait_for_log(".*link.*forged.*")
    assert "\\x0a" in found[0] and "\\x1b" in found[0]
    for line in server.log().split("\n")[:-1]:
        assert re.match(r"20\S+Z musterd\[(?!1\])[0-9]+\]: [a-z]+: ", line), line


def test_a_record_is_one_line_whatever_its_length(serve):
    server = serve(log={"format": "combined"})
    long = "\"" * 7000
    server.get("/?" + "a" * 7000, fields=[("Referer", long), ("User-Agent", long)])
    lines = records(server, 1)
    assert COMBINED.match(lines[0]), lines[0][-300:]
