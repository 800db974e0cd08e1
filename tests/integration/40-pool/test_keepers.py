# SPDX-License-Identifier: BSD-2-Clause
"""Keepers hold connections between requests, and answer what needs no waiting. Who holds a
connection is seen in /proc. A parked connection that takes a worker, outlives its time limit,
keeps to an old configuration, or ends with a process that does not hold it breaks them."""
import contextlib
import os
import re
import resource
import signal
import socket
import struct
import time

import pytest

import http_client
import muster
import processes
from muster import role_of, wait_for
from processes import wait_until_parked

FILES = {"index.html": "start\n", "a.txt": "the text of a\n", "dir/index.html": "in dir\n",
         "large.bin": bytes(200_000)}
SMALL_POOL = {"start": 2, "min_idle": 1, "max_idle": 2, "max_workers": 4}
HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: test.exam"


def finish_head(client):
    """Sends the other half, asks for the end; returns the response."""
    response = client.send(b"ple\r\nConnection: close\r\n\r\n").response()
    client.expect_close().close()
    return response


@pytest.fixture
def serve(make_server):
    """With keepers, which other tests of this folder are without."""
    def start(files=None, *, keepalive=None, **options):
        server = make_server(keepalive={"keepers": 2, **(keepalive or {})}, **options)
        muster.write_files(server.site, files or FILES)
        return server.start()

    return start


def park(server, count=1, index=0, **options):
    """So many clients that have asked for something once and are held by keepers."""
    clients = [server.connect(index, **options) for _ in range(count)]
    for client in clients:
        assert client.request().status == 200
    wait_until_parked(server, *clients)
    return clients


def close(clients):
    for client in clients:
        client.close()


def keepers(server):
    return processes.pids_of_role(server, "keeper")


def kill_keeper(server, pid):
    """Until it is replaced."""
    server.may_crash = True
    wanted = len(keepers(server))
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: pid not in keepers(server) and len(keepers(server)) == wanted, "a new keeper")


def holder(server, client):
    return wait_for(lambda: processes.workers_of(server, [client])[0], "a holder")


def is_answered(server, client, body=b"start\n", **options):
    """By whom does not matter."""
    assert client.request(**options).body == body
    return True


def test_a_parked_client_takes_no_worker(serve):
    server = serve(FILES, pool=SMALL_POOL)
    client, = park(server)
    workers = processes.workers_on(server)
    wait_for(lambda: len(processes.idle_on(server)) == len(workers), "the workers in accept")
    assert role_of(holder(server, client)) == "keeper"
    assert client.request(target="/a.txt").body == b"the text of a\n"
    client.close()
    wait_for(lambda: not any(processes.client_ports(server, pid) for pid in keepers(server)),
             "the keeper to let go")


def test_few_workers_and_hundreds_of_clients(serve):
    server = serve(FILES, pool=SMALL_POOL, limits={"connections_per_client": 0})
    clients = park(server, 300)
    assert server.get("/large.bin").body == FILES["large.bin"]
    for client in clients[::7]:
        assert client.request(target="/large.bin").body == FILES["large.bin"]
    for client in clients:
        assert is_answered(server, client)
    assert len(processes.pids_of_role(server, "worker")) <= 4
    wait_until_parked(server, *clients)
    close(clients)


def test_half_sent_requests_take_no_worker(serve):
    server = serve(FILES, pool=SMALL_POOL, limits={"connections_per_client": 0})
    slow = [server.connect().send(HALF_A_HEAD) for _ in range(100)]
    wait_until_parked(server, *slow)
    assert server.get().body == b"start\n"
    assert finish_head(slow.pop()).body == b"start\n"
    silent = [server.connect() for _ in range(50)]
    wait_until_parked(server, *silent)
    assert server.get().body == b"start\n"
    close([*slow, *silent])


def test_the_keep_alive_timeout_holds(serve):
    server = serve(FILES, keepalive={"timeout": "1s"})
    counts = (2, 1, 1)
    clients = [server.connect().send(muster.request() * count) for count in counts]
    for client, count in zip(clients, counts):
        for _ in range(count):
            assert client.response().status == 200
        client.expect_close().close()
    assert server.access().count(" 408 ") == 0


