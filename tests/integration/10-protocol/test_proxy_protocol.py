# SPDX-License-Identifier: BSD-2-Clause
"""Listeners on which a load balancer says first who the client is. Whoever comes without that is
sent away without a byte; a header that is taken for a part of the request, or the other way
round, breaks it. The access log tells who the client was taken for."""
import socket
import struct

import pytest

import muster

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PROXY, LOCAL = 0x21, 0x20
TCP4, TCP6 = 0x11, 0x21
CLIENT, CLIENT_6 = "192.0.2.1", "2001:db8::1"
VERSION_1 = f"PROXY TCP4 {CLIENT} 192.0.2.9 4711 80\r\n".encode()


def version_2(command, family, payload=b"", tlvs=b""):
    return SIGNATURE + struct.pack("!BBH", command, family, len(payload + tlvs)) + payload + tlvs


ADDRESSES = {
    TCP4: socket.inet_pton(socket.AF_INET, CLIENT) * 2 + struct.pack("!HH", 4711, 80),
    TCP6: socket.inet_pton(socket.AF_INET6, CLIENT_6) * 2 + struct.pack("!HH", 4711, 80),
}


@pytest.fixture
def server(serve):
    """Listener 0 wants a header, listener 1 does not know of any. One for each test: its records
    are counted, and the last one of another test may come late."""
    return serve({"index.html": "start\n"}, log={"format": '%h "%r" %>s'},
                 limits={"header_timeout": "500ms"},
                 listen=[("127.0.0.1:0", {"proxy_protocol": True}), "127.0.0.1:0"])


def expect_client(server, count_before, client):
    assert server.wait_for_access(count_before + 1)[count_before].split()[0] == client


def count_records(server):
    return server.access().count("\n")


HEADERS = [
    (VERSION_1, CLIENT),
    (f"PROXY TCP6 {CLIENT_6} ::1 65535 1\r\n".encode(), CLIENT_6),
    (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 65535 1\r\n", CLIENT),
    (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    (b"PROXY UNKNOWN ::1 ::1 1 2\r\n", "127.0.0.1"),
    (version_2(PROXY, TCP4, ADDRESSES[TCP4]), CLIENT),
    (version_2(PROXY, TCP6, ADDRESSES[TCP6]), CLIENT_6),
    (version_2(PROXY, 0x31, bytes(216)), "unix:"),
    (version_2(PROXY, 0), "127.0.0.1"),
    (version_2(LOCAL, 0), "127.0.0.1"),
    (version_2(LOCAL, TCP4, ADDRESSES[TCP4]), "127.0.0.1"),
    (version_2(PROXY, TCP4, ADDRESSES[TCP4], b"\x02\0\x09a.example\x04\0\0"), CLIENT),
    (version_2(PROXY, TCP4, ADDRESSES[TCP4], b"\x04\x08\0" + bytes(2048)), CLIENT),
]


@pytest.mark.parametrize("header, client", HEADERS, ids=muster.short)
def test_header_names_the_client(server, header, client):
    before = count_records(server)
    with server.connect() as one:
        response = one.send(header + muster.request()).response()
        assert (response.status, response.body) == (200, b"start\n")
        assert one.request().status == 200      # it is said once a connection
    expect_client(server, before, client)
    expect_client(server, before + 1, client)


@pytest.mark.parametrize("header, client", [HEADERS[0], HEADERS[5]], ids=["1", "2"])
def test_header_in_pieces(server, header, client):
    before = count_records(server)
    for cut in range(1, len(header) + 4):
        with server.connect() as one:
            one.send_pieces(header + muster.request(), cut, cut + 1)
            assert one.response().status == 200
    assert {line.split()[0] for line in
            server.wait_for_access(before + len(header) + 3)[before:]} == {client}


@pytest.mark.parametrize("start", [
    muster.request(), b"POST / HTTP/1.1\r\n", b"\x16\x03\x01\x02\0\x01", b"PROXY TCP4 1.2.3.4\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 80\n", b"PROXY TCP4 a.example 192.0.2.9 4711 80\r\n",
    b"PROXY UNKNOWN " + b"x" * 200, version_2(0x22, TCP4, ADDRESSES[TCP4]),
    version_2(0x11, TCP4, ADDRESSES[TCP4]), version_2(PROXY, TCP6, ADDRESSES[TCP4]),
    version_2(PROXY, TCP4, ADDRESSES[TCP4], b"\x04\0\x05x"),
    version_2(PROXY, TCP4, ADDRESSES[TCP4], b"\x03\0\x04\0\0\0\0"),
    SIGNATURE + b"\x21\x11\xff\xff",
], ids=muster.short)
def test_anything_else_is_sent_away_without_an_answer(server, start):
    before = count_records(server)
    with server.connect() as client:
        client.send(start)
        try:
            client.expect_close()
        except AssertionError as error:         # what it had sent behind was not read
            assert "reset" in str(error)
    server.wait_for_log("no PROXY header")
    assert server.get(index=1).status == 200
    assert count_records(server) <= before + 1


def test_silence_ends(server):
    with server.connect() as client:
        client.expect_close()
    with server.connect() as client:
        client.send(VERSION_1[:20]).expect_close()


def test_second_header_is_no_request(server):
    with server.connect() as client:
        client.send(VERSION_1 + VERSION_1 + b"\r\n")
        assert client.response().status == 400


def test_other_listeners_know_of_none(server):
    before = count_records(server)
    with server.connect(1) as client:
        assert client.send(VERSION_1 + muster.request()).response().status == 400
    expect_client(server, before, "127.0.0.1")
    assert server.get(index=1).status == 200


def test_header_comes_before_the_fields_of_a_proxy(serve):
    """The load balancer's client may be a proxy itself, and then its word counts."""
    server = serve(settings={"trusted_proxies": [CLIENT]}, log={"format": "%h"},
                   listen=[("127.0.0.1:0", {"proxy_protocol": True})])
    fields = [("X-Forwarded-For", "203.0.113.1")]
    for count, header in enumerate((VERSION_1, f"PROXY TCP6 {CLIENT_6} ::1 1 2\r\n".encode())):
        server.wait_for_access(count)   # or another process may be first with its record
        with server.connect() as client:
            client.send(header + muster.request(fields=fields))
            assert client.response().status == 200
    assert server.wait_for_access(2) == ["203.0.113.1", CLIENT_6]


def test_connections_are_counted_for_the_client_that_is_named(serve):
    server = serve(limits={"connections_per_client": 1}, pool={"start": 6},
                   listen=[("127.0.0.1:0", {"proxy_protocol": True})])
    with server.connect() as one, server.connect() as same, server.connect() as other:
        assert one.send(VERSION_1 + muster.request()).response().status == 200
        assert same.send(VERSION_1 + muster.request()).response().status == 429
        header = f"PROXY TCP6 {CLIENT_6} ::1 1 2\r\n".encode()
        assert other.send(header + muster.request()).response().status == 200
