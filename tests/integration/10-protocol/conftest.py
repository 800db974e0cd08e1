# SPDX-License-Identifier: BSD-2-Clause
"""One server for the tests of a file; those that need other settings start their own."""
import pytest

import muster

SITE = {
    "index.html": "<p>start\n",
    "a.txt": "the text of a\n",
    "b.txt": "b\n",
    "empty": "",
    "dir/index.html": "in dir\n",
    "bare/x": "no index here\n",
}
NEXT = muster.request(target="/b.txt")


@pytest.fixture(scope="module")
def server(module_serve):
    return module_serve(SITE, pool={"start": 4, "min_idle": 2, "max_requests": 0},
                        keepalive={"max_requests": 0},
                        limits={"body_size": "64k"},
                        log={"format": '%>s %X %O %k "%r"'})


@pytest.fixture(scope="module")
def server_on_path(module_serve, tmp_path_factory):
    """The same on a socket of the file system, where a client sees what the server has read."""
    path = tmp_path_factory.mktemp("socket") / "http"
    return module_serve(SITE, listen=[f"unix:{path}"])


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


@pytest.fixture
def refuse(server):
    """refuse(data, status): the bytes get that error with its page, then the connection ends;
    what stands behind them and looks like a request is never taken for one."""
    def check(data, status=400, method="GET"):
        data = data.encode("latin-1") if isinstance(data, str) else data
        with server.connect() as client:
            response = client.send(data + NEXT).finish().response(method)
            assert response.status == status, response
            assert response["Connection"] == "close"
            if method != "HEAD":
                assert response.body.startswith(b"<!DOCTYPE html>")
                assert response.body.endswith(b"</html>\n")
            client.expect_close()
        return response

    return check


@pytest.fixture
def accept(client):
    """accept(data, status): the bytes are one request to its last byte, since the one behind
    them is answered as what it is; always on the same connection."""
    def check(data, status=200, method="GET"):
        data = data.encode("latin-1") if isinstance(data, str) else data
        response = client.send(data + NEXT).response(method)
        assert response.status == status, response
        following = client.response()
        assert (following.status, following.body) == (200, b"b\n"), following
        return response

    return check