def test_closing_does_not_wait(serve):
    """With SO_LINGER it could, for a client that takes nothing: a worker may have set that."""
    server = serve(FILES, keepalive={"timeout": "1s", "keepers": 1})
    with server.connect(receive_buffer=4096) as silent:
        assert silent.request().status == 200
        wait_until_parked(server, silent)
        with processes.borrow_connection(server, silent) as its_end:
            its_end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3600))
            with pytest.raises(BlockingIOError):
                while True:
                    its_end.send(b"x" * 4096, socket.MSG_DONTWAIT)
        wait_for(lambda: processes.workers_of(server, [silent]) == [None], "the end of it")
        client, = park(server)
        assert is_answered(server, client)
        close([client])


def test_the_header_timeout_holds(serve):
    server = serve(FILES, limits={"header_timeout": "700ms"}, log={"format": "%>s %r"})
    first = server.connect().send(HALF_A_HEAD)
    later, = park(server)
    later.send(HALF_A_HEAD)
    for client in (first, later):
        response = client.response()
        assert response.status == 408 and response.will_close
        client.finish().expect_close().close()
    silent = server.connect()
    silent.expect_close().close()
    records = server.wait_for_access(3)
    assert records.count("408 GET / HTTP/1.1") == 2


def test_slow_bytes_do_not_put_it_off(serve):
    server = serve(FILES, limits={"header_timeout": "1s"})
    with server.connect() as client:
        client.send("GET /")
        try:
            for _ in range(3000):
                client.send("X")
                if client.has_input(0.005):
                    break
        except OSError:
            pytest.fail("reset before the answer could be read")
        assert client.response().status == 408


def test_requests_are_counted_on(serve):
    server = serve(FILES, keepalive={"max_requests": 4})
    client, = park(server)
    for target in ("/", "/large.bin"):
        assert not client.request(target=target).will_close
        wait_until_parked(server, client)
    assert client.request().will_close
    client.expect_close().close()


def connect_if_there_is_room(server):
    client = server.connect()
    if client.request().status == 200:
        wait_until_parked(server, client)
        return client
    client.close()
    return None


def test_parked_clients_are_counted(serve):
    server = serve(FILES, limits={"connections_per_client": 5}, keepalive={"keepers": 1})
    clients = park(server, 5)
    assert server.get().status == 429
    processes.reload(server)
    wait_until_parked(server, *clients)
    assert server.get().status == 429
    for client in clients:
        assert is_answered(server, client)
        assert client.request(target="/large.bin").status == 200
    wait_until_parked(server, *clients)
    assert server.get().status == 429
    clients.pop().close()
    client = wait_for(lambda: connect_if_there_is_room(server), "one place")
    clients.append(client)
    kill_keeper(server, keepers(server)[0])
    for client in clients:
        client.expect_close().close()
    clients = park(server, 5)
    assert server.get().status == 429
    close(clients)


@pytest.mark.parametrize("max_parked", [3, 20])
def test_too_many_parked_ones_end_the_longest_idle(serve, max_parked):
    server = serve(FILES, keepalive={"keepers": 1, "max_parked": max_parked})
    clients = []
    for _ in range(max_parked):
        clients += park(server)
    newer = park(server, 2)
    for client in clients[:2]:
        client.expect_close().close()
    for client in [*clients[2:], *newer]:
        assert is_answered(server, client)
    assert len(processes.log_lines(server, "warn: .*max_parked")) == 1
    close([*clients[2:], *newer])


def test_the_limit_of_open_files_is_lowered_meanwhile(serve):
    """By prlimit(1), say. It lets go of idle ones until what comes has room again, and rests."""
    server = serve(FILES, keepalive={"keepers": 1}, limits={"connections_per_client": 0})
    clients = park(server, 100)
    keeper, = keepers(server)
    processes.set_limit(keeper, resource.RLIMIT_NOFILE, 90)
    with server.connect() as lost:      # silent, it is parked at once, and without a descriptor
        lost.expect_close()
    newer = park(server, 10)
    clients[0].expect_close()
    for client in newer:
        assert is_answered(server, client)
    assert keepers(server) == [keeper] and server.get().status == 200
    before = processes.wakes_of(keeper)
    assert server.get("/a.txt").status == 200
    assert processes.wakes_of(keeper) - before < 20
    assert len(processes.log_lines(server, "warn: keeper: ")) == 1
    close([*clients, *newer])


