# SPDX-License-Identifier: BSD-2-Clause
"""Clients that take a large file slowly hold no worker: what is left of the answer waits in a
keeper and goes on in any worker. A worker that waits for such a client, a byte that is lost or sent
twice, a request without its record or with two, or a time limit that begins anew each time break
them."""
import os
import signal
import socket
import threading

import pytest

import credentials
import muster
import processes
from muster import wait_for
from processes import wait_until_parked

LARGE = processes.large_content(20)
FILES = {"index.html": "start\n", "a.txt": "the text of a\n", "large.bin": LARGE,
         "middle.bin": LARGE[:300_000]}
SMALL_POOL = {"start": 2, "min_idle": 1, "max_idle": 2, "max_workers": 4}
FORMAT = "%U %>s %b %O %X %k %P %D %{X-Id}i %{Content-Length}o %u"


@pytest.fixture
def serve(make_server):
    """With keepers, which other tests of this folder are without."""
    def start(files=None, *, keepalive=None, log=None, site="", **options):
        server = make_server(keepalive={"keepers": 2, **(keepalive or {})},
                             log={"format": FORMAT, **(log or {})}, **options)
        muster.write_files(server.site, files or FILES)
        server.more = site.replace("FOLDER", str(server.folder))
        server.write_config()
        return server.start()

    return start


def location(path, settings):
    """Of the host that requests here name."""
    return f'host "test.example" {{ location "{path}" {{ {settings} }} }}\n'


def begin(server, fields=(), target="/large.bin", more=b"", method="GET", **options):
    """A client that has read nothing but the start of an answer."""
    client = server.connect(receive_buffer=4096, **options)
    client.send(muster.request(method, target, fields) + more)
    assert client.read_head().status in (200, 206)
    return client


def stall(server, count=1, **options):
    """So many clients whose answers wait in keepers."""
    clients = [begin(server, **options) for _ in range(count)]
    wait_until_parked(server, *clients)
    return clients


