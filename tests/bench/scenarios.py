# SPDX-License-Identifier: BSD-2-Clause
"""What the servers are put through. Each function runs one scenario once, with one server, and
returns its figures by name."""
import os
import re
import resource
import select
import selectors
import socket
import subprocess
import time

import measure
from servers import Failed

HELD_CLIENTS = 1000
HELD_DEADLINE_S = 90
POLL_MS = 2                             # between two looks at the pool's size
MEMORY_WORKERS = 10_000
MEMORY_DEADLINE_S = 120
HALF_REQUEST = b"GET /1k HTTP/1.1\r\nHost: localhost\r\n"
WHOLE_REQUEST = HALF_REQUEST + b"Connection: close\r\n\r\n"

UNITS_BYTES = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
UNITS_US = {"us": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}

# Served files by name, in bytes.
FILES = {"1k": 1 << 10, "100k": 100 << 10, "64m": 64 << 20}


class Load:
    """Requests of wrk against running servers. by_bytes: few requests are complete in the time,
    so the ones that are not count as well, by what was received of them."""

    def __init__(self, key, title, file, connections, closes=False, by_bytes=False):
        self.key = key
        self.title = title
        self.file = file
        self.connections = connections
        self.closes = closes
        self.by_bytes = by_bytes

    def command(self, port, seconds):
        threads = min(self.connections, max(1, (os.cpu_count() or 1) // 2))
        close = ["-H", "Connection: close"] if self.closes else []
        return ["wrk", "--latency", "-t", str(threads), "-c", str(self.connections), "-d",
                f"{seconds}s", "--timeout", "10s", *close,
                f"http://127.0.0.1:{port}/{self.file}"]

    def run(self, server, seconds):
        before_ns = measure.family_cpu_ns(server.pid)
        started = time.monotonic()
        wrk = subprocess.run(self.command(server.port, seconds), capture_output=True, text=True,
                             timeout=seconds + 60, check=False)
        elapsed_s = time.monotonic() - started
        cpu_ns = measure.family_cpu_ns(server.pid) - before_ns
        figures = parse_wrk(wrk.stdout)
        if self.by_bytes and figures["seconds"]:
            figures["requests"] = figures["bytes"] / FILES[self.file]
            figures["requests_per_s"] = figures["requests"] / figures["seconds"]
        server.empty_logs()
        if wrk.returncode != 0 or not figures["requests"] or not figures["seconds"]:
            raise Failed(f"wrk got no answer from {server.name}: {wrk.stderr.strip()}")
        figures["cpu_us"] = cpu_ns / 1000 / figures["requests"]
        figures["cores"] = cpu_ns / 1e9 / elapsed_s
        return figures


LOADS = (
    Load("keepalive", "1 KiB, 64 keep-alive connections", "1k", 64),
    Load("connection", "1 KiB, a connection per request, 64 at a time", "1k", 64, closes=True),
    Load("100k", "100 KiB, 16 keep-alive connections", "100k", 16),
    Load("64m", "64 MiB, 4 keep-alive connections", "64m", 4, by_bytes=True),
)


def make_files(root):
    os.makedirs(root)
    for name, size in FILES.items():
        with open(os.path.join(root, name), "wb") as file:
            block = os.urandom(min(size, 1 << 20))
            for _ in range(size // len(block)):
                file.write(block)


def parse_wrk(text):
    def number(pattern):
        match = re.search(pattern, text)
        return float(match.group(1)) if match else 0.0

    def duration_us(percent):
        match = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m|h)$", text, re.MULTILINE)
        return float(match.group(1)) * UNITS_US[match.group(2)] if match else 0.0

    bytes_read = re.search(r"requests in .*, ([\d.]+)([KMGT]?B) read", text)
    seconds = re.search(r"requests in ([\d.]+)(us|ms|s|m|h),", text)
    errors = number(r"Non-2xx or 3xx responses: (\d+)")
    match = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    if match:
        errors += sum(int(count) for count in match.groups())
    return {
        "requests": number(r"(\d+) requests in"),
        "bytes": float(bytes_read[1]) * UNITS_BYTES[bytes_read[2]] if bytes_read else 0.0,
        "seconds": float(seconds[1]) * UNITS_US[seconds[2]] / 1e6 if seconds else 0.0,
        "requests_per_s": number(r"Requests/sec:\s+([\d.]+)"),
        "p50_us": duration_us(50),
        "p99_us": duration_us(99),
        "errors": errors,
    }


class HeldClients:
    """Connections that each have sent half a request, and one more that sends a whole one."""

    def __init__(self, server):
        self.server = server
        self.clients = []
        self.last = None
        self.arrival = select.poll()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.close()

    def connect(self, count):
        """Without waiting for each: they come at once, as they would from many machines."""
        waiting = selectors.DefaultSelector()
        for _ in range(count):
            client = socket.socket()
            client.setblocking(False)
            self.clients.append(client)
            client.connect_ex(("127.0.0.1", self.server.port))
            waiting.register(client, selectors.EVENT_WRITE)
        deadline = time.monotonic() + HELD_DEADLINE_S
        while waiting.get_map():
            if time.monotonic() > deadline:
                raise Failed(f"{self.server.name}: {len(waiting.get_map())} of {count} clients "
                             "could not connect")
            for key, _ in waiting.select(timeout=1):
                waiting.unregister(key.fileobj)
                error = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    raise Failed(f"{self.server.name}: connect: {os.strerror(error)}")
                key.fileobj.send(HALF_REQUEST)
        waiting.close()

    def ask_once_more(self):
        self.last = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
        self.clients.append(self.last)
        self.last.sendall(WHOLE_REQUEST)
        self.arrival.register(self.last, select.POLLIN)

    def is_answered(self, wait_ms):
        if not self.arrival.poll(wait_ms):
            return False
        start = self.last.recv(64)
        if not start.startswith(b"HTTP/1.1 200 "):
            raise Failed(f"{self.server.name}: the last client got {start[:40]!r}")
        return True


def run_held(server):
    """1,000 half-sent requests, then one more client. answered_s: from its connect to its answer.
    pool_s, of servers with a process per connection: from the first connect until as many
    workers run and nobody waits to be accepted."""
    has_pool = server.name in ("muster", "apache2")
    figures = {}
    with HeldClients(server) as held:
        started = time.monotonic()
        held.connect(HELD_CLIENTS)
        figures["connected_s"] = time.monotonic() - started
        asked = time.monotonic()
        held.ask_once_more()
        while "answered_s" not in figures or (has_pool and "pool_s" not in figures):
            if "answered_s" in figures:
                time.sleep(POLL_MS / 1000)
            elif held.is_answered(POLL_MS):
                figures["answered_s"] = time.monotonic() - asked
            now = time.monotonic()
            if has_pool and "pool_s" not in figures and \
                    len(measure.children(server.pid)) >= HELD_CLIENTS and \
                    measure.listen_queue(server.port) == 0:
                figures["pool_s"] = now - started
            if now - asked > HELD_DEADLINE_S:
                raise Failed(f"{server.name}: not done after {HELD_DEADLINE_S} s: {figures}")
    return figures


class Memory:
    """10,000 workers of muster that wait for a client, and what each of them takes."""

    def __init__(self):
        self.old_pid_max = None

    def prepare(self):
        """Raises what may be raised; says what is in the way, or None."""
        processes = MEMORY_WORKERS + 2000
        if measure.raise_limit(resource.RLIMIT_NPROC, processes) < processes:
            return f"the limit of processes is below {processes}"
        pid_max = int(measure.read("/proc/sys/kernel/pid_max"))
        running = int(measure.read("/proc/loadavg").split()[3].partition("/")[2])
        if pid_max < processes + running:
            try:
                with open("/proc/sys/kernel/pid_max", "w") as file:
                    file.write(str(processes + running))
            except OSError as error:
                return f"kernel.pid_max is {pid_max}: {error.strerror}"
            self.old_pid_max = pid_max
        if int(measure.read("/proc/sys/kernel/threads-max")) < processes + running:
            return f"kernel.threads-max is below {processes + running}"
        if measure.meminfo()["MemAvailable"] < 4 << 30:
            return "less than 4 GiB of memory are available"
        return None

    def restore(self):
        if self.old_pid_max is not None:
            with open("/proc/sys/kernel/pid_max", "w") as file:
                file.write(str(self.old_pid_max))

    def run(self, server):
        server.workers = MEMORY_WORKERS
        before = measure.meminfo()
        started = time.monotonic()
        server.start()
        while len(measure.children(server.pid)) < MEMORY_WORKERS or \
                not measure.is_settled(server.pid):
            if time.monotonic() - started > MEMORY_DEADLINE_S:
                count = len(measure.children(server.pid))
                raise Failed(f"muster: {count} of {MEMORY_WORKERS} workers after "
                             f"{MEMORY_DEADLINE_S} s: {server.tail()}")
            time.sleep(0.05)
        started_s = time.monotonic() - started
        after = measure.meminfo()
        workers = measure.children(server.pid)
        sums = {"pss": 0, "private": 0, "page_tables": 0}
        for worker in workers:
            for key, value in measure.process_memory(worker).items():
                sums[key] += value
        return {
            "workers": len(workers),
            "started_s": started_s,
            "used": (measure.memory_used(after) - measure.memory_used(before)) / len(workers),
            "available": (before["MemAvailable"] - after["MemAvailable"]) / len(workers),
            **{key: value / len(workers) for key, value in sums.items()},
        }
