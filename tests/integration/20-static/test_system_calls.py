# SPDX-License-Identifier: BSD-2-Clause
"""What a request costs in system calls, and which are not among them. strace looks on from the
start of the server; each process has a file of its own."""
import collections
import re
import subprocess

import pytest

import muster

MEMORY_CALLS = {"brk", "mmap", "munmap", "mremap", "madvise", "mprotect"}
COUNT = 50
LARGE_BYTES = 300000

pytestmark = pytest.mark.needs("strace")


@pytest.fixture(scope="module", autouse=True)
def strace_works():
    if subprocess.run(["strace", "-o", "/dev/null", "true"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL, timeout=muster.PATIENCE_S).returncode != 0:
        pytest.skip("strace may not trace here")


@pytest.fixture
def traced(make_server, tmp_path):
    """A server under strace. -D: strace is the grandchild, so the pid is musterd's."""
    def start(**options):
        (tmp_path / "trace").mkdir()
        server = make_server(wrapper=["strace", "-D", "-ff", "-qq", "-s", "300", "-o",
                                      str(tmp_path / "trace" / "of")], **options)
        muster.write_files(server.site, {"small": b"s" * 1024, "large": b"l" * LARGE_BYTES})
        server.start()
        server.trace_of = lambda pid: (tmp_path / "trace" / f"of.{pid}").read_text("latin-1")
        return server

    return start


def calls_between(trace, first, last):
    """The lines from the one that receives `first` up to the one that receives `last`."""
    lines = trace.split("\n")
    start = [at for at, line in enumerate(lines) if line.startswith("recv") and first in line]
    end = [at for at, line in enumerate(lines) if line.startswith("recv") and last in line]
    assert start and end, trace[-3000:]
    return lines[start[0]:end[0]]


def count_calls(lines):
    """Signals ("---") are no calls, and a call that was interrupted stands in two lines."""
    names = [re.match(r"([a-z0-9_]+)\(", line) for line in lines if "resumed>" not in line]
    return collections.Counter(name[1] for name in names if name)


def measure(server, target):
    """Requests on one connection, those in the middle looked at; returns calls by name."""
    with server.connect() as client:
        for query in ["warm"] * 20 + ["first"] + ["more"] * (COUNT - 1) + ["last"]:
            assert client.request(target=f"{target}?{query}").status == 200
        pid = int(server.wait_for_access(1)[-1])
        muster.wait_for(lambda: "?last" in server.trace_of(pid), "the last request in the trace")
    return count_calls(calls_between(server.trace_of(pid), "?first", "?last"))


@pytest.mark.parametrize("target", ["/small", "/large"])
def test_steady_state_asks_for_no_memory(traced, capsys, target):
    server = traced(log={"format": "%P"}, pool={"start": 1, "min_idle": 1})
    calls = measure(server, target)
    with capsys.disabled():
        each = ", ".join(f"{name} {number / COUNT:g}" for name, number in calls.most_common())
        print(f"\n  system calls per keep-alive request of {target}: "
              f"{sum(calls.values()) / COUNT:.2f} ({each})")
    assert calls, "nothing was traced"
    assert calls["openat2"] == COUNT and calls["write"] == COUNT, "one look-up, one record"
    assert not MEMORY_CALLS & set(calls), calls


def test_a_large_body_does_not_pass_through_the_worker(traced):
    server = traced(log={"format": "%P"}, pool={"start": 1, "min_idle": 1})
    calls = measure(server, "/large")
    assert calls["sendfile"] >= COUNT
    assert calls["read"] + calls["pread64"] == 0


def test_one_write_for_each_record(traced):
    server = traced(log={"format": "%P \"%r\" %>s " + "x" * 300}, pool={"start": 1, "min_idle": 1})
    with server.connect() as client:
        for number in range(10):
            client.request(target=f"/small?{number}")
    lines = server.wait_for_access(10)
    trace = server.trace_of(lines[0].split()[0])
    writes = re.findall(r'^write\([0-9]+, "[0-9]+ \\"GET /small\?([0-9])', trace, re.M)
    assert writes == [str(number) for number in range(10)]


def test_a_buffer_saves_writes(traced, tmp_path):
    server = traced(log={"format": "%P %r", "buffer": "64k", "flush": "1h"},
                    pool={"start": 1, "min_idle": 1})
    with server.connect() as client:
        for number in range(10):
            client.request(target=f"/small?{number}")
    server.stop()
    traces = [path.read_text("latin-1") for path in (tmp_path / "trace").iterdir()]
    served = "".join(trace for trace in traces if "GET /small?9" in trace)
    assert len(re.findall(r'^write\([0-9]+, "[0-9]+ GET /small', served, re.M)) == 1
    assert server.access().count("\n") == 10


def test_an_idle_worker_sits_in_accept4(traced):
    """In the call itself, not in a poll before it: nobody wakes for nothing."""
    server = traced(pool={"start": 3, "min_idle": 3, "max_idle": 8})
    for pid in server.worker_pids():
        last = muster.wait_for(
            lambda pid=pid: re.search(r"accept4\([0-9]+, \Z", server.trace_of(pid)),
            lambda pid=pid: f"accept4( at the end of\n{server.trace_of(pid)[-2000:]}")
        assert last
        calls = count_calls(server.trace_of(pid).split("\n"))
        assert not {"poll", "ppoll", "select", "epoll_wait"} & set(calls), calls


def test_an_idle_worker_is_woken_for_nothing(traced):
    """What a large file needed, a timer for its time limit, is put off again."""
    server = traced(log={"format": "%P"}, pool={"start": 1, "min_idle": 1})
    server.get("/large")
    pid = server.wait_for_access(1)[0]
    assert "setitimer(" in server.trace_of(pid), "then this test shows nothing"
    off = re.compile(r"setitimer\(ITIMER_REAL, \{it_interval=\{tv_sec=0, tv_usec=0\}, "
                     r"it_value=\{tv_sec=0, tv_usec=0\}\}.*accept4\([0-9]+, \Z", re.S)
    muster.wait_for(lambda: off.search(server.trace_of(pid)),
                    lambda: "the end of the timer:\n" + server.trace_of(pid)[-2000:])
