# SPDX-License-Identifier: BSD-2-Clause
"""muster started by an ordinary user, who has no rights to give up: it simply runs. Would break if
a step that needs root were taken, or asked for, without it."""
import os
import signal

import pytest

import muster
import processes


def test_it_simply_runs(tmp_path):
    """With the user and the group of a file that was written for root."""
    settings = {"user": "no-such-user", "group": "no-such-group"}
    with processes.UserServer(tmp_path / "server", settings=settings) as server:
        assert server.get().body == b"start\n"
        for pid in [server.pid, *server.worker_pids()]:
            found = processes.status(pid)
            assert found["Uid"].split() == [str(server.uid)] * 4
        for pid in server.worker_pids():
            found = processes.status(pid)
            assert found["NoNewPrivs"] == "1"
            assert int(found["CapEff"], 16) == 0
        assert not processes.log_lines(server, " (error|warn): ")


def test_all_signals_work_as_for_root(tmp_path):
    with processes.UserServer(tmp_path / "server") as server:
        address = server.address()
        muster.write_files(server.folder, {"new/index.html": "new\n"})
        server.settings["root"] = server.folder / "new"
        server.write_config()
        processes.reload(server)
        assert server.get().body == b"new\n"
        server.wait_for_access(1)
        server.access_path.rename(server.folder / "access.old")
        server.send_signal(signal.SIGUSR1)
        server.wait_for_log("log files reopened")
        with muster.Client(address) as client:
            assert client.request(target="/?after").status == 200
        assert "/?after" in server.wait_for_access(1)[0]
        server.send_signal(signal.SIGQUIT)
        assert server.wait_for_end() == 0


def test_it_grows_and_serves_others_than_itself(tmp_path):
    with processes.UserServer(tmp_path / "server", pool={"max_workers": 64}) as server:
        clients = processes.hold(server, 20)
        assert server.get().status == 200
        assert {processes.finish_held(client).status for client in clients} == {200}


def test_a_port_below_1024_is_refused_with_a_hint(tmp_path):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
        first = int(file.read())
    if first < 2:
        pytest.skip("ports below 1024 are free for all here")
    server = processes.UserServer(tmp_path / "server", listen=["127.0.0.1:1"])
    try:
        server.spawn()
        assert server.wait_for_end() == 1
        assert "cannot listen on 127.0.0.1:1: Permission denied (ports below 1024 need root)" in \
            server.stderr()
    finally:
        server.discard()


def test_chroot_is_refused(tmp_path):
    server = processes.UserServer(tmp_path / "server", settings={"chroot": "/", "root": "/"})
    try:
        server.spawn()
        assert server.wait_for_end() == 1
        assert 'chroot "/" needs root' in server.stderr()
        assert not os.path.exists(server.error_path)
    finally:
        server.discard()
