# SPDX-License-Identifier: BSD-2-Clause
"""TLS of the servers that are compared: the same for all of them, so that only who does it differs.
One certificate (ECDSA P-256, signed by itself), TLS 1.3 with AES-128-GCM, session tickets as each
server makes them by default."""
import dataclasses
import os
import ssl
import subprocess

SUITE = "TLS_AES_128_GCM_SHA256"


@dataclasses.dataclass(frozen=True)
class Pair:
    """Files of a certificate and its private key."""
    chain: str
    key: str


folder = None                           # of the run; set by bench.py


def pair_of_run():
    """Made when it is first asked for."""
    pair = Pair(os.path.join(folder, "pair.pem"), os.path.join(folder, "pair.key"))
    if not os.path.exists(pair.chain):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-noenc", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", pair.key, "-out", pair.chain],
            check=True, capture_output=True, timeout=60)
    return pair


def client_context():
    """Believes anybody: who answers is known."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


# By server and place in its configuration; "" is the main one.
SETTINGS = {
    ("muster", ""): """certificate = "{chain}"
certificate_key = "{key}"
tls {{ protocols = {{ "TLSv1.3" }} ciphersuites = "{suite}" }}
""",
    ("muster", "listener"): "tls = true",
    ("nginx", ""): """        ssl_certificate {chain};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.3;
        ssl_conf_command Ciphersuites {suite};
""",
    ("nginx", "listener"): " ssl",
    ("lighttpd", ""): """server.modules += ( "mod_openssl" )
ssl.engine = "enable"
ssl.pemfile = "{chain}"
ssl.privkey = "{key}"
ssl.openssl.ssl-conf-cmd = ( "MinProtocol" => "TLSv1.3", "Ciphersuites" => "{suite}" )
""",
    ("apache2", ""): """LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
SSLEngine on
SSLCertificateFile {chain}
SSLCertificateKeyFile {key}
SSLProtocol TLSv1.3
SSLCipherSuite TLSv1.3 {suite}
SSLSessionCache none
""",
    ("h2o", ""): ', ssl: {{ certificate-file: "{chain}", key-file: "{key}", '
                 'minimum-version: TLSv1.3 }}',
}


def settings(server, place, pair):
    return SETTINGS[server, place].format(chain=pair.chain, key=pair.key, suite=SUITE)
