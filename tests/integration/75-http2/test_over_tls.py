# SPDX-License-Identifier: BSD-2-Clause
"""HTTP/2 as browsers speak it: over TLS, agreed by ALPN. A connection that takes a cipher which
HTTP/2 forbids, records that are lost or doubled where a socket is full, or a host that is served
under another one's certificate break it."""
import json
import os
import random
import ssl
import subprocess
import time

import pytest

import certificates
import h2
import muster
import processes
from tls_client import TLS_1_2, TLS_1_3, TlsClient, client_context

BOTH = ("h2", "http/1.1")
LARGE = random.Random(2).randbytes(3_000_000)
SITE = {"index.html": "<p>start\n", "large": LARGE,
        **{f"many/{i}": f"number {i}\n" * 300 for i in range(100)}}


class Browser(h2.H2Client, TlsClient):
    """HTTP/2 behind a handshake."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(module_serve, authority):
    """One certificate for two hosts, another one for a third."""
    pair = authority.issue("test.example", "also.example")
    other = authority.issue("other.example")
    more = ('tls { profile = "old" }\nhost "test.example" {} host "also.example" {}\n'
            'host "other.example" { '
            f"certificate = {muster.quoted(other.chain)} "
            f"certificate_key = {muster.quoted(other.key)} }}\n")
    return module_serve(SITE, listen=[("127.0.0.1:0", {"tls": True}),
                                      ("127.0.0.1:0", {"tls": True, "http2": False})],
                        settings={"certificate": pair.chain, "certificate_key": pair.key},
                        more=more, pool={"start": 4, "min_idle": 2},
                        log={"format": '%>s %H %{SSL_PROTOCOL}x "%r" %B %X'})


@pytest.fixture
def browse(server, authority):
    """browse(version=None, **options): a client of that server that has agreed on h2."""
    clients = []

    def start(version=None, **options):
        context = client_context(authority.root, version, BOTH)
        clients.append(Browser(server.address(), context=context, **options))
        assert clients[-1].socket.selected_alpn_protocol() == "h2"
        return clients[-1]

    yield start
    for client in clients:
        client.close()


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=["1.2", "1.3"])
def test_streams_beside_each_other(browse, version):
    client = browse(version)
    streams = [client.request(f"/many/{i}", authority="test.example", scheme="https")
               for i in range(100)]
    for i, stream in enumerate(streams):
        answer = client.answer(stream)
        assert answer.status == 200 and answer.body == SITE[f"many/{i}"].encode()


def test_records_when_the_socket_is_full(browse):
    """Parts of a record go when there is room; what is asked for meanwhile is read."""
    client = browse(receive_buffer=4096)
    client.send_frame(h2.SETTINGS, payload=h2.setting(4, 1 << 30))
    client.send_frame(h2.WINDOW_UPDATE, 0, 0, (1 << 30).to_bytes(4, "big"))
    client.updates_windows = False
    streams = [client.request("/large", authority="test.example", scheme="https")
               for _ in range(3)]
    small = client.request("/", authority="test.example", scheme="https")
    assert client.answer(small).body == b"<p>start\n"
    for stream in streams:
        assert client.answer(stream).body == LARGE


def test_the_end_of_a_slow_client(server, browse):
    """All of a large answer is in the server's socket when a reload makes its worker go."""
    client = browse(receive_buffer=4096)
    client.send_frame(h2.SETTINGS, payload=h2.setting(4, 1 << 30))
    client.send_frame(h2.WINDOW_UPDATE, 0, 0, (1 << 30).to_bytes(4, "big"))
    stream = client.request("/large", authority="test.example", scheme="https")
    assert client.has_input(60)
    processes.reload(server)
    time.sleep(4)                   # longer than the notice and the goodbye
    assert client.answer(stream).body == LARGE
    assert client.until_end() == h2.NO_ERROR


