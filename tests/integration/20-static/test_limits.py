# SPDX-License-Identifier: BSD-2-Clause
"""Limits of a client: how many connections it has, how often it asks. A limit that counts for
others too, one that outlives its connections, or one that a reload forgets breaks them."""
import os
import signal

import pytest

import muster

FILES = {"index.html": "start\n", "a/x.txt": "a\n", "b/x.txt": "b\n", "own/x.txt": "own\n",
         "free/x.txt": "free\n"}
RATES = """
request_rate = "1/m"
request_burst = 2
host "one.example" {
    location "/own/" { request_rate = "1/m"  request_burst = 0 }
    location "/free/" { request_rate = "" }
}
host "two.example" { request_rate = "1/m" }
"""


def statuses(server, target, count, host="one.example", fields=()):
    with server.connect() as client:
        return [client.request(target=target, host=host, fields=fields).status
                for _ in range(count)]


def behind(address):
    """The field of a proxy that speaks for this client."""
    return [("X-Forwarded-For", address)]


@pytest.fixture(scope="module")
def proxied(module_serve):
    """Each test is another client of it, since limits last longer than a test."""
    return module_serve(FILES, more=RATES, settings={"trusted_proxies": ["127.0.0.1"]})


def test_one_too_many_requests(proxied):
    fields = behind("192.0.2.1")
    with proxied.connect() as client:
        for _ in range(3):          # the burst, and one
            assert client.request(target="/a/x.txt", host="one.example",
                                  fields=fields).status == 200
        refused = client.request(target="/a/x.txt", host="one.example", fields=fields)
        assert refused.status == 429
        assert 1 <= int(refused["Retry-After"]) <= 60
        assert refused.get("Connection") is None
        # The connection goes on, and so does what has no limit.
        assert client.request(target="/free/x.txt", host="one.example",
                              fields=fields).body == b"free\n"


def test_other_clients_are_not_limited_by_it(proxied):
    assert statuses(proxied, "/a/x.txt", 4, fields=behind("192.0.2.2"))[-1] == 429
    assert statuses(proxied, "/a/x.txt", 1, fields=behind("192.0.2.3")) == [200]
    assert statuses(proxied, "/a/x.txt", 1, fields=behind("2001:db8::1")) == [200]


def test_an_ipv6_network_is_one_client(proxied):
    assert statuses(proxied, "/a/x.txt", 2, fields=behind("2001:db8:1:1::1")) == [200, 200]
    assert statuses(proxied, "/a/x.txt", 2, fields=behind("2001:db8:1:1:ff::2")) == [200, 429]
    assert statuses(proxied, "/a/x.txt", 1, fields=behind("2001:db8:1:2::1")) == [200]


def test_who_inherits_a_limit_shares_it(proxied):
    """Of the whole server, this one; other scopes have their own."""
    fields = behind("192.0.2.4")
    assert statuses(proxied, "/a/x.txt", 2, fields=fields) == [200, 200]
    assert statuses(proxied, "/b/x.txt", 2, fields=fields) == [200, 429]
    assert statuses(proxied, "/own/x.txt", 2, fields=fields) == [200, 429]
    assert statuses(proxied, "/a/x.txt", 4, host="two.example", fields=fields) == \
        [200, 200, 200, 429]


@pytest.mark.parametrize("target, fields, status", [
    ("/none", [], 404), ("/a/x.txt", [("If-None-Match", "*")], 304), ("/a", [], 301),
], ids=["404", "304", "301"])
def test_every_answer_counts(proxied, target, fields, status):
    fields = [*fields, *behind(f"198.51.100.{status - 300}")]
    assert statuses(proxied, target, 4, fields=fields) == [status] * 3 + [429]


def test_who_has_no_address_is_not_limited(serve, tmp_path):
    server = serve(FILES, more=RATES, listen=["127.0.0.1:0", f"unix:{tmp_path}/http"])
    with server.connect(1) as client:
        for _ in range(10):
            assert client.request(target="/a/x.txt", host="one.example").status == 200
    assert statuses(server, "/a/x.txt", 4) == [200, 200, 200, 429]


def test_a_fallback_counts_where_it_leads(serve):
    """Once for each limit: what is inherited is not asked for twice."""
    server = serve({"index.html": "start", "free.html": "free", "limited/x.html": "x"},
                   more='''
        request_rate = "1/m"
        request_burst = 6
        host "*" {
            location "/app/" { try_files = { "$uri", "/limited/x.html" } }
            location "/limited/" { request_rate = "1/m"  request_burst = 1 }
            location "/same/" { try_files = { "$uri", "/free.html" } }
        }''')
    assert statuses(server, "/app/x", 3) == [200, 200, 429]
    assert statuses(server, "/limited/x.html", 1) == [429]
    assert statuses(server, "/same/x", 5) == [200] * 4 + [429]


