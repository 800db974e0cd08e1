#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares muster with the nginx, lighttpd, Apache (prefork) and h2o of this machine.

The servers take turns within each round, so that whatever else the machine does meets all of
them; medians over the rounds are printed, and muster's figure divided by each other server's.
CPU per request is the scheduler's account of the server's whole tree of processes. Nothing is
asserted: figures are for people to read.
"""
import argparse
import contextlib
import json
import os
import platform
import resource
import shutil
import signal
import statistics
import sys
import tempfile
import time

import measure
import scenarios
import servers

# The held scenario grows pools process by process: one slow answer is enough to know.
SLOW_S = 5

SCENARIO_KEYS = [load.key for load in scenarios.LOADS] + ["held", "memory"]


def say(text):
    print(text, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument("--seconds", type=int, default=3, metavar="S",
                        help="of load per server in each round (default: 3)")
    parser.add_argument("--only", action="append", choices=SCENARIO_KEYS, metavar="SCENARIO",
                        help="one of " + ", ".join(SCENARIO_KEYS) + "; may be repeated")
    parser.add_argument("--servers", metavar="LIST",
                        help="comma-separated, of "
                        + ",".join(kind.name for kind in servers.KINDS))
    parser.add_argument("--musterd", default=os.environ.get("MUSTERD"), metavar="PATH",
                        help="default: $MUSTERD, else build/musterd of this source tree")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every round there")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds are at least 1")
    if options.servers:
        names = [kind.name for kind in servers.KINDS]
        for name in options.servers.split(","):
            if name not in names:
                parser.error(f"unknown server {name}, expected some of {', '.join(names)}")
    if not options.musterd:
        top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        options.musterd = os.path.join(top, "build", "musterd")
    options.musterd = os.path.abspath(options.musterd)
    return options


def choose_servers(options):
    wanted = options.servers.split(",") if options.servers else None
    chosen = []
    servers.Muster.path = options.musterd
    for kind in servers.KINDS:
        if wanted is not None and kind.name not in wanted:
            continue
        if kind.program() is None:
            where = f" ({options.musterd})" if kind is servers.Muster else ""
            say(f"skipped: {kind.name}: not installed{where}")
            continue
        chosen.append(kind)
    return chosen


class Bench:
    """The run: what was measured so far, and the folder that all of it lives in."""

    def __init__(self, options, kinds, folder):
        self.options = options
        self.kinds = kinds
        self.folder = folder
        self.root = os.path.join(folder, "root")
        self.results = {}               # scenario, server: list of figures
        self.notes = []

    def note(self, text):
        say(f"  {text}")
        self.notes.append(text)

    def add(self, scenario, server, figures):
        self.results.setdefault(scenario, {}).setdefault(server, []).append(figures)

    def median(self, scenario, server, figure):
        values = [row[figure] for row in self.results.get(scenario, {}).get(server, [])
                  if figure in row]
        return statistics.median(values) if values else None

    @contextlib.contextmanager
    def running(self, kinds, clients=0):
        started = []
        try:
            for kind in kinds:
                server = kind(self.folder, self.root, clients)
                started.append(server)
                try:
                    server.start()
                except servers.Failed as failure:
                    self.note(f"skipped: {failure}")
            yield [server for server in started
                   if server.process is not None and server.process.poll() is None]
        finally:
            for server in started:
                server.stop()

    def run_loads(self, loads):
        with self.running(self.kinds) as running:
            for load in loads:
                say(f"{load.title}:")
                for number in range(self.options.rounds):
                    # Each round begins with another server: no one always runs first.
                    turn = number % max(1, len(running))
                    for server in running[turn:] + running[:turn]:
                        self.run_load(load, server, number)

    def run_load(self, load, server, number):
        try:
            figures = load.run(server, self.options.seconds)
        except servers.Failed as failure:
            self.note(f"round {number + 1}: {failure}")
            return
        self.add(load.key, server.name, figures)
        say(f"  round {number + 1}/{self.options.rounds} {server.name:9}"
            f"{figures['requests_per_s']:10.1f} req/s {figures['cpu_us']:10.2f} us CPU each"
            + (f"  {figures['errors']:.0f} errors" if figures["errors"] else ""))

    def run_held(self):
        say(f"{scenarios.HELD_CLIENTS} half-sent requests held:")
        wanted = 3 * scenarios.HELD_CLIENTS
        if measure.raise_limit(resource.RLIMIT_NOFILE, wanted) < wanted:
            self.note(f"skipped: held: the limit of open files is below {wanted}")
            return
        slow = set()
        for number in range(min(self.options.rounds, 3)):
            for kind in self.kinds:
                if kind.name in slow:
                    continue
                with self.running([kind], clients=scenarios.HELD_CLIENTS) as running:
                    for server in running:
                        self.run_held_once(server, number, slow)

    def run_held_once(self, server, number, slow):
        try:
            figures = scenarios.run_held(server)
        except servers.Failed as failure:
            self.note(f"round {number + 1}: {failure}")
            slow.add(server.name)
            return
        if max(figures.values()) > SLOW_S:
            slow.add(server.name)
        self.add("held", server.name, figures)
        pool = f", 1,000 workers after {figures['pool_s']:.3f} s" if "pool_s" in figures else ""
        say(f"  round {number + 1} {server.name:9} last client answered after "
            f"{figures['answered_s']:.4f} s{pool}")

    def run_memory(self):
        say(f"{scenarios.MEMORY_WORKERS} workers of muster:")
        if servers.Muster not in self.kinds:
            self.note("skipped: memory: needs muster")
            return
        memory = scenarios.Memory()
        server = servers.Muster(self.folder, self.root, scenarios.MEMORY_WORKERS)
        try:
            obstacle = memory.prepare()
            if obstacle:
                self.note(f"skipped: memory: {obstacle}")
                return
            figures = memory.run(server)
            self.add("memory", server.name, figures)
            say(f"  {figures['workers']} workers after {figures['started_s']:.1f} s")
        except servers.Failed as failure:
            self.note(f"skipped: memory: {failure}")
        finally:
            server.stop()
            memory.restore()

    def run(self):
        wanted = self.options.only or SCENARIO_KEYS
        loads = [load for load in scenarios.LOADS if load.key in wanted]
        if loads and shutil.which("wrk") is None:
            self.note("skipped: all loads: wrk is not installed")
            loads = []
        if loads:
            self.run_loads(loads)
        if "held" in wanted:
            self.run_held()
        if "memory" in wanted:
            self.run_memory()


def ratio_text(ours, theirs):
    return f"{ours / theirs:.2f}" if ours is not None and theirs else "-"


def number_text(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def print_load(bench, load):
    options = bench.options
    say(f"\n{load.title} ({options.rounds} rounds of {options.seconds} s, medians)")
    say(f"  {'':9}{'':12}{'CPU us/':>11}{'':10}{'':10}{'':8}   muster / this server")
    say(f"  {'server':9}{'req/s':>12}{'request':>11}{'p50 ms':>10}{'p99 ms':>10}{'errors':>8}"
        f"   {'req/s':>7}{'CPU':>7}{'p99':>7}")
    for kind in bench.kinds:
        def median(figure, name=kind.name):
            return bench.median(load.key, name, figure)

        if median("requests") is None:
            continue
        per_s, p50_us, p99_us = median("requests_per_s"), median("p50_us"), median("p99_us")
        line = (f"  {kind.name:9}{number_text(per_s, 0 if per_s >= 1000 else 1):>12}"
                f"{number_text(median('cpu_us'), 2):>11}{number_text(p50_us / 1000, 2):>10}"
                f"{number_text(p99_us / 1000, 2):>10}{number_text(median('errors'), 0):>8}   ")
        if kind is not servers.Muster:
            for figure in ("requests_per_s", "cpu_us", "p99_us"):
                ours = bench.median(load.key, "muster", figure)
                line += f"{ratio_text(ours, median(figure)):>7}"
        say(line.rstrip())


def print_held(bench):
    say(f"\n{scenarios.HELD_CLIENTS} half-sent requests held (medians)")
    say(f"  {'':9}{'1,001st client':>16}{'1,000 workers':>15}{'':6}   muster / this server")
    say(f"  {'server':9}{'answered, s':>16}{'serve, s':>15}{'runs':>6}   {'answer':>7}"
        f"{'pool':>7}")
    for kind in bench.kinds:
        rows = bench.results["held"].get(kind.name, [])
        if not rows:
            continue
        answered = bench.median("held", kind.name, "answered_s")
        pool = bench.median("held", kind.name, "pool_s")
        line = (f"  {kind.name:9}{number_text(answered, 4):>16}{number_text(pool, 3):>15}"
                f"{len(rows):>6}   ")
        if kind is not servers.Muster:
            line += (f"{ratio_text(bench.median('held', 'muster', 'answered_s'), answered):>7}"
                     f"{ratio_text(bench.median('held', 'muster', 'pool_s'), pool):>7}")
        say(line.rstrip())


def print_memory(bench):
    figures = bench.results["memory"]["muster"][0]
    say(f"\nMemory of each of {figures['workers']} idle workers of muster, KiB")
    for key, text in (("used", "all, kernel memory included (memory in use, after - before)"),
                      ("available", "the same as the kernel estimates it (MemAvailable)"),
                      ("pss", "of it: own pages and its share of common ones (Pss)"),
                      ("private", "of it: own pages (Private)"),
                      ("page_tables", "of it: page tables (VmPTE)")):
        say(f"  {figures[key] / 1024:8.1f}  {text}")


def print_results(bench):
    for load in scenarios.LOADS:
        if bench.results.get(load.key):
            print_load(bench, load)
    if bench.results.get("held"):
        print_held(bench)
    if bench.results.get("memory"):
        print_memory(bench)
    if bench.notes:
        say("\nNot measured, or not as it should be:")
        for note in bench.notes:
            say(f"  {note}")


def write_json(bench, path):
    with open(path, "w") as file:
        json.dump({
            "rounds": bench.options.rounds,
            "seconds": bench.options.seconds,
            "cpus": os.cpu_count(),
            "kernel": platform.release(),
            "results": bench.results,
            "notes": bench.notes,
        }, file, indent=1)
        file.write("\n")


def end_on_signal(number, _frame):
    """As an exception, so that the servers are stopped and the folder removed."""
    sys.exit(128 + number)


def main():
    options = parse_arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_on_signal)
    started = time.monotonic()
    kinds = choose_servers(options)
    if not kinds:
        say("nothing to measure")
        return 1
    with tempfile.TemporaryDirectory(prefix="muster-bench.") as folder:
        os.chmod(folder, 0o755)         # the workers of other accounts read below it
        bench = Bench(options, kinds, folder)
        scenarios.make_files(bench.root)
        try:
            bench.run()
        except KeyboardInterrupt:
            bench.note("interrupted: what follows is from the rounds that were whole")
        print_results(bench)
    if options.json:
        write_json(bench, options.json)
    say(f"\n{time.monotonic() - started:.0f} s, {os.cpu_count()} CPUs, Linux "
        f"{platform.release()}; the load comes from this machine too")
    return 0 if bench.results else 1


if __name__ == "__main__":
    sys.exit(main())