def test_a_keeper_that_dies_with_few_places_leaves_no_counts(serve):
    server = serve(FILES, keepalive={"keepers": 1, "max_parked": 3},
                   limits={"connections_per_client": 3})
    for _ in range(3):
        clients = park(server, 3)
        kill_keeper(server, keepers(server)[0])
        for client in clients:
            client.expect_close().close()
    assert server.get().status == 200


def test_a_killed_keeper_takes_only_its_own(serve):
    server = serve(FILES, keepalive={"keepers": 2}, limits={"connections_per_client": 0})
    clients = park(server, 40)
    wait_for(lambda: len(keepers(server)) == 2, "both keepers")
    ports = {pid: processes.client_ports(server, pid) for pid in keepers(server)}
    victim = max(ports, key=lambda pid: len(ports[pid]))
    kill_keeper(server, victim)
    for client in clients:
        if client.socket.getsockname()[1] in ports[victim]:
            client.expect_close()
        else:
            assert is_answered(server, client)
        client.close()
    found = server.wait_for_log(rf"keeper {victim} died of signal 9 .*, with (\d+) connections")
    assert int(found[1]) == len(ports[victim])
    close(park(server, 3))


@pytest.mark.parametrize("count", [1, 2])
def test_a_keeper_that_is_told_to_go_passes_all_on(serve, count):
    server = serve(FILES, keepalive={"keepers": count})
    clients = park(server, 10)
    for client in clients[::2]:
        client.send(HALF_A_HEAD)
    wait_until_parked(server, *clients)
    leaver = keepers(server)[0]
    os.kill(leaver, signal.SIGQUIT)
    wait_for(lambda: leaver not in keepers(server), "its end")
    for client in clients[::2]:
        assert finish_head(client).body == b"start\n"
    for client in clients[1::2]:
        assert is_answered(server, client)
    wait_until_parked(server, *clients[1::2])
    close(clients[1::2])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_reload_takes_parked_ones_along(serve, count):
    server = serve(FILES, log={"format": "%>s %{X-Id}i"})
    muster.write_files(server.folder, {"other/index.html": "elsewhere\n"})
    clients = park(server, 10)
    slow, = park(server)
    slow.send(HALF_A_HEAD)
    old = keepers(server)
    server.settings["root"] = server.folder / "other"
    server.sections["keepalive"]["keepers"] = count
    server.write_config()
    processes.reload(server)
    wait_for(lambda: len(keepers(server)) == count and not set(old) & set(keepers(server)),
             "the new keepers only")
    wait_until_parked(server, *clients, slow)
    for client in clients:
        assert is_answered(server, client, b"elsewhere\n")
    assert finish_head(slow).body == b"elsewhere\n"
    close(clients)


def test_keepers_of_before_get_nothing_of_a_listener_that_they_do_not_know(serve, tmp_path_factory):
    """Who comes to a new listener at once is not parked before there are keepers who know it."""
    server = serve(FILES)
    folder = tmp_path_factory.mktemp("s")    # short enough for a socket's name
    for round_number in range(8):
        path = folder / str(round_number)
        server.listen = [server.listen[0], f"unix:{path}"]
        server.write_config()
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: server.log().count("listening on") > round_number + 1, "the new listener")
        with http_client.Client(str(path)) as client:
            assert [client.request().status for _ in range(3)] == [200, 200, 200]
        wait_for(lambda: server.log().count("new configuration in force") > round_number,
                 "the end of the reload")


def test_a_reload_to_no_keepers(serve):
    """Nobody is left to hold them; a request that is on its way is answered."""
    server = serve(FILES, limits={"header_timeout": "1m"})
    idle = park(server, 5)
    slow, = park(server)
    slow.send(HALF_A_HEAD)
    wait_until_parked(server, slow)
    server.sections["keepalive"]["keepers"] = 0
    server.write_config()
    processes.reload(server)
    for client in idle:
        client.expect_close().close()
    assert finish_head(slow).body == b"start\n"
    wait_for(lambda: not keepers(server), "the end of the keepers")
    with server.connect() as client:
        assert is_answered(server, client) and is_answered(server, client)
        assert role_of(holder(server, client)) == "worker"
    server.sections["keepalive"]["keepers"] = 2
    server.write_config()
    processes.reload(server, 2)
    close(park(server, 3))


