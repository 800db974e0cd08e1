# SPDX-License-Identifier: BSD-2-Clause
"""Which versions of TLS and which ciphers are spoken: by default, by profile, by directive. A
client that may not is told so by an alert, and nothing of a request is read from it."""
import ssl

import pytest

import tls_client
from tls_client import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3

PROFILES = {
    "": {TLS_1_2, TLS_1_3},
    'tls { profile = "modern" }': {TLS_1_3},
    'tls { profile = "intermediate" }': {TLS_1_2, TLS_1_3},
    'tls { profile = "old" }': {TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3},
    'tls { protocols = {"TLSv1.2"} }': {TLS_1_2},
}


@pytest.mark.parametrize("section", PROFILES, ids=lambda text: text or "default")
def test_versions_of_profiles(serve_tls, connect, section):
    server = serve_tls(more=section)
    for version in tls_client.ORDER:
        if version not in PROFILES[section]:
            with pytest.raises(ssl.SSLError, match="(?i)alert|unsupported"):
                connect(server, version)
            continue
        with connect(server, version) as client:
            assert client.socket.version() == version.name.replace("_", ".").replace(
                "TLSv1.0", "TLSv1")
            assert client.request().body == b"start\n"


@pytest.mark.parametrize("cipher", [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_ciphers_of_the_default(serve_tls, connect, cipher):
    server = serve_tls()
    with connect(server, TLS_1_2, ciphers=cipher) as client:
        assert client.socket.cipher()[0] == cipher
        assert client.request().status == 200


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-SHA",
                                    "AECDH-AES128-SHA:@SECLEVEL=0"])
def test_ciphers_that_the_default_refuses(serve_tls, connect, cipher):
    server = serve_tls()
    with pytest.raises(ssl.SSLError):
        connect(server, TLS_1_2, ciphers=cipher)
    server.wait_for_log("TLS handshake failed: no shared cipher")


def test_ciphers_can_be_named(serve_tls, connect):
    server = serve_tls(more='tls { ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"\n'
                            'ciphersuites = "TLS_CHACHA20_POLY1305_SHA256" }')
    with connect(server, TLS_1_2) as client:
        assert client.socket.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    with connect(server, TLS_1_3) as client:
        assert client.socket.cipher()[0] == "TLS_CHACHA20_POLY1305_SHA256"
