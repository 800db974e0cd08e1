# SPDX-License-Identifier: BSD-2-Clause
"""Which certificate a client gets, by the name that it asks for and by what it can verify; and
which protocol it may speak."""
import re
import subprocess
import ssl

import pytest

import certificates
import muster
import tls_client
from tls_client import TLS_1_2, TLS_1_3

VERSIONS = [TLS_1_2, TLS_1_3]
VERSION_NAMES = ["1.2", "1.3"]


@pytest.fixture(scope="module")
def server(module_serve_tls, authority, pair, rsa_pair):
    """Hosts of one listener: the default one, another, one for a wildcard, and one with both kinds
    of keys."""
    other = authority.issue("other.example")
    wildcard = authority.issue("*.wild.example")

    def host(name, pairs):
        return (f'host "{name}" {{ certificate = {{'
                + ", ".join(muster.quoted(one.chain) for one in pairs)
                + "} certificate_key = {" + ", ".join(muster.quoted(one.key) for one in pairs)
                + f'}} root = {muster.quoted("ROOT/" + name.replace("*", "any"))} }}\n')

    folder = authority.folder
    names = {"test.example": [pair], "other.example": [other], "*.wild.example": [wildcard],
             "both.test.example": [pair, rsa_pair]}
    more = ""
    for name, pairs in names.items():
        root = folder / "sites" / name.replace("*", "any")
        muster.write_files(root, {"index.html": name + "\n"})
        for above in (folder, folder.parent, folder.parent.parent):
            above.chmod(above.stat().st_mode | 0o055)
        more += host(name, pairs).replace("ROOT", str(folder / "sites"))
    return module_serve_tls(more=more, log={"format": '%q %{SSL_PROTOCOL}x %{SSL_CIPHER}x '
                                                      '%{SSL_TLS_SNI}x %>s'})


@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
@pytest.mark.parametrize("name, names", [
    ("test.example", "test.example"), ("other.example", "other.example"),
    ("OTHER.example", "other.example"), ("a.wild.example", "*.wild.example"),
])
def test_name_chooses_certificate_and_host(server, connect, version, name, names):
    with connect(server, version, server_name=name) as client:
        assert names in client.names
        assert client.request(host=name).body == names.encode() + b"\n"


@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
@pytest.mark.parametrize("name", ["unknown.example", "wild.example", "127.0.0.1", None])
def test_a_name_that_nobody_has_gets_the_default(server, authority, connect, version, name):
    context = tls_client.client_context(authority.root, version)
    context.check_hostname = False
    with connect(server, context=context, server_name=name) as client:
        assert "test.example" in client.names
        assert client.request(host="unknown.example").body == b"test.example\n"


def test_facts_are_logged(server, connect):
    with connect(server, TLS_1_3, server_name="other.example") as client:
        assert client.request(target="/?one", host="other.example").status == 200
    with connect(server, TLS_1_2, server_name="127.0.0.1") as client:
        assert client.request(target="/?two", host="other.example").status == 200
    for pattern in (r"^\?one TLSv1.3 TLS_[A-Z0-9_]+ other\.example 200$",
                    r"^\?two TLSv1.2 ECDHE-[A-Z0-9-]+ - 200$"):
        muster.wait_for(lambda pattern=pattern: re.search(pattern, server.access(), re.M),
                        lambda pattern=pattern: f"{pattern} in\n{server.access()}")


def peer_signature(server, *options):
    """The kind of signature, as openssl(1) tells."""
    host, port = server.address()
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", "both.test.example",
         *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=muster.PATIENCE_S, check=False)
    found = re.search(rb"Peer signature type: (\S+)", result.stdout)
    return found[1].decode() if found else result.stderr.decode(errors="replace")


@pytest.mark.parametrize("options, kind", [
    (["-tls1_3"], "ECDSA"),
    (["-tls1_3", "-sigalgs", "ecdsa_secp256r1_sha256"], "ECDSA"),
    (["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256"], "RSA-PSS"),
    (["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha512"], "RSA-PSS"),
    (["-tls1_2"], "ECDSA"),
    (["-tls1_2", "-sigalgs", "RSA+SHA256"], "RSA"),
    (["-tls1_2", "-sigalgs", "rsa_pss_rsae_sha384"], "RSA-PSS"),
    (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "RSA-PSS"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else value)
def test_key_is_one_that_the_client_can_verify(server, options, kind):
    assert peer_signature(server, *options) == kind


@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
@pytest.mark.parametrize("offered, chosen", [
    ([], None), (["http/1.1"], "http/1.1"), (["smtp", "http/1.1"], "http/1.1"),
    (["x" * 255, "http/1.1"], "http/1.1")], ids=muster.short)
def test_protocol(server, connect, version, offered, chosen):
    with connect(server, version, alpn=offered) as client:
        assert client.socket.selected_alpn_protocol() == chosen
        assert client.request().status == 200


def test_protocol_that_is_not_spoken(server, connect):
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        connect(server, alpn=["smtp"])


@pytest.mark.parametrize("kind", certificates.KINDS)
def test_kinds_of_keys(serve_tls, authority, connect, kind):
    """Each signs in each version that knows it."""
    own = authority.issue("test.example", kind=kind, name=f"kind-{kind}")
    server = serve_tls(settings={"certificate": own.chain, "certificate_key": own.key})
    for version in VERSIONS:
        with connect(server, version) as client:
            assert client.request().body == b"start\n"


def test_a_certificate_that_lacks_its_host_is_told(serve_tls):
    server = serve_tls(more='host "lacking.example" {}')
    server.wait_for_log('warn: .*certificate ".*" of host "lacking.example" does not name')


@pytest.mark.needs("curl")
@pytest.mark.parametrize("option", ["--tlsv1.2", "--tlsv1.3"])
def test_curl(server, authority, option):
    port = server.address()[1]
    result = subprocess.run(
        ["curl", "-sS", "--http1.1", option, "--cacert", authority.root, "--resolve",
         f"a.wild.example:{port}:127.0.0.1", f"https://a.wild.example:{port}/",
         f"https://a.wild.example:{port}/"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=muster.PATIENCE_S, check=False)
    assert (result.returncode, result.stdout) == (0, b"*.wild.example\n" * 2), result.stderr
