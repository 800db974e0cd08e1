# SPDX-License-Identifier: BSD-2-Clause
"""The sample configurations: each is right, and serves what it is an example of."""
import re
import shutil
import ssl
import subprocess

import pytest

import muster

EXAMPLES = muster.TREE / "config" / "examples"
FOLDER = re.compile(r'"(/(?:var|srv|usr|home|etc|run)/[^"]*)"')
# Folders that a configuration needs, and files that the requests below ask for.
FILES = {
    "var/www/html/": "", "var/www/app/": "", "var/www/example.org/": "", "srv/files/": "",
    "var/www/example.net/": "", "usr/share/doc/": "", "usr/share/apache2/icons/": "",
    "home/": "", "etc/muster/": "", "var/log/muster/": "",
    "var/www/html/index.html": "start", "var/www/html/errors/404.html": "our 404",
    "var/www/html/downloads/a.txt": "a", "var/www/html/a.shtml": '<!--#echo var="DOCUMENT_NAME"-->',
    "var/www/app/index.html": "application", "var/www/app/assets/a.js": "script",
    "var/www/example.org/index.html": "org",
    "var/www/example.org/.well-known/acme-challenge/token": "proof",
    "etc/letsencrypt/live/example.org/": "",
    "var/www/example.net/page.html.en": "page", "var/www/example.net/page.html.de": "Seite",
    "usr/share/doc/readme/": "", "usr/share/apache2/icons/a.png": "icon",
    "home/alice/public_html/index.html": "alice",
    "var/www/html/directory/bob.html": "bob", "var/www/html/pub/x.txt": "x",
}
CERTIFICATES = "etc/letsencrypt/live/example.org"
REQUESTS = [
    # example, listener, host, target, fields, status, what the body or Location holds
    ("static-site", 0, "www.example.org", "/", (), 200, "start"),
    ("static-site", 0, "www.example.org", "/missing", (), 404, "our 404"),
    ("static-site", 0, "www.example.org", "/downloads/", (), 200, "a.txt"),
    ("static-site", 0, "www.example.org", "/members/", (), 401, ""),
    ("static-site", 0, "example.org", "/a?b", (), 301, "http://www.example.org/a?b"),
    ("https-site", 0, "example.org", "/a%20b?c", (), 301, "https://example.org/a%20b?c"),
    ("https-site", 0, "www.example.org", "/", (), 301, "https://www.example.org/"),
    ("https-site", 0, "example.org", "/.well-known/acme-challenge/token", (), 200, "proof"),
    ("https-site", 1, "example.org", "/", (), 200, "org"),
    ("https-site", 1, "www.example.org", "/none", (), 404, ""),
    ("single-page-application", 0, "app.example.org", "/any/where", (), 200, "application"),
    ("single-page-application", 0, "app.example.org", "/assets/a.js", (), 200, "script"),
    ("single-page-application", 0, "app.example.org", "/assets/b.js", (), 404, ""),
    ("single-page-application", 0, "app.example.org", "/logo.png", (), 404, ""),
    ("several-hosts", 0, "www.example.org", "/", (), 200, "org"),
    ("several-hosts", 0, "unknown.example", "/", (), 421, ""),
    ("several-hosts", 0, "localhost", "/", (), 421, ""),
    ("several-hosts", 0, "example.net", "/page.html", (("Accept-Language", "de"),), 200, "Seite"),
    ("several-hosts", 0, "example.org", "/blog/7", (), 301, "/articles/7.html"),
    ("several-hosts", 1, "localhost", "/", (), 200, "readme"),
    ("old-apache-site", 0, "www.example.edu", "/~alice/", (), 200, "alice"),
    ("old-apache-site", 0, "www.example.edu", "/a.shtml", (), 200, "a.shtml"),
    ("old-apache-site", 0, "www.example.edu", "/people/bob", (), 200, "bob"),
    ("old-apache-site", 0, "www.example.edu", "/old/x", (), 301, "/new/x"),
    ("old-apache-site", 0, "www.example.edu", "/cgi-bin/x", (), 410, ""),
    ("old-apache-site", 0, "www.example.edu", "/icons/a.png", (), 200, "icon"),
    ("old-apache-site", 0, "www.example.edu", "/pub/", (), 200, "x.txt"),
    ("old-apache-site", 0, "www.example.edu", "/intern/", (), 401, ""),
]


def moved(name, folder):
    """The text of an example with its files below a folder, and addresses of loopback."""
    text = (EXAMPLES / f"{name}.conf").read_text()
    text = FOLDER.sub(lambda found: f'"{folder}{found[1]}"', text)
    text = text.replace('"*:80"', '"127.0.0.1:0"').replace('"127.0.0.1:8080"', '"127.0.0.2:0"')
    text = text.replace('"*:443"', '"127.0.0.2:0"')
    account = muster.worker_account()
    text = re.sub(r'(?m)^user .*$', f'user = "{account[0]}"', text)
    text = re.sub(r'(?m)^group .*$', f'group = "{account[1]}"', text)
    if "log {" not in text:
        text += "log {}\n"
    text = text.replace("log {", f'log {{ error = "{folder}/error.log" level = "debug"', 1)
    if "access " not in text:
        text = text.replace("log {", f'log {{ access = "{folder}/access.log"', 1)
    return f'pid_file = ""\n{text}'


def make_certificate(folder):
    """What certbot would have put there, but signed by itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=example.org",
                    "-addext", "subjectAltName=DNS:example.org,DNS:www.example.org",
                    "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
                   check=True, capture_output=True)


def speak_tls(client, host, folder):
    context = ssl.create_default_context(cafile=folder / "fullchain.pem")
    client.socket = context.wrap_socket(client.socket, server_hostname=host)


@pytest.fixture
def example(make_server, tmp_path):
    def start(name):
        server = make_server()
        muster.write_files(server.folder, FILES)
        if name == "https-site":
            if shutil.which("openssl") is None:
                pytest.skip("no openssl(1) to make a certificate with")
            make_certificate(server.folder / CERTIFICATES)
        server.write_config(moved(name, server.folder))
        return server

    return start


def test_all_of_them_are_here():
    assert {path.stem for path in EXAMPLES.glob("*.conf")} == {row[0] for row in REQUESTS}


@pytest.mark.parametrize("name", sorted({row[0] for row in REQUESTS}))
def test_it_is_valid(example, name):
    server = example(name)
    done = muster.run_musterd("-t", "-c", server.config_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted({row[0] for row in REQUESTS}))
def test_it_serves_what_it_is_for(example, name):
    server = example(name).start()
    for _, index, host, target, fields, status, text in [row for row in REQUESTS if row[0] == name]:
        with server.connect(index) as client:
            if name == "https-site" and index == 1:
                speak_tls(client, host, server.folder / CERTIFICATES)
            client.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n".encode() +
                        "".join(f"{key}: {value}\r\n" for key, value in fields).encode() + b"\r\n")
            answer = client.response()
        where = f"{host}{target}: {answer!r}"
        assert answer.status == status, where
        assert text in (answer.get("Location") or "") + answer.body.decode(), where
        if name == "https-site":        # never in the clear, RFC 6797 7.2
            assert answer.get("Strict-Transport-Security") == \
                ("max-age=31536000" if index == 1 else None), where
