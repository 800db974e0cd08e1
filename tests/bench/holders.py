# SPDX-License-Identifier: BSD-2-Clause
"""Many connections, held by several processes (holder.py) because one may not have so many
descriptors, and what the holding ends of them cost the kernel."""
import json
import os
import select
import subprocess
import sys
import time

import measure
from servers import Failed

PROCESS_CONNECTIONS = 8000
CALIBRATION_CONNECTIONS = 4000
FOLDER = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(FOLDER, "holder.py")
TLS_PROGRAM = os.path.join(FOLDER, "tls_holder.py")


class Holders:
    """Context: count connections in mode (see holder.py) to the port, opened when told so."""

    def __init__(self, port, count, mode, deadline_s):
        self.port = port
        self.count = count
        self.mode = mode
        self.deadline_s = deadline_s
        self.processes = []

    def __enter__(self):
        try:
            for first in range(0, self.count, PROCESS_CONNECTIONS):
                share = min(PROCESS_CONNECTIONS, self.count - first)
                self.processes.append(start(self.port, self.mode, share, first, self.deadline_s))
            for process in self.processes:
                answer_of(process, 30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            end(process)
        self.processes = []

    def tell(self, command):
        """Sums of what the processes say: good, bad, and the seconds of the slowest."""
        for process in self.processes:
            process.stdin.write(command.encode() + b"\n")
            process.stdin.flush()
        sums = {"good": 0, "bad": 0, "seconds": 0.0}
        for process in self.processes:
            answer = answer_of(process, self.deadline_s + 60)
            sums["good"] += answer["good"]
            sums["bad"] += answer["bad"]
            sums["seconds"] = max(sums["seconds"], answer["seconds"])
        return sums

    def pss(self):
        return sum(measure.process_memory(process.pid)["pss"] for process in self.processes)


def start(port, mode, count, first, deadline_s):
    program = TLS_PROGRAM if mode == "tls" else PROGRAM
    return subprocess.Popen(
        [sys.executable, program, str(port), mode, str(count), str(first), str(deadline_s)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def answer_of(process, wait_s):
    """One line; holder.py writes each at once, and only when it is asked."""
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    line = process.stdout.readline() if poll.poll(wait_s * 1000) else b""
    if not line:
        raise Failed("a process that holds connections does not answer")
    return json.loads(line)


def end(process):
    process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def kernel_bytes_of_one_end():
    """What a connection without anything around it costs the kernel at one of its ends. Both are
    on this machine, so it is half of what such connections take."""
    server = start(0, "serve", 0, 0, 60)
    try:
        port = answer_of(server, 30)["port"]
        with Holders(port, CALIBRATION_CONNECTIONS, "whole", 60) as holders:
            measure.settle()
            before = measure.kernel_memory()
            opened = holders.tell("open")
            if opened["bad"]:
                raise Failed(f"calibration: {opened['bad']} connections failed")
            measure.settle()
            used = measure.kernel_memory() - before
            holders.tell("close")
    finally:
        end(server)
    time.sleep(0.2)
    return used / CALIBRATION_CONNECTIONS / 2
