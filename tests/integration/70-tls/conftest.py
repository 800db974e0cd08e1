# SPDX-License-Identifier: BSD-2-Clause
"""Servers with TLS, with certificates that an authority of the tests has signed."""
import certificates
import pytest
import tls_client


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def pair(authority):
    """A certificate for test.example, *.test.example and 127.0.0.1."""
    return authority.issue("test.example", "*.test.example", "127.0.0.1")


@pytest.fixture(scope="session")
def rsa_pair(authority):
    """The same with RSA."""
    return authority.issue("test.example", "*.test.example", "127.0.0.1", kind="rsa")


def _with_tls(start, pair):
    def start_with_tls(files=None, *, settings=None, listen=None, **options):
        settings = {"certificate": pair.chain, "certificate_key": pair.key, **(settings or {})}
        return start(files, settings=settings,
                     listen=listen or [("127.0.0.1:0", {"tls": True})], **options)

    return start_with_tls


@pytest.fixture
def serve_tls(serve, pair):
    """As serve, on a listener with TLS."""
    return _with_tls(serve, pair)


@pytest.fixture(scope="module")
def module_serve_tls(module_serve, pair):
    return _with_tls(module_serve, pair)


@pytest.fixture(scope="session")
def connect(authority):
    """connect(server, version=None, index=0, alpn=(), ciphers=None, context=None, **what TlsClient
    takes): a client whose handshake is done, and which has checked the certificate."""
    def open_client(server, version=None, *, index=0, alpn=(), ciphers=None, context=None,
                    **options):
        context = context or tls_client.client_context(authority.root, version, alpn, ciphers)
        return tls_client.TlsClient(server.address(index), context, **options)

    return open_client
