# SPDX-License-Identifier: BSD-2-Clause
"""A worker that crashes costs one request, and the log names it. Would break if a connection
were shared between workers, or if the note in the scoreboard came after the work."""
import os
import signal

import muster
import processes

# Under AddressSanitizer, too, the signal itself has to end the worker.
PLAIN_SIGNALS = {"ASAN_OPTIONS": "handle_segv=0"}


def start(folder, files, **options):
    server = processes.Started(folder, environment=PLAIN_SIGNALS, keepalive={"keepers": 0},
                               **options)
    server.may_crash = True
    muster.write_files(server.site, files)
    return server


def crash(server, pid):
    """A signal 11; who sends it does not matter to the one who gets it."""
    assert pid in server.worker_pids()
    os.kill(pid, signal.SIGSEGV)
    return server.wait_for_log(rf"error: worker {pid} died of signal 11 \(SIGSEGV\) (.*)")[1]


def test_a_crash_is_logged_with_its_request_and_harms_nobody_else(tmp_path):
    content = processes.large_content()
    with start(tmp_path / "server", {"a.bin": content, "b.bin": content}) as server:
        lost = processes.Download(server, "/a.bin?x=1")
        other = processes.Download(server, "/b.bin")
        waiting = processes.hold(server, 1)[0]
        assert crash(server, lost.pid) == 'while sending "GET /a.bin?x=1" to 127.0.0.1'
        part = lost.finish()
        assert len(part) < len(content) and content.startswith(part)
        assert processes.finish_held(waiting).status == 200
        assert other.finish() == content
        assert server.get().body == b"start\n"
        server.wait_for_access(3)
        assert not any("/a.bin" in line for line in server.access().splitlines())
        assert len(processes.log_lines(server, "died of")) == 1


def test_a_crash_while_reading_names_the_client(tmp_path):
    with start(tmp_path / "server", {}) as server:
        client = server.connect().send("GET / HT")
        pid = processes.worker_of(server, client)
        processes.wait_until_asleep(pid)
        assert crash(server, pid) == "while reading, connected to 127.0.0.1"
        client.close()


def test_a_crash_between_requests_names_the_client(tmp_path):
    with start(tmp_path / "server", {}) as server, server.connect() as client:
        assert client.request().status == 200
        pid = processes.worker_of(server, client)
        processes.wait_until_asleep(pid)
        assert crash(server, pid) == "while keep-alive, connected to 127.0.0.1"


def test_what_a_client_sent_cannot_start_a_line_in_the_log(tmp_path):
    """The target is quoted as it came, in its encoded form, and cut where it is long."""
    target = "/a.bin?%0d%0a" + "x" * 1000
    with start(tmp_path / "server", {"a.bin": processes.large_content()}) as server:
        lost = processes.Download(server, target)
        text = crash(server, lost.pid)
        assert text.startswith('while sending "GET /a.bin?%0d%0axxx')
        assert text.endswith('x" to 127.0.0.1') and len(text) < 400
        lost.client.close()


def test_many_crashes_in_a_row_are_survived(tmp_path):
    with start(tmp_path / "server", {}, pool={"start": 4, "min_idle": 2}) as server:
        for _ in range(10):
            client = processes.hold(server, 1)[0]
            crash(server, processes.worker_of(server, client))
            client.close()
            assert server.get().body == b"start\n"
