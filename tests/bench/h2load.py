# SPDX-License-Identifier: BSD-2-Clause
"""h2load(1): runs it, and reads what it says."""
import re
import subprocess

import secure

UNITS_US = {"us": 1, "ms": 1000, "s": 1_000_000}


class Unreadable(Exception):
    """It said nothing that can be counted; the text is what it did say."""


def numbers(pattern, text):
    match = re.search(pattern, text)
    if not match:
        raise Unreadable(text.strip()[-200:] or "h2load said nothing")
    return [int(number) for number in match.groups()]


def parse(text):
    total, succeeded, errors = numbers(
        r"requests: (\d+) total, .* (\d+) succeeded, (\d+) failed", text)
    ok, *others = numbers(r"codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", text)
    data_bytes, = numbers(r"\((\d+)\) data", text)
    head_bytes, = numbers(r"\((\d+)\) headers", text)
    protocol = re.search(r"Application protocol: (\S+)", text)
    mean = re.search(r"time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)\s", text)
    return {"total": total, "requests": succeeded, "errors": errors, "ok": ok,
            "other_statuses": sum(others), "data_bytes": data_bytes, "head_bytes": head_bytes,
            "protocol": protocol.group(1) if protocol else "",
            "mean_us": float(mean.group(1)) * UNITS_US[mean.group(2)] if mean else None}


def run(url, amount, timeout_s):
    """amount: its arguments for how much, and how many at once. Only HTTP/2 is spoken, so that a
    server that chooses another protocol fails."""
    done = subprocess.run(
        ["h2load", "-t", "1", "--npn-list=h2", f"--tls13-ciphers={secure.SUITE}", *amount, url],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False)
    return parse(done.stdout + done.stderr)


def get(url, timeout_s):
    """Status class ("2xx" as 200) and content length of one answer, as measure.get() has them. An
    OSError: there was none."""
    try:
        figures = run(url, ["-n", "1", "-c", "1", "-m", "1"], timeout_s)
    except (Unreadable, subprocess.TimeoutExpired) as failure:
        raise ConnectionError(str(failure)) from failure
    if not figures["ok"] + figures["other_statuses"]:
        raise ConnectionError("no answer over HTTP/2")
    return 200 if figures["ok"] else 0, figures["data_bytes"]
