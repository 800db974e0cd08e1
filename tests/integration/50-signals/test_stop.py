# SPDX-License-Identifier: BSD-2-Clause
"""TERM, INT and QUIT. Would break if a handler missed the moment between a test and the blocking
call, if the master forgot a worker, or if a drain had no end."""
import os
import signal
import socket

import pytest

import muster
import processes


def refuses(address):
    """Whether a new connection is refused. One that the kernel still takes ends at once."""
    with socket.socket() as probe:
        probe.settimeout(muster.PATIENCE_S)
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            return False
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_an_idle_server_stops(serve, number):
    server = serve(pool={"start": 4, "min_idle": 4})
    address = server.address()
    server.send_signal(number)
    assert server.wait_for_end() == 0
    assert refuses(address)
    assert server.log().splitlines()[-1].endswith("notice: stopped")
    assert not processes.log_lines(server, " (error|warn): ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_at_once_ends_what_is_under_way(serve, number):
    """Busy, waiting and idle clients alike: nobody is waited for."""
    content = processes.large_content()
    server = serve({"big.bin": content}, limits={"drain_timeout": "1h"})
    download = processes.Download(server, "/big.bin")
    held = processes.hold(server, 1)[0]
    with server.connect() as kept:
        assert kept.request(target="/big.bin", method="HEAD").status == 200
        server.send_signal(number)
        assert server.wait_for_end() == 0
        kept.expect_close()
    held.expect_close().close()
    assert len(download.finish()) < len(content)
    server.wait_for_log(r"notice: stopping at once \(TERM\)")
    assert not processes.log_lines(server, " (error|warn): ")


def test_the_terminals_interrupt_reaches_all_and_stops_in_order(serve):
    """Ctrl-C signals the whole process group; the workers leave it to the master."""
    server = serve(pool={"start": 4})
    processes.hold(server, 1)
    os.killpg(server.pid, signal.SIGINT)
    assert server.wait_for_end() == 0
    assert not processes.log_lines(server, " (error|warn): ")


def test_quit_lets_requests_finish_and_refuses_new_ones(serve):
    content = processes.large_content()
    server = serve({"index.html": "start\n", "big.bin": content}, limits={"drain_timeout": "1h"})
    download = processes.Download(server, "/big.bin")
    held = processes.hold(server, 1)[0]
    with server.connect() as kept:
        assert kept.request().status == 200
        server.send_signal(signal.SIGQUIT)
        server.wait_for_log(r"notice: stopping when requests are done \(QUIT\)")
        kept.expect_close()             # it is between requests
    muster.wait_for(lambda: refuses(server.address()), "the refusal of new connections")
    assert server.is_running()
    assert processes.finish_held(held).body == b"start\n"
    assert download.finish() == content
    assert server.wait_for_end() == 0
    assert len(server.access().splitlines()) == 3
    assert not processes.log_lines(server, " (error|warn): ")


def test_drain_timeout_bounds_the_wait(serve):
    content = processes.large_content()
    server = serve({"big.bin": content}, limits={"drain_timeout": "200ms"},
                   keepalive={"keepers": 0})
    download = processes.Download(server, "/big.bin")
    server.send_signal(signal.SIGQUIT)
    assert server.wait_for_end() == 0
    server.wait_for_log(f"notice: worker {download.pid} is not done within drain_timeout: stopped")
    assert len(download.finish()) < len(content)


def test_term_after_quit_stops_at_once(serve):
    content = processes.large_content()
    server = serve({"big.bin": content}, limits={"drain_timeout": "1h"})
    download = processes.Download(server, "/big.bin")
    server.send_signal(signal.SIGQUIT)
    server.wait_for_log(r"stopping when requests are done \(QUIT\)")
    server.send_signal(signal.SIGTERM)
    assert server.wait_for_end() == 0
    assert len(download.finish()) < len(content)


def test_a_worker_that_is_deaf_to_term_is_killed(serve):
    """Stopped with SIGSTOP it can obey nothing but SIGKILL."""
    server = serve()
    pid = server.worker_pids()[0]
    os.kill(pid, signal.SIGSTOP)
    muster.wait_for(lambda: processes.status(pid)["State"].startswith("T"), "the halt of a worker")
    server.send_signal(signal.SIGTERM)
    assert server.wait_for_end() == 0
    server.wait_for_log(f"warn: worker {pid} does not stop: killed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_a_stop_in_the_middle_of_much_work(serve, number):
    """Clients may be refused or cut off then, but nothing hangs and nothing is left."""
    server = serve(pool={"start": 2, "min_idle": 2, "max_workers": 16})
    hammer = processes.Hammer(server, {b"start\n"})
    with hammer:
        hammer.wait_for_more(100)
        server.send_signal(number)
        assert server.wait_for_end() == 0
    assert not processes.log_lines(server, " (error|warn): ")


def test_usr2_and_hup_before_it_is_ready_do_no_harm(make_server):
    """As soon as the master listens, and with many workers still to start."""
    server = make_server(pool={"start": 64, "min_idle": 1, "max_idle": 64, "max_workers": 128})
    muster.write_files(server.site, {"index.html": "start\n"})
    server.spawn()
    server.wait_for_log("listening on")
    for number in (signal.SIGUSR2, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        server.send_signal(number)
    server.wait_for_log("notice: ready:")
    server.wait_for_log("notice: log files reopened")
    server.wait_for_log("notice: reload: new configuration in force")
    assert server.get().body == b"start\n"
    assert not processes.log_lines(server, " (error|warn): ")


def test_a_server_without_a_file_ends_with_its_terminal(tmp_path):
    """HUP: with -d there is nothing to read anew."""
    server = processes.Started(tmp_path / "server")
    server.command = lambda: [server.program, "-d", str(server.site), "-p", "0"]
    server.spawn()
    try:
        muster.wait_for(lambda: f"muster serves {server.site} on" in server.stdout(), "its start")
        server.send_signal(signal.SIGHUP)
        assert server.wait_for_end() == 0
    finally:
        server.stop()


def test_usr2_to_a_running_server_is_let_be(serve):
    """It is kept for the upgrade; to a worker it means something, to the master nothing."""
    server = serve()
    before = server.worker_pids()
    with server.connect() as kept:
        assert kept.request().status == 200
        server.send_signal(signal.SIGUSR2)
        server.send_signal(signal.SIGUSR1)      # the master has seen both once this is done
        server.wait_for_log("log files reopened")
        assert kept.request().status == 200
    assert server.is_running() and set(before) <= set(server.worker_pids())
