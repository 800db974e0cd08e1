# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios of many clients that take a large file slowly, or not at all."""
import statistics
import time

import holders
import measure
import readers
from holds import PATIENCE_S, Memory, descriptors_missing, seconds_to_answer
from scenario import KIB, Column, Goal, Scenario, at_peer
from servers import Failed, Needs

DEADLINE_S = 180
SETTLE_S = 3                            # by then a server has noticed that nobody reads
NEXT_CLIENTS = 21


class NoReaders(Scenario):
    """Each has asked for 64 MiB and reads nothing after the first bytes."""
    key = "slow"
    rounds_most = 3
    columns = (Column("opened", "opened", digits=0), Column("counted", "KiB each", KIB),
               Column("kernel", "kernel", KIB), Column("pss", "own", KIB),
               Column("processes", "processes", digits=0), Column("next_s", "median s", digits=4),
               Column("worst_s", "worst s", digits=4))
    goals = (Goal("worst_s", "the next clients are answered in, s (worst)", 0.1),
             at_peer("counted", "memory per slow client", 1.1))
    notes = (f"KiB each: as for idle connections; with what is on its way. {NEXT_CLIENTS} next "
             "clients, one after another.",)

    def __init__(self, count):
        self.count = count
        self.title = f"{count:,} clients that do not read a large file"

    def needs(self):
        return Needs(connections=self.count, patience_s=PATIENCE_S)

    def obstacle(self, kinds):
        return descriptors_missing(3 * self.count + 512)

    def run(self, server, options):
        with holders.Holders(server.port, self.count, "slow", DEADLINE_S) as held:
            measure.settle(server.pid)
            before = Memory(server, held)
            opened = held.tell("open")
            if not opened["good"]:
                raise Failed(f"{server.name}: no connection was answered")
            time.sleep(SETTLE_S)
            measure.settle(server.pid)
            # The clients' ends are small, and no data is in them that the server's do not have.
            figures = Memory(server, held).per_connection(before, opened["good"], 0)
            waits = [seconds_to_answer(server) for _ in range(NEXT_CLIENTS)]
            figures.update(opened=opened["good"], processes=len(measure.family(server.pid)),
                           next_s=statistics.median(waits), worst_s=max(waits))
            held.tell("close")
        return figures


class SlowReaders(Scenario):
    """All the time at the same pace, the next file when one is read."""
    key = "paced"
    columns = (Column("mib_per_s", "MiB/s", digits=0), Column("us_per_mib", "us per MiB", digits=0),
               Column("processes", "processes", digits=0), Column("next_s", "median s", digits=4))
    goals = (at_peer("us_per_mib", "CPU per MiB", 1.2),)
    notes = ("us per MiB: CPU time of the server's processes. next: other clients meanwhile.",)

    def __init__(self, count, bytes_per_s):
        self.count = count
        self.bytes_per_s = bytes_per_s
        self.title = f"{count} clients that take {bytes_per_s // 1_000_000} MB/s each"

    def needs(self):
        return Needs(connections=self.count, patience_s=PATIENCE_S)

    def run(self, server, options):
        with readers.Readers(server.port, self.count, self.bytes_per_s) as running:
            time.sleep(SETTLE_S)        # each is known for what it is
            cpu_ns, count, started = measure.family_cpu_ns(server.pid), running.bytes(), \
                time.monotonic()
            time.sleep(max(1, options.seconds - 1))
            waits = [seconds_to_answer(server) for _ in range(NEXT_CLIENTS)]
            cpu_ns = measure.family_cpu_ns(server.pid) - cpu_ns
            mib = (running.bytes() - count) / KIB / KIB
            seconds = time.monotonic() - started
            if running.failures:
                raise Failed(f"{server.name}: {running.failures[0]}")
            return {"mib_per_s": mib / seconds, "us_per_mib": cpu_ns / 1000 / mib,
                    "processes": len(measure.family(server.pid)),
                    "next_s": statistics.median(waits)}


SLOW = (NoReaders(1000), SlowReaders(50, 5_000_000))
