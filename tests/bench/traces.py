# SPDX-License-Identifier: BSD-2-Clause
"""What servers ask of the kernel, seen by strace(1): system calls per request by name, those about
memory, and bytes that are copied through user space. Nothing is timed here."""
import collections
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import time

import loads
import measure
from holder import whole_length
from scenario import Column, Goal, Scenario
from servers import Failed, Needs

HOT_CONNECTIONS = 64
WARM_UP_REQUESTS = 30                   # of each connection
HOT_REQUESTS = 50                       # of each connection, under strace
BIG_REQUESTS = 2
STEADY_S = 1.5                          # by then a pool has the size that the load asked for
ATTACH_DEADLINE_S = 20
REQUEST = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"

MEMORY_CALLS = {"brk", "mmap", "munmap", "mremap", "madvise"}
WAIT_CALLS = {"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll"}
BATCHED_SHARE = 0.05                    # of a call, for what is done for many requests at once
COPYING_CALLS = {"read", "pread64", "readv", "preadv", "preadv2", "recvfrom", "recvmsg", "write",
                 "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg"}
KERNEL_CALLS = {"sendfile", "splice", "copy_file_range"}

# "PID call(... = result", or the end of one that another process's line interrupted.
CALL = re.compile(r"^(\d+)\s+(?:<\.\.\. )?(\w+)(?:\(| resumed>).* = (-?\d+|0x[0-9a-f]+|\?)")


