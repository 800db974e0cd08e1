# SPDX-License-Identifier: BSD-2-Clause
"""What comes instead of a handshake, or takes too long with it: it ends, is logged once where it
is worth it, and holds no worker. Nothing is served in the clear but a page that says so."""
import socket
import ssl

import pytest

import muster
import tls_client
from muster import request

VERSION_1 = b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n"


def client_hello():
    """The first bytes of a client."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = ssl.create_default_context().wrap_bio(into, out, server_hostname="test.example")
    with pytest.raises(ssl.SSLWantReadError):
        one.do_handshake()
    return out.read()


def expect_end(client):
    """The connection ends; alerts and resets are as good as anything."""
    try:
        client.rest()
    except AssertionError as error:
        assert "reset" in str(error)


@pytest.fixture
def server(serve_tls):
    return serve_tls(limits={"handshake_timeout": "300ms"}, pool={"start": 2},
                     log={"format": '%h "%r" %>s %{SSL_PROTOCOL}x'})


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_http_in_the_clear(server, method):
    response = server.get("/secret", method=method)
    assert (response.status, response["Connection"]) == (400, "close")
    assert (b"https://" in response.body) == (method != "HEAD")
    assert response.get("Strict-Transport-Security") is None
    assert server.wait_for_access(1)[0] == f'127.0.0.1 "{method} /secret HTTP/1.1" 400 -'


def test_half_a_request_in_the_clear(server):
    with server.connect() as client:
        assert client.send(b"GET / HT").response().status == 400


def test_silence_ends(server, connect):
    with server.connect() as client:
        client.expect_close()
    server.wait_for_log("info: 127.0.0.1: TLS handshake failed: nothing came within")
    with tls_client.connected(connect, server) as client:
        assert client.request().status == 200


def test_half_a_hello_ends(server, connect):
    hello = client_hello()
    for part in (hello[:1], hello[:5], hello[:-1]):
        with server.connect() as client:
            client.send(part)
            expect_end(client)
    server.wait_for_log("not done within handshake_timeout", 3)
    with tls_client.connected(connect, server) as client:
        assert client.request().status == 200


def test_a_byte_at_a_time_is_no_way_to_stay(server):
    """The limit is one for the whole handshake."""
    hello = client_hello()
    with server.connect() as client:
        client.socket.settimeout(0.05)
        for at in range(len(hello) - 1):
            try:
                client.socket.sendall(hello[at:at + 1])
                if client.socket.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            pytest.fail("the connection outlasted the hello")
    server.wait_for_log("not done within handshake_timeout")


def test_a_hello_in_pieces_is_one(serve_tls, authority):
    server = serve_tls()
    context = tls_client.client_context(authority.root)
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = context.wrap_bio(into, out, server_hostname="test.example")
    with server.connect() as client:
        while True:
            try:
                one.do_handshake()
                break
            except ssl.SSLWantReadError:
                data = out.read()
                client.send_pieces(data, *range(1, len(data), 7))
                into.write(client.socket.recv(65536))
        one.write(request(fields=[("Connection", "close")]))
        data = out.read()
        client.send_pieces(data, *range(1, len(data), 3))
        into.write(client.rest())
        assert one.read(65536).endswith(b"start\n")


def garbage():
    yield b"\r\n\r\n\r\n\r\n"
    yield bytes(range(256)) * 4
    yield b"\x16\x03\x01\xff\xff" + b"x" * 65536
    yield b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"
    yield b"\x15\x03\x01\x00\x02\x02\x28"
    yield b"\x14\x03\x03\x00\x01\x01" * 1000
    yield b"\x17\x03\x03\x00\x10" + bytes(16)
    yield b"\x80\x2e\x01\x00\x02" + bytes(44)
    yield client_hello() + b"\x17\x03\x03\x40\x00" + bytes(16384)
    yield client_hello() * 2


@pytest.mark.parametrize("data", garbage(), ids=muster.short)
def test_garbage_ends(server, connect, data):
    with server.connect() as client:
        try:
            client.send(data)
        except OSError:
            pass
        expect_end(client)
    server.wait_for_log("TLS handshake failed")
    with tls_client.connected(connect, server) as client:
        assert client.request().status == 200
    assert server.access().count('"GET') <= 1


def test_who_trusts_somebody_else(serve_tls, connect):
    server = serve_tls()
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(server, context=ssl.create_default_context())
    server.wait_for_log("TLS handshake failed: .*unknown ca")


def test_proxy_header_comes_first(serve_tls, connect):
    server = serve_tls(listen=[("127.0.0.1:0", {"tls": True, "proxy_protocol": True})],
                       log={"format": "%h %{SSL_PROTOCOL}x"})
    with connect(server, before=VERSION_1) as client:
        assert client.request().body == b"start\n"
    assert server.wait_for_access(1) == ["192.0.2.1 TLSv1.3"]
    # In one piece with the hello, so that it is read ahead.
    hello = client_hello()
    with server.connect() as client:
        client.send(VERSION_1 + hello)
        assert client.take(1) == b"\x16"
    with server.connect() as client:
        assert client.send(VERSION_1 + request()).response().status == 400
    assert server.wait_for_access(2)[1] == "192.0.2.1 -"


def test_proxy_header_behind_tls_is_no_request(serve_tls, connect):
    server = serve_tls()
    with connect(server) as client:
        assert client.send(VERSION_1 + b"\r\n").response().status == 400


def test_crowds_are_turned_away_before_the_handshake(serve_tls, connect):
    server = serve_tls(limits={"connections_per_client": 1})
    with connect(server) as client:
        assert client.request().status == 200
        with pytest.raises(OSError):
            connect(server)
        server.wait_for_log("connections_per_client")
        assert client.request().status == 200


def hello_is_answered(server, proxied_as):
    """Whether a client that a proxy speaks for gets an answer to its hello."""
    with server.connect() as client:
        try:
            client.send(f"PROXY TCP4 {proxied_as} 192.0.2.9 4711 443\r\n".encode() +
                        client_hello())
            return client.socket.recv(1) == b"\x16"
        except OSError:
            return False


def test_who_comes_too_often_is_turned_away(serve_tls):
    """By the address that the PROXY header says; who is trusted has no limit. All in a moment, or
    the rate has let one more through: that is a minute for each."""
    server = serve_tls(limits={"handshake_rate": "1/m", "handshake_burst": 2},
                       listen=[("127.0.0.1:0", {"tls": True, "proxy_protocol": True})],
                       settings={"trusted_proxies": ["198.51.100.0/24"]})
    assert [hello_is_answered(server, "192.0.2.1") for _ in range(5)] == [True] * 3 + [False] * 2
    assert hello_is_answered(server, "192.0.2.2")
    assert all(hello_is_answered(server, "198.51.100.7") for _ in range(6))
    server.wait_for_log(r"192\.0\.2\.1 begins more TLS connections than 1/m \(handshake_rate\)")


def test_the_rate_is_for_tls_only(serve_tls, connect):
    server = serve_tls(limits={"handshake_rate": "1/m", "handshake_burst": 0},
                       listen=["127.0.0.1:0", ("127.0.0.1:0", {"tls": True})])
    for _ in range(5):
        assert server.get("/").status == 200
    with connect(server, index=1) as client:
        for _ in range(5):
            assert client.request().status == 200
    with pytest.raises(OSError):
        connect(server, index=1)
    assert server.get("/").status == 200


def test_many_who_say_nothing_hold_up_nobody(serve_tls, connect):
    """More of them than workers; each is gone in time."""
    server = serve_tls(limits={"handshake_timeout": "200ms"},
                       pool={"start": 2, "min_idle": 1, "max_idle": 2, "max_workers": 4})
    silent = [socket.create_connection(server.address()) for _ in range(20)]
    try:
        with tls_client.connected(connect, server) as client:
            assert client.request().status == 200
    finally:
        for one in silent:
            one.close()


def test_clear_and_private_listeners_side_by_side(serve_tls, connect):
    server = serve_tls(listen=["127.0.0.1:0", ("127.0.0.1:0", {"tls": True})],
                       log={"format": "%U %{SSL_PROTOCOL}x"})
    assert server.get("/index.html").body == b"start\n"
    with connect(server, index=1) as client:
        assert client.request().body == b"start\n"
    assert sorted(server.wait_for_access(2)) == ["/ TLSv1.3", "/index.html -"]


def test_end_without_a_word(serve_tls, connect):
    """No close_notify: whoever cuts a request off has sent none."""
    server = serve_tls(log={"format": '%>s "%r"'})
    one = connect(server)
    assert one.request().status == 200      # so that nothing is unread, and no reset comes of it
    one.send(b"GET / HTTP/1.1\r\nHost: test.example\r\n")
    one.abandon()
    assert server.wait_for_access(2)[1] == '400 "GET / HTTP/1.1"'
    one = connect(server)
    one.abandon()
    with connect(server) as client:
        assert client.request().status == 200


def test_the_end_is_said(serve_tls, authority):
    """close_notify comes, so that a client can tell the end from a cut."""
    server = serve_tls()
    context = tls_client.client_context(authority.root)
    with tls_client.TlsClient(server.address(), context, tells_cuts=True) as client:
        assert client.request(fields=[("Connection", "close")]).body == b"start\n"
        client.expect_close()
