#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares muster with the nginx, lighttpd, Apache and h2o of this machine.

The servers take turns within each round, so that whatever else the machine does meets all of
them; medians over the rounds are printed, and muster's goals against the best of the others in the
same run. CPU per request is the scheduler's account of the server's whole tree of processes, with
those that ended. Nothing is asserted: figures are for people to read.
"""
import argparse
import contextlib
import os
import platform
import signal
import sys
import tempfile
import time

import handshakes
import holds
import http2
import loads
import pools
import report
import secure
import servers
import slow
import traces
from report import say

SCENARIOS = (loads.LOADS + handshakes.TLS + http2.HTTP2 + holds.HOLDS + slow.SLOW + traces.TRACES
             + pools.POOLS)
TAIL_CHARS = 200                        # of what a server said, in a note
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="scenarios:\n" + "\n".join(
            f"  {scenario.key:12}{scenario.title}"
            + ("" if scenario.is_standard else " (only when named)") for scenario in SCENARIOS))
    parser.add_argument("--rounds", type=int, default=5, metavar="N",
                        help="default: 5; scenarios that take long have 3 or 1 at most")
    parser.add_argument("--seconds", type=int, default=3, metavar="S",
                        help="of load per server in each round (default: 3)")
    parser.add_argument("--only", action="append", metavar="LIST",
                        help="comma-separated scenarios; may be repeated")
    parser.add_argument("--servers", metavar="LIST",
                        help="comma-separated, of "
                        + ",".join(kind.name for kind in servers.KINDS))
    parser.add_argument("--musterd", default=os.environ.get("MUSTERD"), metavar="PATH",
                        help="default: $MUSTERD, else build/musterd of this source tree")
    parser.add_argument("--scoreboard-bench", default=os.environ.get("SCOREBOARD_BENCH"),
                        metavar="PATH", help="default: $SCOREBOARD_BENCH, else "
                        "tests/bench/scoreboard_bench beside musterd")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every round there")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds are at least 1")
    options.servers = names_of(parser, "server", [options.servers] if options.servers else [],
                               [kind.name for kind in servers.KINDS])
    options.only = names_of(parser, "scenario", options.only or [],
                            [scenario.key for scenario in SCENARIOS])
    options.musterd = os.path.abspath(options.musterd or os.path.join(TOP, "build", "musterd"))
    pools.Scoreboard.program = options.scoreboard_bench or os.path.join(
        os.path.dirname(options.musterd), "tests", "bench", "scoreboard_bench")
    return options


def names_of(parser, what, lists, known):
    """The names in comma-separated lists; an empty list means all."""
    names = [name for text in lists for name in text.split(",") if name]
    for name in names:
        if name not in known:
            parser.error(f"unknown {what} {name}, expected some of {', '.join(known)}")
    return names


def choose_servers(options):
    chosen = []
    servers.Muster.path = options.musterd
    for kind in servers.KINDS:
        if options.servers and kind.name not in options.servers:
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
        self.results = report.Results()
        self.notes = []
        self.enough = set()             # scenario and server without further rounds

    def note(self, text):
        say(f"  {text}")
        self.notes.append(text)

    @contextlib.contextmanager
    def running(self, kinds, needs):
        started = []
        try:
            for kind in kinds:
                server = kind(self.folder, self.root, needs)
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
                if not server.logged_bytes:
                    self.note(f"{server.name} wrote no access log: its figures do not count")

    def rounds(self, scenario):
        return min(self.options.rounds, scenario.rounds_most or self.options.rounds)

    def kinds_of(self, scenario):
        return [kind for kind in self.kinds
                if scenario.servers is None or kind.name in scenario.servers]

    def is_possible(self, scenario):
        if not self.kinds_of(scenario):
            return False
        obstacle = scenario.obstacle(self.kinds_of(scenario))
        if obstacle:
            self.note(f"skipped: {scenario.key}: {obstacle}")
        return not obstacle

    def run_once(self, scenario, server, number):
        name = server.name if server else servers.Muster.name
        try:
            figures = scenario.run(server, self.options)
        except (servers.Failed, OSError) as failure:
            end = f" ({server.tail()[-TAIL_CHARS:]})" if server else ""
            self.note(f"{scenario.key}, round {number + 1}: {failure}{end}")
            return
        self.results.add(scenario.key, name, figures)
        if scenario.is_enough(figures):
            self.enough.add((scenario.key, name))
        say(f"  round {number + 1}/{self.rounds(scenario)} {name:9} "
            f"{scenario.summary(figures)}")

    def turns(self, number, what):
        """Each round begins with another server: no one always runs first."""
        turn = number % max(1, len(what))
        return what[turn:] + what[:turn]

    def run_shared(self, scenarios):
        """All servers run side by side, and one at a time is loaded."""
        with self.running(self.kinds, servers.Needs()) as running:
            for scenario in scenarios:
                say(f"{scenario.key}: {scenario.title}:")
                for number in range(self.rounds(scenario)):
                    for server in self.turns(number, running):
                        self.run_once(scenario, server, number)

    def run_alone(self, scenario):
        """Each server is started for itself, and ended before the next."""
        say(f"{scenario.key}: {scenario.title}:")
        for number in range(self.rounds(scenario)):
            if scenario.needs_no_server:
                self.run_once(scenario, None, number)
                continue
            for kind in self.turns(number, self.kinds_of(scenario)):
                if (scenario.key, kind.name) in self.enough:
                    continue
                with self.running([kind], scenario.needs()) as running:
                    for server in running:
                        self.run_once(scenario, server, number)

    def run(self):
        wanted = [scenario for scenario in SCENARIOS
                  if (scenario.key in self.options.only if self.options.only
                      else scenario.is_standard)]
        shared = [scenario for scenario in wanted
                  if scenario.is_shared and self.is_possible(scenario)]
        if shared:
            self.run_shared(shared)
        for scenario in wanted:
            if scenario.is_shared:
                continue
            try:
                if self.is_possible(scenario):
                    self.run_alone(scenario)
            finally:
                scenario.finish()


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
        loads.make_files(bench.root)
        secure.folder = folder
        try:
            bench.run()
        except KeyboardInterrupt:
            bench.note("interrupted: what follows is from the rounds that were whole")
        goal_rows = report.print_results(bench.results, SCENARIOS, bench.notes)
    if options.json:
        report.write_json(options.json, bench.results, goal_rows, bench.notes, options)
    say(f"\n{time.monotonic() - started:.0f} s, {os.cpu_count()} CPUs, Linux "
        f"{platform.release()}, load at the end {os.getloadavg()[0]:.1f}; "
        "the load comes from this machine too")
    return 0 if bench.results.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
