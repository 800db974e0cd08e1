# SPDX-License-Identifier: BSD-2-Clause
"""HUP with a good file. Would break if a listening socket were closed on the way, if a worker
left a client it had accepted, or if old and new configuration got mixed."""
import contextlib
import os
import pathlib
import re
import signal
import socket

import muster
import processes
import pytest

def start(serve, **options):
    """A server with a second site beside the one that it serves."""
    server = serve({"index.html": "old\n", "../new/index.html": "new\n"}, **options)
    return server


def reload(server, count=1):
    """Puts the file in place as an administrator's editor does, and lets it take effect."""
    replace_config(server)
    processes.reload(server, count)


def replace_config(server):
    fresh = server.config_path.with_suffix(".new")
    fresh.write_text(server.config_text())
    os.replace(fresh, server.config_path)


def serve_new_site(server):
    server.settings["root"] = server.folder / "new"


def test_the_new_configuration_is_served(serve):
    server = start(serve)
    before, inode = server.worker_pids(), processes.listening_inode(server.address())
    serve_new_site(server)
    reload(server)
    assert server.get().body == b"new\n"
    assert processes.listening_inode(server.address()) == inode
    muster.wait_for(lambda: not set(before) & set(server.worker_pids()), "the end of old workers")
    assert len(processes.log_lines(server, "listening on")) == 1
    assert not processes.log_lines(server, " (error|warn): ")


def test_what_is_under_way_ends_with_the_old_configuration(serve):
    content = processes.large_content()
    server = serve({"index.html": "old\n", "big.bin": content, "../new/index.html": "new\n"},
                   limits={"drain_timeout": "1h"})
    download = processes.Download(server, "/big.bin")
    held = processes.hold(server, 1)[0]
    with server.connect() as kept:
        assert kept.request().body == b"old\n"
        before = set(server.worker_pids())
        serve_new_site(server)
        reload(server)
        # Between requests: it goes on, with the new one as soon as the old keepers have left.
        muster.wait_for(lambda: kept.request().body == b"new\n", "the new site")
    # Two are busy; an idle one may take a connection until its signal has come.
    muster.wait_for(lambda: len(before & set(server.worker_pids())) <= 2, "the end of idle ones")
    assert server.get().body == b"new\n"
    response = processes.finish_held(held)
    assert response.body == b"old\n" and response.will_close
    assert download.finish() == content
    muster.wait_for(lambda: download.pid not in server.worker_pids(), "the end of the old worker")


def test_drain_timeout_bounds_old_workers(serve):
    content = processes.large_content()
    server = serve({"index.html": "old\n", "big.bin": content, "../new/index.html": "new\n"},
                   limits={"drain_timeout": "200ms"}, keepalive={"keepers": 0})
    download = processes.Download(server, "/big.bin")
    reload(server)
    server.wait_for_log(f"worker {download.pid} is not done within drain_timeout: stopped")
    assert len(download.finish()) < len(content)
    assert server.get().body == b"old\n"


def test_clients_under_load_notice_nothing(serve):
    """Reloads, one after the other, and no connection is refused, reset or left waiting."""
    server = start(serve, pool={"start": 2, "min_idle": 2, "max_workers": 32})
    with processes.Hammer(server, {b"old\n", b"new\n"}) as hammer:
        for count in range(1, 9):
            hammer.wait_for_more()
            server.settings["root"] = server.folder / ("new" if count % 2 else "site")
            reload(server, count)
            hammer.wait_for_more()
    assert not hammer.failures, hammer.failures
    assert server.get().body == b"old\n"
    assert len(server.wait_for_access(len(hammer.answered) + 1)) == len(hammer.answered) + 1
    assert not processes.log_lines(server, " (error|warn): ")


