# SPDX-License-Identifier: BSD-2-Clause
"""Files that change while they are sent. What has been promised in the head is kept, or the
connection ends early, so that the client can tell; the worker lives on."""
import itertools
import os

import pytest

import muster

LARGE_BYTES = 64 << 20
NUMBERS = itertools.count()


@pytest.fixture(scope="module", params=["0s", "200ms"])
def server(request, module_serve):
    """Opens the file for each request, or keeps it open for some."""
    return module_serve({"index.html": "start\n"}, pool={"start": 1, "max_idle": 1},
                        more=f'cache {{ valid = "{request.param}" }}')


@pytest.fixture
def large(server):
    path = server.site / f"large{next(NUMBERS)}"
    with open(path, "wb") as file:
        file.write(b"old" * 1000)
        file.truncate(LARGE_BYTES)
    return path


@pytest.fixture
def reader(server, large):
    """A client that has the head and then stopped reading: the server waits for it."""
    with server.connect(receive_buffer=1 << 16) as client:
        client.send(muster.request(target=f"/{large.name}") + muster.request())
        assert client.read_head()["Content-Length"] == str(LARGE_BYTES)
        yield client


def test_truncated(server, large, reader):
    workers = server.worker_pids()
    os.truncate(large, 1 << 20)
    got = reader.rest()
    assert len(got) < LARGE_BYTES, "it should have ended early"
    assert b"HTTP/1.1" not in got, "something else stands where the file should go on"
    server.wait_for_log("error: a file was truncated while it was sent")
    assert server.get().body == b"start\n"
    assert set(workers) <= set(server.worker_pids()), "a worker has died"


def test_truncated_to_nothing(server, large, reader):
    os.truncate(large, 0)
    assert len(reader.rest()) < LARGE_BYTES
    muster.wait_for(lambda: server.get(f"/{large.name}").body == b"", "the empty file")


def test_grown(large, reader):
    """Not a byte more than promised: the next answer follows."""
    with open(large, "ab") as file:
        file.write(b"new" * 100000)
    reader.take(LARGE_BYTES)
    assert reader.response().body == b"start\n"


def test_replaced(server, large, reader):
    """By rename, as it should be done: who began with the old file gets all of the old one."""
    other = server.site / "other"
    other.write_bytes(b"new")
    os.rename(other, large)
    body = reader.take(LARGE_BYTES)
    assert body[:3000] == b"old" * 1000 and not body[3000:].strip(b"\0")
    assert reader.response().body == b"start\n"
    muster.wait_for(lambda: server.get(f"/{large.name}").body == b"new", "the new file")


def test_removed(server, large, reader):
    large.unlink()
    assert len(reader.take(LARGE_BYTES)) == LARGE_BYTES
    muster.wait_for(lambda: server.get(f"/{large.name}").status == 404, "404")


def test_root_that_is_replaced(serve):
    """The root is an open directory: what is put in its place shows after a reload."""
    server = serve({"index.html": "old\n"})
    os.rename(server.site, server.folder / "gone")
    muster.write_files(server.site, {"index.html": "new\n"})
    assert server.get().body == b"old\n"
