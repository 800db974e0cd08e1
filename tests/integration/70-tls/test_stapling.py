# SPDX-License-Identifier: BSD-2-Clause
"""OCSP responses out of files: a client that asks for one gets that of its certificate, and one
that can verify it does. Would break if a response went with another certificate, or an old one
went on being sent after a reload."""
import re
import subprocess

import pytest

import muster
import processes

VERSION_OPTIONS = ["-tls1_2", "-tls1_3"]


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def stapled(server, version, *options, name="test.example"):
    """The serial number that the client is told about; None: nothing was sent."""
    host, port = server.address()
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", name, version,
         "-status", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=muster.PATIENCE_S, check=False)
    text = result.stdout.decode(errors="replace")
    if "OCSP response: no response sent" in text:
        return None
    assert "Cert Status: good" in text, text + result.stderr.decode(errors="replace")
    return int(re.search(r"Serial Number: ([0-9A-F]+)", text)[1], 16)


def serial(pair):
    text = subprocess.run(["openssl", "x509", "-in", pair.chain, "-noout", "-serial"],
                          stdout=subprocess.PIPE, timeout=muster.PATIENCE_S, check=True).stdout
    return int(text.decode().split("=")[1], 16)


@pytest.mark.parametrize("version", VERSION_OPTIONS)
def test_each_certificate_has_its_own(serve_tls, authority, pair, rsa_pair, folder, version):
    """Whichever order the files have, and whichever host the client names."""
    other = authority.issue("other.example", name="stapling-other")
    files = [authority.ocsp_response(one, folder / f"{number}.der")
             for number, one in enumerate((rsa_pair, pair))]
    server = serve_tls(settings={"certificate": [pair.chain, rsa_pair.chain],
                                 "certificate_key": [pair.key, rsa_pair.key],
                                 "stapling_file": files},
                       more=f"""host "test.example" {{}} host "other.example" {{
                           certificate = {muster.quoted(other.chain)}
                           certificate_key = {muster.quoted(other.key)} }}""")
    kinds = {"-tls1_2": ("ECDSA+SHA256", "RSA-PSS+SHA256"),
             "-tls1_3": ("ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256")}[version]
    assert stapled(server, version, "-sigalgs", kinds[0]) == serial(pair)
    assert stapled(server, version, "-sigalgs", kinds[1]) == serial(rsa_pair)
    assert stapled(server, version, name="other.example") is None
    assert not processes.log_lines(server, " warn: .*stapling")


def test_a_reload_takes_a_new_file(serve_tls, authority, pair, folder):
    path = folder / "response.der"
    server = serve_tls(settings={"stapling_file": path})
    server.wait_for_log("stapling_file .* cannot be read")
    assert stapled(server, "-tls1_3") is None
    authority.ocsp_response(pair, path)
    processes.reload(server)
    assert stapled(server, "-tls1_3") == serial(pair)
    path.write_bytes(b"half a resp")
    processes.reload(server, 2)
    server.wait_for_log("holds no OCSP response")
    assert stapled(server, "-tls1_3") is None


@pytest.mark.needs("curl")
@pytest.mark.parametrize("signer", ["authority", "delegate"])
def test_clients_can_verify_it(serve_tls, authority, pair, folder, signer):
    """Also when the authority has another one sign, whose certificate comes with the response."""
    delegate = None
    if signer == "delegate":
        delegate = authority.issue("ocsp.example", name="stapling-delegate",
                                   extensions="extendedKeyUsage=OCSPSigning\n")
    path = authority.ocsp_response(pair, folder / "response.der", delegate=delegate)

    def curl(server):
        port = server.address()[1]
        return subprocess.run(
            ["curl", "-sS", "--cert-status", "--cacert", authority.root, "--resolve",
             f"test.example:{port}:127.0.0.1", f"https://test.example:{port}/"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=muster.PATIENCE_S,
            check=False)

    with_it, without = serve_tls(settings={"stapling_file": path}), serve_tls()
    result = curl(with_it)
    assert (result.returncode, result.stdout) == (0, b"start\n"), result.stderr
    assert curl(without).returncode == 91   # CURLE_SSL_INVALIDCERTSTATUS: none was sent
