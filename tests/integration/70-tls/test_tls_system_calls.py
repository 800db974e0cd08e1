# SPDX-License-Identifier: BSD-2-Clause
"""What TLS costs in system calls. None of them is for memory once a worker has had its first
connections; a small answer takes one receive and one send, as without TLS."""
import collections
import re
import subprocess

import pytest

import muster
from muster import request
from tls_client import TLS_1_2, TLS_1_3

MEMORY_CALLS = {"brk", "mmap", "munmap", "mremap", "madvise", "mprotect"}
COUNT = 50
CONNECTIONS = 1000
LARGE_BYTES = 1 << 20
VERSIONS = [TLS_1_2, TLS_1_3]
VERSION_NAMES = ["1.2", "1.3"]

pytestmark = pytest.mark.needs("strace")


@pytest.fixture(scope="module", autouse=True)
def strace_works():
    if subprocess.run(["strace", "-o", "/dev/null", "true"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL, timeout=muster.PATIENCE_S,
                      check=False).returncode != 0:
        pytest.skip("strace may not trace here")


@pytest.fixture
def traced(make_server, pair, tmp_path):
    """A server with one worker for TLS, under strace; each process has a file."""
    (tmp_path / "trace").mkdir()
    server = make_server(
        wrapper=["strace", "-D", "-ff", "-qq", "-s", "40", "-o", str(tmp_path / "trace" / "of")],
        settings={"certificate": pair.chain, "certificate_key": pair.key},
        listen=[("127.0.0.1:0", {"tls": True})], log={"format": "%P", "level": "notice"},
        pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 1, "max_requests": 0},
        # The only worker is always the last one that is free: it shall wait all the same.
        keepalive={"keepers": 0, "max_requests": 0, "linger": "60s"}, more='cache { valid = "1h" }')
    muster.write_files(server.site, {"small": b"s" * 1024, "large": b"l" * LARGE_BYTES})
    server.start()

    def calls(pid):
        """The trace of a process as it is now, by call."""
        lines = (tmp_path / "trace" / f"of.{pid}").read_text("latin-1").split("\n")
        names = [re.match(r"([a-z0-9_]+)\(", line) for line in lines if "resumed>" not in line]
        return collections.Counter(name[1] for name in names if name)

    server.calls = calls
    return server


def pids(server, count):
    return {int(line) for line in server.wait_for_access(count)}


def tell(capsys, what, calls, count):
    with capsys.disabled():
        each = ", ".join(f"{name} {number / count:g}" for name, number in calls.most_common())
        print(f"\n  system calls per {what}: {sum(calls.values()) / count:.2f} ({each})")


@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
@pytest.mark.parametrize("target, sends", [("/small", 1), ("/large", LARGE_BYTES // 65536 + 1)])
def test_requests_on_one_connection(traced, connect, capsys, version, target, sends):
    with connect(traced, version) as client:
        for _ in range(20):
            assert client.request(target=target).status == 200
        worker, = pids(traced, 20)
        before = traced.calls(worker)
        for _ in range(COUNT):
            assert client.request(target=target).status == 200
        pids(traced, 20 + COUNT)
        calls = traced.calls(worker) - before
    tell(capsys, f"request of {target}", calls, COUNT)
    assert not MEMORY_CALLS & set(calls), calls
    assert calls["sendto"] <= sends * COUNT + 1
    if target == "/small":
        assert calls["recvfrom"] <= COUNT + 1
        assert sum(calls.values()) < 3 * COUNT, calls


def test_connections(traced, connect, capsys):
    """Full handshakes, one request each."""
    fields = [("Connection", "close")]

    def ask(count):
        for number in range(count):
            version = (TLS_1_2, TLS_1_3)[number % 2]
            with connect(traced, version) as client:
                assert client.send(request(target="/small", fields=fields)).response().body

    ask(50)
    worker, = pids(traced, 50)
    before = traced.calls(worker)
    ask(CONNECTIONS)
    assert pids(traced, 50 + CONNECTIONS) == {worker}
    calls = traced.calls(worker) - before
    tell(capsys, "connection", calls, CONNECTIONS)
    assert not MEMORY_CALLS & set(calls), calls
    # The question to the signer, two flights, and an answer that says that it is the last.
    assert calls["sendto"] <= 4 * CONNECTIONS, calls
