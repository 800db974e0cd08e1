# SPDX-License-Identifier: BSD-2-Clause
"""Certificates for tests, made by openssl(1): an authority of the test's own, in its folder, and
what that has signed. Nothing is made that lives longer than the test."""
import base64
import collections
import re
import subprocess

from patience import PATIENCE_S

DAYS = "2"
KINDS = {
    "ec": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ed25519": ["-algorithm", "ED25519"],
}

# chain: the certificate and whoever has signed it, as files; key: its private key.
Pair = collections.namedtuple("Pair", "chain key")


def openssl(*arguments, stdin=None):
    """Runs openssl(1), which must go well; returns what it writes."""
    result = subprocess.run(["openssl", *map(str, arguments)], input=stdin, timeout=PATIENCE_S,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert result.returncode == 0, (arguments, result.stderr.decode(errors="replace"))
    return result.stdout


def make_key(path, kind="ec"):
    openssl("genpkey", *KINDS[kind], "-out", path)
    path.chmod(0o600)
    return path


class Authority:
    """Signs certificates. `root` is the file that a client trusts."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.root = folder / "root.pem"
        self.root_key = make_key(folder / "root.key")
        openssl("req", "-x509", "-new", "-key", self.root_key, "-out", self.root, "-days", DAYS,
                "-subj", "/CN=muster test authority", "-addext",
                "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, *hosts, kind="ec", name=None, extensions=""):
        """A new pair for these host names (or addresses), the first of which is its file's name
        unless there is another. extensions: more of them, lines for openssl-x509(1)."""
        name = name or f"{hosts[0].replace('*', 'any')}-{kind}"
        key = make_key(self.folder / f"{name}.key", kind)
        request, chain = self.folder / f"{name}.csr", self.folder / f"{name}.pem"
        openssl("req", "-new", "-key", key, "-subj", f"/CN={hosts[0]}", "-out", request)
        extension_file = self.folder / f"{name}.ext"
        names = ",".join(("IP:" if re.fullmatch("[0-9.]+", host) else "DNS:") + host
                         for host in hosts)
        extension_file.write_text(f"subjectAltName={names}\n{extensions}")
        certificate = openssl("x509", "-req", "-in", request, "-CA", self.root, "-CAkey",
                              self.root_key, "-CAcreateserial", "-days", DAYS, "-extfile",
                              extension_file)
        chain.write_bytes(certificate + self.root.read_bytes())
        return Pair(chain, key)

    def ocsp_response(self, pair, path, *, days=DAYS, delegate=None):
        """Writes what the authority says of a certificate: good. delegate: the pair that signs
        in its place."""
        signer = delegate or Pair(self.root, self.root_key)
        serial = openssl("x509", "-in", pair.chain, "-noout", "-serial").decode().split("=")[1]
        index = path.with_suffix(".index")
        index.write_text(f"V\t491231235959Z\t\t{serial.strip()}\tunknown\t/CN=any\n")
        openssl("ocsp", "-index", index, "-CA", self.root, "-issuer", self.root, "-cert",
                pair.chain, "-rsigner", signer.chain, "-rkey", signer.key, "-ndays", days,
                "-no_nonce", "-noverify", "-respout", path)
        return path


def _hex_after(label, text):
    found = re.search(rf"^{label}:\s*\n((?:    .*\n?)+)", text, re.M)
    return bytes.fromhex(re.sub(r"[^0-9a-f]", "", found[1])).lstrip(b"\0")


def secret_numbers(key):
    """{name: bytes, big endian} of what is secret in a private key's file."""
    text = openssl("pkey", "-in", key, "-noout", "-text").decode()
    labels = ("privateExponent", "prime1", "prime2") if "prime1:" in text else ("priv",)
    return {label: _hex_after(label, text) for label in labels}


def secret_traces(key):
    """{name: bytes} by which memory that holds the key can be told: its numbers as they stand in
    DER and as a processor has them, and a part of the file itself."""
    traces = {}
    for name, number in secret_numbers(key).items():
        traces[name] = number
        traces[name + " reversed"] = number[::-1]
    lines = key.read_bytes().split(b"\n")
    body = base64.b64decode(b"".join(lines[1:-2]))
    traces["PEM"] = lines[2][:40] if len(lines) > 4 else lines[1][-40:]
    assert len(traces["PEM"]) >= 20 and len(body) > 40
    return traces
