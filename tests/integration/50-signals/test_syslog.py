# SPDX-License-Identifier: BSD-2-Clause
"""Records that go to the system's log. The server sees a /dev of its own, in which /dev/log is
this test's. Would break if a record did not arrive, came twice or torn, if it was lost because
the reader was slow or had been started anew, or if nobody was told of those that are lost."""
import os
import re
import signal
import socket
import subprocess

import pytest

import certificates
import muster
import processes
import tls_client

pytestmark = [pytest.mark.root, pytest.mark.needs("unshare", "mount")]

# The devices that there were, and a directory for the socket, which can be replaced in it.
OWN_DEVICES = """
set -e
mount --bind /dev "$1/old"
mount -t tmpfs -o mode=755 none /dev
for name in null zero random urandom; do
    : >/dev/$name
    mount --bind "$1/old/$name" /dev/$name
done
mkdir /dev/system
mount --bind "$1/system" /dev/system
ln -s system/log /dev/log
shift
exec "$@"
"""
DAEMON, INFO, NOTICE, ERROR = 3 << 3, 6, 5, 3
COUNT = 1500                            # more than a datagram socket queues


class SystemLog:
    """What a syslog daemon is to its clients."""

    def __init__(self, folder):
        for name in ("old", "system"):
            (folder / name).mkdir(parents=True)
        self.folder = folder
        self.path = folder / "system" / "log"
        self.socket = None
        self.datagrams = []
        self.open()

    def open(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        self.path.chmod(0o666)

    def close(self):
        """With what it has not read."""
        self.socket.close()
        self.path.unlink()

    def wrapper(self):
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", OWN_DEVICES, "sh",
                str(self.folder)]

    def read(self):
        while True:
            try:
                self.datagrams.append(self.socket.recv(1 << 16).decode())
            except BlockingIOError:
                return self.datagrams

    def records(self, level=INFO):
        """(pid, text) of those of a level."""
        found = [re.fullmatch(r"<(\d+)>musterd\[(\d+)\]: ([^\n]*)", one, re.S)
                 for one in self.read()]
        assert all(found), self.datagrams
        return [(int(one[2]), one[3]) for one in found if int(one[1]) == DAEMON | level]

    def texts(self, level=INFO):
        return [text for _, text in self.records(level)]

    def wait_for(self, count, level=INFO):
        muster.wait_for(lambda: len(self.texts(level)) >= count,
                        lambda: f"{count} records, not {self.datagrams}")
        return self.texts(level)


@pytest.fixture
def system_log(tmp_path):
    one = SystemLog(tmp_path / "devices")
    tried = subprocess.run([*one.wrapper(), "true"], capture_output=True, text=True,
                           timeout=muster.PATIENCE_S)
    if tried.returncode != 0:
        one.close()
        pytest.skip("mounts of its own are not allowed here: " + tried.stderr.strip())
    yield one
    one.close()


def serve_into(serve, system_log, **options):
    log = {"access": "syslog", "format": "%U%q", **options.pop("log", {})}
    return serve(log=log, wrapper=system_log.wrapper(), **options)


def ask(server, targets):
    with server.connect() as client:
        for target in targets:
            assert client.request(target=target).status == 200


def test_each_record_is_a_datagram(serve, system_log):
    server = serve_into(serve, system_log)
    targets = [f"/?{number}" for number in range(100)]
    ask(server, targets)
    assert system_log.wait_for(len(targets)) == targets
    assert {pid for pid, _ in system_log.records()} == set(
        processes.pids_of_role(server, "logger"))
    assert server.stop() == 0
    assert system_log.texts() == targets


def test_what_a_client_sends_makes_no_second_record(serve, system_log):
    """Nor a priority of its own."""
    server = serve_into(serve, system_log, log={"format": "%r %{X}i"})
    with server.connect() as client:
        client.request(target="/%0a%3c0%3ex", fields=[("X", "<0>\tmusterd[1]: \xe4")])
    found, = system_log.wait_for(1)
    assert found == "GET /%0a%3c0%3ex HTTP/1.1 <0>\\tmusterd[1]: \\xe4"


