# SPDX-License-Identifier: BSD-2-Clause
"""The list of what a worker inherits. Would break with a descriptor that is added to the master
without close-on-exec and without inherit.c, or that whoever starts musterd leaves open."""
import collections
import os
import pathlib
import re
import signal

import pytest

import muster
import processes


def kinds_of(server, pid, index=0):
    """What a process holds, each thing by its name, sorted; unknown ones as they are."""
    known = {str(server.site): "root", str(server.error_path): "error log",
             str(server.access_path): "access log", "/dev/null": "null",
             str(server.folder / "stdout"): "stdout", str(server.folder / "stderr"): "stderr",
             f"socket:[{processes.listening_inode(server.address(index))}]": "listener",
             "anon_inode:[eventfd]": "wake", "anon_inode:[eventpoll]": "epoll"}
    masters = processes.descriptors(server.pid).values()
    names = []
    for target in processes.descriptors(pid).values():
        name = known.get(target)
        if name is None and target in masters and target.startswith("pipe:"):
            name = "log requests"
        elif name is None and target in masters and target.startswith("socket:[") and \
                int(target[8:-1]) in processes.unix_inodes():
            name = "other process"
        names.append(name or target)
    return sorted(names)


# Descriptors 0 to 2 as the server got them, and then the list of inherit.h: sockets for what is
# parked, handed over, and for opened logs; eventfds that wake the master and the logger.
TERMINAL = {"foreground": ["null", "stdout", "stderr"], "daemon": ["null"] * 4}
COMMON = ["wake", "wake", "log requests", "other process", "error log"]
LISTS = {"worker": [*COMMON, "root", "listener", "other process"],
         "worker of keepers": [*COMMON, "root", "other process", "other process"],
         "keeper": [*COMMON, "root", *["other process"] * 3, "epoll"],
         "logger": [*COMMON, "access log"]}


def list_of(role, start="foreground"):
    return sorted([*TERMINAL[start], *LISTS[role]])


def role_of(pid):
    """As LISTS has it."""
    role = muster.role_of(pid)
    title = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    return "worker of keepers" if b"(hand-over)" in title else role


FOREGROUND = list_of("worker")


def test_a_worker_holds_what_is_on_the_list(serve):
    server = serve(pool={"start": 3})
    roles = [role_of(pid) for pid in server.child_pids()]
    assert set(roles) == set(LISTS)
    for pid, role in zip(server.child_pids(), roles):
        assert kinds_of(server, pid) == list_of(role), role


def test_a_worker_of_a_daemon_holds_the_same_but_the_terminal(tmp_path):
    """Neither the pid file, whose lock is the master's alone, nor the starter's pipe."""
    with processes.Daemon(tmp_path / "daemon") as daemon:
        daemon.start()
        for pid in daemon.child_pids():
            assert kinds_of(daemon, pid) == list_of(role_of(pid), "daemon"), role_of(pid)
        master = processes.descriptors(daemon.pid).values()
        assert str(daemon.pid_path) in master
        pipes = collections.Counter(target for target in master if target.startswith("pipe:"))
        assert list(pipes.values()) == [2], "both ends of the log requests, and no other pipe"


def test_it_holds_one_listening_socket(serve):
    """The one that it accepts on, and no other's."""
    server = serve(listen=["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"])
    seen = 0
    for index in range(3):
        for pid in processes.workers_on(server, index):
            assert kinds_of(server, pid, index) == FOREGROUND
            seen += 1
    others = [pid for pid in server.worker_pids() if role_of(pid) == "worker of keepers"]
    assert seen == len(server.worker_pids()) - len(others) >= 3


def test_roots_of_all_hosts_are_there_and_a_log_that_is_off_is_not(serve):
    server = serve({"index.html": "start\n", "../other/a.txt": "a\n"}, log={"access": "off"},
                   more="")
    server.more = f'host "*" {{ }}\nhost "o.example" {{ root = "{server.folder}/other" }}'
    server.write_config()
    server.send_signal(signal.SIGHUP)
    server.wait_for_log("reload: new configuration in force")
    wanted = sorted([*FOREGROUND, f"{server.folder}/other"])
    wanted.remove("wake")               # there is no logger to be woken
    muster.wait_for(lambda: {tuple(kinds_of(server, pid)) for pid in
                             processes.workers_on(server)} == {tuple(wanted)},
                    lambda: [kinds_of(server, pid) for pid in processes.workers_on(server)])
    assert "logger" not in [role_of(pid) for pid in server.child_pids()]


def test_descriptors_of_whoever_starts_it_do_not_reach_workers(tmp_path):
    """A file and a pipe that were left open; above and below those of the master."""
    (tmp_path / "secret").write_text("secret\n")
    secret = os.open(tmp_path / "secret", os.O_RDONLY)
    high = os.dup2(secret, 700)
    read_end, write_end = os.pipe()
    popen = {"pass_fds": (secret, high, read_end, write_end)}
    try:
        with processes.Started(tmp_path / "server", popen=popen) as server:
            for pid in server.child_pids():
                assert kinds_of(server, pid) == list_of(role_of(pid))
            assert server.get().status == 200
    finally:
        for fd in (secret, high, read_end, write_end):
            os.close(fd)


@pytest.mark.parametrize("closed", [(0,), (1, 2), (0, 1, 2)], ids=str)
def test_it_starts_with_its_standard_descriptors_closed(tmp_path, closed):
    """Then a log or a socket must not become somebody's standard output."""
    def close_them():
        for fd in closed:
            os.close(fd)

    popen = {"preexec_fn": close_them}
    with processes.Started(tmp_path / "server", popen=popen) as server:
        for pid in [server.pid, *server.child_pids()]:
            found = processes.descriptors(pid)
            assert {found[fd] for fd in closed} == {"/dev/null"}
        assert server.get().status == 200


def test_a_worker_at_work_holds_its_connection_and_file_besides(serve):
    content = processes.large_content()
    server = serve({"big.bin": content}, more='cache { valid = "0s" }',   # or it stays open
                   keepalive={"keepers": 0})
    download = processes.Download(server, "/big.bin")
    during = kinds_of(server, download.pid)   # of either kind of worker
    more = [name for name in during if name not in FOREGROUND]
    assert len(more) == 2, more
    assert str(server.site / "big.bin") in more
    assert any(re.match(r"socket:\[\d+\]$", name) for name in more)
    assert download.finish() == content
    rest = [name for name in during if name not in more]
    muster.wait_for(lambda: kinds_of(server, download.pid) == rest, "both to be closed")
