# SPDX-License-Identifier: BSD-2-Clause
"""Which host and which location a request belongs to."""
import socket

import pytest

import muster

SITES = {name: {"index.html": name, "a.txt": f"a of {name}"}
         for name in ("first", "second", "wild", "wilder", "exact")}


@pytest.fixture(scope="module")
def server(module_serve, tmp_path_factory):
    sites = tmp_path_factory.mktemp("sites")
    for name, files in SITES.items():
        muster.write_files(sites / name, files)
    muster.write_files(sites / "files", {
        "a.txt": "alias a", "sub/index.html": "alias sub", "one.txt": "one file",
        "filesystem": "not this", "index.html": "alias index"})
    muster.write_files(sites / "first", {
        "filesystem": "filesystem", "sub/inner/x.txt": "root x", "sub/y.txt": "y"})
    muster.write_files(sites / "second", {"sub/inner/x.txt": "second x"})

    def host(name, root, more=""):
        return f"host {muster.quoted(name)} {{ root = {muster.quoted(sites / root)}\n{more} }}\n"

    return module_serve({}, more="".join([
        host("first.example", "first", f'''aliases = {{ "www.first.example", "*.alias.example" }}
            location "/files" {{ alias = {muster.quoted(sites / "files")} }}
            location "= /one" {{ alias = {muster.quoted(sites / "files/one.txt")} }}
            location "= /files/exact" {{ alias = {muster.quoted(sites / "files/one.txt")} }}
            location "/sub/inner/" {{ root = {muster.quoted(sites / "second")} }}'''),
        host("second.example", "second", "default = true"),
        host("*.wild.example", "wild"), host("*.very.wild.example", "wilder"),
        host("one.very.wild.example", "exact")]))


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


@pytest.mark.parametrize("host, site", [
    ("first.example", "first"), ("FIRST.Example", "first"), ("first.example:8080", "first"),
    ("first.example.", "first"), ("first.example.:80", "first"), ("first.example:", "first"),
    ("www.first.example", "first"), ("x.alias.example", "first"), ("x.y.alias.example", "first"),
    ("other.first.example", "second"), ("alias.example", "second"),
    ("xalias.example", "second"), ("second.example", "second"),
    ("unknown.example", "second"), ("127.0.0.1", "second"), ("[::1]:80", "second"),
    (None, "second"),
    ("a.wild.example", "wild"), ("a.b.wild.example", "wild"), ("wild.example", "second"),
    ("very.wild.example", "wild"), ("a.very.wild.example", "wilder"),
    ("one.very.wild.example", "exact"), ("ONE.very.WILD.example", "exact"),
    ("x.one.very.wild.example", "wilder"), ("first.example.evil", "second"),
])
def test_host(client, host, site):
    """Without any, as only HTTP/1.0 may, the default."""
    version = "HTTP/1.0" if host is None else "HTTP/1.1"
    assert client.request(host=host, version=version).body.decode() == site


def test_host_of_an_absolute_target_counts(client):
    """RFC 9112 3.2.2: whatever Host says."""
    response = client.request(target="http://first.example/", host="second.example")
    assert response.body == b"first"


def test_no_host_at_all(server):
    with server.connect() as client:
        assert client.send("GET / HTTP/1.0\r\n\r\n").response().body == b"second"


@pytest.mark.parametrize("target, status, body", [
    ("/files/a.txt", 200, "alias a"), ("/files/", 200, "alias index"),
    ("/files/sub/", 200, "alias sub"), ("/files/sub", 301, None), ("/files", 301, None),
    ("/filesystem", 200, "filesystem"), ("/files/none", 404, None),
    ("/one", 200, "one file"), ("/one/", 404, None), ("/one/x", 404, None),
    ("/files/exact", 200, "one file"),
    ("/sub/inner/x.txt", 200, "second x"), ("/sub/y.txt", 200, "y"),
    ("/files/../a.txt", 200, "a of first"), ("/%66iles/a.txt", 200, "alias a"),
    ("/files/..%2fone.txt", 404, None), ("/files/../../files/one.txt", 400, None),
])
def test_location(client, target, status, body):
    response = client.request(target=target, host="first.example")
    assert response.status == status
    if body is not None:
        assert response.body.decode() == body


def test_redirect_inside_an_alias_names_the_url(client):
    response = client.request(target="/files/sub?q", host="first.example")
    assert response["Location"] == "/files/sub/?q"
    assert client.request(target="/files", host="first.example")["Location"] == "/files/"


def test_locations_are_of_one_host(client):
    assert client.request(target="/files/a.txt", host="second.example").status == 404


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::1]:0", "*:0", "unix"])
def test_each_kind_of_address(serve, tmp_path, listen):
    if "::1" in listen:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("no IPv6 here")
    address = f"unix:{tmp_path}/http" if listen == "unix" else listen
    server = serve({"index.html": "here\n"}, listen=[address],
                   log={"format": '%h "%r"'})
    assert server.get().body == b"here\n"
    client = {"[::1]:0": "::1", "unix": "unix:"}.get(listen, "127.0.0.1")
    assert server.wait_for_access(1) == [f'{client} "GET / HTTP/1.1"']
