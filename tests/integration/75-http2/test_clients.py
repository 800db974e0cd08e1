# SPDX-License-Identifier: BSD-2-Clause
"""Programs that others have written: they get what the same request gets over HTTP/1.1, field for
field, and it is logged as HTTP/2."""
import re
import subprocess

import pytest

import muster

pytestmark = pytest.mark.needs("curl")
NEVER_SAME = ("date", "connection", "keep-alive", "transfer-encoding")


def parse(output):
    """What is compressed may have a length in one version and none in the other."""
    head, _, body = output.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = [line.split(": ", 1) for line in lines[1:]]
    fields = sorted((name.lower(), value) for name, value in fields
                    if name.lower() not in NEVER_SAME)
    if ("content-encoding", "gzip") in fields:
        fields = [field for field in fields if field[0] != "content-length"]
    return lines[0].split()[1], fields, body


REQUESTS = [
    ("/a.txt",), ("/",), ("/empty",), ("/large",), ("/nothing",), ("/dir",), ("/dir/",),
    ("/a.txt", "-I"), ("/dir/", "-I"), ("/a.txt", "-X", "DELETE"), ("/a.txt", "-r", "4-7"),
    ("/large", "-r", "5-100000"), ("/a.txt", "-r", "1000-"), ("/a.txt", "-d", "content"),
    ("/long.txt", "-H", "Accept-Encoding: gzip"), ("/long.txt", "-I", "-H", "Accept-Encoding: br"),
    ("/%2e%2e/%2e%2e/etc/passwd",), ("/a.txt", "-X", "OPTIONS"), ("/a%00b",), ("/a.txt?q=1",),
    ("/a.txt", "-H", "If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT"),
    ("/a.txt", "-H", "If-None-Match: *"), ("/a.txt", "-H", "If-Match: \"x\""),
    ("/a.txt", "-H", "Expect: something"),
    ("/a.txt", "-H", "Cookie: a=1", "-H", "Cookie: b=2"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=muster.short)
def test_same_as_http_1(server, curl, request_):
    path, *options = request_
    one = subprocess.run(["curl", "-sSi", "--path-as-is", "--http1.1", *options,
                          server.url(path)], stdout=subprocess.PIPE, check=True).stdout
    for _ in range(2):              # made, and out of the cache
        assert parse(curl(path, "-i", "--path-as-is", *options)) == parse(one)


def test_ranges_in_parts(curl, server):
    output = curl("/large", "-r", "0-9,100-109")
    assert output.count(b"Content-Range: bytes ") == 2
    assert output.endswith(b"--\r\n")


def test_compressed_is_the_same(curl, server):
    text = (server.site / "long.txt").read_bytes()
    assert curl("/long.txt", "--compressed") == text


def test_content_is_read(curl):
    """More than a window, with a length and without, and more than is allowed."""
    assert curl("/a.txt", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary",
                "@/bin/sh", "-H", "Expect:").endswith((b"405", b"413"))


def test_access_log(serve):
    server = serve({"a": "b\n"}, listen=[("127.0.0.1:0", {"h2c": True})],
                   log={"format": '%>s %X %H %B %k %m %U "%r" %{Host}i'})
    for path in ("/a", "/a", "/b"):
        subprocess.run(["curl", "-sS", "--http2-prior-knowledge", server.url(path)],
                       stdout=subprocess.PIPE, check=True)
    records = server.wait_for_access(3)
    host = f"127.0.0.1:{server.port}"
    assert records[0] == f'200 + HTTP/2.0 2 0 GET /a "GET /a HTTP/2.0" {host}'
    assert records[1] == records[0]
    assert re.match(r'404 \+ HTTP/2\.0 \d+ 0 GET /b "GET /b HTTP/2\.0" ', records[2])


@pytest.mark.needs("nghttp")
def test_page_with_a_hundred_parts(serve):
    """All at once: it does not know the limit yet, which must not be lower than is usual."""
    server = serve({f"many/{i}": f"number {i}\n" * 100 for i in range(100)},
                   listen=[("127.0.0.1:0", {"h2c": True})])
    paths = [server.url(f"/many/{i}") for i in range(100)]
    output = subprocess.run(["nghttp", *paths], stdout=subprocess.PIPE, check=True,
                            text=True).stdout
    for i in range(100):
        assert output.count(f"number {i}\n") == 100


@pytest.mark.needs("h2load")
@pytest.mark.parametrize("path", ["/a.txt", "/large", "/long.txt", "/dir/"])
def test_load(server, path):
    output = subprocess.run(["h2load", "-n200", "-c4", "-m16", "-H", "accept-encoding: gzip",
                             server.url(path)], stdout=subprocess.PIPE, check=True,
                            text=True).stdout
    assert "200 total, 200 started, 200 done, 200 succeeded, 0 failed" in output