@pytest.mark.root
@pytest.mark.needs("strace")
def test_a_connection_that_is_parked_when_the_last_keeper_has_left(serve):
    """Its worker has seen keepers, and is held up on its way to them by a tracer."""
    server = serve(FILES, keepalive={"keepers": 1, "linger": "0s"}, listen=[processes.ASKS_FIRST],
                   pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 2})
    close(park(server))                 # the next answer is ready, and sent without sendmsg(2)
    worker, = processes.workers_on(server)
    trace = server.folder / "trace"
    with processes.held_at("sendmsg", worker, trace) as let_go, server.connect() as client:
        assert client.request().status == 200
        wait_for(lambda: "sendmsg(" in trace.read_text(), "the worker to be held up")
        server.sections["keepalive"]["keepers"] = 0
        server.write_config()
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: not keepers(server), "the end of the keeper")
        let_go()
        client.expect_close()
    assert server.get().status == 200


def take_a_listener_away(server):
    """The second one."""
    server.listen = server.listen[:1]
    server.write_config()
    processes.reload(server)


def expect_refusal(client, status=503):
    response = client.response()
    assert response.status == status and response.will_close
    client.finish().expect_close().close()


def test_a_listener_that_was_taken_away(serve):
    """Who has begun to ask is told that it comes to nothing; also who is counted, and one that
    goes on sending."""
    server = serve(FILES, listen=["127.0.0.1:0", "127.0.0.2:0"], log={"format": "%>s %r"},
                   limits={"connections_per_client": 4})
    stays, (goes, half, more) = park(server)[0], park(server, 3, index=1)
    half.send(HALF_A_HEAD)
    more.send(HALF_A_HEAD)
    wait_until_parked(server, half, more)
    take_a_listener_away(server)
    goes.expect_close().close()
    assert is_answered(server, stays)
    more.send("ple\r\nX: y\r\n" * 1000)
    expect_refusal(half)
    expect_refusal(more)
    stays.close()
    # None of them counts any more.
    close([wait_for(lambda: connect_if_there_is_room(server), "a place") for _ in range(4)])
    wait_for(lambda: server.access().count("503 GET / HTTP/1.1\n") == 2, "the two records")


@contextlib.contextmanager
def standing_still(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: all(muster.process_stat(pid)[0] == "T" for pid in pids), "their stop")
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("method, body", [("GET", b""), ("POST", b"a=b")])
def test_a_request_on_its_way_by_a_listener_that_was_taken_away(serve, method, body):
    """Workers of the next configuration find it in the queue."""
    server = serve(FILES, pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 3},
                   listen=["127.0.0.1:0", "127.0.0.2:0"], log={"format": "%>s %r"})
    client, = park(server, index=1)
    workers = processes.pids_of_role(server, "worker")
    assert len(workers) == 3, "one for each socket"
    with standing_still(workers):
        client.send(muster.request(method, "/large.bin", body=body))
        wait_for(lambda: None in processes.workers_of(server, [client]), "it to lie in the queue")
        server.listen = server.listen[:1]
        server.write_config()
        server.send_signal(signal.SIGHUP)
        expect_refusal(client)
    assert f"503 {method} /large.bin HTTP/1.1" in server.wait_for_access(2)


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM])
def test_a_stop_with_parked_clients(serve, number):
    server = serve(FILES)
    idle = park(server, 5)
    slow, = park(server)
    slow.send(HALF_A_HEAD)
    wait_until_parked(server, slow)
    server.send_signal(number)
    for client in idle:
        client.expect_close().close()
    if number == signal.SIGQUIT:
        response = finish_head(slow)
        assert response.body == b"start\n" and response.will_close
    else:
        assert slow.rest() == b""
    assert server.wait_for_end() == 0


def test_a_stop_when_done_hands_on_to_the_end(serve):
    """A half-sent request for what a keeper does not answer itself needs a worker then."""
    server = serve(FILES)
    slow, idle = park(server, 2)
    slow.send("GET /large.bin HTTP/1.1\r\nHo")
    wait_until_parked(server, slow)
    server.send_signal(signal.SIGQUIT)
    idle.expect_close().close()
    response = slow.send("st: a\r\n\r\n").response()
    assert response.body == FILES["large.bin"] and response.will_close
    slow.expect_close().close()
    assert server.wait_for_end() == 0


