# SPDX-License-Identifier: BSD-2-Clause
"""The logs when something happens: USR1 after a rename of the files, processes that are killed,
a reader that does not read. Would break if a process missed the new files or was started anew for
it, or if a record was torn, written twice or lost."""
import contextlib
import fcntl
import os
import re
import signal
import threading

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
    return {pid for pid in [server.pid, *server.child_pids()]
            if str(path) in processes.descriptors(pid).values()}


def logger_of(server):
    """Its pid, as soon as there is one."""
    return muster.wait_for(lambda: processes.pids_of_role(server, "logger"), "a logger")[0]


def hold_logger(server):
    """It does nothing from now on: what is logged stays in the rings. Returns its pid."""
    pid = logger_of(server)
    os.kill(pid, signal.SIGSTOP)
    muster.wait_for(lambda: muster.process_stat(pid)[0] == "T", "the logger to stand still")
    return pid


@contextlib.contextmanager
def logger_held(server):
    pid = hold_logger(server)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


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
    """Or the space of a rotated file would not come free until each worker has served. Only the
    master and the logger have the access log."""
    server = serve(pool={"start": 6, "max_idle": 8})
    before = server.child_pids()
    rotate(server, 1)
    everybody = {server.pid, *before}
    for path, wanted in ((server.access_path, {server.pid, logger_of(server)}),
                         (server.error_path, everybody)):
        old = path.with_suffix(".1")
        muster.wait_for(lambda old=old: not has_open(server, old), f"nobody to hold {old.name}")
        muster.wait_for(lambda: has_open(server, path) == wanted,
                        lambda: f"{wanted} to hold {path.name}, not {has_open(server, path)}")
    assert server.child_pids() == before, "reopening starts and ends no process"


def test_hundreds_of_workers_follow(serve):
    """All ask the master at once, more than a socket's queue takes."""
    server = serve(pool={"start": 300, "max_idle": 400, "max_workers": 400})
    rotate(server, 1)
    old = server.error_path.with_suffix(".1")
    muster.wait_for(lambda: not has_open(server, old) or "could not be had" in
                    server.log() + old.read_text(), "all to follow")
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


@pytest.mark.parametrize("flush", ["1ms", "100ms"])
def test_no_record_is_lost_or_torn_while_clients_hammer(serve, flush):
    server = serve(pool={"start": 4, "min_idle": 2, "max_idle": 8, "max_requests": 0},
                   log={"format": "%m %U%q %s", "flush": flush})
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
    asked = set(hammer.answered) | {f"/?after-{number}" for number in range(rotations)}
    assert server.stop() == 0
    records = [record for number in range(rotations) for record in old_records(server, number)]
    records += server.access().splitlines()
    torn = [record for record in records if not RECORD.fullmatch(record)]
    assert not torn, torn[:3]
    found = [record.split()[1] for record in records]
    assert len(found) == len(set(found)), "a record is there twice"
    assert set(found) == asked
    assert set(before) <= pids_in(server, rotations), "a process was started anew"


def pids_in(server, rotations):
    """Those of which no end is known: none died, none was replaced."""
    text = "".join(server.error_path.with_suffix(f".{number}").read_text()
                   for number in range(rotations)) + server.log()
    started = {int(pid) for pid in re.findall(r"debug: [a-z]+ (\d+) started", text)}
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


# ---- processes that are killed ----


def ask_and_close(server, targets):
    """Requests whose records are in some ring when this returns: a worker closes after that."""
    for target in targets:
        with server.connect() as client:
            assert client.request(target=target, fields=[("Connection", "close")]).status == 200
            client.expect_close()


def test_records_survive_the_kill_of_who_made_them(serve):
    """Twice, so that those who come after them use the same slots, and kept connections as
    well."""
    server = serve(pool={"start": 4, "min_idle": 2}, log={"format": "%U%q"})
    server.may_crash = True
    wanted = []
    with logger_held(server):
        for count in (1, 2):
            wanted += [f"/?{count}-{number}" for number in range(20)]
            ask_and_close(server, wanted[-20:])
            with server.connect() as kept:
                for number in range(20):
                    wanted.append(f"/?kept-{count}-{number}")
                    assert kept.request(target=wanted[-1]).status == 200
                kept.send(b"the end\r\n\r\n")
                assert kept.response().status == 400
                kept.expect_close()
            victims = set(processes.pids_of_role(server, "worker") +
                          processes.pids_of_role(server, "keeper"))
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            muster.wait_for(lambda: not victims & set(server.worker_pids()), "their end")
            muster.wait_for(lambda: processes.pids_of_role(server, "worker"), "others instead")
        assert server.access() == "", "then this test shows nothing"
    found = server.wait_for_access(len(wanted) + 2)
    assert [target for target in found if target.startswith("/?")] == wanted