def read_on(client, content=LARGE, at=0, piece_bytes=1 << 20):
    """All that is left of the body; the buffer grows, so that it does not take for ever."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, piece_bytes)
    while at < len(content):
        piece = client.take(min(piece_bytes, len(content) - at))
        assert piece == content[at:at + len(piece)], f"wrong bytes after {at}"
        at += len(piece)
    return client


def records(server, count):
    return [line.split() for line in server.wait_for_access(count)]


def aborted(server, count):
    """So many records of answers that were broken off; the bytes of each."""
    found = [record for record in records(server, count) if record[4] == "X"]
    assert len(found) == count and {record[1] for record in found} == {"200"}
    return [int(record[2]) for record in found]


def test_slow_clients_take_no_worker(serve):
    server = serve(pool=SMALL_POOL)
    clients = [begin(server, [("X-Id", f"n{number}")]) for number in range(50)]
    assert server.get("/middle.bin").body == FILES["middle.bin"]
    wait_until_parked(server, *clients)
    assert server.get("/middle.bin").body == FILES["middle.bin"]
    assert len(processes.pids_of_role(server, "worker")) <= 4
    workers = set(processes.pids_of_role(server, "worker"))
    readers = [threading.Thread(target=read_on, args=(client, LARGE, 0, 4096 << number % 9))
               for number, client in enumerate(clients)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    for client in clients:
        assert client.request(target="/a.txt").body == b"the text of a\n"
        client.close()
    found = [record for record in records(server, 102) if record[0] == "/large.bin"]
    assert sorted(record[8] for record in found) == sorted(f"n{number}" for number in range(50))
    for record in found:
        assert record[1:3] == ["200", str(len(LARGE))] and record[4:6] == ["+", "0"]
        assert len(LARGE) < int(record[3]) < len(LARGE) + 1000 and int(record[7]) > 0
        assert int(record[6]) in workers | set(processes.pids_of_role(server, "worker"))


def test_it_is_the_same_answer_from_memory_and_not(serve):
    """The second one is sent out of the cache, as an open file; the next request is answered."""
    server = serve(keepalive={"linger": "0s"})
    client = server.connect(receive_buffer=4096)
    for number in range(3):
        client.send(muster.request(target="/large.bin"))
        head = client.read_head()
        assert head["Content-Length"] == str(len(LARGE))
        wait_until_parked(server, client)
        read_on(client)
        assert client.request(target="/a.txt").body == b"the text of a\n"
        found = records(server, 2 * number + 2)[2 * number]
        assert found[:3] == ["/large.bin", "200", str(len(LARGE))] and found[4] == "+"
        assert found[9] == str(len(LARGE)) or found[9] == "-"
    client.close()


@pytest.mark.parametrize("more, answers", [
    (muster.request(target="/a.txt"), 1),
    (muster.request(target="/a.txt") * 5 + muster.request(target="/middle.bin"), 6),
    (muster.request(target="/a.txt")[:30], 1),
], ids=["one", "six", "a half"])
def test_what_was_sent_behind_it_is_answered(serve, more, answers):
    server = serve(pool=SMALL_POOL)
    client = begin(server, more=more)
    wait_until_parked(server, client)
    read_on(client)
    if not more.endswith(b"\r\n\r\n"):
        client.send(muster.request(target="/a.txt")[len(more):])
    for number in range(min(answers, 5)):
        assert client.response().body == b"the text of a\n"
    if answers > 5:
        assert client.response().body == FILES["middle.bin"]
    client.close()
    assert [record[5] for record in records(server, 1 + answers)] == \
        [str(number) for number in range(1 + answers)]


def test_content_between_them_is_taken_out(serve):
    """The request had content, which nobody needs any more when it goes on elsewhere."""
    server = serve(log={"format": "%U %>s %I"})
    first = muster.request(target="/large.bin", body=b"x" * 9000)
    client = server.connect(receive_buffer=4096)
    client.send(first + muster.request(target="/a.txt"))
    client.read_head()
    wait_until_parked(server, client)
    read_on(client)
    assert client.response().body == b"the text of a\n"
    client.close()
    assert records(server, 2)[0] == ["/large.bin", "200", str(len(first))]


def test_ranges_and_heads(serve):
    server = serve(pool=SMALL_POOL)
    part = LARGE[1_000_001:15_000_002]
    client = begin(server, [("Range", "bytes=1000001-15000001")])
    wait_until_parked(server, client)
    read_on(client, part)
    assert client.request("HEAD", "/large.bin")["Content-Length"] == str(len(LARGE))
    client.close()
    found = records(server, 2)
    assert found[0][1:3] == ["206", str(len(part))] and found[1][1:3] == ["200", "-"]


def test_a_client_that_wants_the_end_gets_it(serve):
    server = serve()
    client = begin(server, [("Connection", "close")])
    wait_until_parked(server, client)
    read_on(client).expect_close().close()
    assert records(server, 1)[0][4] == "-"


def test_the_user_is_logged(serve):
    alice = credentials.ALICE
    server = serve({"in/large.bin": LARGE, "../users": credentials.password_file(alice)},
                   site=location("/in/", 'auth_type = "basic"  auth_name = "r"  '
                                 'auth_user_file = "FOLDER/users"'))
    client = begin(server, [credentials.basic(alice)], "/in/large.bin")
    wait_until_parked(server, client)
    read_on(client).close()
    assert records(server, 1)[0][10] == "alice"


def test_the_time_limit_ends_who_takes_nothing(serve):
    server = serve(limits={"send_timeout": "2s"}, pool=SMALL_POOL)
    clients = [stall(server)[0] for _ in range(5)]  # each within its own time
    assert all(0 < count < len(LARGE) for count in aborted(server, 5))
    wait_for(lambda: not any(processes.client_ports(server, pid) - {0}
                             for pid in server.child_pids()), "all of them to let go")
    for client in clients:
        assert 0 < len(client.rest()) < len(LARGE)
        client.close()


def test_the_time_limit_goes_on_in_a_keeper(serve):
    """Who takes a few bytes now and then, and less than 64 KiB in each send_timeout, is ended,
    however often the answer goes from process to process."""
    server = serve(limits={"send_timeout": "2s"})
    client = server.connect(receive_buffer=2048, segment_bytes=500)
    client.send(muster.request(target="/large.bin"))
    client.read_head()
    is_over = threading.Event()

    def drip():
        while not is_over.wait(0.02) and client.has_input(0):
            if not client.socket.recv(64):
                break

    reader = threading.Thread(target=drip)
    reader.start()
    try:
        assert aborted(server, 1)[0] < len(LARGE)
    finally:
        is_over.set()
        reader.join()
        client.close()


def test_who_goes_away_is_logged_as_that(serve):
    server = serve(pool=SMALL_POOL)
    for client in stall(server, 5):
        client.reset()
    assert all(count < len(LARGE) for count in aborted(server, 5))


def test_a_file_that_is_cut_meanwhile(serve):
    server = serve()
    client, = stall(server)
    os.truncate(server.site / "large.bin", 1000)
    # What is in the socket is the file's memory: its last page is zeroed.
    assert len(client.rest()) < len(LARGE)
    client.close()
    server.wait_for_log("a file was truncated while it was sent")
    aborted(server, 1)


def test_a_file_that_is_replaced_meanwhile(serve):
    server = serve()
    client, = stall(server)
    (server.site / "other.bin").write_bytes(bytes(len(LARGE)))
    (server.site / "other.bin").rename(server.site / "large.bin")
    read_on(client).close()


def test_they_are_counted_as_connections(serve):
    server = serve(limits={"connections_per_client": 5})
    clients = stall(server, 5)
    assert server.get().status == 429
    read_on(clients[0])
    assert server.get().status == 429
    clients.pop().reset()
    wait_for(lambda: server.get().status == 200, "one place")
    for client in clients:
        client.reset()
    wait_for(lambda: aborted_count(server) == 5 - 1, "the records")


def aborted_count(server):
    return sum(line.split()[4] == "X" for line in server.access().split("\n")[:-1])


def kill(server, pid):
    server.may_crash = True
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: pid not in processes.pids_of_role(server, "keeper") and
             len(processes.pids_of_role(server, "keeper")) == 2, "a new keeper")


def test_a_killed_keeper_loses_only_its_own(serve):
    server = serve(limits={"connections_per_client": 40})
    clients = stall(server, 20)
    keepers = processes.pids_of_role(server, "keeper")
    ports = {pid: processes.client_ports(server, pid) for pid in keepers}
    victim = max(ports, key=lambda pid: len(ports[pid]))
    kill(server, victim)
    for client in clients:
        if client.socket.getsockname()[1] in ports[victim]:
            assert len(client.rest()) < len(LARGE)
            client.close()
        else:
            read_on(client).close()
    again = stall(server, 5)
    for client in again:
        read_on(client).close()


@pytest.mark.parametrize("keepers", [1, 2, 3])
def test_a_reload_takes_them_along(serve, keepers):
    server = serve()
    clients = stall(server, 10)
    old = set(processes.pids_of_role(server, "keeper"))
    server.sections["keepalive"]["keepers"] = keepers
    server.write_config()
    processes.reload(server)
    wait_for(lambda: not old & set(server.child_pids()), "the end of the old keepers")
    wait_until_parked(server, *clients)
    for client in clients:
        read_on(client)
        assert client.request(target="/a.txt").body == b"the text of a\n"
        client.close()
    assert [record[4] for record in records(server, 20)] == ["+"] * 20


def test_a_listener_that_was_taken_away(serve):
    """What is under way comes to its end; what would follow has no place any more."""
    server = serve(listen=["127.0.0.1:0", "127.0.0.2:0"], log={"format": "%U %>s %X"})
    client = server.connect(1, receive_buffer=4096)
    client.send(muster.request(target="/large.bin"))
    client.read_head()
    wait_until_parked(server, client)
    server.listen = server.listen[:1]
    server.write_config()
    processes.reload(server)
    read_on(client).expect_close().close()
    assert records(server, 1) == [["/large.bin", "200", "-"]]


def test_a_reload_to_no_keepers(serve):
    server = serve()
    clients = stall(server, 10)
    server.sections["keepalive"]["keepers"] = 0
    server.write_config()
    processes.reload(server)
    for client in clients:
        read_on(client).expect_close().close()
    assert [record[1:3] for record in records(server, 10)] == [["200", str(len(LARGE))]] * 10
    wait_for(lambda: not processes.pids_of_role(server, "keeper"), "the end of the keepers")


@pytest.mark.root
@pytest.mark.needs("strace")
def test_one_that_is_parked_when_the_last_keeper_has_left(serve):
    """Its worker has seen keepers, and is held up on its way to them by a tracer."""
    server = serve(keepalive={"keepers": 1}, pool={"start": 1, "min_idle": 1, "max_idle": 1},
                   listen=[processes.ASKS_FIRST])
    worker, = processes.workers_on(server)
    trace = server.folder / "trace"
    with processes.held_at("sendmsg", worker, trace) as let_go, begin(server) as client:
        wait_for(lambda: "sendmsg(" in trace.read_text(), "the worker to be held up")
        server.sections["keepalive"]["keepers"] = 0
        server.write_config()
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: not processes.pids_of_role(server, "keeper"), "the end of the keeper")
        let_go()
        assert len(client.rest()) < len(LARGE)
    assert server.get().status == 200


def test_a_stop_when_done_waits_for_them(serve):
    """All at the same time, though there are few workers."""
    server = serve(pool=SMALL_POOL)
    clients = stall(server, 10)
    server.send_signal(signal.SIGQUIT)
    for client in reversed(clients):
        read_on(client, LARGE[:4_000_000])
    for client in clients:
        read_on(client, at=4_000_000).expect_close().close()
    assert server.wait_for_end() == 0
    assert [record[1:3] for record in records(server, 10)] == [["200", str(len(LARGE))]] * 10


def test_the_master_can_die_first(serve):
    """Nobody comes after the keepers then, and they send what they hold."""
    server = serve(pool=SMALL_POOL)
    server.may_crash = True
    clients = stall(server, 5)
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    for client in clients:
        read_on(client).expect_close().close()
    assert [record[1:3] for record in records(server, 5)] == [["200", str(len(LARGE))]] * 5
    wait_for(lambda: not muster.session_pids(server.process.pid), "the end of all")


@pytest.mark.root
@pytest.mark.needs("strace")
def test_the_workers_can_be_gone_before_the_keeper_knows(serve):
    """It sees a client that takes more before the signal that the master has died."""
    server = serve(pool=SMALL_POOL, keepalive={"keepers": 1})
    server.may_crash = True
    client, = stall(server)
    keeper, = processes.pids_of_role(server, "keeper")
    workers = server.worker_pids()
    trace = server.folder / "trace"
    with processes.held_at("epoll_pwait", keeper, trace):
        wait_for(lambda: "epoll_pwait(" in trace.read_text(), "the keeper to be held up")
        os.kill(server.pid, signal.SIGKILL)
        server.process.wait()
        wait_for(lambda: all((muster.process_stat(pid) or "Z")[0] in "ZX" for pid in workers),
                 "the end of the workers")
        assert client.take(1_000_000) == LARGE[:1_000_000]
    read_on(client, at=1_000_000).expect_close().close()
    assert [record[1:3] for record in records(server, 1)] == [["200", str(len(LARGE))]]
    wait_for(lambda: not muster.session_pids(server.process.pid), "the end of all")


def test_a_stop_when_done_has_an_end(serve):
    server = serve(pool=SMALL_POOL, limits={"drain_timeout": "1s"})
    clients = stall(server, 5)
    server.send_signal(signal.SIGQUIT)
    assert server.wait_for_end() == 0
    aborted(server, 5)
    for client in clients:
        client.close()


def test_a_stop_now_logs_them(serve):
    server = serve()
    clients = stall(server, 5)
    server.send_signal(signal.SIGTERM)
    assert server.wait_for_end() == 0
    aborted(server, 5)
    for client in clients:
        client.close()


# Odd: a place is left for who has just come and not yet asked.
@pytest.mark.parametrize("max_parked", [3, 5])
def test_who_finds_no_room_in_a_keeper_keeps_a_worker(serve, max_parked):
    server = serve(keepalive={"keepers": 1, "max_parked": max_parked})
    clients = [begin(server) for _ in range(6)]
    wait_for(lambda: sum(muster.role_of(pid) == "keeper" for pid in
                         processes.workers_of(server, clients)) == max_parked // 2,
             "as many in the keeper as there is room for")
    for client in clients:
        read_on(client).close()
    assert [record[1:3] for record in records(server, 6)] == [["200", str(len(LARGE))]] * 6


def test_without_keepers_a_worker_waits(serve):
    server = serve(keepalive={"keepers": 0}, limits={"send_timeout": "1s"})
    clients = [begin(server) for _ in range(3)]
    assert all(muster.role_of(pid) == "worker" for pid in processes.workers_of(server, clients))
    read_on(clients.pop()).close()
    aborted_or_not = records(server, 3)
    assert sorted(record[4] for record in aborted_or_not) == ["+", "X", "X"]
    for client in clients:
        client.close()


def test_a_unix_socket(serve, tmp_path):
    server = serve(listen=["127.0.0.1:0", f"unix:{tmp_path / 's'}"], log={"format": "%U %b %X %P"})
    with server.connect(1) as client:
        client.send(muster.request(target="/large.bin"))
        client.read_head()
        wait_for(lambda: len(processes.idle_on(server)) > 0, "a worker")
        read_on(client)
        assert client.request(target="/a.txt").body == b"the text of a\n"


def test_paced_answers_stay_where_they_are(serve):
    server = serve(site=location("/large.bin", 'limit_rate = "4M"'))
    client = begin(server)
    pid = processes.worker_of(server, client)
    assert muster.role_of(pid) == "worker"
    assert client.take(5_000_000)[-1000:] == LARGE[4_999_000:5_000_000]
    assert processes.worker_of(server, client) == pid
    client.close()


def test_what_the_configuration_does_not_log_is_not_logged(serve):
    server = serve({**FILES, "quiet/large.bin": LARGE},
                   site=location("/quiet/", "access_log = false"))
    client = begin(server, target="/quiet/large.bin")
    wait_until_parked(server, client)
    read_on(client)
    assert client.request(target="/a.txt").body == b"the text of a\n"
    client.close()
    assert [record[0] for record in records(server, 1)] == ["/a.txt"]