def test_clients_in_the_kernels_queue_are_answered_by_new_workers(serve):
    """All old workers are held, and may not be multiplied; those who wait lose nothing."""
    server = start(serve, pool={"start": 2, "min_idle": 1, "max_idle": 2, "max_workers": 2},
                   limits={"drain_timeout": "1h"}, keepalive={"keepers": 0})
    held = processes.hold(server, 2)
    queued = [server.connect().send(muster.request(fields=[("Connection", "close")]))
              for _ in range(10)]
    server.wait_for_log("all 2 workers are in use")
    serve_new_site(server)
    reload(server)
    for client in queued:
        assert client.response().body == b"new\n"
        client.expect_close().close()
    for client in held:
        assert processes.finish_held(client).body == b"old\n"


def test_many_reloads_while_old_workers_are_held(serve):
    """There are no more than twice max_workers, and the newest configuration serves."""
    server = start(serve, pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 4},
                   limits={"drain_timeout": "1h"})
    held = []
    for count in range(1, 11):
        if len(held) < 6:
            held += processes.hold(server, 1)
        reload(server, count)
        muster.wait_for(lambda: len(server.worker_pids()) <= 8, "at most twice max_workers")
        assert server.get().body == b"old\n"
    assert {processes.finish_held(client).status for client in held} == {200}


def test_a_new_listener_is_added_and_an_old_one_removed(serve):
    server = start(serve, listen=["127.0.0.1:0", "127.0.0.2:0"])
    inode, removed = processes.listening_inode(server.address()), server.address(1)
    held = processes.hold(server, 1, index=1)[0]
    server.listen = ["127.0.0.3:0", "127.0.0.1:0"]
    reload(server)
    with server.connect(2) as client:
        assert client.socket.getpeername()[0] == "127.0.0.3"
        assert client.request().body == b"old\n"
    assert processes.listening_inode(server.address()) == inode
    assert server.get().body == b"old\n"
    muster.wait_for(lambda: processes.listening_inode(removed) is None, "the end of a listener")
    assert processes.finish_held(held).body == b"old\n"


@pytest.mark.parametrize("first, second", [
    ("127.0.0.1:0", "127.0.0.1:00"), ("[::1]:0", "[0:0:0:0:0:0:0:1]:0")])
def test_an_address_is_known_however_it_is_written(serve, first, second):
    if first[0] == "[" and not pathlib.Path("/proc/net/if_inet6").read_text():
        pytest.skip("no IPv6")
    server = start(serve, listen=[first])
    server.listen = [second]
    reload(server)
    assert len(processes.log_lines(server, "listening on")) == 1
    assert server.get().body == b"old\n"
    reload(server, 2)
    assert server.get().body == b"old\n"


def test_a_unix_socket_comes_and_goes(serve, tmp_path):
    path = tmp_path / "muster.sock"
    server = start(serve)
    server.listen.append(f"unix:{path}")
    reload(server)
    with muster.Client(str(path)) as client:
        assert client.request().body == b"old\n"
    server.listen.pop()
    reload(server, 2)
    muster.wait_for(lambda: not path.exists(), "the removal of the socket's file")
    server.listen.append(f"unix:{path}")
    reload(server, 3)
    with muster.Client(str(path)) as client:
        assert client.request().body == b"old\n"
    assert server.stop() == 0
    assert not path.exists()


def test_logs_are_written_where_the_new_file_says(serve):
    server = start(serve)
    assert server.get("/?before").status == 200
    server.wait_for_access(1)
    server.sections["log"].update(error=server.folder / "error2.log",
                                  access=server.folder / "access2.log", format="new %U%q")
    replace_config(server)
    processes.reload(server, log="error2.log")
    assert server.get("/?after").status == 200
    muster.wait_for(lambda: server.text_of("access2.log") == "new /?after\n",
                    lambda: f"the new record, not {server.text_of('access2.log')!r}")
    assert "?after" not in server.access()


def test_a_changed_pool_is_in_force(serve):
    server = start(serve, pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 2})
    server.sections["pool"].update(start=6, min_idle=5, max_idle=6, max_workers=40)
    reload(server)
    clients = processes.hold(server, 20)
    muster.wait_for(lambda: len(processes.idle_on(server)) >= 5, "the new min_idle")
    for client in clients:
        client.close()


