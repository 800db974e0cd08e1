# SPDX-License-Identifier: BSD-2-Clause
"""One server for the tests of a file, with HTTP/2 on its listener."""
import subprocess

import pytest

import certificates
import h2_rules
from h2 import H2Client
from muster import run_musterd
from tls_client import client_context

H2C = [("127.0.0.1:0", {"h2c": True})]
SITE = {
    "index.html": "<p>start\n",
    "a.txt": "the text of a\n",
    "long.txt": "a line of text that can be compressed\n" * 4000,
    "large": bytes(range(256)) * 4096,
    "empty": "",
    "dir/x": "x\n",
    **{f"many/{i}": f"number {i}\n" * 100 for i in range(100)},
}


@pytest.fixture(scope="session", autouse=True)
def needs_nghttp2(tmp_path_factory):
    """Where it is left out, the directive is refused."""
    path = tmp_path_factory.mktemp("config") / "musterd.conf"
    path.write_text('listen "127.0.0.1:1" { h2c = true }\n')
    result = run_musterd("-t", "-c", path)
    if "h2c" in result.stderr:
        pytest.skip("built without nghttp2")


@pytest.fixture(scope="module")
def server(module_serve):
    return module_serve(SITE, listen=H2C, pool={"start": 4, "min_idle": 2, "max_requests": 0},
                        limits={"body_size": "64k", "streams_per_connection": 20},
                        settings={"autoindex": True},
                        log={"format": '%>s %X %H %B %k "%r"'})


@pytest.fixture
def connect(server):
    """connect(**options): a client of that server."""
    clients = []

    def start(**options):
        clients.append(H2Client(server.address(), **options))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def curl(server):
    """curl(path, options): what it prints."""
    def run(path, *options):
        return subprocess.run(
            ["curl", "-sS", "--max-time", "60", "--http2-prior-knowledge", *options,
             server.url(path)], stdout=subprocess.PIPE, check=True).stdout

    return run


@pytest.fixture(scope="module")
def rules_authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def rules_server(module_serve, rules_authority):
    """In the clear and over TLS."""
    pair = rules_authority.issue("test.example")
    return module_serve(SITE, listen=[*H2C, ("127.0.0.1:0", {"tls": True})],
                        settings={"certificate": pair.chain, "certificate_key": pair.key},
                        pool={"start": 4, "min_idle": 2, "max_requests": 0},
                        limits={"body_size": "64k", "streams_per_connection": 20})


@pytest.fixture
def rules_connect(rules_server, rules_authority):
    """rules_connect(is_tls=False, **options): a client of that server."""
    clients = []

    def start(is_tls=False, **options):
        if is_tls:
            context = client_context(rules_authority.root, alpn=("h2",))
            clients.append(h2_rules.H2TlsClient(rules_server.address(1), context=context,
                                                tells_cuts=True, **options))
        else:
            clients.append(H2Client(rules_server.address(), **options))
        clients[-1].scheme = "https" if is_tls else "http"
        return clients[-1]

    yield start
    for client in clients:
        client.close()


@pytest.fixture(params=[*h2_rules.WAYS, "over TLS"])
def keeps(request, rules_connect):
    """keeps(row): the server keeps that rule, sent in one of the ways."""
    def check(row):
        if request.param == "over TLS":
            client = rules_connect(is_tls=True)
            h2_rules.apart(client, [h2_rules.over_tls(step) for step in row.steps])
        else:
            client = rules_connect()
            h2_rules.WAYS[request.param](client, row.steps)
        row.outcome(client)

    return check
