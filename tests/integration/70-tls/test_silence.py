# SPDX-License-Identifier: BSD-2-Clause
"""Clients that connect and do not begin, or do not get on with it: they wait with a keeper until
their hello is whole, and take no worker. One that holds a worker, outlives its time limit, ends
with a reload, or is forgotten in a count breaks it."""
import contextlib
import os
import signal
import ssl

import pytest

import muster
import processes
from muster import wait_for
from processes import wait_until_parked
from test_handshake import client_hello, expect_end
from tls_client import client_context

SMALL_POOL = {"start": 2, "min_idle": 1, "max_idle": 2, "max_workers": 4}


@contextlib.contextmanager
def parked(server, count=1, data=b""):
    """So many clients that have sent that, and are held by keepers."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connect()).send(data) for _ in range(count)]
        wait_until_parked(server, *clients)
        yield clients


def shake_hands(client, authority, **options):
    """Better late than never."""
    context = client_context(authority.root, **options)
    client.socket = context.wrap_socket(client.socket, server_hostname="test.example")
    return client


def holders(server, clients):
    return {muster.role_of(pid) for pid in processes.workers_of(server, clients)}


@pytest.mark.parametrize("bytes_", [0, 1, 100])
def test_a_hundred_of_them_hold_up_nobody(serve_tls, connect, bytes_):
    server = serve_tls(pool=SMALL_POOL)
    with parked(server, 100, client_hello()[:bytes_]) as silent:
        for _ in range(3):
            with connect(server) as client:
                assert client.request().body == b"start\n"
        assert holders(server, silent) == {"keeper"}
        assert len(server.worker_pids()) <= 4


def test_who_begins_late_is_served(serve_tls, authority):
    """Like anybody else: it keeps its connection, though keepers cannot have it any more."""
    server = serve_tls(keepalive={"linger": "1ms"}, log={"format": "%h %r %{SSL_PROTOCOL}x"})
    with parked(server, 2) as (one, other):
        for client in (one, other):
            shake_hands(client, authority)
            for _ in range(3):
                assert client.request().body == b"start\n"
                assert not client.has_input(0.1)
    assert server.wait_for_access(6) == ["127.0.0.1 GET / HTTP/1.1 TLSv1.3"] * 6


def test_the_other_half(serve_tls, authority):
    server = serve_tls()
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client_context(authority.root).wrap_bio(into, out, server_hostname="test.example")
    with pytest.raises(ssl.SSLWantReadError):
        one.do_handshake()
    hello = out.read()
    with parked(server, data=hello[:7]) as (client,):
        client.send(hello[7:50])
        wait_until_parked(server, client)
        client.send(hello[50:])
        with contextlib.suppress(ssl.SSLWantReadError):
            while True:
                into.write(client.socket.recv(65536))
                with contextlib.suppress(ssl.SSLWantReadError):
                    one.do_handshake()
                    break
        one.write(muster.request(fields=[("Connection", "close")]))
        into.write(client.send(out.read()).rest())
        assert one.read(65536).endswith(b"start\n")


def test_http_2_after_a_while(serve_tls, authority):
    server = serve_tls()
    with parked(server) as (client,):
        shake_hands(client, authority, alpn=("h2",))
        assert client.socket.selected_alpn_protocol() == "h2"
        assert client.take(9)[3] == 4   # SETTINGS


@pytest.mark.parametrize("data", [muster.request(), b"\r\n\r\n\r\n", b"\x16\3\1\0\4\2\0\0\0"],
                         ids=muster.short)
def test_what_is_none(serve_tls, data):
    """As if it had come at once."""
    server = serve_tls()
    with parked(server) as (client,):
        client.send(data)
        if data.startswith(b"GET"):
            assert client.response().status == 400
        else:
            expect_end(client)
            server.wait_for_log("TLS handshake failed: ")


def test_the_time_limit_holds(serve_tls):
    """From when they came, whatever they send meanwhile."""
    server = serve_tls(limits={"handshake_timeout": "700ms"})
    hello = client_hello()
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(server.connect()) for _ in range(3)]
        slow = [stack.enter_context(server.connect()).send(hello[:9]) for _ in range(2)]
        slow[0].send(hello[9:20])
        for client in (*silent, *slow):
            client.expect_close()
    server.wait_for_log("127.0.0.1: TLS handshake failed: nothing came within handshake_", 3)
    server.wait_for_log("127.0.0.1: TLS handshake failed: not done within handshake_", 2)


def test_who_goes_is_forgotten(serve_tls, connect):
    """Also in the count of a client's connections."""
    server = serve_tls(limits={"connections_per_client": 5})
    with parked(server, 4) as silent, parked(server, 1, client_hello()[:9]):
        with pytest.raises(OSError):
            connect(server)
        server.wait_for_log("connections_per_client")
        silent[0].close()
        silent[1].reset()

        def comes_in():
            try:
                with connect(server) as client:
                    return client.request().status == 200
            except OSError:
                return False

        wait_for(comes_in, "a place")
    keeper, = processes.pids_of_role(server, "keeper")
    wait_for(lambda: not processes.client_ports(server, keeper), "the keeper to let go")


