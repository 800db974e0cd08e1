# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios of many clients that do nothing: half a request sent, or none after an answer."""
import resource
import socket
import statistics
import time

import holders
import loads
import measure
from scenario import KIB, Column, Goal, Scenario, at_peer
from servers import Failed, Muster, Needs

HALF_SENT_CLIENTS = 1000
HALF_SENT_DEADLINE_S = 90
SLOW_S = 5                              # one such answer is enough to know
NEXT_CLIENTS = 21                       # served one after another beside the half-sent requests
PATIENCE_S = 600                        # of servers, so that none ends what is measured
OTHER_CONNECTIONS = 16                  # of the client that is served meanwhile
DESCRIPTORS_BESIDE = 512                # of a process that holds connections
LINGER_S = 0.3                          # by then a server has put away what became idle
CLOSING_REQUEST = b"GET /1k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def descriptors_missing(wanted):
    limit = measure.raise_limit(resource.RLIMIT_NOFILE, wanted)
    return f"the limit of open files is {limit}, below {wanted}" if limit < wanted else None


def seconds_to_answer(server):
    """From a client's connect to the first bytes of its answer."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), HALF_SENT_DEADLINE_S) as client:
        client.settimeout(HALF_SENT_DEADLINE_S)
        client.sendall(CLOSING_REQUEST)
        start = client.recv(64)
    if not start.startswith(b"HTTP/1.1 200 "):
        raise Failed(f"{server.name}: the next client got {start[:40]!r}")
    return time.monotonic() - started


def cpu_us(figures):
    return figures["cpu_ns"] / 1000 / figures["requests"]


class HalfSent(Scenario):
    key = "held"
    title = f"{HALF_SENT_CLIENTS} half-sent requests held"
    columns = (Column("first_s", "first s", digits=4), Column("next_s", "median s", digits=4),
               Column("worst_s", "worst s", digits=4), Column("processes", "processes", digits=0),
               Column("complete", "completed", digits=0))
    goals = (Goal("worst_s", "the next clients are answered in, s (worst)", 0.1),)
    notes = (f"{NEXT_CLIENTS} next clients, one after another; completed: of those held, when they "
             "send the rest",)

    def obstacle(self, kinds):
        return descriptors_missing(3 * HALF_SENT_CLIENTS)

    def needs(self):
        return Needs(connections=HALF_SENT_CLIENTS, patience_s=PATIENCE_S)

    def is_enough(self, figures):
        return figures["worst_s"] > SLOW_S

    def run(self, server, options):
        with holders.Holders(server.port, HALF_SENT_CLIENTS, "half",
                             HALF_SENT_DEADLINE_S) as held:
            opened = held.tell("open")
            if opened["bad"]:
                raise Failed(f"{server.name}: {opened['bad']} clients could not connect")
            waits = [seconds_to_answer(server) for _ in range(NEXT_CLIENTS)]
            processes = len(measure.family(server.pid))
            complete = held.tell("again")
            held.tell("close")
        return {
            "first_s": waits[0],
            "next_s": statistics.median(waits),
            "worst_s": max(waits),
            "processes": processes,
            "complete": complete["good"],
        }


class Memory:
    """What is in use now, of the system and of the processes that take part."""

    def __init__(self, server, held):
        info = measure.meminfo()
        self.system = measure.system_memory(info)
        self.available = info["MemAvailable"]
        self.kernel = measure.kernel_memory(info)
        self.server_pss = measure.family_pss(server.pid)
        self.clients_pss = held.pss()

    def per_connection(self, before, count, client_end):
        """Bytes: counted is what the server takes, kernel memory included; whole the same with
        the clients' ends. system and available tell it without regard to who took it, so other
        programs of the machine are in them, and free pages that a CPU keeps at hand are not."""
        pss = self.server_pss - before.server_pss
        kernel = self.kernel - before.kernel
        clients_pss = self.clients_pss - before.clients_pss
        return {
            "counted": (pss + kernel) / count - client_end,
            "whole": (pss + kernel) / count,
            "kernel": kernel / count - client_end,
            "pss": pss / count,
            "system": (self.system - before.system - clients_pss) / count - client_end,
            "available": (before.available - self.available - clients_pss) / count - client_end,
            "client_end": client_end,
        }


class Idle(Scenario):
    """Each connection has made one request. Each server alone."""
    columns = (Column("opened", "opened", digits=0), Column("counted", "KiB each", KIB),
               Column("kernel", "kernel", KIB), Column("pss", "own", KIB),
               Column("processes", "processes", digits=0),
               Column("alive", "alive", digits=0), Column("p99_us", "p99 ms", 1000, 3),
               Column("requests_per_s", "req/s", digits=0), Column("speed", "speed"),
               Column("cost", "cost"))
    notes = ("KiB each: kernel memory (slabs, stacks, page tables; without the clients' ends of "
             "the connections,", "measured apart) and own pages (Pss) of the server's processes. "
             "alive: answered one more request after",
             f"the hold. p99, req/s: of another client with {OTHER_CONNECTIONS} connections "
             "meanwhile; speed and cost: its req/s and",
             "CPU per request against the mean of before and after.",
             "Apache runs as event here, which is Debian's default; elsewhere as prefork.")
    mode = "whole"                      # of the holders, see holder.py
    linger_s = LINGER_S

    def __init__(self, key, count, goals, settings, is_standard):
        self.key = key
        self.count = count
        self.title = f"{count:,} idle connections"
        self.goals = goals
        self.settings = settings
        self.is_standard = is_standard
        self.client_end = None

    def needs(self):
        return Needs(connections=self.count, patience_s=PATIENCE_S, is_idle=True, **self.settings)

    def obstacle(self, kinds):
        # Twice: lighttpd takes as many connections as half its descriptors.
        measure.raise_limit(resource.RLIMIT_NOFILE, 2 * self.count + DESCRIPTORS_BESIDE)
        return descriptors_missing(self.count + DESCRIPTORS_BESIDE)

    def calibrated(self):
        if self.client_end is None:
            self.client_end = holders.kernel_bytes_of_one_end()
        return self.client_end

    def run(self, server, options):
        client_end = self.calibrated()
        loads.run_wrk(server, "1k", OTHER_CONNECTIONS, 1)
        calm = loads.run_wrk(server, "1k", OTHER_CONNECTIONS, options.seconds)
        with holders.Holders(server.port, self.count, self.mode, self.deadline_s()) as held:
            measure.settle(server.pid)
            before = Memory(server, held)
            opened = held.tell("open")
            if not opened["good"]:
                raise Failed(f"{server.name}: no connection was answered")
            time.sleep(self.linger_s)
            measure.settle(server.pid)
            figures = Memory(server, held).per_connection(before, opened["good"], client_end)
            processes = len(measure.family(server.pid))
            other = loads.run_wrk(server, "1k", OTHER_CONNECTIONS, options.seconds)
            alive = held.tell("again")
            held.tell("close")
        measure.settle(server.pid)
        calm = [calm, loads.run_wrk(server, "1k", OTHER_CONNECTIONS, options.seconds)]
        figures.update(
            opened=opened["good"], opened_s=opened["seconds"], alive=alive["good"],
            lost_share=1 - alive["good"] / self.count, processes=processes,
            p50_us=other["p50_us"], p99_us=other["p99_us"],
            requests_per_s=other["requests_per_s"],
            speed=2 * other["requests_per_s"] / sum(row["requests_per_s"] for row in calm),
            cost=cpu_us(other) / statistics.mean(map(cpu_us, calm)))
        return figures

    def deadline_s(self):
        return 30 + self.count / 250


class IdleMany(Idle):
    """As many as the limit of descriptors allows; several keepers share them. muster alone: the
    peers would need other numbers of processes than people give them."""
    servers = (Muster.name,)
    rounds_most = 1

    def __init__(self, key, most, workers, goals):
        super().__init__(key, most, goals, {"max_workers": workers}, True)
        self.workers = workers

    def obstacle(self, kinds):
        if not Muster.has_keepers():
            return "this musterd has no keepers"
        limit = measure.raise_limit(resource.RLIMIT_NOFILE, self.count + DESCRIPTORS_BESIDE)
        each = limit - DESCRIPTORS_BESIDE
        keepers = min(8, -(-self.count // each) + 1)    # one more: they need not share evenly
        self.settings["keepers"] = max(2, keepers)
        files = int(measure.read("/proc/sys/fs/file-max") or 0)
        self.count = min(self.count, each * (keepers - 1), (files - 4096) // 2)
        self.title = f"{self.count:,} idle connections, {self.workers} workers"
        return None


HOLDS = (
    HalfSent(),
    Idle("idle", 10_000, (
        at_peer("counted", "memory per connection", 1.0),
        Goal("lost_share", "connections lost (share)", 0.0),
        at_peer("p99_us", "p99 of other clients", 1.0)), {}, True),
    IdleMany("idle50k", 50_000, 50, (
        Goal("counted", "memory per connection, bytes", 5 * KIB),
        Goal("lost_share", "connections lost (share)", 0.0),
        Goal("speed", "req/s of another client against without them", 0.95, is_least=True))),
)
