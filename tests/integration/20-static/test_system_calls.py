# SPDX-License-Identifier: BSD-2-Clause
"""What a request costs in system calls, and which are not among them. strace looks on from the
start of the server; each process has a file of its own."""
import collections
import re
import subprocess

import pytest

import muster
import processes

MEMORY_CALLS = {"brk", "mmap", "munmap", "mremap", "madvise", "mprotect"}
COUNT = 50
LARGE_BYTES = 300000
LONG_BYTES = 5 << 20                   # worth limits of what waits unsent
ALONE = {"log": {"format": "%P"}, "pool": {"start": 1, "min_idle": 1}, "keepalive": {"keepers": 0}}
NO_CACHE = 'cache { valid = "0s" }'

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
    queries = ["warm"] * 20 + ["first"] + ["more"] * (COUNT - 1) + ["last"]
    with server.connect() as client:
        for query in queries:
            assert client.request(target=f"{target}?{query}").status == 200
        pid = int(server.wait_for_access(len(queries))[-1])
        muster.wait_for(lambda: "?last" in server.trace_of(pid), "the last request in the trace")
    return count_calls(calls_between(server.trace_of(pid), "?first", "?last"))


def tell(capsys, who, calls):
    with capsys.disabled():
        each = ", ".join(f"{name} {number / COUNT:g}" for name, number in calls.most_common())
        print(f"\n  system calls per keep-alive request of {who}: "
              f"{sum(calls.values()) / COUNT:.2f} ({each})")


@pytest.mark.parametrize("target", ["/small", "/large"])
def test_steady_state_asks_for_no_memory(traced, capsys, target):
    """Of a worker that makes each answer anew."""
    server = traced(**ALONE, more=NO_CACHE)
    calls = measure(server, target)
    tell(capsys, f"{target}, worker without a cache", calls)
    assert calls, "nothing was traced"
    assert calls["openat2"] == COUNT and calls["write"] == 0, "one look-up, and no record written"
    assert not MEMORY_CALLS & set(calls), calls


@pytest.mark.parametrize("keepers", [0, 1])
def test_a_kept_answer_costs_one_receive_and_one_send(traced, capsys, keepers):
    """Looking the file up again once in a while is all that there is besides, and of a keeper
    that it waits for many."""
    options = {**ALONE, "keepalive": {"keepers": keepers, "max_requests": 0}}
    server = traced(**options, more='cache { valid = "1h" }')
    calls = measure(server, "/small")
    tell(capsys, f"/small, {'keeper' if keepers else 'worker'}", calls)
    received, sent = calls.pop("recvfrom"), calls.pop("sendto")
    assert (received, sent) == (COUNT, COUNT)
    waited = calls.pop("epoll_pwait", 0)
    assert waited <= COUNT + 5 if keepers else waited == 0
    # "more" is looked up once; signals may interrupt.
    assert sum(calls.values()) < COUNT, calls
    assert not MEMORY_CALLS & set(calls), calls


def test_a_large_body_does_not_pass_through_the_worker(traced):
    server = traced(**ALONE)
    calls = measure(server, "/large")
    assert calls["sendfile"] >= COUNT
    assert calls["read"] + calls["pread64"] + calls["preadv2"] == 0


def test_a_long_body_begins_with_little_queued(traced):
    """Until a client has taken its beginning, megabytes are not queued for it; then as much as
    the system lets them."""
    server = traced(**ALONE)
    muster.write_files(server.site, {"long": b"l" * LONG_BYTES})
    assert len(server.get("/long").body) == LONG_BYTES
    pid = server.wait_for_access(1)[0]
    limits = re.findall(r"TCP_NOTSENT_LOWAT, \[(\d+)\]|^(sendfile)\(", server.trace_of(pid), re.M)
    calls = [limit or name for limit, name in limits]
    first, lifted = int(calls[0]), calls.index("0")
    assert 0 < first < 1 << 20 and set(calls[1:lifted]) == {"sendfile"}, calls
    assert calls[lifted + 1:] and set(calls[lifted + 1:]) == {"sendfile"}, calls


def test_who_reads_nothing_has_little_queued(traced):
    server = traced(**ALONE)
    muster.write_files(server.site, {"long": b"l" * LONG_BYTES})
    with server.connect(receive_buffer=4096) as client:
        client.send(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")
        pid = muster.wait_for(
            lambda: [pid for pid in server.worker_pids() if "--- SIGALRM" in server.trace_of(pid)],
            "a worker whose sendfile(2) was interrupted")[0]
        limits = re.findall(r"TCP_NOTSENT_LOWAT, \[(\d+)\]", server.trace_of(pid))
        assert len(limits) == 1 and limits[0] != "0", limits


def test_no_record_is_written_by_who_serves(traced):
    """It is put where the logger finds it."""
    server = traced(**ALONE)
    with server.connect() as client:
        for number in range(10):
            client.request(target=f"/small?{number}")
    pid = server.wait_for_access(10)[-1]
    assert "GET /small?9" in server.trace_of(pid)
    assert count_calls(server.trace_of(pid).split("\n"))["write"] < 10


def test_an_idle_worker_sits_in_accept4(traced):
    """In the call itself, not in a poll before it: nobody wakes for nothing."""
    server = traced(pool={"start": 3, "min_idle": 3, "max_idle": 8})
    handed_on = set(server.worker_pids()) - set(processes.workers_on(server))
    assert handed_on, "those that wait for what keepers hand on"
    for pid in server.worker_pids():
        call = "recvmsg" if pid in handed_on else "accept4"
        assert muster.wait_for(
            lambda pid=pid, call=call: re.search(rf"{call}\([0-9]+, \Z", server.trace_of(pid)),
            lambda pid=pid, call=call: f"{call}( at the end of\n{server.trace_of(pid)[-2000:]}")
        calls = count_calls(server.trace_of(pid).split("\n"))
        assert not {"poll", "ppoll", "select", "epoll_wait"} & set(calls), calls


def test_an_idle_worker_is_woken_for_nothing(traced):
    """What a large file needed, a timer for its time limit, is put off again."""
    server = traced(**ALONE)
    server.get("/large")
    pid = server.wait_for_access(1)[0]
    assert "setitimer(" in server.trace_of(pid), "then this test shows nothing"
    off = re.compile(r"setitimer\(ITIMER_REAL, \{it_interval=\{tv_sec=0, tv_usec=0\}, "
                     r"it_value=\{tv_sec=0, tv_usec=0\}\}.*accept4\([0-9]+, \Z", re.S)
    muster.wait_for(lambda: off.search(server.trace_of(pid)),
                    lambda: "the end of the timer:\n" + server.trace_of(pid)[-2000:])
