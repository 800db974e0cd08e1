# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for a state instead of a time. The patience is for a busy machine with sanitizers; when
the state has not come by then, the test fails with a message."""
import time

PATIENCE_S = 60


def wait_for(look, what, patience_s=PATIENCE_S):
    """Returns the first true value of look(); fails when there is none in time."""
    end = time.monotonic() + patience_s
    pause_s = 0.0001
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what() if callable(what) else what}")
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, 0.01)
