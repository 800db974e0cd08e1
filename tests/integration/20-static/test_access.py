# SPDX-License-Identifier: BSD-2-Clause
"""Who gets in from where. Would break if the order of lines mattered, or if any way to a file
(rewrite, fallback, index, another spelling of the path) went round its location's rules."""
import subprocess

import pytest

import credentials
import muster

FILES = {
    "index.html": "start\n", "open/a.txt": "open\n", "lan/a.txt": "lan\n", "lan/in/a.txt": "in\n",
    "none/a.txt": "none\n", "either/a.txt": "either\n", "both/a.txt": "both\n",
    "group/a.txt": "group\n", "named/a.txt": "named\n",
}


def auth(folder, more=""):
    return f'''auth_type = "basic" auth_name = {muster.quoted(credentials.REALM)}
        auth_user_file = {muster.quoted(folder / "htpasswd")}
        auth_group_file = {muster.quoted(folder / "htgroup")} {more}'''


def locations(folder):
    return f'''host "*" {{
        location "/open/" {{ }}
        location "/lan/" {{ allow = {{ "192.0.2.0/24", "2001:db8::/32" }}
            deny = {{ "192.0.2.66" }}
            location "/lan/in/" {{ allow = {{ "192.0.2.66" }} }} }}
        location "/none/" {{ deny = {{ "all" }} }}
        location "/either/" {{ {auth(folder)} satisfy = "any" allow = {{ "192.0.2.0/24" }} }}
        location "/both/" {{ {auth(folder)} allow = {{ "192.0.2.0/24" }} }}
        location "/group/" {{ {auth(folder)} require_group = {{ "readers" }} }}
        location "/named/" {{ {auth(folder)} require_user = {{ "zoe", "alice" }} }}
        location "/fallback/" {{ try_files = {{ "$uri", "/none/a.txt" }} }}
        rewrite "/rewritten/" {{ to = "/none/" }}
    }}'''


@pytest.fixture(scope="module")
def server(module_serve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("users")
    folder.chmod(0o755)
    muster.write_files(folder, {
        "htpasswd": credentials.password_file(credentials.ALICE, credentials.BOB),
        "htgroup": "readers: bob\nreaders: carol\nothers: alice\n"})
    # Whatever address a test wants comes in the field of a trusted proxy.
    return module_serve(FILES, settings={"trusted_proxies": ["127.0.0.1"]},
                        more=locations(folder))


@pytest.fixture
def get(server):
    with server.connect() as client:
        def ask(target, address="198.51.100.1", login=None):
            fields = [("X-Forwarded-For", address)]
            if login is not None:
                fields.append(credentials.basic(login))
            return client.request(target=target, fields=fields)

        yield ask


@pytest.mark.parametrize("target, address, status", [
    ("/open/a.txt", "198.51.100.1", 200), ("/open/a.txt", "2001:db8::1", 200),
    ("/lan/a.txt", "192.0.2.1", 200), ("/lan/a.txt", "2001:db8:1::1", 200),
    ("/lan/a.txt", "::ffff:192.0.2.1", 200),
    ("/lan/a.txt", "192.0.2.66", 403), ("/lan/a.txt", "192.0.3.1", 403),
    ("/lan/a.txt", "2001:db9::1", 403),
    ("/lan/in/a.txt", "192.0.2.66", 200), ("/lan/in/a.txt", "192.0.3.1", 403),
    ("/none/a.txt", "192.0.2.1", 403), ("/none/missing", "192.0.2.1", 403),
    # other ways there
    ("/open/../none/a.txt", "192.0.2.1", 403), ("/%6eone/a.txt", "192.0.2.1", 403),
    ("//none//a.txt", "192.0.2.1", 403), ("/none", "192.0.2.1", 403),
    ("/rewritten/a.txt", "192.0.2.1", 403), ("/fallback/x", "192.0.2.1", 403),
])
def test_addresses(get, target, address, status):
    response = get(target, address)
    assert response.status == status
    assert (b"none" in response.body) is False


@pytest.mark.parametrize("target, address, login, status", [
    ("/either/a.txt", "192.0.2.1", None, 200),
    ("/either/a.txt", "198.51.100.1", None, 401),
    ("/either/a.txt", "198.51.100.1", credentials.ALICE, 200),
    ("/both/a.txt", "192.0.2.1", None, 401),
    ("/both/a.txt", "192.0.2.1", credentials.ALICE, 200),
    ("/both/a.txt", "198.51.100.1", None, 403),
    ("/both/a.txt", "198.51.100.1", credentials.ALICE, 403),
    ("/group/a.txt", "198.51.100.1", credentials.BOB, 200),
    ("/group/a.txt", "198.51.100.1", credentials.ALICE, 403),
    ("/group/a.txt", "198.51.100.1", None, 401),
    ("/named/a.txt", "198.51.100.1", credentials.ALICE, 200),
    ("/named/a.txt", "198.51.100.1", credentials.BOB, 403),
])
def test_users(get, target, address, login, status):
    response = get(target, address, login)
    assert response.status == status
    assert (response.get("WWW-Authenticate") is not None) == (status == 401)


def test_the_socket_counts_without_a_proxy(serve):
    """No field makes another client of somebody who is no trusted proxy."""
    server = serve({"a.txt": "a\n"}, more='host "*" { deny = { "127.0.0.1" } }')
    assert server.get("/a.txt", [("X-Forwarded-For", "192.0.2.1")]).status == 403


@pytest.mark.needs("curl")
def test_addresses_of_the_socket(serve):
    server = serve({"a.txt": "a\n"}, listen=["0.0.0.0:0"],
                   more='host "*" { allow = { "127.0.0.2" } }')
    for address, status in [("127.0.0.2", "200"), ("127.0.0.1", "403"), ("127.0.0.3", "403")]:
        found = subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", address,
             server.url("/a.txt")], stdout=subprocess.PIPE, text=True,
            timeout=muster.PATIENCE_S, check=True)
        assert found.stdout == status, address


def test_clients_of_a_unix_socket(serve, tmp_path):
    server = serve({"index.html": "a\n"}, listen=[f"unix:{tmp_path}/http"],
                   more='''host "*" { allow = { "unix:" }
                       location "= /tcp" { allow = { "127.0.0.1" } deny = { "unix:" } } }''')
    assert server.get("/").status == 200
    assert server.get("/tcp").status == 403


def test_access_is_decided_before_content_is_read(server):
    """Who asks first is told no without sending anything."""
    with server.connect() as client:
        client.send(muster.request("PUT", "/none/a.txt", [("Expect", "100-continue"),
                                                          ("Content-Length", "1000")]))
        assert client.response().status == 403