def test_the_real_client_of_a_parked_connection(serve):
    server = serve(FILES, log={"format": "%h %a %U %k"},
                   settings={"trusted_proxies": ["127.0.0.1"]},
                   listen=[("127.0.0.1:0", {"proxy_protocol": True}), "127.0.0.1:0"])
    with server.connect() as client:
        client.send(b"PROXY TCP4 192.0.2.7 192.0.2.9 4711 80\r\n")
        assert client.request(target="/a.txt").status == 200
        wait_until_parked(server, client)
        assert client.request(target="/a.txt").status == 200
        wait_until_parked(server, client)
        assert client.request(target="/large.bin").status == 200
    with server.connect(1) as client:
        for number, target in enumerate(["/a.txt", "/a.txt", "/none", "/large.bin"]):
            client.request(target=target, fields=[("X-Forwarded-For", f"192.0.2.{number}")])
            wait_until_parked(server, client)
    clients = [line.split()[0] for line in server.wait_for_access(7)]
    assert clients == ["192.0.2.7"] * 3 + ["192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"]


@pytest.mark.parametrize("data, status", [
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"a" * 40_000, 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X: %d\r\n" % n for n in range(300)), 431),
    (b"NONSENSE\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/3.0\r\n\r\n", 505),
    (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400),
], ids=muster.short)
@pytest.mark.parametrize("piece_bytes", [1 << 20, 20_000, 1700])
def test_what_is_no_request_is_refused(serve_shared, data, status, piece_bytes):
    server = serve_shared
    before = server.access().count("\n")
    client, = park(server)
    for at in range(0, len(data), piece_bytes):
        wait_until_parked(server, client)
        try:
            client.send(data[at:at + piece_bytes])
        except OSError:
            break
        if client.has_input(0.02):
            break
    response = client.response()
    assert response.status == status and response.will_close
    client.finish().expect_close().close()
    wait_for(lambda: any(line.startswith(f"{status} ") for line in
                         server.access().split("\n")[before:-1]),
             lambda: f"the record of it, got {server.access().splitlines()[before:]}")


@pytest.fixture(scope="module")
def serve_shared(module_serve):
    return module_serve(FILES, keepalive={"max_requests": 0}, limits={"connections_per_client": 0},
                        log={"format": "%>s %b %O %I %X %k %m %U %q %H %{Content-Type}o %B"})


def test_a_slow_reader_gets_it_whole(serve):
    content = bytes(os.urandom(60 << 10))
    server = serve({**FILES, "mid.bin": content}, keepalive={"keepers": 1},
                   log={"format": "%>s %b %O %X %k %U"})
    client, = park(server, receive_buffer=2048, segment_bytes=500)
    keeper = holder(server, client)
    client.send(muster.request(target="/mid.bin") + muster.request(target="/none"))
    # Nothing is taken meanwhile; another client is served by the same keeper.
    other, = park(server)
    assert is_answered(server, other)
    assert holder(server, client) == keeper
    head = client.read_head()
    assert client.take(int(head["Content-Length"])) == content
    assert client.response().status == 404
    records = [line for line in server.wait_for_access(5) if line.endswith("/mid.bin")]
    found = re.fullmatch(rf"200 {len(content)} (\d+) \+ 1 /mid.bin", records[0])
    assert found and int(found[1]) == len(content) + len(head.head)
    close([client, other])


def test_a_slow_reader_that_goes_is_logged_so(serve):
    content = bytes(os.urandom(60 << 10))
    server = serve({**FILES, "mid.bin": content}, keepalive={"keepers": 1},
                   log={"format": "%>s %X %b %U"})
    client, = park(server, receive_buffer=2048, segment_bytes=500)
    client.send(muster.request(target="/mid.bin")).read_head()
    client.reset()
    record = server.wait_for_access(2)[1]
    found = re.fullmatch(r"200 X (\d+) /mid.bin", record)
    assert found and int(found[1]) < len(content), record


def test_a_reader_that_takes_nothing_is_given_up(serve):
    content = bytes(os.urandom(60 << 10))
    server = serve({**FILES, "mid.bin": content}, limits={"send_timeout": "1s"},
                   log={"format": "%>s %X %U"})
    client, = park(server, receive_buffer=2048, segment_bytes=500)
    client.send(muster.request(target="/mid.bin") * 10)
    record = server.wait_for_access(2)[1]
    while not record.startswith("200 X"):
        assert record == "200 + /mid.bin"
        record = server.wait_for_access(server.access().count("\n") + 1)[-1]
    client.close()