@pytest.mark.parametrize("index, offered, version, ciphers, chosen", [
    (0, BOTH, None, None, "h2"), (0, ("http/1.1", "h2"), None, None, "h2"),
    (0, ("h2",), None, None, "h2"), (0, ("http/1.1",), None, None, "http/1.1"),
    (0, (), None, None, None), (1, BOTH, None, None, "http/1.1"),
    (0, BOTH, TLS_1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", "h2"),
    (0, BOTH, TLS_1_2, "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0", "http/1.1"),
])
def test_who_speaks_what(server, authority, index, offered, version, ciphers, chosen):
    context = client_context(authority.root, version, offered, ciphers)
    with TlsClient(server.address(index), context) as client:
        assert client.socket.selected_alpn_protocol() == chosen
        if chosen != "h2":
            assert client.request(host="test.example").status == 200


def test_nobody_to_agree_with(server, authority):
    context = client_context(authority.root, alpn=("h2",))
    with pytest.raises(ssl.SSLError, match="NO_APPLICATION_PROTOCOL|no application protocol"):
        TlsClient(server.address(1), context)


@pytest.mark.parametrize("name, host, status", [
    ("test.example", "test.example", 200), ("test.example", "also.example", 200),
    ("test.example", "other.example", 421), ("other.example", "test.example", 421),
    ("other.example", "other.example", 200), ("also.example", "unknown.example", 200),
])
def test_hosts_of_a_connection(browse, name, host, status):
    """Those that share its certificate."""
    client = browse(server_name=name)
    assert client.get("/", authority=host, scheme="https").status == status
    assert client.get("/", authority=name, scheme="https").status == 200


def test_the_log_tells(server, browse):
    browse(TLS_1_3).get("/?told", authority="test.example", scheme="https")
    muster.wait_for(lambda: '200 HTTP/2.0 TLSv1.3 "GET /?told HTTP/2.0" 9 +' in server.access(),
                    server.access)


def test_an_end_in_the_middle(server, browse):
    """Without close_notify, while answers are on their way."""
    client = browse()
    for _ in range(5):
        client.request("/large", authority="test.example", scheme="https")
    client.abandon()
    assert browse().get("/", authority="test.example", scheme="https").status == 200


@pytest.mark.needs("curl")
def test_curl(server, authority):
    port = server.address()[1]
    result = subprocess.run(
        ["curl", "-sS", "--max-time", "60", "--http2", "--cacert", str(authority.root),
         "--connect-to", f"::127.0.0.1:{port}", "-w", "%{http_version} %{http_code}", "-o",
         os.devnull, f"https://test.example:{port}/large"], stdout=subprocess.PIPE, check=True)
    assert result.stdout == b"2 200"


@pytest.mark.needs("nghttp")
def test_a_page_of_many_parts(server):
    """nghttp follows no link, but asks for all at once, as a browser does."""
    port = server.address()[1]
    urls = [f"https://127.0.0.1:{port}/many/{i}" for i in range(100)]
    result = subprocess.run(["nghttp", "-nsy", *urls], stdout=subprocess.PIPE, text=True,
                            check=True, timeout=60)
    lines = [line.split() for line in result.stdout.splitlines() if "/many/" in line]
    assert len(lines) == 100 and all(line[-3] == "200" for line in lines)


def fields_of_all(server, paths, *options):
    """By path: the fields that curl got, from many answers on one connection at the same time."""
    urls = [word for path in paths
            for word in ("-o", "/dev/null", f"https://127.0.0.1:{server.port}/{path}")]
    text = subprocess.run(
        ["curl", "-sSkZ", "--max-time", "60", *options, "-w", "%{url}\n%{header_json}\n", *urls],
        stdout=subprocess.PIPE, check=True).stdout.decode()
    found, decoder = {}, json.JSONDecoder()
    while text:
        url, _, text = text.partition("\n")
        fields, end = decoder.raw_decode(text)
        found[url.split("/", 3)[3]] = {name: value for name, value in fields.items()
                                       if name not in ("date", "connection")}
        text = text[end:].lstrip("\n")
    return found


@pytest.mark.needs("curl")
def test_many_answers_keep_their_fields_apart(serve, authority):
    """Each file's length is another one; of some, the names are too long to be kept ready, or
    too many. Breaks if the list that is kept of one answer is sent for another."""
    site = {f"{place}/{i}": "x" * (3 * i + len(place))
            for place in ("few", "long", "many") for i in range(12)}
    long_name = "X-" + "long-" * 180 + "name"
    many = "\n".join(f'header "X-Field-{i}" {{ value = "{i}" }}' for i in range(30))
    pair = authority.issue("test.example")
    server = serve(site, listen=[("127.0.0.1:0", {"tls": True})],
                   settings={"certificate": pair.chain, "certificate_key": pair.key}, more=f"""
host "*" {{
    location "/long" {{ header "{long_name}" {{ value = "l" }} }}
    location "/many" {{ {many} }}
}}
""")
    whole = fields_of_all(server, site, "--http1.1")
    assert whole["long/0"][long_name.lower()] == ["l"]
    assert whole["many/0"]["x-field-29"] == ["29"]
    unchanged = fields_of_all(server, site, "--http1.1", "-z", "2100-01-01")
    for _ in range(3):
        assert fields_of_all(server, site, "--http2") == whole
        assert fields_of_all(server, site, "--http2", "-z", "2100-01-01") == unchanged