def test_records_survive_the_kill_of_the_logger(serve):
    """It is replaced, and who needs room in a ring waits for that. What it had written and not yet
    taken out of the rings is there twice."""
    server = serve(pool={"start": 4, "max_idle": 8}, log={"format": "<%U%q>", "flush": "1ms"})
    server.may_crash = True
    with processes.Hammer(server, {b"start\n"}) as hammer:
        for _ in range(4):
            hammer.wait_for_more()
            pid = logger_of(server)
            os.kill(pid, signal.SIGKILL)
            muster.wait_for(lambda pid=pid: processes.pids_of_role(server, "logger")
                            not in ([], [pid]), "the next logger")
    assert not hammer.failures, hammer.failures
    assert server.stop() == 0
    assert set(re.findall(r"<(/[^<>]*)>\n", server.access())) == set(hammer.answered)
    assert len(re.findall("error: logger \\d+ ", server.log())) == 4


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM])
def test_records_survive_a_logger_that_is_killed_before_a_stop(serve, number):
    """The next one is not started at once, since the one before was young, and meanwhile all others
    leave: the master stays until their records are written."""
    server = serve(log={"format": "%U%q"})
    server.may_crash = True
    targets = [f"/?{count}" for count in range(20)]
    pid = logger_of(server)
    os.kill(pid, signal.SIGKILL)
    muster.wait_for(lambda: logger_of(server) != pid, "the next logger")
    pid = hold_logger(server)
    ask_and_close(server, targets)
    os.kill(pid, signal.SIGKILL)
    assert server.stop(number) == 0
    assert server.access().splitlines() == targets


@pytest.mark.root
@pytest.mark.needs("strace")
def test_records_survive_a_logger_that_leaves_last(serve):
    """A reload tells it to go, and it has written what there was. What was answered from then on,
    until it has ended, is left to another one, also when nobody else is left by then."""
    server = serve(log={"format": "%U%q"})
    with processes.held_at("exit_group", logger_of(server), server.folder / "trace") as let_go:
        server.send_signal(signal.SIGHUP)
        server.wait_for_log("new configuration in force")
        muster.wait_for(lambda: "exit_group(" in server.text_of("trace"), "its end")
        ask_and_close(server, ["/?late"])
        server.send_signal(signal.SIGQUIT)
        muster.wait_for(lambda: len(server.child_pids()) == 1, "the end of all others")
        let_go()
        assert server.stop() == 0
    assert server.access() == "/?late\n"


def test_the_master_can_die_first(serve):
    """Nobody tells the others in order then: the logger stays until the last one has served."""
    content = processes.large_content()
    server = serve({"index.html": "start\n", "big.bin": content}, log={"format": "%U%q"})
    server.may_crash = True
    download = processes.Download(server, "/big.bin")
    ask_and_close(server, ["/?before"])
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    assert download.finish() == content
    assert server.wait_for_access(2) == ["/?before", "/big.bin"]
    muster.wait_for(lambda: not muster.session_pids(server.process.pid), "the end of all")


def test_no_record_is_lost_at_a_reload(serve):
    """Two logs in turns: each record is in one of them, once."""
    server = serve(pool={"start": 4, "min_idle": 2, "max_idle": 8},
                   log={"format": "%U%q", "flush": "1ms"})
    paths = [server.access_path, server.folder / "other.log"]
    with processes.Hammer(server, {b"start\n"}) as hammer:
        for number in range(1, 5):
            hammer.wait_for_more()
            server.sections["log"]["access"] = paths[number % 2]
            server.write_config()
            server.send_signal(signal.SIGHUP)
            server.wait_for_log("reload: new configuration in force", number)
    assert not hammer.failures, hammer.failures
    assert server.stop() == 0
    found = "".join(path.read_text() for path in paths).splitlines()
    assert sorted(found) == sorted(hammer.answered)
    assert all(path.stat().st_size for path in paths)


# ---- a reader that does not read ----

PIPE_BYTES = 4096


class Pipe:
    """A FIFO as the access log, small, and open for reading so that musterd can open it."""

    def __init__(self, folder):
        self.path = folder / "pipe"
        os.mkfifo(self.path)
        self.path.chmod(0o666)
        self.fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.data = bytearray()

    def read_some(self):
        with contextlib.suppress(BlockingIOError):
            self.data += os.read(self.fd, 1 << 20)

    def lines(self):
        return self.data.decode().splitlines()

    def wait_for_lines(self, count):
        def look():
            self.read_some()
            return self.data.count(b"\n") >= count

        muster.wait_for(look, lambda: f"{count} lines in the pipe, not {len(self.lines())}")
        return self.lines()

    def wait_for_end(self):
        """Until nobody has it open any more."""
        def look():
            try:
                data = os.read(self.fd, 1 << 20)
            except BlockingIOError:
                return False
            self.data += data
            return not data

        muster.wait_for(look, "the end of the pipe")
        return self.lines()

    def close(self):
        os.close(self.fd)


