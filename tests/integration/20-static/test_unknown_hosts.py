# SPDX-License-Identifier: BSD-2-Clause
"""Hosts by listening socket, and what a request for an unknown one gets."""
import pytest

MORE = """
header "X-Site" { value = "global" }
host "a.example" { listen = { "127.0.0.1:0" } header "X-Site" { value = "a on one" } }
host "a.example" { listen = { "127.0.0.2:0" } header "X-Site" { value = "a on two" } }
host "both.example" { header "X-Site" { value = "both" } }
host "last.example" {
    listen = { "127.0.0.2:0" } default = true header "X-Site" { value = "last" }
}
"""
LISTEN = ["127.0.0.1:0", "127.0.0.2:0"]


@pytest.fixture(scope="module", params=["default", "400", "421"])
def server(request, module_serve):
    server = module_serve({"index.html": "start"}, listen=LISTEN, more=MORE,
                          settings={"unknown_host": request.param})
    server.mode = request.param
    return server


@pytest.mark.parametrize("index, host, site", [
    (0, "a.example", "a on one"), (1, "a.example", "a on two"), (1, "A.Example.:80", "a on two"),
    (0, "both.example", "both"), (1, "both.example", "both"), (1, "last.example", "last"),
])
def test_known(server, index, host, site):
    with server.connect(index) as client:
        response = client.request(host=host)
    assert (response.status, response["X-Site"]) == (200, site)


@pytest.mark.parametrize("index, host, site", [
    (0, "last.example", "a on one"), (0, "unknown.example", "a on one"),
    (1, "unknown.example", "last"), (1, "127.0.0.2", "last"), (0, "[::1]", "a on one"),
])
def test_unknown(server, index, host, site):
    """Refused or not, the fields are those of the socket's default host."""
    with server.connect(index) as client:
        for method, target in ("GET", "/"), ("OPTIONS", "*"):
            response = client.request(method, target, host=host)
            assert response.status == (200 if server.mode == "default" else int(server.mode))
            assert response["X-Site"] == site
        assert client.request(host="both.example").status == 200, "the connection goes on"


@pytest.mark.parametrize("head", ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nHost:\r\n\r\n"])
def test_none(server, head):
    """There is no other server that 421 could send the client to."""
    with server.connect() as client:
        response = client.send(head).response()
    assert response.status == (200 if server.mode == "default" else 400)
