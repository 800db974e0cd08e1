# SPDX-License-Identifier: BSD-2-Clause
"""The system refuses processes or descriptors, or kills workers as they start. Would break if a
failed fork or accept ended a process, filled the log, or was not tried again."""
import os
import re
import resource
import signal

import pytest

import muster
import processes

NO_CACHE = 'cache { valid = "0s" }'      # every request opens its file
DELAY = r"next worker is started in (\d+) ms"


def delays(server):
    return [int(text) for text in re.findall(DELAY, server.log())]


def test_a_fork_that_fails_is_survived_and_tried_again(tmp_path):
    """As an ordinary user, because root is exempt from RLIMIT_NPROC."""
    options = {"pool": {"start": 3, "min_idle": 1, "max_idle": 8}, "keepalive": {"keepers": 0}}
    with processes.UserServer(tmp_path / "server", **options) as server:
        soft = processes.set_limit(server.pid, resource.RLIMIT_NPROC, 1)
        clients = processes.hold(server, 2)
        assert server.get().body == b"start\n"
        clients += processes.hold(server, 1)
        waiting = server.connect().send(muster.request())
        server.wait_for_log("cannot start a worker: Resource temporarily unavailable", count=3)
        assert server.is_running() and len(server.worker_pids()) == 3
        assert processes.finish_held(clients.pop()).status == 200
        assert waiting.response().status == 200
        failures = processes.log_lines(server, "cannot start a worker")
        assert len(failures) == len(set(delays(server))), "the same is said twice"
        assert delays(server) == sorted(delays(server))
        processes.set_limit(server.pid, resource.RLIMIT_NPROC, soft)
        clients += [waiting, *processes.hold(server, 5)]
        assert server.get().status == 200
        for client in clients:
            client.close()


def test_a_stop_for_which_no_logger_can_be_started_has_an_end(tmp_path):
    """The master waits for one to write what is left, but not for ever, and says so."""
    with processes.UserServer(tmp_path / "server", keepalive={"keepers": 0}) as server:
        server.may_crash = True
        processes.set_limit(server.pid, resource.RLIMIT_NPROC, 1)
        os.kill(processes.pids_of_role(server, "logger")[0], signal.SIGKILL)
        server.wait_for_log("cannot start a logger: Resource temporarily unavailable")
        assert server.get().body == b"start\n"
        server.send_signal(signal.SIGQUIT)
        assert server.wait_for_end() == 0
        server.wait_for_log("error: access log: no logger can be started")
        assert server.access() == "", "then this test shows nothing"


def test_workers_that_die_unserved_are_started_ever_later(make_server):
    server = make_server(pool={"start": 1, "min_idle": 1, "max_idle": 1},
                         keepalive={"keepers": 0})
    server.may_crash = True
    muster.write_files(server.site, {"index.html": "start\n"})
    server.start()
    for number in range(4):
        pid = muster.wait_for(server.worker_pids, "the next worker")[0]
        os.kill(pid, signal.SIGKILL)
        server.wait_for_log(DELAY, count=number + 1)
    assert delays(server) == [100, 200, 400, 800]
    assert len(processes.log_lines(server, "debug: worker \\d+ started")) <= 5
    # The one after them serves, and that ends the throttle: a worker beside it is started at
    # once, and when that one dies it is a first time again.
    client = processes.hold(server, 1)[0]
    busy = processes.worker_of(server, client)
    [idle] = muster.wait_for(lambda: set(server.worker_pids()) - {busy}, "a worker beside it")
    os.kill(idle, signal.SIGKILL)
    server.wait_for_log(DELAY, count=5)
    assert delays(server)[4:] == [100]
    assert processes.finish_held(client).body == b"start\n"
    assert server.get().body == b"start\n"


def test_a_worker_without_descriptors_waits_for_some(serve):
    """Said once, and the client is served when there are some again. The first client gets the
    descriptor that accept(2) has taken before it waits; then there is none for the file."""
    server = serve(pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 1},
                   more=NO_CACHE)
    assert server.get().status == 200
    [pid] = server.worker_pids()
    soft = processes.set_limit(pid, resource.RLIMIT_NOFILE, 3)
    refused = server.get()
    assert refused.status == 503 and refused["Retry-After"]
    client = server.connect().send(muster.request())
    server.wait_for_log("error: accept: Too many open files")
    # Only once it has tried again a second line could be there.
    processes.wait_for_wakes(pid)
    processes.set_limit(pid, resource.RLIMIT_NOFILE, soft)
    assert client.response().status == 200
    client.close()
    assert server.get().status == 200
    assert len(processes.log_lines(server, "accept: Too many open files")) == 1
    assert server.worker_pids() == [pid]


@pytest.mark.parametrize("target", ["/", "/sub/"])
def test_a_file_that_cannot_be_opened_for_want_of_descriptors(serve, target):
    """That is the server's trouble and not the client's, and it passes."""
    server = serve({"index.html": "start\n", "sub/index.html": "sub\n"},
                   pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 1},
                   keepalive={"linger": "1m"}, more=NO_CACHE)
    with server.connect() as client:
        assert client.request(target=target).status == 200
        [pid] = server.worker_pids()
        soft = processes.set_limit(pid, resource.RLIMIT_NOFILE, 3)
        assert client.request(target=target).status == 503
        processes.set_limit(pid, resource.RLIMIT_NOFILE, soft)
        assert client.request(target=target).status == 200
