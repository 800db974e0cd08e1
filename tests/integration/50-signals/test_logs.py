# SPDX-License-Identifier: BSD-2-Clause
"""USR1 after a rename of the log files. Would break if a worker missed the new files, took them in
the middle of a record, or was started anew for it."""
import re
import signal

import pytest

import muster
import processes

RECORD = re.compile(r"GET (/\?\d+-\d+|/\S*) 200")


def rotate(server, number):
    """As logrotate does it; returns when the master has opened the new files."""
    for path in (server.access_path, server.error_path):
        path.rename(path.with_suffix(f".{number}"))
    server.send_signal(signal.SIGUSR1)
    muster.wait_for(lambda: "notice: log files reopened" in server.log(), "the new error log")


def get(address, target="/"):
    """One request; the server's address was noted while its log still told it."""
    with muster.Client(address) as client:
        return client.request(target=target, fields=[("Connection", "close")])


def old_records(server, number):
    return server.access_path.with_suffix(f".{number}").read_text().splitlines()


def has_open(server, path):
    """The processes that hold this file open."""
    return [pid for pid in [server.pid, *server.worker_pids()]
            if str(path) in processes.descriptors(pid).values()]


def test_both_logs_go_on_in_new_files(serve):
    server = serve(log={"format": "%r"})
    assert server.get("/?before").status == 200
    server.wait_for_access(1)
    address, before = server.address(), server.worker_pids()
    rotate(server, 1)
    assert get(address, "/?after").status == 200
    server.wait_for_access(1)
    assert old_records(server, 1) == ["GET /?before HTTP/1.1"]
    assert server.access() == "GET /?after HTTP/1.1\n"
    assert "ready:" in server.error_path.with_suffix(".1").read_text()
    assert set(before) <= set(server.worker_pids())


def test_idle_processes_let_go_of_the_old_files(serve):
    """Or the space of a rotated file would not come free until each worker has served."""
    server = serve(pool={"start": 6, "max_idle": 8})
    before = server.worker_pids()
    rotate(server, 1)
    for path in (server.access_path, server.error_path):
        old = path.with_suffix(".1")
        muster.wait_for(lambda: not has_open(server, old), f"nobody to hold {old.name}")
        assert set(has_open(server, path)) == {server.pid, *server.worker_pids()}
    assert server.worker_pids() == before, "reopening starts and ends no worker"


def test_hundreds_of_workers_follow(serve):
    """All ask the master at once, more than a socket's queue takes."""
    server = serve(pool={"start": 300, "max_idle": 400, "max_workers": 400})
    rotate(server, 1)
    old = server.access_path.with_suffix(".1")
    muster.wait_for(lambda: not has_open(server, old) or "could not be had" in
                    server.log() + server.error_path.with_suffix(".1").read_text(),
                    "all to follow")
    assert not has_open(server, old)


def test_a_held_request_is_recorded_in_the_new_file(serve):
    """A worker that is busy at the signal follows before its next record."""
    content = processes.large_content()
    server = serve({"index.html": "start\n", "big.bin": content}, log={"format": "%r"})
    download = processes.Download(server, "/big.bin")
    held = processes.hold(server, 1)[0]
    with server.connect() as kept:
        assert kept.request(target="/?kept-before").status == 200
        server.wait_for_access(1)
        rotate(server, 1)
        assert kept.request(target="/?kept-after").status == 200
    assert processes.finish_held(held).status == 200
    assert download.finish() == content
    assert sorted(server.wait_for_access(3)) == [
        "GET / HTTP/1.1", "GET /?kept-after HTTP/1.1", "GET /big.bin HTTP/1.1"]
    assert old_records(server, 1) == ["GET /?kept-before HTTP/1.1"]


@pytest.mark.parametrize("buffer", ["0", "4k"])
def test_no_record_is_lost_or_torn_while_clients_hammer(serve, buffer):
    server = serve(pool={"start": 4, "min_idle": 2, "max_idle": 8, "max_requests": 0},
                   log={"format": "%m %U%q %s", "buffer": buffer, "flush": "10ms"})
    address, before = server.address(), server.worker_pids()
    rotations = 6
    with processes.Hammer(server, {b"start\n"}) as hammer:
        for number in range(rotations):
            hammer.wait_for_more()
            rotate(server, number)
            marker = f"/?after-{number}"
            assert get(address, marker).status == 200
            muster.wait_for(lambda: f"GET {marker} 200\n" in server.access(),
                            f"{marker} in the new file")
    assert not hammer.failures, hammer.failures
    asked = set(hammer.targets) | {f"/?after-{number}" for number in range(rotations)}
    assert server.stop() == 0
    records = [record for number in range(rotations) for record in old_records(server, number)]
    records += server.access().splitlines()
    torn = [record for record in records if not RECORD.fullmatch(record)]
    assert not torn, torn[:3]
    found = [record.split()[1] for record in records]
    assert len(found) == len(set(found)), "a record is there twice"
    assert set(found) == asked
    assert set(before) <= worker_pids_in(server, rotations), "a worker was started anew"


def worker_pids_in(server, rotations):
    """The workers of which no end is known: none died, none was replaced."""
    text = "".join(server.error_path.with_suffix(f".{number}").read_text()
                   for number in range(rotations)) + server.log()
    started = {int(pid) for pid in re.findall(r"debug: worker (\d+) started", text)}
    return started if "died" not in text else set()


def test_logs_that_cannot_be_opened_stay_as_they_are(serve):
    """A folder in the way of the new file: the old one goes on, and the log says why."""
    server = serve(log={"format": "%r"})
    server.access_path.unlink(missing_ok=True)
    server.access_path.mkdir()
    server.send_signal(signal.SIGUSR1)
    server.wait_for_log(r"error: log files not reopened: .*access\.log: Is a directory")
    assert server.get().status == 200
    server.access_path.rmdir()
    server.send_signal(signal.SIGUSR1)
    server.wait_for_log("notice: log files reopened")
    assert server.get("/?again").status == 200
    assert server.wait_for_access(1) == ["GET /?again HTTP/1.1"]


def test_usr1_that_comes_often_is_obeyed(serve):
    """Signals that arrive while one is obeyed: what comes after the last is in the last file."""
    server = serve(pool={"start": 4, "max_idle": 8}, log={"format": "%r"})
    address = server.address()
    for number in range(20):
        rotate(server, number)
    clients = [muster.Client(address).send(muster.request(target=f"/?{number}"))
               for number in range(8)]
    for client in clients:
        assert client.response().status == 200
        client.close()
    assert sorted(server.wait_for_access(8)) == [f"GET /?{number} HTTP/1.1" for number in range(8)]