@pytest.fixture
def pipe(tmp_path):
    tmp_path.chmod(0o755)
    one = Pipe(tmp_path)
    yield one
    one.close()


class Visitor(threading.Thread):
    """Asks on one connection as long as it is answered; its records are about a kilobyte long, and
    all of them a multiple of what pipe and ring hold."""

    def __init__(self, server, count=400):
        super().__init__(daemon=True)
        self.server = server
        self.targets = [f"/?{number}-" + "v" * 1000 for number in range(count)]
        self.answered_count = 0
        self.failure = None
        self.start()

    def run(self):
        try:
            with self.server.connect() as client:
                for target in self.targets:
                    assert client.request(target=target).status == 200
                    self.answered_count += 1
        except (OSError, AssertionError) as error:
            self.failure = error

    def finish(self):
        self.join(muster.PATIENCE_S)
        assert not self.is_alive(), f"only {self.answered_count} answers"
        assert self.failure is None, self.failure


def serve_into(serve, pipe, full):
    """One worker that keeps its connection, and a log that nobody reads yet."""
    return serve(log={"access": pipe.path, "format": "%U%q", "full": full, "flush": "1ms"},
                 pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_requests": 0},
                 keepalive={"keepers": 0, "max_requests": 0})


def wait_for_naps(server, visitor):
    """Until a worker wakes again and again and does not answer."""
    def look():
        before = visitor.answered_count
        naps = {pid: processes.wakes_of(pid) for pid in processes.pids_of_role(server, "worker")}
        if before == 0:
            return False
        muster.wait_for(lambda: visitor.answered_count != before or any(
            processes.wakes_of(pid) > naps[pid] + 20 for pid in naps), "a nap or an answer")
        return visitor.answered_count == before

    muster.wait_for(look, lambda: f"a wait, not {visitor.answered_count} answers")


def test_a_full_ring_is_waited_for(serve, pipe):
    server = serve_into(serve, pipe, "wait")
    visitor = Visitor(server)
    wait_for_naps(server, visitor)
    assert visitor.answered_count < len(visitor.targets), "then there was no wait"
    assert pipe.wait_for_lines(len(visitor.targets)) == visitor.targets
    visitor.finish()
    assert not processes.log_lines(server, "records were lost")


def test_a_full_ring_is_counted(serve, pipe):
    """Nobody waits, that something is lost is said while it happens, and in the end what is not
    in the log is in the numbers."""
    server = serve_into(serve, pipe, "count")
    visitor = Visitor(server)
    visitor.finish()
    server.wait_for_log("records were lost")
    server.send_signal(signal.SIGQUIT)
    found = pipe.wait_for_end()
    server.stop()
    lost = sum(map(int, re.findall(r"warn: access log: (\d+) records were lost", server.log())))
    assert 0 < lost and lost + len(found) == len(visitor.targets)
    assert [target for target in visitor.targets if target in set(found)] == found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_a_reader_that_does_not_read_does_not_hold_the_stop(serve, pipe, number):
    server = serve_into(serve, pipe, "wait")
    server.sections["limits"]["drain_timeout"] = "1s"
    server.write_config()
    processes.reload(server)
    visitor = Visitor(server)
    wait_for_naps(server, visitor)
    assert server.stop(number) == 0
    visitor.join()
    assert "the last records are not in it" in server.log()


def test_a_reader_that_does_not_read_does_not_hold_the_logs(serve, pipe):
    """The pipe is moved out of the way: what waits for its reader goes into the new file."""
    server = serve_into(serve, pipe, "wait")
    visitor = Visitor(server)
    wait_for_naps(server, visitor)
    moved = pipe.path.rename(pipe.path.with_suffix(".1"))
    server.send_signal(signal.SIGUSR1)
    visitor.finish()
    wanted = set(visitor.targets)
    old = set(pipe.wait_for_end())
    muster.wait_for(lambda: set(pipe.path.read_text().splitlines()) | old == wanted,
                    "all records in the pipe or the file")
    assert old and not set(pipe.path.read_text().splitlines()) & old
    assert moved.is_fifo()


def test_a_reader_that_has_gone_is_said_once(serve, tmp_path):
    pipe = Pipe(tmp_path)
    tmp_path.chmod(0o755)
    server = serve_into(serve, pipe, "wait")
    ask_and_close(server, ["/?read"])
    assert pipe.wait_for_lines(1) == ["/?read"]
    pipe.close()
    visitor = Visitor(server)
    visitor.finish()
    server.wait_for_log("error: access log: Broken pipe")
    server.stop()
    assert len(processes.log_lines(server, "access log: Broken pipe")) == 1