def test_a_proxy_that_names_nobody_is_not_limited(proxied):
    assert statuses(proxied, "/a/x.txt", 10) == [200] * 10
    assert statuses(proxied, "/a/x.txt", 10, fields=behind("unknown")) == [200] * 10


def test_workers_share_the_count(serve):
    """Each request goes to another worker, which is replaced after it."""
    server = serve(FILES, more=RATES, pool={"start": 4, "max_requests": 1})
    got = [server.get("/a/x.txt").status for _ in range(6)]
    assert got == [200] * 3 + [429] * 3


def test_too_small_a_table_is_said_once(serve):
    """More clients than it can hold, all within the minute that each is remembered for."""
    server = serve(FILES, more=RATES, limits={"clients": 1024}, keepalive={"max_requests": 0},
                   settings={"trusted_proxies": ["127.0.0.1"]})
    with server.connect() as client:
        for start in range(0, 2000, 100):
            client.send(b"".join(muster.request(fields=behind(f"198.18.{start // 100}.{number}"))
                                 for number in range(100)))
            assert [client.response().status for _ in range(100)] == [200] * 100
    server.wait_for_log("limits.clients = 1024 is too low")
    assert server.log().count("is too low") == 1


LIMIT = {"connections_per_client": 2, "header_timeout": "60s"}


@pytest.fixture
def server(serve):
    return serve(FILES, limits=LIMIT, pool={"start": 4, "min_idle": 2})


def hold(server, *, index=0):
    """A connection that is known to be counted: the server has answered on it."""
    client = server.connect(index)
    assert client.request().status == 200
    return client


def expect_refusal(server):
    with server.connect() as client:
        response = client.send(muster.request()).response()
        assert response.status == 429
        assert response["Retry-After"] == "1"
        assert response["Connection"] == "close"
        assert response["Content-Length"] == "0"
        assert response.get("Date") is not None
        client.expect_close()


def wait_for_room(server):
    """Until a connection that has ended is known to have."""
    def is_served():
        return server.get().status == 200

    muster.wait_for(is_served, lambda: "a connection that is served\n" + server.log())


def test_one_connection_too_many(server):
    with hold(server) as one, hold(server) as other:
        expect_refusal(server)
        expect_refusal(server)
        assert one.request().status == other.request().status == 200
    wait_for_room(server)
    assert "connections_per_client" in server.log()


def test_a_refused_connection_need_not_have_asked(server):
    with hold(server), hold(server), server.connect() as client:
        response = client.response()
        assert response.status == 429
        client.expect_close()


def test_refused_head_has_no_body(server):
    with hold(server), hold(server), server.connect() as client:
        response = client.send(muster.request("HEAD")).response("HEAD")
        assert response.status == 429
        client.expect_close()


def test_connections_of_a_dead_worker_are_given_back(serve):
    server = serve(FILES, limits={**LIMIT, "connections_per_client": 1},
                   pool={"start": 3, "min_idle": 2}, log={"format": "%P %>s"},
                   keepalive={"keepers": 0})
    server.may_crash = True
    with hold(server):
        pid = int(server.wait_for_access(1)[0].split()[0])
        expect_refusal(server)
        os.kill(pid, signal.SIGKILL)
        server.wait_for_log(f"{pid}.*SIGKILL")
        wait_for_room(server)


def begin_request(*clients):
    """An old worker does not take such a connection for an idle one."""
    for client in clients:
        client.send(b"GET / HT")


def end_request(*clients):
    for client in clients:
        client.send(b"TP/1.1\r\nHost: a\r\n\r\n")
        assert client.response().status == 200


def test_a_reload_does_not_forget_connections(server):
    """The old worker still has it; the new ones know."""
    with hold(server) as one, hold(server) as other:
        begin_request(one, other)
        server.send_signal(signal.SIGHUP)
        server.wait_for_log("new configuration in force")
        expect_refusal(server)
        end_request(one, other)


def test_another_table_size_begins_anew(server):
    with hold(server) as one, hold(server) as other:
        begin_request(one, other)
        server.sections["limits"]["clients"] = 2048
        server.write_config()
        server.send_signal(signal.SIGHUP)
        server.wait_for_log("new configuration in force")
        wait_for_room(server)       # an old worker may still have taken the first
        end_request(one, other)


def test_who_has_no_address_is_not_counted(serve, tmp_path):
    server = serve(FILES, limits={**LIMIT, "connections_per_client": 1}, pool={"start": 4},
                   listen=["127.0.0.1:0", f"unix:{tmp_path}/http"])
    with hold(server, index=1), hold(server, index=1), hold(server):
        expect_refusal(server)


def test_proxies_are_not_counted(serve):
    server = serve(FILES, limits={**LIMIT, "connections_per_client": 1}, pool={"start": 4},
                   settings={"trusted_proxies": ["127.0.0.0/8"]})
    with hold(server), hold(server), hold(server):
        pass


def test_no_limit_by_default(serve):
    server = serve(FILES, pool={"start": 8})
    with hold(server), hold(server), hold(server), hold(server), hold(server):
        pass
