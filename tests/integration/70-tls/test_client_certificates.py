# SPDX-License-Identifier: BSD-2-Clause
"""Clients that show certificates: who is served, who is not, and that no other way leads to a host
that requires one: not a session, not another host's connection, not one without TLS, and not an
answer that was kept."""
import json
import re
import signal
import ssl

import pytest

import certificates
import muster
import processes
import tls_client
from tls_client import TLS_1_2, TLS_1_3

VERSIONS = [TLS_1_2, TLS_1_3]
OFF, OPTIONAL, REQUIRED = "test.example", "optional.test.example", "required.test.example"
SAME = "same.test.example"


@pytest.fixture(scope="session")
def clients(tmp_path_factory):
    """An authority for clients alone."""
    folder = tmp_path_factory.mktemp("clients") / "authority"
    folder.mkdir()
    return certificates.Authority(folder)


@pytest.fixture(scope="session")
def alice(clients):
    return clients.issue("alice", extensions="extendedKeyUsage=clientAuth\n")


@pytest.fixture(scope="session")
def stranger(authority):
    """Of an authority that the server has a certificate of, but not for clients."""
    return authority.issue("mallory", name="client-mallory")


def rules(clients, mode, more=""):
    return f'client_certificate = "{mode}" client_ca = {muster.quoted(clients.root)} {more}'


def hosts(clients, crl=None):
    more = f"client_crl = {muster.quoted(crl)}" if crl else ""
    return f"""
        host "{OFF}" {{ default = true }}
        host "{OPTIONAL}" {{ {rules(clients, "optional", more)} }}
        host "{REQUIRED}" {{ {rules(clients, "required", more)} }}
        host "{SAME}" {{ {rules(clients, "required", more)} }}"""


@pytest.fixture(scope="module")
def server(module_serve_tls, clients):
    return module_serve_tls(
        more=hosts(clients), listen=[("127.0.0.1:0", {"tls": True}), "127.0.0.1:0"],
        log={"format": "%v %U %>s %{SSL_CLIENT_VERIFY}x %{SSL_CLIENT_S_DN}x"})


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def version(request):
    return request.param


@pytest.fixture
def context(authority, version):
    def make(pair=None):
        made = tls_client.client_context(authority.root, version)
        if pair:
            made.load_cert_chain(pair.chain, pair.key)
        return made

    return make


def ask(connect, server, context, name, host=None, **options):
    """The status of an answer, or None: the server let nobody in."""
    try:
        with connect(server, context=context, server_name=name, **options) as client:
            return client.request(host=host or name).status
    except (ssl.SSLError, ConnectionError, muster.Closed):
        return None


@pytest.mark.parametrize("name, nobody, known, strange", [
    (OFF, 200, 200, 200), (OPTIONAL, 200, 200, None), (REQUIRED, None, 200, None)])
def test_who_is_served(server, connect, context, alice, stranger, name, nobody, known, strange):
    assert ask(connect, server, context(), name) == nobody
    assert ask(connect, server, context(alice), name) == known
    assert ask(connect, server, context(stranger), name) == strange


@pytest.mark.parametrize("name, host, status", [
    (OFF, REQUIRED, 421), (OFF, OPTIONAL, 421), (OPTIONAL, REQUIRED, 421), (REQUIRED, OFF, 421),
    (REQUIRED, OPTIONAL, 421), (REQUIRED, SAME, 200), (None, REQUIRED, 421), (None, OFF, 200),
    ("unknown.test.example", REQUIRED, 421)])
def test_no_way_by_another_host(server, connect, context, alice, name, host, status):
    """RFC 9110 15.5.20."""
    made = context(alice)
    made.check_hostname = False
    assert ask(connect, server, made, name, host) == status
    # Not because of an answer that was kept meanwhile, either.
    assert ask(connect, server, made, host) == 200
    assert ask(connect, server, made, host) == 200
    assert ask(connect, server, made, name, host) == status


def test_no_way_without_tls(server):
    for _ in range(3):          # a kept answer, a keeper's
        with server.connect(1) as client:
            for host, status in ((OFF, 200), (OPTIONAL, 200), (REQUIRED, 403)):
                assert client.request(host=host).status == status


def test_the_log_names_the_client(server, connect, version, authority, alice):
    context = tls_client.client_context(authority.root, version)
    context.load_cert_chain(alice.chain, alice.key)
    target = f"/log-{version.name}"
    with connect(server, context=context, server_name=OPTIONAL) as client:
        client.request(target=target, host=OPTIONAL)
    with connect(server, version, server_name=OPTIONAL) as client:
        client.request(target=target + "-none", host=OPTIONAL)
    for line in (f"{OPTIONAL} {target} 404 SUCCESS CN=alice",
                 f"{OPTIONAL} {target}-none 404 NONE -"):
        muster.wait_for(lambda line=line: line in server.access().split("\n"),
                        lambda line=line: f"{line} in\n{server.access()}")


