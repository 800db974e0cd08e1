# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios over TLS: requests and bytes by wrk, handshakes by openssl(1), idle connections by
tls_holder.py. Settings are the same for all servers, see secure.py."""
import re
import resource
import shutil
import subprocess
import time

import measure
import secure
from holds import PATIENCE_S, Idle, descriptors_missing
from loads import Load
from scenario import KIB, Column, Goal, Scenario, at_peer
from servers import Failed, Needs

CLIENTS = 8                             # of handshakes, at once
IDLE_CONNECTIONS = 1000
TLS_LINGER_S = 2.5                      # muster makes a connection small after a second
NOTE = "TLS 1.3, AES-128-GCM, ECDSA P-256; muster's signer is part of its tree of processes"


class TlsLoad(Load):
    is_shared = False
    notes = (NOTE,)

    def needs(self):
        return Needs(tls=secure.pair_of_run())


class Handshakes(Scenario):
    """s_time connects, asks for a small file, and closes: over and over with full handshakes, or
    with the first one's session. It tells of each connection whether it was resumed."""
    rounds_most = None
    columns = (Column("per_s", "conn/s", digits=0), Column("cpu_us", "CPU us/conn"),
               Column("machine_us", "machine us"), Column("cores", "cores"),
               Column("resumed", "resumed"))
    notes = (NOTE, f"{CLIENTS} clients at once, a request on each connection; resumed: share of "
             "connections")

    def __init__(self, key, title, manner, goals):
        self.key = key
        self.title = title
        self.manner = manner
        self.goals = goals

    def needs(self):
        return Needs(tls=secure.pair_of_run())

    def obstacle(self, kinds):
        return None if shutil.which("openssl") else "openssl(1) is not installed"

    def start(self, server, seconds):
        return subprocess.Popen(
            ["openssl", "s_time", "-connect", f"127.0.0.1:{server.port}", self.manner, "-tls1_3",
             "-ciphersuites", secure.SUITE, "-time", str(seconds), "-www", "/1k",
             "-no-CAfile", "-no-CApath", "-no-CAstore"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, server, options):
        before_ns = measure.family_cpu_ns(server.pid)
        machine_before_ns = measure.machine_cpu_ns()
        started = time.monotonic()
        clients = [self.start(server, options.seconds) for _ in range(CLIENTS)]
        texts = [client.communicate(timeout=options.seconds + 60)[0].decode("ascii", "replace")
                 for client in clients]
        elapsed_s = time.monotonic() - started
        cpu_ns = measure.family_cpu_ns(server.pid) - before_ns
        machine_ns = measure.machine_cpu_ns() - machine_before_ns
        server.empty_logs()
        marks = "".join(re.findall(r"^[*rt1-9]+$", "\n".join(texts), re.MULTILINE))
        new, resumed = marks.count("*") + marks.count("t"), marks.count("r")
        if not new + resumed:
            raise Failed(f"{server.name}: no handshake: {texts[0][-100:]!r}")
        total = new + resumed
        return {"per_s": total / elapsed_s, "cpu_us": cpu_ns / 1000 / total,
                "machine_us": machine_ns / 1000 / total, "cores": cpu_ns / 1e9 / elapsed_s,
                "resumed": resumed / total}


class TlsIdle(Idle):
    """Each of muster's has its worker, which is counted whole."""
    mode = "tls"
    linger_s = TLS_LINGER_S

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.title = f"{self.count:,} idle connections of TLS"

    def needs(self):
        return Needs(connections=self.count, patience_s=PATIENCE_S, is_idle=True,
                     max_workers=self.count + 100, tls=secure.pair_of_run())

    def obstacle(self, kinds):
        # Twice: lighttpd takes as many connections as half its descriptors.
        measure.raise_limit(resource.RLIMIT_NOFILE, 4 * self.count)
        if measure.meminfo()["MemAvailable"] < 2 * self.count * 500 * KIB:
            return "too little memory is available"
        return descriptors_missing(4 * self.count)


TLS = (
    TlsLoad("tls_keepalive", "TLS, 1 KiB, 64 keep-alive connections", "1k", 64, (
        at_peer("cpu_us", "CPU per request", 1.0),)),
    Handshakes("tls_connection", "TLS, a full handshake per request", "-new", (
        at_peer("cpu_us", "CPU per handshake", 1.05),)),
    Handshakes("tls_resumed", "TLS, a resumed handshake per request", "-reuse", (
        at_peer("cpu_us", "CPU per handshake", 1.0),)),
    TlsLoad("tls_64m", "TLS, 64 MiB, 4 keep-alive connections", "64m", 4, (
        at_peer("cpu_us_per_mib", "CPU per byte", 1.0),), by_bytes=True),
    TlsIdle("tls_idle", IDLE_CONNECTIONS, (
        Goal("counted", "memory per connection, bytes", 300 * KIB),
        Goal("lost_share", "connections lost (share)", 0.0)), {}, True),
)