def test_the_limit_goes_over_with_the_client(serve_tls, connect, authority):
    server = serve_tls(limits={"connections_per_client": 1})
    with parked(server) as (client,):
        assert shake_hands(client, authority).request().status == 200
        with pytest.raises(OSError):
            connect(server)


def test_a_killed_keeper_takes_them_along(serve_tls, connect):
    server = serve_tls(pool=SMALL_POOL, limits={"connections_per_client": 3})
    server.may_crash = True
    with parked(server, 3) as silent:
        keeper, = processes.pids_of_role(server, "keeper")
        os.kill(keeper, signal.SIGKILL)
        for client in silent:
            client.expect_close()
    wait_for(lambda: processes.pids_of_role(server, "keeper") not in ([], [keeper]), "another")
    with connect(server) as client:
        assert client.request().status == 200
    with parked(server):
        pass


def test_a_reload_takes_them_along(serve_tls, authority):
    """To the new certificate; a hello that has begun, too."""
    server = serve_tls()
    hello = client_hello()
    new = authority.issue("test.example", "new.example", name="renewed")
    with parked(server, 20) as silent, parked(server, 1, hello[:9]) as (half,):
        server.settings.update(certificate=new.chain, certificate_key=new.key)
        server.write_config()
        processes.reload(server)
        wait_until_parked(server, *silent, half)
        for client in silent:
            shake_hands(client, authority)
            names = [value for _, value in client.socket.getpeercert()["subjectAltName"]]
            assert "new.example" in names
            assert client.request(fields=[("Connection", "close")]).body == b"start\n"
        assert half.send(hello[9:]).take(1) == b"\x16"


def test_a_listener_that_was_taken_away(serve_tls, connect):
    server = serve_tls(listen=[("127.0.0.1:0", {"tls": True}),
                               ("127.0.0.2:0", {"tls": True})])
    with parked(server, 3) as silent, parked(server, 1, client_hello()[:9]) as half:
        server.listen = server.listen[1:]
        server.write_config()
        processes.reload(server)
        for client in [*silent, *half]:
            expect_end(client)
    with connect(server, index=1) as client:
        assert client.request().status == 200


def test_a_listener_without_tls_any_more(serve_tls):
    """Who has waited for TLS there is served as whoever comes later, and kept."""
    server = serve_tls(limits={"handshake_timeout": "1h"})
    with parked(server) as (client,):
        server.listen = [(server.listen[0][0], {"tls": False})]
        server.write_config()
        processes.reload(server)
        for _ in range(3):
            assert client.request().body == b"start\n"
            wait_until_parked(server, client)
    assert not processes.log_lines(server, "TLS handshake failed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_a_stop_ends_them(serve_tls, number):
    """At once, since they have asked for nothing."""
    server = serve_tls(limits={"handshake_timeout": "1h"})
    with parked(server, 3) as silent, parked(server, 1, client_hello()[:9]) as half:
        server.stop(number)
        for client in [*silent, *half]:
            expect_end(client)


def test_a_reload_to_no_keepers(serve_tls, authority):
    server = serve_tls()
    with parked(server, 3) as silent:
        server.sections["keepalive"]["keepers"] = 0
        server.write_config()
        processes.reload(server)
        for client in silent:
            expect_end(client)


def test_the_proxy_header_counts_on(serve_tls, authority):
    server = serve_tls(listen=[("127.0.0.1:0", {"tls": True, "proxy_protocol": True})],
                       log={"format": "%h"})
    with parked(server, data=b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n") as (client,):
        assert shake_hands(client, authority).request().status == 200
    assert server.wait_for_access(1) == ["192.0.2.1"]