class Trace:
    """Context: strace of all processes of a server, and those that they start."""

    def __init__(self, server):
        self.server = server
        self.path = os.path.join(server.folder, "strace")
        self.calls = collections.Counter()
        self.bytes = collections.Counter()      # sums of the results
        self.process = None

    def __enter__(self):
        wanted = [arg for pid in measure.family(self.server.pid) for arg in ("-p", str(pid))]
        self.process = subprocess.Popen(
            ["strace", "-f", "-qq", "-s", "0", "-o", self.path, *wanted],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + ATTACH_DEADLINE_S
        while not self.is_attached():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                raise Failed(f"{self.server.name}: strace did not attach")
            time.sleep(0.02)
        return self

    def is_attached(self):
        for pid in measure.family(self.server.pid):
            try:
                threads = os.listdir(f"/proc/{pid}/task")
            except OSError:
                continue
            for thread in threads:
                if re.search(r"^TracerPid:\s+0$", measure.read(f"/proc/{pid}/task/{thread}/status"),
                             re.MULTILINE):
                    return False
        return True

    def __exit__(self, *_):
        self.end()
        with open(self.path, errors="replace") as file:
            for line in file:
                match = CALL.match(line)
                if match is None:
                    continue
                self.calls[match[2]] += 1
                if match[3].isdigit():
                    self.bytes[match[2]] += int(match[3])
        os.unlink(self.path)

    def end(self):
        """It lets go of the processes when it is interrupted."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


class Clients:
    """Context: kept-alive connections that all ask at the same time."""

    def __init__(self, server, count):
        self.server = server
        self.sockets = []
        self.poll = selectors.DefaultSelector()
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            self.sockets.append(client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.poll.close()
        for client in self.sockets:
            client.close()

    def ask(self, file, times):
        """Body bytes received; each connection asks times times."""
        return sum(self.ask_once(REQUEST % file.encode()) for _ in range(times))

    def ask_once(self, request):
        received = 0
        for client in self.sockets:
            client.sendall(request)
            self.poll.register(client, selectors.EVENT_READ, {"data": b"", "rest": None})
        deadline = time.monotonic() + 120
        while self.poll.get_map():
            if time.monotonic() > deadline:
                raise Failed(f"{self.server.name}: no answer for 120 s")
            for key, _ in self.poll.select(1):
                received += self.read(key)
        return received

    def read(self, key):
        chunk, state = key.fileobj.recv(1 << 20), key.data
        if not chunk:
            raise Failed(f"{self.server.name}: a kept-alive connection was closed")
        if state["rest"] is None:
            state["data"] += chunk
            length = whole_length(state["data"])
            if length is None:
                return 0
            if not state["data"].startswith(b"HTTP/1.1 200 "):
                raise Failed(f"{self.server.name}: got {state['data'][:40]!r}")
            state["rest"] = length - len(state["data"])
            got = len(state["data"].partition(b"\r\n\r\n")[2])
        else:
            state["rest"] -= len(chunk)
            got = len(chunk)
        if state["rest"] <= 0:
            self.poll.unregister(key.fileobj)
        return got


class Traced(Scenario):
    rounds_most = 1

    def needs(self):
        return Needs(connections=HOT_CONNECTIONS, patience_s=120)

    def obstacle(self, kinds):
        return None if shutil.which("strace") else "strace is not installed"


class HotCalls(Traced):
    key = "calls"
    title = f"system calls per hot request ({HOT_CONNECTIONS} keep-alive connections, 1 KiB)"
    columns = (Column("calls", "calls/req", digits=3), Column("calls_but_wait", "but waits",
                                                              digits=3),
               Column("memory_calls", "memory calls", digits=0),
               Column("memory_calls_each", "each", digits=4))
    goals = (Goal("calls_but_wait", "system calls per hot request, without (e)poll "
                  f"(2, and {BATCHED_SHARE} for logs in batches)", 2 + BATCHED_SHARE),
             Goal("memory_calls", "memory system calls in steady state", 0))
    notes = (f"{HOT_CONNECTIONS * HOT_REQUESTS:,} requests after a warm-up, all processes of the "
             "server; memory calls: " + ", ".join(sorted(MEMORY_CALLS)),)

    def run(self, server, options):
        with Clients(server, HOT_CONNECTIONS) as clients:
            clients.ask("1k", WARM_UP_REQUESTS)
            time.sleep(STEADY_S)
            clients.ask("1k", WARM_UP_REQUESTS)
            with Trace(server) as trace:
                clients.ask("1k", HOT_REQUESTS)
        requests = HOT_CONNECTIONS * HOT_REQUESTS
        memory = sum(trace.calls[name] for name in MEMORY_CALLS)
        waits = sum(trace.calls[name] for name in WAIT_CALLS)
        return {
            "calls": trace.calls.total() / requests,
            "calls_but_wait": (trace.calls.total() - waits) / requests,
            "memory_calls": memory,
            "memory_calls_each": memory / requests,
            "by_name": {name: count / requests for name, count in trace.calls.most_common()},
        }

    def summary(self, figures):
        names = "  ".join(f"{name} {share:.3f}" for name, share in figures["by_name"].items()
                          if share >= 0.005 or name in MEMORY_CALLS)
        return f"{figures['calls']:.3f} calls each: {names}"


class CopiedBytes(Traced):
    key = "copies"
    title = "bytes through user space per body byte (64 MiB file)"
    columns = (Column("copied", "copied/byte", digits=5), Column("by_kernel", "sendfile/byte",
                                                                 digits=5),
               Column("copied_kib", "copied KiB", 1024, 1), Column("calls", "calls", digits=0))
    goals = (Goal("copied", "bytes through user space per body byte (heads: < 0.0001)", 0.0001),)
    notes = ("copied: results of read, recv*, write, send* and their like; sendfile: and splice",)

    def run(self, server, options):
        with Clients(server, 1) as clients:
            clients.ask("64m", 1)
            with Trace(server) as trace:
                body = clients.ask("64m", BIG_REQUESTS)
        if body != BIG_REQUESTS * loads.FILES["64m"]:
            raise Failed(f"{server.name}: {body} body bytes are not {BIG_REQUESTS} files")
        copied = sum(trace.bytes[name] for name in COPYING_CALLS)
        return {
            "copied": copied / body,
            "copied_kib": copied,
            "by_kernel": sum(trace.bytes[name] for name in KERNEL_CALLS) / body,
            "calls": trace.calls.total(),
            "bytes_by_name": {name: count for name, count in trace.bytes.most_common()
                              if name in COPYING_CALLS | KERNEL_CALLS},
        }


TRACES = (HotCalls(), CopiedBytes())