def test_two_hups_at_once_put_the_last_file_in_force(serve):
    """A HUP that comes while one is obeyed is not lost: the file may have changed again."""
    server = start(serve)
    for count in range(10):
        for name in ("one", "two"):
            muster.write_files(server.folder, {f"{count}-{name}/index.html": f"{count} {name}\n"})
            server.settings["root"] = server.folder / f"{count}-{name}"
            replace_config(server)
            server.send_signal(signal.SIGHUP)
        muster.wait_for(lambda: server.get().body == f"{count} two\n".encode(), "the last file")
    assert not processes.log_lines(server, " (error|warn): ")


def read_bytes(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(file.readline().split()[1])


def halt(pid, least_read_bytes):
    """Stops a process as soon as it has read so much; False when it has ended before."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError, PermissionError):
        while True:
            os.kill(pid, signal.SIGSTOP)
            # The stop takes a moment; "no longer there" is the other way in which it ends.
            state = muster.wait_for(lambda: re.match("[TZX]", (muster.process_stat(pid) or "X")[0]),
                                    "a stop or an end")[0]
            if state != "T" or read_bytes(pid) >= least_read_bytes:
                return state == "T"
            os.kill(pid, signal.SIGCONT)
    return False


def halt_the_reader(server):
    """Sends HUP and stops the child that has read the file, before it has said what it thinks of
    it. None when it was not caught there; that reload is over then."""
    before = set(server.child_pids())
    ends = len(processes.log_lines(server, "kept the old configuration"))
    server.send_signal(signal.SIGHUP)
    readers = muster.wait_for(lambda: set(muster.child_pids(server.pid)) - before or len(
        processes.log_lines(server, "kept the old configuration")) > ends, "a reader")
    for pid in readers if readers is not True else ():
        if halt(pid, server.config_path.stat().st_size):
            return pid
    server.wait_for_log("kept the old configuration", ends + 1)
    return None


def test_a_hup_while_a_file_is_read_is_obeyed_afterwards(serve):
    """The file that is read has an error at its end; meanwhile it is mended."""
    server = start(serve)
    many = "".join(f'host "h{number}.example" {{}}\n' for number in range(1000))
    server.more = many + "rot = 1"
    replace_config(server)
    reader = muster.wait_for(lambda: halt_the_reader(server), "a reader that was caught")
    server.more = ""
    serve_new_site(server)
    replace_config(server)
    server.send_signal(signal.SIGHUP)
    processes.wait_for_wakes(server.pid, 1)
    kept = len(processes.log_lines(server, "kept the old configuration"))
    os.kill(reader, signal.SIGCONT)
    server.wait_for_log("reload: new configuration in force")
    assert len(processes.log_lines(server, "kept the old configuration")) == kept + 1
    muster.wait_for(lambda: server.get().body == b"new\n", "the new site")


def test_a_stop_in_the_middle_of_a_reload(make_server):
    """Whichever comes first, nothing is left open or running."""
    for number in (signal.SIGTERM, signal.SIGQUIT):
        for _ in range(5):
            server = make_server(pool={"start": 1})
            server.start()
            server.send_signal(signal.SIGHUP)
            server.send_signal(number)
            assert server.wait_for_end() == 0
            server.stop()


def test_the_defer_accept_of_a_listener_changes(serve):
    """Options of a socket that is kept are set anew: a client that says nothing is not taken
    up any more, so it holds no worker."""
    server = start(serve)
    inode = processes.listening_inode(server.address())
    server.listen = [("127.0.0.1:0", {"defer_accept": "60s"})]
    reload(server)
    assert processes.listening_inode(server.address()) == inode
    with socket.create_connection(server.address()) as silent, server.connect() as client:
        assert client.request().body == b"old\n"
        held = [one.inode for one in processes.tcp_sockets()
                if one.remote == silent.getsockname() and one.local == server.address()]
        assert held in ([], [0]), "a silent client was accepted"