def test_the_log_has_it_as_json(serve_tls, connect, context, clients, alice):
    server = serve_tls(more=hosts(clients), log={"format": "json"})
    assert ask(connect, server, context(alice), OPTIONAL) == 200
    assert ask(connect, server, context(), OPTIONAL) == 200
    records = [json.loads(line) for line in server.wait_for_access(2)]
    assert [record.get("tls_client_subject") for record in records] == ["CN=alice", None]


def begin(connect, server, context, name):
    """A session of somebody who is let in."""
    with connect(server, context=context, server_name=name) as client:
        assert client.request(host=name).status == 200
        return client.socket.session


def is_resumed(connect, server, context, name, session):
    """None: nobody was let in."""
    try:
        with connect(server, context=context, server_name=name, session=session) as client:
            assert client.request(host=name).status == 200
            return client.socket.session_reused
    except (ssl.SSLError, ConnectionError, muster.Closed):
        return None


def test_sessions_stay_with_their_rules(server, connect, context, alice):
    made = context(alice)
    without = context()
    session = begin(connect, server, made, REQUIRED)
    assert is_resumed(connect, server, made, REQUIRED, session)
    target = f"/{made.minimum_version.name}-resumed"
    with connect(server, context=made, server_name=REQUIRED, session=session) as client:
        assert client.socket.session_reused
        client.request(target=target, host=REQUIRED)
    muster.wait_for(lambda: f"{target} 404 SUCCESS CN=alice\n" in server.access(),
                    "the subject of a session that was resumed")
    for name in (OFF, OPTIONAL):
        session = begin(connect, server, without, name)
        assert is_resumed(connect, server, without, name, session)
        assert is_resumed(connect, server, without, REQUIRED, session) is None


def revoke(clients, path, *pairs):
    """A new list of the authority's."""
    folder = path.with_suffix(".db")
    folder.mkdir(exist_ok=True)
    index, config = folder / "index.txt", folder / "ca.cnf"
    index.write_text("")
    config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\ndefault_md=sha256\n"
                      f"crlnumber={folder}/number\ndefault_crl_days=2\n")
    (folder / "number").write_text("01\n")
    common = ["ca", "-config", config, "-keyfile", clients.root_key, "-cert", clients.root]
    for pair in pairs:
        certificates.openssl(*common, "-revoke", pair.chain)
    certificates.openssl(*common, "-gencrl", "-out", path)


def test_who_is_revoked(serve_tls, connect, context, clients, alice, tmp_path):
    """Also with a session from before, once a reload has read the list."""
    bob = clients.issue("bob", name="revoked-bob")
    crl = tmp_path / "list.crl"
    revoke(clients, crl)
    server = serve_tls(more=hosts(clients, crl))
    one, other = context(alice), context(bob)
    session = begin(connect, server, other, REQUIRED)
    assert is_resumed(connect, server, other, REQUIRED, session)
    revoke(clients, crl, bob)
    processes.reload(server)
    assert ask(connect, server, one, REQUIRED) == 200
    assert ask(connect, server, other, REQUIRED) is None
    assert is_resumed(connect, server, other, REQUIRED, session) is None
    assert processes.log_lines(server, "certificate revoked")


def test_rules_that_become_stricter(serve_tls, connect, context, clients):
    server = serve_tls(more=f'host "{OPTIONAL}" {{ {rules(clients, "optional")} }}')
    made = context()
    session = begin(connect, server, made, OPTIONAL)
    server.more = f'host "{OPTIONAL}" {{ {rules(clients, "required")} }}'
    server.write_config()
    processes.reload(server)
    assert is_resumed(connect, server, made, OPTIONAL, session) is None


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nMII\n"])
@pytest.mark.parametrize("directive", ["client_ca", "client_crl"])
def test_a_bad_file_is_a_mistake(serve_tls, connect, clients, tmp_path, directive, content):
    path = tmp_path / "bad.pem"
    if content is not None:
        path.write_text(content)
    files = {"client_ca": clients.root, directive: path}
    text = " ".join(f"{name} = {muster.quoted(file)}" for name, file in files.items())
    server = serve_tls()
    server.more = f'host "{OFF}" {{ client_certificate = "required" {text} }}'
    server.write_config()
    server.send_signal(signal.SIGHUP)
    server.wait_for_log("kept the old configuration")
    assert re.search(f'{directive} ".*" (cannot be read|holds nothing)', server.log())
    with connect(server) as client:
        assert client.request().status == 200
