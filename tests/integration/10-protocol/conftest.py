# SPDX-License-Identifier: BSD-2-Clause
"""One server for the tests of a file; those that need other settings start their own."""
import pytest

SITE = {
    "index.html": "<p>start\n",
    "a.txt": "the text of a\n",
    "b.txt": "b\n",
    "dir/index.html": "in dir\n",
}


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
