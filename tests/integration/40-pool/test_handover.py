# SPDX-License-Identifier: BSD-2-Clause
"""Connections go from process to process: workers, keepers, those of the next configuration. Two
hundred clients with pipelines that come in pieces, cut at every byte, go on while keepers, workers
and the logger are killed and the configuration is reloaded. A connection that is lost on its way,
bytes that are read and not passed on, a request that two processes answer, or a reload that ends
a connection break it.

Some ask for a file that no socket holds, and do not listen for a while: it waits in a keeper.

Only what a killed process held is excused: it is stopped first, and what it holds is noted.
"make soak" has it go on for SOAK_SECONDS instead of 12 s; SOAK_SEED makes it another storm."""
import collections
import os
import random
import signal
import time

import muster
import processes
from muster import wait_for
from storm import Kind, Storm, StormClient

SECONDS = float(os.environ.get("SOAK_SECONDS", "12"))
SEED = int(os.environ.get("SOAK_SEED", "4"))
CLIENTS = 200
SMALL = "the small one\n"
MIDDLE = "".join(f"line {number} of a text that can be kept\n" for number in range(1200))
LARGE = bytes(random.Random(1).randbytes(150_000))
HUGE = processes.large_content(6)
KILL_EVERY_S = 0.12
RELOAD_EVERY_S = 1.7
TELL_EVERY_S = 30
TELL_LOST = 20
LOGIN = "Authorization: Basic YWxpY2U6d29uZGVybGFuZA=="
USERS = "alice:$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu\n"
SITES = """
host "test.example" {
    redirect "/moved" { to = "https://www.example.org/" }
    location "/list/" { autoindex = true }
    location "/rate/" { request_rate = "100000/s"  request_burst = 100000 }
    location "/auth/" { auth_type = "basic"  auth_user_file = %s  auth_name = "r" }
    location "/zip/"  { compress = true }
}
"""
FILES = {
    "index.html": "start\n", "small.txt": SMALL, "middle.txt": MIDDLE, "large.bin": LARGE,
    "huge.bin": HUGE,
    "dir/index.html": "in dir\n", "list/one": "1", "list/two": "22", "rate/x.txt": "rate\n",
    "auth/x.txt": "secret\n", "../users": USERS, "zip/x.txt": MIDDLE, "empty": "",
}


def request(text, body=""):
    """Host and the end are added; a body with its length."""
    line, _, fields = text.partition("\n")
    fields = [*fields.splitlines(), *([f"Content-Length: {len(body)}"] if body else [])]
    return "\r\n".join([line, "Host: test.example", *fields, "", body]).encode()


def kinds(tag, modified):
    chunks = "5\r\nabcde\r\n1;x=y\r\nf\r\n0\r\nTrailer: x\r\n\r\n"
    return [
        Kind("small", request("GET /small.txt HTTP/1.1"), 200, SMALL.encode()),
        Kind("head", request("HEAD /small.txt HTTP/1.1"), 200, b""),
        Kind("middle", request("GET /middle.txt HTTP/1.1"), 200, MIDDLE.encode()),
        Kind("large", request("GET /large.bin HTTP/1.1"), 200, LARGE),
        Kind("huge", request("GET /huge.bin HTTP/1.1"), 200, HUGE),
        Kind("range", request("GET /large.bin HTTP/1.1\nRange: bytes=100-4999"), 206,
             LARGE[100:5000]),
        Kind("ranges", request("GET /middle.txt HTTP/1.1\nRange: bytes=-10"), 206,
             MIDDLE[-10:].encode()),
        Kind("empty", request("GET /empty HTTP/1.1"), 200, b""),
        Kind("none", request("GET /none HTTP/1.1"), 404, None),
        Kind("bare", request("GET /dir HTTP/1.1"), 301, None),
        Kind("moved", request("GET /moved/x HTTP/1.1"), 301, None),
        Kind("old", request(f"GET /small.txt HTTP/1.1\nIf-None-Match: {tag}"), 304, b""),
        Kind("since", request(f"GET /small.txt HTTP/1.1\nIf-Modified-Since: {modified}"), 304,
             b""),
        Kind("failed", request('GET /small.txt HTTP/1.1\nIf-Match: "other"'), 412, None),
        Kind("post", request("POST /small.txt HTTP/1.1", "a=b&c=d GET / HTTP/1.1\r\n\r\n"), 405,
             None),
        Kind("chunks", b"POST /small.txt HTTP/1.1\r\nHost: test.example\r\n"
             b"Transfer-Encoding: chunked\r\n\r\n" + chunks.encode(), 405, None),
        Kind("list", request("GET /list/ HTTP/1.1"), 200, None),
        Kind("rate", request("GET /rate/x.txt HTTP/1.1"), 200, b"rate\n"),
        Kind("auth", request(f"GET /auth/x.txt HTTP/1.1\n{LOGIN}"), 200, b"secret\n"),
        Kind("stranger", request("GET /auth/x.txt HTTP/1.1"), 401, None),
        Kind("zip", request("GET /zip/x.txt HTTP/1.1\nAccept-Encoding: gzip"), 200, None),
        Kind("plain", request("GET /zip/x.txt HTTP/1.1"), 200, MIDDLE.encode()),
        Kind("options", request("OPTIONS * HTTP/1.1"), 200, None),
        Kind("one-oh", request("GET /small.txt HTTP/1.0\nConnection: keep-alive"), 200,
             SMALL.encode()),
        Kind("last", request("GET /small.txt HTTP/1.1\nConnection: close"), 200, SMALL.encode()),
        Kind("bad", b"GET /small.txt HTTP/1.1\r\nHost : test.example\r\n\r\n", 400, None),
    ]


