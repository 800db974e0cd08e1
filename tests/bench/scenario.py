# SPDX-License-Identifier: BSD-2-Clause
"""What a scenario is: how it runs with one server, which of its figures are shown, and what muster
is to reach. The scenarios themselves are in loads.py, handshakes.py, http2.py, holds.py,
slow.py, traces.py and pools.py."""
import dataclasses

from servers import Needs

BEST_PEER = "best peer"
KIB = 1024


@dataclasses.dataclass(frozen=True)
class Column:
    """A figure of the table: the value divided, with so many digits."""
    figure: str
    heading: str
    divisor: float = 1
    digits: int = 2


@dataclasses.dataclass(frozen=True)
class Goal:
    """muster's median is to be at most (is_least: at least) limit, or limit times the best peer's
    median when against is BEST_PEER."""
    figure: str
    text: str
    limit: float
    is_least: bool = False
    against: str = ""


def at_peer(figure, text, limit, is_least=False):
    return Goal(figure, text, limit, is_least, BEST_PEER)


class Scenario:
    key = ""
    title = ""
    columns = ()
    goals = ()
    notes = ()                          # below the table: what a reader has to know
    is_standard = True                  # part of a run without --only
    is_shared = False                   # all servers keep running and take turns
    rounds_most = 3
    servers = None                      # names, when it is not for all of them
    needs_no_server = False             # run() gets None

    def obstacle(self, kinds):
        """Why it cannot run here, or None. May raise limits."""
        del kinds

    def needs(self):
        return Needs()

    def finish(self):
        """Puts back what obstacle() changed."""

    def run(self, server, options):
        """Figures by name, of one round with one server that runs."""
        raise NotImplementedError

    def is_enough(self, figures):
        """This server needs no further round: it takes long and says the same."""
        del figures
        return False

    def summary(self, figures):
        """A line of progress."""
        return "  ".join(
            f"{column.heading} {figures[column.figure] / column.divisor:,.{column.digits}f}"
            for column in self.columns if figures.get(column.figure) is not None)
