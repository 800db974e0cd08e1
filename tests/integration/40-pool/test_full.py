# SPDX-License-Identifier: BSD-2-Clause
"""A pool in which every worker is taken. Would break with the counts of the census, with the
once of the log line, or with the signal that sheds idle kept-alive clients."""
import contextlib
import re
import select

import muster
import processes

FULL = r"warn: pool: all (\d+) workers are in use \(max_workers\): (.*)"


def counts_of(text):
    """{what they do: how many} of the log line."""
    return {what: int(count) for count, what in re.findall(r"(\d+) ([a-z -]+)", text)}


def test_one_line_says_what_the_workers_do(serve):
    content = processes.large_content()
    server = serve({"index.html": "start\n", "big.bin": content},
                   pool={"start": 4, "min_idle": 1, "max_idle": 4, "max_workers": 4})
    download = processes.Download(server, "/big.bin")
    kept = server.connect()
    assert kept.request().status == 200
    processes.wait_until_asleep(processes.worker_of(server, kept))
    readers = processes.hold(server, 2)
    found = server.wait_for_log(FULL)
    counts = counts_of(found[2])
    assert found[1] == "4"
    assert (counts["reading"], counts["sending"], counts["keep-alive"]) == (2, 1, 1)
    assert sum(counts.values()) == 4
    assert download.finish() == content
    for client in [kept, *readers]:
        client.close()


def test_one_line_each_time_the_pool_is_full(serve):
    server = serve(pool={"start": 3, "min_idle": 1, "max_idle": 1, "max_workers": 3})
    clients = processes.hold(server, 3)
    server.wait_for_log(FULL)
    for _ in range(20):                 # a queue behind it, that moves, is the same event
        waiting = server.connect().send(processes.HALF_A_REQUEST)
        processes.finish_held(clients.pop())
        processes.worker_of(server, waiting)
        clients.append(waiting)
    waiting = server.connect().send(processes.HALF_A_REQUEST)
    processes.wait_for_wakes(server.pid, 5)
    assert len(processes.log_lines(server, FULL)) == 1
    for client in [*clients, waiting]:
        processes.finish_held(client)
    muster.wait_for(lambda: len(server.worker_pids()) < 3, "the retiring of one worker")
    clients = processes.hold(server, 3)
    server.wait_for_log(FULL, count=2)
    for client in clients:
        client.close()
    assert server.get().status == 200
    assert len(processes.log_lines(server, FULL)) == 2


def test_idle_kept_alive_clients_make_room(serve):
    """Those that say nothing are let go politely, one for each that waits. A long linger leaves
    it to the master to tell them."""
    server = serve(pool={"start": 3, "min_idle": 1, "max_idle": 3, "max_workers": 3},
                   keepalive={"linger": "60s"})
    idle = [server.connect() for _ in range(3)]
    for client in idle:
        assert client.request().status == 200
    for _ in range(4):
        client = server.connect()
        assert client.request().status == 200   # and it stays, so that the next has no room
        idle.append(client)
    ended = []
    muster.wait_for(lambda: ended.extend(one for one in idle if one not in ended and has_ended(one))
                    or len(ended) >= 4, lambda: f"4 clients to be let go, {len(ended)} are")
    assert len(ended) == 4
    for client in idle:
        client.close()


def has_ended(client):
    """Whether the server has ended the connection, which must be orderly."""
    if not select.select([client.socket], [], [], 0)[0]:
        return False
    client.expect_close()
    return True


def test_under_pressure_a_client_has_only_the_linger(serve):
    """While no worker is idle, nobody waits the whole timeout for a next request."""
    server = serve(pool={"start": 2, "min_idle": 1, "max_idle": 2, "max_workers": 2},
                   keepalive={"timeout": "1d", "linger": "1ms"})
    held = processes.hold(server, 1)[0]
    with server.connect() as kept:
        assert kept.request().status == 200
        server.wait_for_log(FULL)
        with contextlib.suppress(muster.Closed, ConnectionError):   # it may have ended by now
            kept.request()
            kept.expect_close()
    assert processes.finish_held(held).status == 200


def test_a_client_within_a_request_does_not_make_room(serve):
    server = serve(pool={"start": 2, "min_idle": 1, "max_idle": 2, "max_workers": 2},
                   keepalive={"linger": "60s"})
    reading = processes.hold(server, 1)[0]
    kept = server.connect()
    assert kept.request().status == 200
    assert server.get().status == 200
    kept.expect_close().close()
    assert processes.finish_held(reading).status == 200


def test_a_full_pool_leaves_another_socket_its_idle_worker(serve):
    server = serve(pool={"start": 1, "min_idle": 1, "max_idle": 2, "max_workers": 4},
                   listen=["127.0.0.1:0", "127.0.0.2:0"])
    clients = processes.hold(server, 3)
    waiting = server.connect().send(muster.request())
    found = server.wait_for_log(FULL)
    assert counts_of(found[2])["idle on another socket"] == 1
    with server.connect(1) as client:
        assert client.request().status == 200
    processes.finish_held(clients.pop())
    assert waiting.response().status == 200
    for client in [waiting, *clients]:
        client.close()