PIPELINES = [
    ["small", "large", "none", "small", "head", "old"],
    ["post", "small", "list", "since", "chunks", "middle"],
    ["rate", "middle", "auth", "stranger", "small", "range"],
    ["zip", "plain", "bare", "moved", "failed", "one-oh", "empty", "options", "ranges"],
    ["small", "rate", "last"],
    ["small", "small", "post", "bad"],
    ["small", "huge", "none", "small"],
    ["huge", "post", "large"],
]
HUGE_PIPELINES = [index for index, names in enumerate(PIPELINES) if "huge" in names]
OTHER_PIPELINES = [index for index, names in enumerate(PIPELINES) if "huge" not in names]
DEAF_S = 4.0


def make_client(storm, number):
    """Of each kind of client some."""
    if number % 25 == 24:
        return StormClient(storm, waits=False, piece_count=(1, 3)[number // 25 % 2], end="stay",
                           receive_buffer=4096, deaf_s=DEAF_S, pipelines=HUGE_PIPELINES)
    return StormClient(
        storm, waits=number % 2 == 0, piece_count=(1, 2, 2, 3, 5, 9, 40)[number % 7],
        end="finish" if number % 5 == 4 else "stay",
        receive_buffer=4096 if number % 23 == 22 else None,
        pause_s=(0, 0, 0.02, 0.3, 1.5)[number // 2 % 5], pipelines=OTHER_PIPELINES)


class Killer:
    """Ends processes of a server one after the other, and has the storm know of it."""

    def __init__(self, server, storm):
        self.server, self.storm = server, storm
        self.kills = collections.Counter()
        self.deeds = []             # (time, what was done)
        self.reloads = 0
        self.turn = 0
        self.next_kill_s = self.next_reload_s = time.monotonic() + 0.3

    def act(self):
        now = time.monotonic()
        if now >= self.next_reload_s:
            self.next_reload_s = now + RELOAD_EVERY_S
            # 3, 1, 2 keepers
            self.reloads += 1
            self.server.sections["keepalive"]["keepers"] = (2, 3, 1)[self.reloads % 3]
            self.server.write_config()
            self.server.send_signal(signal.SIGHUP)
            self.deeds.append((now, "HUP"))
        elif now >= self.next_kill_s:
            self.next_kill_s = now + KILL_EVERY_S
            self.turn += 1
            self.kill("worker" if self.turn % 3 else "logger" if self.turn % 12 == 0 else "keeper")

    def kill(self, role):
        pids = processes.pids_of_role(self.server, role)
        if not pids:
            return
        pid = self.storm.random.choice(pids)
        self.deeds.append((time.monotonic(), f"{role} {pid} stopped"))
        try:
            os.kill(pid, signal.SIGSTOP)
        except ProcessLookupError:
            return
        wait_for(lambda: (muster.process_stat(pid) or "Z")[0] in "TZX", f"process {pid} to stop")
        ports = processes.client_ports(self.server, pid)
        self.storm.excuse(ports)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:      # it was about to leave by itself
            return
        self.deeds.append((time.monotonic(), f"{role} {pid} killed, with {len(ports)}"))
        self.kills[role] += 1


def print_counts(storm, killer, seconds):
    kills = ", ".join(f"{count} {role}s" for role, count in sorted(killer.kills.items()))
    print(f"hand-over: {seconds:.0f} s, {storm.connections} connections, {storm.asked} requests, "
          f"{storm.answered} answers, {storm.excused} excused on {storm.excused_connections} "
          f"connections, killed {kills}, {killer.reloads} reloads, {storm.deaf_count} slow",
          flush=True)


def tell_lost(lost, killer, since_s):
    """All that is known about some of them: a hole in what is excused looks like one request that
    was answered just before its process was stopped; records that got lost, like many."""
    lines = []
    for request, story in lost[:TELL_LOST]:
        answered_s = next(when_s for one, when_s in story.answered if one is request)
        lines.append(f"{request.number} {request.kind}, {story.text(request, since_s)}")
        lines += [f"\t{when_s - since_s:.4f} {what}" for when_s, what in killer.deeds
                  if answered_s - 1.5 < when_s < answered_s + 0.5]
    return "\n".join(lines)


def check_access_log(server, storm, killer, since_s):
    """Each request that was answered has a record, but for those that the storm excuses. What is
    no request has no field to tell its number."""
    numbers = collections.Counter(server.access().split())
    lost = [(one, story) for one, story in storm.sure.values()
            if one.kind != "bad" and numbers[f"{one.number:08d}"] == 0]
    twice = sum(numbers[f"{number:08d}"] > 1 for number in storm.sure)
    print(f"access log: {len(storm.sure)} requests, {len(lost)} without a record, {twice} with two")
    assert not lost, f"{len(lost)} requests have no access log record:\n" + \
        tell_lost(lost, killer, since_s) + "\nat last:\n" + "\n".join(
            f"\t{when_s - since_s:.4f} {what}" for when_s, what in killer.deeds[-5:])


def test_nothing_is_lost_or_answered_twice(make_server):
    server = make_server(
        pool={"start": 6, "min_idle": 2, "max_idle": 6, "max_workers": 40, "max_requests": 500},
        keepalive={"max_requests": 0, "timeout": "1h", "linger": "20ms", "keepers": 2},
        limits={"connections_per_client": 2 * CLIENTS, "header_timeout": "5m"},
        log={"format": "%{X-Id}i", "level": "info"})
    server.more = SITES % muster.quoted(server.folder / "users")
    server.write_config()
    muster.write_files(server.site, FILES)
    server.start()
    server.may_crash = True             # on purpose; what else there is, is looked for below
    with server.connect() as client:
        response = client.request("HEAD", "/small.txt")
    storm = Storm(server.address(), kinds(response["ETag"], response["Last-Modified"]), PIPELINES,
                  random.Random(SEED))
    for index in HUGE_PIPELINES:        # too slow for every cut
        storm.cuts_left[index].clear()
    killer = Killer(server, storm)
    begin_s = time.monotonic()
    next_tell_s = begin_s + TELL_EVERY_S
    storm.start(CLIENTS, make_client)
    while time.monotonic() < begin_s + SECONDS or not storm.has_cut_everywhere():
        killer.act()
        storm.step()
        if time.monotonic() >= next_tell_s:
            next_tell_s += TELL_EVERY_S
            print_counts(storm, killer, time.monotonic() - begin_s)
    storm.finish()
    print_counts(storm, killer, time.monotonic() - begin_s)
    assert storm.asked == storm.answered + storm.excused
    assert all(killer.kills[role] for role in ("worker", "keeper", "logger")) and killer.reloads
    assert storm.deaf_count
    server.stop(signal.SIGQUIT)
    # SIGKILL is what was done to them; another way to end is a fault.
    faults = processes.log_lines(server, r"Sanitizer|runtime error|bug at|(was|were) lost|"
                                 r"records .*not (be )?in it|died of signal (?!9\b)")
    assert not faults, "\n".join(faults)
    check_access_log(server, storm, killer, begin_s)
