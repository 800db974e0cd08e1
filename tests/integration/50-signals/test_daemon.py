# SPDX-License-Identifier: BSD-2-Clause
"""The daemon: what the command that starts it says and when it returns. Would break if the starter
did not wait, if the pid file's lock went to the workers, or if the terminal were kept."""
import os
import re
import signal
import socket
import stat

import pytest

import muster
import processes


@pytest.fixture
def make_daemon(tmp_path):
    def make(name="daemon", **options):
        return processes.Daemon(tmp_path / name, **options)
    return make


def refused(daemon, **options):
    """Launches it, which must fail without leaving anybody; returns what it says."""
    result = daemon.launch(**options)
    assert result.returncode == 1, result
    assert result.stdout == ""
    daemon.wait_for_nobody()
    return result.stderr


def test_the_command_returns_when_clients_are_served(make_daemon):
    """Status 0: the pid file is written and the first connection succeeds. Its output is not
    held open by anybody, or launch() would wait in vain."""
    with make_daemon() as daemon:
        for _ in range(5):
            daemon.start()
            assert daemon.get().body == b"start\n"
            assert daemon.pid_path.read_text() == f"{daemon.pid}\n"
            assert stat.S_IMODE(daemon.pid_path.stat().st_mode) & 0o022 == 0
            assert daemon.stop() == 0
            assert not daemon.pid_path.exists()
            daemon.error_path.unlink()      # it tells the port


def test_it_has_left_terminal_session_and_folder(make_daemon):
    with make_daemon() as daemon:
        daemon.start()
        for pid in [daemon.pid, *daemon.worker_pids()]:
            assert muster.process_stat(pid)[2] not in (pid, os.getsid(0)), "may get a terminal"
            assert {processes.descriptors(pid)[fd] for fd in (0, 1, 2)} == {"/dev/null"}
            assert os.readlink(f"/proc/{pid}/cwd") == "/"
            assert processes.status(pid)["Umask"] == "0022"


def test_a_relative_path_of_the_file_holds_for_reloads(make_daemon):
    with make_daemon() as daemon:
        command = [daemon.program, "-c", daemon.config_path.name]
        result = daemon.launch(command, cwd=daemon.folder)
        assert (result.returncode, result.stderr) == (0, "")
        daemon.adopt()
        daemon.send_signal(signal.SIGHUP)
        daemon.wait_for_log("reload: new configuration in force")
        assert daemon.get().status == 200


def test_a_second_instance_is_refused_by_name_and_pid(make_daemon):
    with make_daemon() as daemon:
        daemon.start()
        before = daemon.log()
        result = daemon.launch()
        assert result.returncode == 1
        assert f"musterd is already running with pid {daemon.pid} " in result.stderr
        assert str(daemon.pid_path) in result.stderr
        foreground = daemon.launch([*daemon.command(), "-f"])
        assert (foreground.returncode, foreground.stderr) == (1, result.stderr)
        assert daemon.log() == before
        assert daemon.pid_path.read_text() == f"{daemon.pid}\n"
        assert daemon.get().status == 200


def test_a_stale_pid_file_is_no_obstacle(make_daemon):
    """Whoever holds the lock is the server, not whoever is named."""
    with make_daemon() as daemon:
        daemon.pid_path.write_text(f"{os.getpid()}\n")
        daemon.start()
        assert daemon.get().status == 200


def test_a_port_in_use(make_daemon):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with make_daemon(listen=[address]) as daemon:
            said = refused(daemon)
            assert f"cannot listen on {address}: Address already in use" in said
            assert f"{daemon.config_path}:" in said
            assert not daemon.pid_path.exists()


def missing_root(daemon):
    daemon.settings["root"] = daemon.folder / "nowhere"
    return r"musterd.conf:\d+: .*nowhere.*No such file or directory"


def unknown_user(daemon):
    daemon.settings["user"] = "no-such-user"
    return "no-such-user"


