# SPDX-License-Identifier: BSD-2-Clause
"""The table of a run for people to read: medians of each server, muster's goals and whether they
are met, and the figures of every round as JSON."""
import json
import os
import platform
import statistics

from scenario import BEST_PEER
from servers import Muster

NAME_WIDTH = 9
COLUMN_WIDTH = 14


def say(text=""):
    print(text, flush=True)


def number_text(value, digits=2):
    return "-" if value is None else f"{value:,.{digits}f}"


class Results:
    """Figures by scenario and server: a list with one dict for each round."""

    def __init__(self):
        self.rounds = {}

    def add(self, scenario, server, figures):
        self.rounds.setdefault(scenario, {}).setdefault(server, []).append(figures)

    def of(self, scenario):
        return self.rounds.get(scenario, {})

    def median(self, scenario, server, figure):
        values = [row[figure] for row in self.of(scenario).get(server, [])
                  if row.get(figure) is not None]
        return statistics.median(values) if values else None

    def best_peer(self, scenario, figure, is_least):
        """(value, name) of the best of the others, or None."""
        found = [(value, name) for name in self.of(scenario) if name != Muster.name
                 if (value := self.median(scenario, name, figure)) is not None]
        return (max if is_least else min)(found) if found else None


def verdict(goal, value):
    """"met", or by how much of the limit it was missed."""
    if value >= goal.limit if goal.is_least else value <= goal.limit:
        return "met"
    if not goal.limit:
        return f"missed by {value:,.4g}"
    return f"missed by {abs(value / goal.limit - 1) * 100:.1f} %"


def judge(results, scenario, goal):
    """A row of the goals' table, or None where muster or every peer has no figure."""
    value = ours = results.median(scenario.key, Muster.name, goal.figure)
    if ours is None:
        return None
    row = {"scenario": scenario.key, "goal": goal.text, "limit": goal.limit,
           "is_least": goal.is_least, "muster": ours}
    if goal.against == BEST_PEER:
        best = results.best_peer(scenario.key, goal.figure, goal.is_least)
        if best is None or not best[0]:
            return None
        row["peer"], row["peer_value"] = best[1], best[0]
        value = row["ratio"] = ours / best[0]
    row["verdict"] = verdict(goal, value)
    return row


def goal_text(row):
    """What is compared, and how it came out."""
    sign = ">=" if row["is_least"] else "<="
    if "peer" in row:
        figures = (f"{sign} {row['limit']:g} of the best peer's ({row['muster']:,.5g} to "
                   f"{row['peer']}'s {row['peer_value']:,.5g}): {row['ratio']:.2f}")
    else:
        figures = f"{sign} {row['limit']:g}: {row['muster']:,.4g}"
    return f"{row['goal']} {figures}: {row['verdict']}"


def print_scenario(results, scenario, goal_rows):
    counts = sorted({len(rows) for rows in results.of(scenario.key).values()})
    of_rounds = f"medians of {' to '.join(map(str, counts[:1] + counts[1:][-1:]))} rounds"
    of_rounds = "one round" if counts == [1] else of_rounds
    say(f"\n{scenario.key}: {scenario.title} ({of_rounds})")
    say(f"  {'':{NAME_WIDTH}}" + "".join(f"{column.heading:>{COLUMN_WIDTH}}"
                                          for column in scenario.columns))
    for server in results.of(scenario.key):
        line = f"  {server:{NAME_WIDTH}}"
        for column in scenario.columns:
            value = results.median(scenario.key, server, column.figure)
            value = None if value is None else value / column.divisor
            line += f"{number_text(value, column.digits):>{COLUMN_WIDTH}}"
        say(line)
    for server, rows in results.of(scenario.key).items():
        if "by_name" in rows[-1]:
            say(f"  {server:{NAME_WIDTH}} {scenario.summary(rows[-1])}")
    for note in scenario.notes:
        say(f"  {note}")
    for row in goal_rows:
        say(f"  goal: {goal_text(row)}")


def print_results(results, scenarios, notes):
    goal_rows = []
    for scenario in scenarios:
        if results.of(scenario.key):
            rows = [row for goal in scenario.goals if (row := judge(results, scenario, goal))]
            print_scenario(results, scenario, rows)
            goal_rows += rows
    if goal_rows:
        met = sum(row["verdict"] == "met" for row in goal_rows)
        say(f"\nGoals: {met} of {len(goal_rows)} met")
        for row in goal_rows:
            say(f"  {row['scenario']:15}{goal_text(row)}")
    if notes:
        say("\nNot measured, or not as it should be:")
        for note in notes:
            say(f"  {note}")
    return goal_rows


def write_json(path, results, goal_rows, notes, options):
    with open(path, "w") as file:
        json.dump({
            "rounds": options.rounds,
            "seconds": options.seconds,
            "cpus": os.cpu_count(),
            "kernel": platform.release(),
            "load_at_end": os.getloadavg()[0],
            "results": results.rounds,
            "goals": goal_rows,
            "notes": notes,
        }, file, indent=1)
        file.write("\n")
