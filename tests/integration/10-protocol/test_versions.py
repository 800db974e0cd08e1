# SPDX-License-Identifier: BSD-2-Clause
"""The version of the request line (RFC 9112 2.3): "HTTP/" DIGIT "." DIGIT, exactly."""
import pytest

import muster


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/1.9"])
def test_versions_that_are_served(server, version):
    """A higher minor version is served as the highest that we know (RFC 9110 2.5)."""
    with server.connect() as client:
        response = client.request(target="/a.txt", version=version)
        assert (response.status, response.version) == (200, "HTTP/1.1")
        assert response.will_close == (version == "HTTP/1.0")


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9", "HTTP/0.0", "HTTP/3.0", "HTTP/9.9"])
def test_other_major_versions_are_505(refuse, version):
    response = refuse(muster.request(version=version), 505)
    assert response.version == "HTTP/1.1"


def test_http2_preface_is_505(refuse):
    refuse("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)


@pytest.mark.parametrize("version", [
    "http/1.1", "Http/1.1", "hTTP/1.1", "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/", "HTTP", "1.1",
    "HTTP/1.10", "HTTP/1.01", "HTTP/01.1", "HTTP/10.1", "HTTP/1.1.1", "HTTP/1,1", "HTTP/1x1",
    "HTTP/1.x", "HTTP/a.b", "HTTP/-1.1", "HTTP/+1.1", "HTTP/1.-1", "HTTP /1.1", "HTTP/ 1.1",
    "HTTP/1 .1", "HTTP/1. 1", "HTTP\\1.1", "HTTP-1.1", "HTTP:1.1", "HTTPS/1.1", "HTTQ/1.1",
    "XHTTP/1.1", "ICAP/1.0", "RTSP/1.0", "SIP/2.0", "HTTP/1.1x", "HTTP/1.1\x00", "HTTP/1.\xb9",
    "HTTP/65537.1", "HTTP/4294967297.1", "FOO",
])
def test_malformed_versions_are_400(refuse, version):
    refuse(muster.request(version=version))