def test_pipelining_through_a_keeper(serve_shared):
    server = serve_shared
    client, = park(server)
    targets = ["/", "/a.txt", "/none", "/dir", "/large.bin", "/a.txt"] * 20
    client.send(b"".join(muster.request(target=target) for target in targets))
    for target in targets:
        response = client.response()
        assert response.status == {"/none": 404, "/dir": 301}.get(target, 200), target
        if target in ("/a.txt", "/large.bin"):
            body = FILES[target[1:]]
            assert response.body == (body.encode() if isinstance(body, str) else body)
    client.close()


def test_a_client_that_half_closes(serve_shared):
    client, = park(serve_shared)
    client.send(muster.request(target="/a.txt") + muster.request(target="/large.bin")).finish()
    assert client.response().body == b"the text of a\n"
    assert client.response().body == FILES["large.bin"]
    client.expect_close().close()
    client, = park(serve_shared)
    client.send(muster.request(target="/a.txt") + b"GET /").finish()
    assert client.response().body == b"the text of a\n"
    assert client.response().status == 400
    client.expect_close().close()


def test_version_1_0_is_kept_alive_and_told(serve_shared):
    fields = [("Connection", "keep-alive")]
    with serve_shared.connect() as client:
        for target in ("/a.txt", "/none", "/large.bin"):
            response = client.request(target=target, fields=fields, version="HTTP/1.0")
            assert response["Connection"] == "keep-alive"
            wait_until_parked(serve_shared, client)
        assert client.request(target="/a.txt", version="HTTP/1.0").will_close
        client.expect_close()


def test_unix_sockets_are_parked(serve, tmp_path_factory):
    path = tmp_path_factory.mktemp("socket") / "http"
    server = serve(FILES, pool=SMALL_POOL, listen=[f"unix:{path}"])
    clients = [server.connect() for _ in range(30)]
    for client in clients:
        assert client.request(target="/a.txt").status == 200
    for client in clients:
        assert client.request(target="/large.bin").body == FILES["large.bin"]
    for client in clients:
        assert is_answered(server, client)
    assert len(processes.pids_of_role(server, "worker")) <= 4
    close(clients)


def test_a_file_that_is_not_in_memory(serve):
    """A keeper does not wait for a disk; whoever answers, it is right."""
    content = {f"cold{number}.bin": os.urandom(40_000) for number in range(20)}
    server = serve({**FILES, **content})
    client, = park(server)
    for name, data in content.items():
        fd = os.open(server.site / name, os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)
        wait_until_parked(server, client)
        assert client.request(target=f"/{name}").body == data
    client.close()


def literal(text):
    return re.escape(text)


# Of a GET that is answered 200; others differ in what is below.
FORMATS = {
    "%U": "/a.txt", "%h": "127[.]0[.]0[.]1", "%a": "127[.]0[.]0[.]1", "%m": "GET", "%q": "[?]q=1",
    "%H": "HTTP/1.1", "%>s": "200", "%b": "14", "%B": "14", "%X": "[+]", "%u": "-",
    "%r": literal("GET /a.txt?q=1 HTTP/1.1"), "%{Host}i": "test.example",
    "%{User-Agent}i": "t/1", "%v": "test.example", "%{X-None}o": "-",
    "%{Content-Type}o": literal("text/plain; charset=utf-8"), "%{ETag}o": r'\\"[^"]+\\"',
    "%{Last-Modified}o": ".* GMT", "%I": "[1-9][0-9]+", "%O": "[1-9][0-9]+", "%D": "[0-9]+",
    "%p": "[0-9]+", "%P": "[0-9]+",
}
HEAD_ONLY = {"%b": "-", "%B": "0"}


@pytest.fixture(scope="module")
def formats(module_serve):
    """All of them in one record."""
    return module_serve(FILES, log={"format": "\t".join(FORMATS)})