def test_a_slow_reader_loses_nothing(serve, system_log):
    server = serve_into(serve, system_log, keepalive={"max_requests": 0})
    targets = [f"/?{number}" for number in range(COUNT)]
    ask(server, targets)
    assert system_log.wait_for(COUNT) == targets


def test_a_reader_that_was_started_anew(serve, system_log):
    """Nobody has to tell the server."""
    server = serve_into(serve, system_log)
    ask(server, ["/?before"])
    system_log.wait_for(1)
    system_log.close()
    system_log.open()
    ask(server, ["/?after"])
    assert system_log.wait_for(2) == ["/?before", "/?after"]


def test_records_without_a_reader_are_counted(serve, system_log):
    server = serve_into(serve, system_log)
    system_log.close()
    ask(server, [f"/?{number}" for number in range(5)])
    server.wait_for_log("error: access log: ")
    system_log.open()
    ask(server, ["/?after"])
    found = server.wait_for_log(r"notice: access log: it can be written again, (\d+) records "
                                "were lost")
    muster.wait_for(lambda: "/?after" in system_log.texts(), "the last one")
    assert int(found[1]) + len(system_log.texts()) == 6
    assert len(processes.log_lines(server, "error: access log: ")) == 1


def test_reopening_and_reloading_go_on_with_it(serve, system_log):
    server = serve_into(serve, system_log)
    ask(server, ["/?1"])
    system_log.wait_for(1)
    system_log.close()
    system_log.open()
    server.send_signal(signal.SIGUSR1)
    server.wait_for_log("notice: log files reopened")
    ask(server, ["/?2"])
    system_log.wait_for(2)
    processes.reload(server)
    ask(server, ["/?3"])
    assert system_log.wait_for(3) == ["/?1", "/?2", "/?3"]


def test_errors_of_all_processes(make_server, system_log, tmp_path):
    """The master's, a worker's, and the logger's, each with its level."""
    path = tmp_path / "socket"
    server = make_server(log={"error": "syslog", "access": "off"}, listen=[f"unix:{path}"],
                         wrapper=system_log.wrapper())
    muster.write_files(server.site, {"index.html": "start\n", "closed.html": "closed\n"})
    (server.site / "closed.html").chmod(0)
    server.spawn()
    ready = muster.wait_for(lambda: [one for one in system_log.records(NOTICE)
                                     if one[1].startswith("ready: ")], "it to be ready")
    assert ready[0][0] == server.pid
    with muster.Client(str(path)) as client:
        assert client.request(target="/closed.html").status == 403
    told = muster.wait_for(lambda: [one for one in system_log.records(NOTICE)
                                    if "closed.html" in one[1]], "a worker's line")
    assert told[0][0] in server.child_pids()
    server.write_config("nonsense\n")
    server.send_signal(signal.SIGHUP)
    muster.wait_for(lambda: any("kept the old configuration" in text
                                for text in system_log.texts(ERROR)), "the master's line")
    assert server.stop() == 0


def test_the_signer_is_the_first_to_meet_a_new_reader(make_server, system_log, tmp_path):
    """Few system calls are left to it."""
    path = tmp_path / "socket"
    authority = certificates.Authority(tmp_path / "authority")
    pair = authority.issue("test.example")
    server = make_server(log={"error": "syslog", "access": "off"},
                         listen=[(f"unix:{path}", {"tls": True})], wrapper=system_log.wrapper(),
                         settings={"certificate": pair.chain, "certificate_key": pair.key})
    muster.write_files(server.site, {"index.html": "start\n"})
    server.spawn()
    muster.wait_for(lambda: any(one.startswith("ready: ") for one in system_log.texts(NOTICE)),
                    "it to be ready")
    context = tls_client.client_context(authority.root)
    with tls_client.TlsClient(str(path), context) as client:
        assert client.request().status == 200
    system_log.close()
    system_log.open()
    signer, = processes.pids_of_role(server, "signer")
    os.kill(signer, signal.SIGTERM)
    muster.wait_for(lambda: (signer, "signer: 1 signatures, 0 refused") in system_log.records(),
                    lambda: f"its line, not {system_log.datagrams}")
    assert server.stop() == 0
