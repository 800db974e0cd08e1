# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios of muster alone: what 10,000 workers take, idle and busy, and whether the scoreboard's
operations get slower with their number."""
import json
import os
import resource
import signal
import subprocess
import time

import holders
import measure
import network
from holds import PATIENCE_S, descriptors_missing
from scenario import KIB, Column, Goal, Scenario
from servers import Failed, Muster, Needs

START_DEADLINE_S = 180
BUSY_DEADLINE_S = 180
SETTLED_SHARE = 0.99


def children_settled(pid, count, deadline_s):
    """Waits for so many children, nearly all of which sleep; their pids."""
    deadline = time.monotonic() + deadline_s
    while True:
        children = measure.children(pid)
        states = [(measure.stat_fields(child) or "-")[0] for child in children]
        if len(children) >= count and states.count("S") >= SETTLED_SHARE * count:
            return children
        if time.monotonic() > deadline:
            raise Failed(f"muster: {len(children)} of {count} workers after {deadline_s} s, "
                         f"{states.count('S')} of them asleep")
        time.sleep(0.1)


class Busy(Scenario):
    """Workers that wait for a client, and then each with one that does not read its answer; without
    keepers, which would take such clients from them (see slow.py)."""
    is_standard = False
    rounds_most = 1
    servers = (Muster.name,)
    columns = (Column("workers", "workers", digits=0), Column("started_s", "started s", digits=1),
               Column("idle", "idle KiB", KIB, 1), Column("busy", "busy KiB", KIB, 1),
               Column("pss", "own KiB", KIB, 1), Column("slabs", "slabs", KIB, 1),
               Column("page_tables", "page tables", KIB, 1), Column("stacks", "stacks", KIB, 1),
               Column("answering", "answering", digits=0), Column("next_s", "next s", digits=4))
    goals = (Goal("busy", "memory of a busy worker, bytes", 200 * KIB),)
    notes = ("Each worker: own pages (Pss) and kernel memory (slabs, page tables, stacks); busy "
             "with both ends of its", "connection and what is on its way. next: another client's "
             "wait for its answer.")

    def __init__(self, key, workers, mtu_bytes=None):
        self.key = key
        self.workers = workers
        self.title = f"{workers:,} workers, each with a client that reads nothing"
        if mtu_bytes:
            self.title += f", MTU {mtu_bytes}"
        self.mtu_bytes = mtu_bytes
        self.network = None             # of its own, where the MTU is another
        self.old_pid_max = None

    def needs(self):
        return Needs(start_workers=self.workers, connections=self.workers, patience_s=PATIENCE_S,
                     keepers=0)

    def obstacle(self, kinds):
        missing = descriptors_missing(holders.PROCESS_CONNECTIONS + 200)
        if missing:
            return missing
        wanted = self.workers + 2000
        if measure.raise_limit(resource.RLIMIT_NPROC, wanted) < wanted:
            return f"the limit of processes is below {wanted}"
        if measure.meminfo()["MemAvailable"] < self.workers * 500 * KIB:
            return "too little memory is available"
        return self.raise_pid_max(wanted) or self.enter_network()

    def enter_network(self):
        if self.mtu_bytes:
            try:
                self.network = network.OwnNetwork(self.mtu_bytes)
            except OSError as error:
                return f"no network of its own: {error.strerror}"
        return None

    def raise_pid_max(self, processes):
        pid_max = int(measure.read("/proc/sys/kernel/pid_max"))
        running = int(measure.read("/proc/loadavg").split()[3].partition("/")[2])
        if int(measure.read("/proc/sys/kernel/threads-max")) < processes + running:
            return f"kernel.threads-max is below {processes + running}"
        if pid_max < processes + running:
            try:
                with open("/proc/sys/kernel/pid_max", "w") as file:
                    file.write(str(processes + running))
            except OSError as error:
                return f"kernel.pid_max is {pid_max}: {error.strerror}"
            self.old_pid_max = pid_max
        return None

    def finish(self):
        if self.network is not None:
            self.network.leave()
            self.network = None
        if self.old_pid_max is not None:
            with open("/proc/sys/kernel/pid_max", "w") as file:
                file.write(str(self.old_pid_max))

    def run(self, server, options):
        """The first workers run already when this begins: they are too few to matter."""
        os.kill(server.pid, signal.SIGSTOP) # so that memory and count are of the same moment
        try:
            measure.settle()
            calm_pss = measure.family_pss(server.pid)
            measure.forget_names()
            calm = measure.meminfo()
            calm_kernel = measure.kernel_memory(calm)
            calm_count = len(measure.children(server.pid))
        finally:
            os.kill(server.pid, signal.SIGCONT)
        started = time.monotonic()
        children_settled(server.pid, self.workers, START_DEADLINE_S)
        figures = {"started_s": time.monotonic() - started}
        more = len(measure.children(server.pid)) - calm_count
        pss = measure.family_pss(server.pid)
        measure.forget_names()
        figures["idle"] = (measure.kernel_memory() - calm_kernel
                           + pss - calm_pss) / max(1, more)
        with holders.Holders(server.port, self.workers, "slow", BUSY_DEADLINE_S) as held:
            opened = held.tell("open")
            measure.settle(server.pid)
            pss = measure.family_pss(server.pid)
            measure.forget_names()
            busy = measure.meminfo()
            busy_kernel = measure.kernel_memory(busy)
            workers = children_settled(server.pid, min(self.workers, opened["good"]), 30)
            asked = time.monotonic()
            status, _ = measure.get(server.port, "/1k", timeout_s=60)
            if status == 200:
                figures["next_s"] = time.monotonic() - asked
            held.tell("close")
        count = len(workers) - calm_count
        figures.update(
            workers=len(workers),
            answering=opened["good"],
            pss=(pss - calm_pss) / count,
            busy=(busy_kernel - calm_kernel + pss - calm_pss) / count,
            slabs=(busy["Slab"] - calm["Slab"]) / count,
            page_tables=(busy["PageTables"] - calm["PageTables"]) / count,
            stacks=(busy["KernelStack"] - calm["KernelStack"]) / count,
            busy_system=(measure.system_memory(busy) - measure.system_memory(calm)) / count)
        return figures


class Scoreboard(Scenario):
    """scoreboard_bench.c, which prints the time of each operation for two sizes."""
    key = "scoreboard"
    title = "operations of the scoreboard, ns"
    servers = (Muster.name,)
    needs_no_server = True
    rounds_most = 5
    columns = tuple(
        Column(f"{name}_{slots}", heading if slots == 100 else "of 10,000", digits=1)
        for name, heading in (("claim", "claim of 100"), ("release", "release"),
                              ("claim_any", "claim any"), ("release_any", "release any"),
                              ("census", "census"))
        for slots in (100, 10_000))
    notes = ("any: slots in no order, whose pages the caches have lost; census: of one slot",)
    goals = (Goal("claim_ratio", "claim with 10,000 slots against 100", 1.05),
             Goal("release_ratio", "release with 10,000 slots against 100", 1.05))
    program = None                      # set by bench.py

    def obstacle(self, kinds):
        if not self.program or not os.access(self.program, os.X_OK):
            return "tests/bench/scoreboard_bench is not built"
        return None

    def run(self, server, options):
        done = subprocess.run([self.program], capture_output=True, text=True, timeout=120,
                              check=False)
        if done.returncode != 0:
            raise Failed(f"scoreboard_bench: {done.stderr.strip()}")
        figures = {}
        for line in done.stdout.splitlines():
            row = json.loads(line)
            for name in ("claim", "release", "claim_any", "release_any", "census"):
                figures[f"{name}_{row['slots']}"] = row[f"{name}_ns"]
        for name in ("claim", "release"):
            figures[f"{name}_ratio"] = figures[f"{name}_10000"] / figures[f"{name}_100"]
        return figures


POOLS = (Busy("busy", 10_000), Busy("busy_1500", 10_000, mtu_bytes=1500), Scoreboard())