@pytest.mark.parametrize("method, fields, status, others", [
    ("GET", [], 200, {}),
    ("HEAD", [], 200, {"%m": "HEAD", "%r": literal("HEAD /a.txt?q=1 HTTP/1.1"), **HEAD_ONLY}),
    ("GET", [("If-None-Match", "*")], 304,
     {"%>s": "304", "%{Content-Type}o": "-", "%{Last-Modified}o": "-|.* GMT", **HEAD_ONLY}),
], ids=["GET", "HEAD", "304"])
def test_records_of_answers_by_a_keeper(formats, method, fields, status, others):
    before = formats.access().count("/a.txt\t")
    client, = park(formats)
    for _ in range(3):                  # the first is made, the others are ready
        response = client.request(method, "/a.txt?q=1", [("User-Agent", "t/1"), *fields])
        assert response.status == status
    client.close()
    wait_for(lambda: formats.access().count("/a.txt\t") == before + 3, "the records")
    records = [line.split("\t") for line in formats.access().splitlines()
               if line.startswith("/a.txt\t")][before:]
    for record in records:
        wrong = {form: text for (form, expected), text in zip({**FORMATS, **others}.items(), record)
                 if not re.fullmatch(expected, text)}
        assert not wrong


def test_time_is_taken_of_the_request_and_not_of_the_wait(serve):
    server = serve(FILES, log={"format": "%D"})
    client, = park(server)
    begin_s = time.monotonic()
    wait_for(lambda: time.monotonic() > begin_s + 0.5, "a while to have passed")
    begin_s = time.monotonic()
    client.request()
    records = server.wait_for_access(2)     # it is made after the answer, maybe much later
    took_us = (time.monotonic() - begin_s) * 1e6
    assert int(records[1]) <= took_us
    client.close()


def test_a_large_head_and_content_go_over(serve):
    """A message between two processes may be larger than the system's default for one."""
    server = serve(FILES, limits={"header_size": "1M", "request_line": "8k"})
    client, = park(server)
    fields = [(f"X-{number}", "y" * 7000) for number in range(60)]
    assert client.request("GET", "/large.bin", fields).body == FILES["large.bin"]
    wait_until_parked(server, client)
    body = b"z" * 900_000
    client.send(muster.request("POST", "/", [("Content-Length", str(len(body)))]))
    client.socket.sendall(body)
    assert client.response().status == 405
    assert is_answered(server, client)
    client.close()


def test_a_smaller_header_size_after_a_reload(serve):
    server = serve(FILES, limits={"header_size": "64k"}, keepalive={"keepers": 1})
    slow, = park(server)
    slow.send("GET / HTTP/1.1\r\nHost: a\r\n" + "".join(f"X-{n}: {'y' * 1000}\r\n"
                                                       for n in range(10)))
    wait_until_parked(server, slow)
    shrink_header_size(server)
    response = slow.send("\r\n").response()
    assert response.status == 431
    slow.close()


def test_a_part_of_a_request_beyond_the_new_header_size(serve, tmp_path_factory):
    """More than the next keeper has room for: it says so, and knows why."""
    path = tmp_path_factory.mktemp("socket") / "http"
    server = serve(FILES, limits={"header_size": "256k"}, keepalive={"keepers": 1},
                   listen=["127.0.0.1:0", f"unix:{path}"], log={"format": "%>s %r"})
    short, = park(server)
    short.send(HALF_A_HEAD)
    with server.connect(1) as slow:
        slow.send("GET /much HTTP/1.1\r\nHost: a\r\n" + "".join(
            f"X-{n}: {'y' * 1000}\r\n" for n in range(90))).wait_until_read()
        shrink_header_size(server)
        expect_refusal(slow, 431)
    assert finish_head(short).body == b"start\n"
    assert "431 GET /much HTTP/1.1" in server.wait_for_access(3)
    assert not processes.log_lines(server, "was lost")


def shrink_header_size(server):
    old = keepers(server)
    server.sections["limits"].update(header_size="4k", request_line="2k")
    server.write_config()
    processes.reload(server)
    wait_for(lambda: not set(old) & set(keepers(server)), "the end of the old keeper")


def test_unix_half_closed_socket_pairs_do_not_spin(serve):
    """A client that has ended its side and is owed nothing is let go, not looked at for ever."""
    server = serve(FILES, keepalive={"keepers": 1})
    client, = park(server)
    client.socket.shutdown(socket.SHUT_WR)
    client.expect_close().close()
    keeper, = keepers(server)
    before = processes.wakes_of(keeper)
    assert server.get().status == 200
    assert processes.wakes_of(keeper) - before < 20
