# SPDX-License-Identifier: BSD-2-Clause
"""Loads: wrk asks for a file for some seconds, the servers take turns."""
import os
import re
import shutil
import subprocess
import time

import measure
from scenario import Column, Scenario, at_peer
from servers import Failed

UNITS_BYTES = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
UNITS_US = {"us": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}

# Served files by name, in bytes.
FILES = {"1k": 1 << 10, "100k": 100 << 10, "64m": 64 << 20}


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
        # It prints 0.00us when too few requests were complete to tell.
        return float(match.group(1)) * UNITS_US[match.group(2)] or None if match else None

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


def run_wrk(server, file, connections, seconds, closes=False):
    """Figures of wrk, and the CPU time of all the server's processes meanwhile: cpu_ns."""
    threads = min(connections, max(1, (os.cpu_count() or 1) // 2))
    close = ["-H", "Connection: close"] if closes else []
    before_ns = measure.family_cpu_ns(server.pid)
    machine_before_ns = measure.machine_cpu_ns()
    started = time.monotonic()
    wrk = subprocess.run(
        ["wrk", "--latency", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s",
         "--timeout", "10s", *close, server.url(file)],
        capture_output=True, text=True, timeout=seconds + 60, check=False)
    elapsed_s = time.monotonic() - started
    cpu_ns = measure.family_cpu_ns(server.pid) - before_ns
    machine_ns = measure.machine_cpu_ns() - machine_before_ns
    figures = parse_wrk(wrk.stdout)
    if wrk.returncode != 0 or not figures["seconds"] or not figures["bytes"]:
        raise Failed(f"wrk got no answer from {server.name}: {wrk.stderr.strip()}")
    figures["cpu_ns"] = cpu_ns
    figures["machine_ns"] = machine_ns
    figures["cores"] = cpu_ns / 1e9 / elapsed_s
    return figures


class Load(Scenario):
    """by_bytes: few requests are complete in the time, so the ones that are not count as well, by
    what was received of them."""
    is_shared = True
    rounds_most = None
    notes = ("machine: CPU time of everything that ran, wrk included; the kernel's work for a "
             "connection of the loopback", "is done now on the server's account, now on the "
             "client's, and the sum says if a gain is only moved there",)
    columns = (Column("requests_per_s", "req/s", digits=0), Column("cpu_us", "CPU us/req"),
               Column("machine_us", "machine us"),
               Column("p50_us", "p50 ms", 1000, 3), Column("p99_us", "p99 ms", 1000, 3),
               Column("cores", "cores"), Column("errors", "errors", digits=0))

    def __init__(self, key, title, file, connections, goals, closes=False, by_bytes=False):
        self.key = key
        self.title = title
        self.file = file
        self.connections = connections
        self.goals = goals
        self.closes = closes
        self.by_bytes = by_bytes
        if by_bytes:
            self.columns = (Column("mib_per_s", "MiB/s", digits=0),
                            Column("cpu_us_per_mib", "CPU us/MiB"),
                            Column("machine_us", "machine us"), Column("cores", "cores"),
                            Column("errors", "errors", digits=0))

    def obstacle(self, kinds):
        return None if shutil.which("wrk") else "wrk is not installed"

    def run(self, server, options):
        figures = run_wrk(server, self.file, self.connections, options.seconds, self.closes)
        server.empty_logs()
        if self.by_bytes:
            mib = figures["bytes"] / (1 << 20)
            figures["mib_per_s"] = mib / figures["seconds"]
            figures["cpu_us_per_mib"] = figures["cpu_ns"] / 1000 / mib
            figures["machine_us"] = figures["machine_ns"] / 1000 / mib
        elif figures["requests"]:
            figures["cpu_us"] = figures["cpu_ns"] / 1000 / figures["requests"]
            figures["machine_us"] = figures["machine_ns"] / 1000 / figures["requests"]
        else:
            raise Failed(f"wrk got no whole answer from {server.name}")
        return figures


LOADS = (
    Load("keepalive", "1 KiB, 64 keep-alive connections", "1k", 64, (
        at_peer("cpu_us", "CPU per request", 0.85),
        at_peer("requests_per_s", "requests/s", 1.1, is_least=True),
        at_peer("p99_us", "p99", 1.0))),
    Load("single", "1 KiB, one keep-alive connection", "1k", 1, (
        at_peer("cpu_us", "CPU per request", 1.0),
        at_peer("p50_us", "latency, p50", 1.0),
        at_peer("p99_us", "latency, p99", 1.0))),
    Load("connection", "1 KiB, a connection per request, 64 at a time", "1k", 64, (
        at_peer("cpu_us", "CPU per request", 0.75),), closes=True),
    Load("100k", "100 KiB, 16 keep-alive connections", "100k", 16, (
        at_peer("cpu_us", "CPU per request", 1.0),)),
    Load("64m", "64 MiB, 4 keep-alive connections", "64m", 4, (
        at_peer("cpu_us_per_mib", "CPU per byte", 1.0),), by_bytes=True),
)