def unwritable_pid_file(daemon):
    daemon.settings["pid_file"] = daemon.folder / "nowhere" / "musterd.pid"
    return "pid file .*nowhere/musterd.pid: No such file or directory"


def pid_file_that_is_a_link(daemon):
    """Somebody else's file must not be written by way of a link."""
    target = daemon.folder / "precious"
    target.write_text("precious\n")
    daemon.pid_path.symlink_to(target)
    return "pid file .*musterd.pid: "


def unwritable_log(daemon):
    daemon.sections["log"]["error"] = daemon.folder / "nowhere" / "error.log"
    return "nowhere/error.log: No such file or directory"


def unknown_directive(daemon):
    daemon.settings["rot"] = "/"
    return r"musterd.conf:\d+: .*rot"


@pytest.mark.parametrize("change", [
    missing_root, pytest.param(unknown_user, marks=pytest.mark.root), unwritable_pid_file,
    pid_file_that_is_a_link, unwritable_log, unknown_directive])
def test_a_start_that_fails_says_why(make_daemon, change):
    with make_daemon() as daemon:
        why = change(daemon)
        daemon.write_config()
        said = refused(daemon)
        assert re.search(why, said), said
        assert daemon.log() == ""
        if (daemon.folder / "precious").exists():
            assert (daemon.folder / "precious").read_text() == "precious\n"
            daemon.pid_path.unlink()
        assert not daemon.pid_path.exists()


def test_a_file_that_is_missing(make_daemon):
    with make_daemon() as daemon:
        daemon.config_path.unlink()
        said = refused(daemon)
        assert str(daemon.config_path) in said and "No such file or directory" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_stopping_removes_the_pid_file(make_daemon, number):
    with make_daemon() as daemon:
        daemon.start()
        assert daemon.stop(number) == 0
        assert not daemon.pid_path.exists()


def test_workers_leave_a_killed_master_and_a_new_start_works(make_daemon):
    """The one that still sends finishes; it does not keep the port or the pid file's lock."""
    content = processes.large_content()
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with make_daemon(listen=[address], pool={"start": 4}, keepalive={"keepers": 0}) as daemon:
        muster.write_files(daemon.site, {"big.bin": content})
        daemon.start()
        download = processes.Download(daemon, "/big.bin")
        # The logger stays for the record of it.
        staying = sorted([download.pid, *processes.pids_of_role(daemon, "logger")])
        daemon.send_signal(signal.SIGKILL)
        assert daemon.wait_for_end() == -signal.SIGKILL
        muster.wait_for(lambda: daemon.orphans() == staying,
                        lambda: f"all but {staying} to leave: {daemon.orphans()}")
        assert daemon.pid_path.exists()
        daemon.start()
        assert daemon.get().body == b"start\n"
        assert download.finish() == content
        muster.wait_for(lambda: download.pid not in daemon.orphans(), "the end of the old worker")


def test_a_killed_master_of_unix_sockets_is_followed(make_daemon, tmp_path):
    """The file that is left is no obstacle, since nobody answers on it."""
    path = tmp_path / "muster.sock"
    with make_daemon(listen=[f"unix:{path}"]) as daemon:
        daemon.start()
        daemon.send_signal(signal.SIGKILL)
        assert daemon.wait_for_end() == -signal.SIGKILL
        daemon.wait_for_nobody()
        assert path.is_socket()
        daemon.start()
        with muster.Client(str(path)) as client:
            assert client.request().body == b"start\n"
        assert daemon.stop() == 0
        assert not path.exists()


def test_a_running_server_of_a_unix_socket_is_not_robbed(make_daemon, tmp_path):
    """A second server, with a pid file of its own, must not take the socket's name away."""
    path = tmp_path / "muster.sock"
    with make_daemon("one", listen=[f"unix:{path}"]) as one:
        one.start()
        two = processes.Daemon(tmp_path / "two", listen=[f"unix:{path}"])
        result = two.launch()
        assert result.returncode == 1 and "Address already in use" in result.stderr
        with muster.Client(str(path)) as client:
            assert client.request().body == b"start\n"
