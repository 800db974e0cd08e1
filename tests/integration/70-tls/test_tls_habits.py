# SPDX-License-Identifier: BSD-2-Clause
"""What a default configuration offers and refuses, as openssl(1) sees it: what testssl.sh looks for
that is no matter of versions. Would break with another default of OpenSSL's that decided it."""
import re
import subprocess

import pytest

import muster


@pytest.fixture(scope="module")
def server(module_serve_tls, pair, rsa_pair):
    return module_serve_tls(settings={"certificate": [pair.chain, rsa_pair.chain],
                                      "certificate_key": [pair.key, rsa_pair.key]})


def s_client(server, *options, stdin=b""):
    host, port = server.address()
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", "test.example",
         *options], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=muster.PATIENCE_S, check=False)
    return result.stdout.decode(errors="replace")


def cipher(text):
    """None: there was no handshake."""
    found = re.search(r"^New, TLSv1\.[23], Cipher is (\S+)", text, re.M)
    return found[1] if found else None


def test_no_compression_and_safe_renegotiation(server):
    text = s_client(server, "-tls1_2", "-comp")
    assert cipher(text) and "Compression: NONE" in text
    assert "Secure Renegotiation IS supported" in text


def test_nobody_renegotiates(server):
    """openssl(1) begins it when a line says R."""
    text = s_client(server, "-tls1_2", stdin=b"R\n")
    assert "RENEGOTIATING" in text and "no renegotiation" in text, text


def test_a_fall_back_is_seen(server):
    """From a client that could do better (RFC 7507)."""
    assert "inappropriate fallback" in s_client(server, "-tls1_2", "-fallback_scsv")


@pytest.mark.parametrize("options, is_offered", [
    (["-tls1_1"], False), (["-tls1"], False),
    (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"], False),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], False),
    (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], False),
    (["-tls1_2", "-cipher", "ADH"], False), (["-tls1_2", "-cipher", "aNULL:eNULL"], False),
    (["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], True),
    (["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"], True),
    (["-tls1_3", "-curves", "X25519"], True), (["-tls1_3", "-curves", "prime256v1"], True),
    (["-tls1_3", "-curves", "secp384r1"], True), (["-tls1_3", "-curves", "secp521r1"], False),
    (["-tls1_2", "-curves", "secp521r1", "-cipher", "ECDHE"], False),
    (["-tls1_3", "-sigalgs", "RSA+SHA1"], False),
    (["-tls1_2", "-sigalgs", "RSA+SHA1:ECDSA+SHA1"], False),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_offer(server, options, is_offered):
    level = ["-cipher", "ALL:@SECLEVEL=0"] if options[0] in ("-tls1", "-tls1_1") else []
    options = [option + (":@SECLEVEL=0" if before == "-cipher" else "")
               for before, option in zip([""] + options, options)]
    text = s_client(server, *options, *level)
    assert (cipher(text) not in (None, "(NONE)")) == is_offered, text


@pytest.mark.parametrize("suites", [["AES256", "CHACHA20"], ["CHACHA20", "AES256"]],
                         ids=" ".join)
def test_the_client_orders(server, suites):
    """Mozilla's profile leaves it to clients, who know what their processor is good at."""
    names = {"AES256": "AES256-GCM-SHA384", "CHACHA20": "CHACHA20-POLY1305"}
    text = s_client(server, "-tls1_2", "-cipher",
                    ":".join(f"ECDHE-ECDSA-{names[suite]}" for suite in suites))
    assert cipher(text) == f"ECDHE-ECDSA-{names[suites[0]]}", text
