# SPDX-License-Identifier: BSD-2-Clause
"""How many workers there are. Would break with the census of the scoreboard, with the pool
policy, or with the wake-up of the master by a socket's last idle worker."""
import collections
import os
import signal
import time

import pytest

import muster
import processes


def test_start_counts_for_each_socket(serve):
    server = serve(pool={"start": 5, "min_idle": 1, "max_idle": 8},
                   listen=["127.0.0.1:0", "127.0.0.2:0"])
    assert len(processes.workers_on(server, 0)) == 5
    assert len(processes.workers_on(server, 1)) == 5
    assert len(server.worker_pids()) == 10
    assert server.wait_for_log(r"ready: (\d+) workers")[1] == "10"


def test_each_next_client_is_answered(serve):
    """The last idle worker is taken again and again; the one after it is there in time."""
    server = serve(pool={"start": 1, "min_idle": 1})
    clients = []
    for _ in range(12):
        clients += processes.hold(server, 1)
        assert server.get().body == b"start\n"
    assert {processes.finish_held(client).status for client in clients} == {200}


def test_growth_to_hundreds(serve):
    server = serve(pool={"start": 1, "min_idle": 4, "max_idle": 512, "max_workers": 512})
    clients = processes.hold(server, 300)
    assert server.get().body == b"start\n"
    muster.wait_for(lambda: len(processes.idle_on(server)) >= 4, "min_idle beside the busy ones")
    assert {processes.finish_held(client).status for client in clients} == {200}
    assert not processes.log_lines(server, " (error|warn): ")


def test_growth_stops_at_max_workers(serve):
    server = serve(pool={"start": 1, "min_idle": 4, "max_idle": 4, "max_workers": 6})
    clients = processes.hold(server, 6)
    waiting = server.connect().send(muster.request())
    server.wait_for_log("all 6 workers are in use")
    assert len(server.worker_pids()) == 6
    processes.finish_held(clients.pop())
    assert waiting.response().status == 200
    waiting.close()
    assert len(server.worker_pids()) == 6
    for client in clients:
        client.close()


def test_min_idle_holds_on_each_socket(serve):
    """Who takes all workers of one socket takes none of another."""
    server = serve(pool={"start": 2, "min_idle": 2, "max_idle": 2},
                   listen=["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"])
    clients = processes.hold(server, 5, index=1)
    for index in range(3):
        muster.wait_for(lambda: len(processes.idle_on(server, index)) >= 2,
                        f"idle workers on socket {index}")
        with server.connect(index) as client:
            assert client.request().status == 200
    assert len(processes.workers_on(server, 1)) >= 7
    for client in clients:
        client.close()


def test_shrinks_to_max_idle_longest_idle_first(serve):
    """Those that stay are the two that served last."""
    server = serve(pool={"start": 1, "min_idle": 1, "max_idle": 2})
    clients = processes.hold(server, 3)
    pids = processes.workers_of(server, clients)
    for client, pid in zip(clients, pids):
        processes.finish_held(client)
        muster.wait_for(lambda pid=pid: pid in processes.idle_on(server), "its end")
        processes.wait_until_asleep(pid)        # in accept: it has noted since when
        noted_ms = time.monotonic() * 1000      # the scoreboard's clock has to go on
        muster.wait_for(lambda: time.monotonic() * 1000 > noted_ms + 2, "the clock")
    muster.wait_for(lambda: len(server.worker_pids()) == 2,
                    lambda: f"two workers, there are {server.worker_pids()}")
    assert set(server.worker_pids()) == set(pids[1:])
    assert server.get().status == 200


def test_a_worker_is_replaced_after_max_requests(serve):
    server = serve(pool={"start": 2, "min_idle": 2, "max_idle": 4, "max_requests": 3},
                   log={"format": "%P %s"})
    for _ in range(20):
        assert server.get().status == 200
    served = collections.Counter(line.split()[0] for line in server.wait_for_access(20))
    assert max(served.values()) <= 3, served
    assert sum(served.values()) == 20, "a record is lost when its worker leaves"
    muster.wait_for(lambda: len(server.worker_pids()) >= 2, "workers in place of those that left")
    assert not processes.log_lines(server, " (error|warn): ")


def test_max_requests_ends_a_kept_alive_connection_politely(serve):
    server = serve(pool={"start": 1, "min_idle": 1, "max_requests": 3})
    with server.connect() as client:
        answers = [client.request() for _ in range(3)]
        client.expect_close()
    assert [answer.will_close for answer in answers] == [False, False, True]


@pytest.mark.parametrize("has_served", [False, True], ids=["unserved", "served"])
def test_a_killed_idle_worker_is_replaced(make_server, has_served):
    server = make_server(pool={"start": 2, "min_idle": 2, "max_idle": 2},
                         keepalive={"keepers": 0})
    server.may_crash = True
    muster.write_files(server.site, {"index.html": "start\n"})
    server.start()
    if has_served:
        for _ in range(6):              # each of the two has its turn in accept
            server.get()
    before = server.worker_pids()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for pid in before:
        # One that has served may still be at the last touches of it.
        what = r"\w+" if has_served else "idle"
        server.wait_for_log(rf"error: worker {pid} died of signal 9 \(SIGKILL\) while {what}")
    muster.wait_for(lambda: len(set(server.worker_pids()) - set(before)) == 2, "new workers")
    assert server.get().body == b"start\n"
