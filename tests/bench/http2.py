# SPDX-License-Identifier: BSD-2-Clause
"""HTTP/2: h2load asks for a small file on a few connections, many streams at once on each. Over
TLS as browsers do, and in the clear for those who can: what TLS costs is not in that."""
import shutil
import subprocess
import time

import h2load
import measure
import secure
from loads import FILES
from scenario import Column, Scenario, at_peer
from servers import Failed, Needs

CONNECTIONS = 8
STREAMS = 32
FILE = "1k"


class Http2(Scenario):
    rounds_most = None
    columns = (Column("requests_per_s", "req/s", digits=0), Column("cpu_us", "CPU us/req"),
               Column("machine_us", "machine us"), Column("mean_us", "mean ms", 1000, 3),
               Column("head_bytes_each", "head bytes", digits=0), Column("cores", "cores"),
               Column("errors", "errors", digits=0))
    goals = (at_peer("cpu_us", "CPU per request", 1.0),)
    notes = ("a connection has as many requests as it likes; Apache is of the event kind here, "
             "its prefork has", "no HTTP/2; head bytes: of an answer, compressed")

    def __init__(self, key, title, has_tls):
        self.key = key
        self.title = title
        self.has_tls = has_tls

    def needs(self):
        return Needs(tls=secure.pair_of_run() if self.has_tls else None, has_http2=True)

    def obstacle(self, kinds):
        return None if shutil.which("h2load") else "h2load is not installed"

    def check(self, server, figures):
        """Each answer was 200 and all of the file; those that the end cut off have no status."""
        want_bytes = figures["requests"] * FILES[FILE]
        spare_bytes = CONNECTIONS * STREAMS * FILES[FILE]
        if not figures["requests"]:
            raise Failed(f"h2load got no answer from {server.name}")
        if figures["protocol"] != ("h2" if self.has_tls else "h2c"):
            raise Failed(f"{server.name} chose {figures['protocol'] or 'nothing'}")
        if figures["other_statuses"] or figures["ok"] < figures["requests"]:
            raise Failed(f"{server.name}: {figures['ok']} of {figures['requests']} answers "
                         "were 200")
        if abs(figures["data_bytes"] - want_bytes) > spare_bytes:
            raise Failed(f"{server.name}: {figures['data_bytes']} bytes of content came, "
                         f"not {want_bytes}")

    def run(self, server, options):
        before_ns = measure.family_cpu_ns(server.pid)
        machine_before_ns = measure.machine_cpu_ns()
        started = time.monotonic()
        try:
            figures = h2load.run(server.url(FILE), [
                "-c", str(CONNECTIONS), "-m", str(STREAMS), "-D", str(options.seconds)],
                options.seconds + 60)
        except (h2load.Unreadable, subprocess.TimeoutExpired) as failure:
            raise Failed(f"{server.name}: h2load: {failure}") from failure
        elapsed_s = time.monotonic() - started
        cpu_ns = measure.family_cpu_ns(server.pid) - before_ns
        machine_ns = measure.machine_cpu_ns() - machine_before_ns
        server.empty_logs()
        self.check(server, figures)
        count = figures["requests"]
        return {**figures, "requests_per_s": count / elapsed_s, "cpu_us": cpu_ns / 1000 / count,
                "machine_us": machine_ns / 1000 / count, "cores": cpu_ns / 1e9 / elapsed_s,
                "head_bytes_each": figures["head_bytes"] / count}


HTTP2 = (
    Http2("h2", f"HTTP/2 over TLS, 1 KiB, {CONNECTIONS} connections of {STREAMS} streams", True),
    Http2("h2c", f"HTTP/2 in the clear, 1 KiB, {CONNECTIONS} connections of {STREAMS} streams",
          False),
)
