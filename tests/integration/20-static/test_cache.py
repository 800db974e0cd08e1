# SPDX-License-Identifier: BSD-2-Clause
"""Answers that are kept for a while. A file that stays as it was for longer than cache.valid, an
answer that is a mixture of two states, or one that was made for somebody else breaks them."""
import gzip
import itertools
import os
import random
import re
import threading
import time

import pytest

import muster
import processes
from credentials import ALICE, basic, password_file
from muster import wait_for
from processes import wait_until_parked

FILES = {"index.html": "start\n", "a.txt": "the text of a\n"}
HANDS = ["keeper", "worker"]        # whose cache it is


class Asker:
    """A kept-alive connection. Of a keeper: what is cheap is answered there; of a worker: with no
    keepers, always the same worker."""

    def __init__(self, server, hand):
        self.server, self.hand = server, hand
        self.client = server.connect()
        self.ask("/index.html")
        if hand == "keeper":
            wait_until_parked(server, self.client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def ask(self, target, fields=(), method="GET", **options):
        return self.client.request(method, target, fields, **options)

    def ask_until(self, target, want, what):
        """Until the answer is as wanted; each before it must be one of before."""
        return wait_for(lambda: (found := self.ask(target)) and want(found) and found, what)


def start(serve, hand, files=None, valid="1s", **options):
    keepalive = {"max_requests": 0, "keepers": 1 if hand == "keeper" else 0}
    more = f'cache {{ valid = "{valid}" worker_size = "1M" {options.pop("cache", "")} }}\n'
    return serve({**FILES, **(files or {})}, keepalive=keepalive,
                 limits={"connections_per_client": 0}, more=more + options.pop("more", ""),
                 **options)


def replace(path, content):
    """All at once, as editors do it."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    os.replace(new, path)


def rewrite(path, content):
    with open(path, "r+b") as file:
        file.write(content)
        file.truncate()


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("size", [20, 5000, 200_000])
@pytest.mark.parametrize("change", [replace, rewrite])
def test_a_changed_file_is_seen(serve, hand, size, change):
    """Also one that keeps its size and comes right after another change."""
    states = [bytes([65 + number]) * size for number in range(4)]
    server = start(serve, hand, {"f.txt": states[0]}, valid="200ms")
    path = server.site / "f.txt"
    with Asker(server, hand) as asker:
        tags = {asker.ask("/f.txt")["ETag"]}
        for state in states[1:]:
            change(path, state)
            found = asker.ask_until("/f.txt", lambda one, state=state: one.body == state,
                                    "the new content")
            tags.add(found["ETag"])
            for _ in range(3):          # and never the old one again
                assert asker.ask("/f.txt").body == state
    assert len(tags) == len(states)


@pytest.mark.parametrize("hand", HANDS)
def test_files_come_and_go(serve, hand):
    server = start(serve, hand, {"dir/x": "x"}, valid="200ms")
    path = server.site / "f.txt"
    with Asker(server, hand) as asker:
        assert asker.ask("/f.txt").status == 404
        path.write_text("it is there\n")
        asker.ask_until("/f.txt", lambda one: one.body == b"it is there\n", "the new file")
        path.write_text("")
        asker.ask_until("/f.txt", lambda one: one.body == b"", "the empty file")
        path.write_text("once more\n")
        asker.ask_until("/f.txt", lambda one: one.body == b"once more\n", "the file")
        path.chmod(0)
        asker.ask_until("/f.txt", lambda one: one.status == 403, "403")
        path.chmod(0o644)
        asker.ask_until("/f.txt", lambda one: one.status == 200, "200")
        path.unlink()
        asker.ask_until("/f.txt", lambda one: one.status == 404, "404")
        path.mkdir()
        asker.ask_until("/f.txt", lambda one: one.status == 301, "301")
        path.rmdir()
        path.symlink_to("a.txt")
        found = wait_for(lambda: asker.ask("/f.txt").status != 301 and asker.ask("/f.txt"),
                         "something else")
        assert found.status in (200, 403, 404)


@pytest.mark.parametrize("hand", HANDS)
def test_an_index_and_a_precompressed_file_appear(serve, hand):
    server = start(serve, hand, {"dir/index.htm": "later one\n", "p.txt": "plain " * 100},
                   valid="200ms", settings={"index": ["index.html", "index.htm"]})
    with Asker(server, hand) as asker:
        assert asker.ask("/dir/").body == b"later one\n"
        (server.site / "dir/index.html").write_text("first one\n")
        asker.ask_until("/dir/", lambda one: one.body == b"first one\n", "the other index")
        fields = [("Accept-Encoding", "gzip")]
        assert asker.ask("/p.txt", fields).get("Content-Encoding") is None
        (server.site / "p.txt.gz").write_bytes(gzip.compress(b"packed"))
        found = wait_for(lambda: (one := asker.ask("/p.txt", fields)).get("Content-Encoding") and
                         one, "the packed one")
        assert gzip.decompress(found.body) == b"packed"
        assert asker.ask("/p.txt").body == b"plain " * 100


@pytest.mark.parametrize("hand", HANDS)
def test_without_a_time_every_change_is_seen_at_once(serve, hand):
    server = start(serve, hand, valid="0s")
    path = server.site / "a.txt"
    with Asker(server, hand) as asker:
        for number in range(50):
            content = f"state {number}\n".encode()
            (replace, rewrite)[number % 2](path, content)
            assert asker.ask("/a.txt").body == content
        path.unlink()
        assert asker.ask("/a.txt").status == 404


@pytest.mark.parametrize("hand", HANDS)
def test_a_kept_answer_is_used(serve, hand):
    """Or the tests here would prove nothing: with a long time, an old state is sent."""
    server = start(serve, hand, {"f.txt": "old\n"}, valid="1h")
    with Asker(server, hand) as asker:
        tag = asker.ask("/f.txt")["ETag"]
        assert asker.ask("/f.txt", [("If-None-Match", tag)]).status == 304
        replace(server.site / "f.txt", b"newer\n")
        assert asker.ask("/f.txt").body == b"old\n"
        assert asker.ask("/f.txt", method="HEAD")["Content-Length"] == "4"
        assert asker.ask("/f.txt", [("If-None-Match", tag)]).status == 304
        # A reload forgets everything.
        processes.reload(server)
        with Asker(server, hand) as other:
            assert other.ask("/f.txt").body == b"newer\n"


def test_a_kept_answer_is_good_for_http_1_0(serve):
    """But not for who wants to be told that the connection goes on, or could be sent a coding that
    clients of 1.1 get."""
    server = start(serve, "worker", {"f.txt": "old\n"}, valid="1h",
                   pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 1})

    def ask(*lines):
        with server.connect() as client:
            request = "\r\n".join(["GET /f.txt HTTP/1.0", *lines, "", ""])
            return client.send(request.encode()).response()

    assert ask().body == b"old\n"
    replace(server.site / "f.txt", b"newer\n")
    found = ask()
    assert (found.body, found["Connection"]) == (b"old\n", "close")
    found = ask("Connection: keep-alive")
    assert (found.body, found["Connection"]) == (b"newer\n", "keep-alive")
    assert ask("Accept-Encoding: gzip").body == b"newer\n"
    assert ask().body == b"old\n"


def state_of(number, size):
    line = b"%09d " % number
    return (line * (size // len(line) + 1))[:size]


SIZES = {"small.txt": 300, "middle.txt": 60_000, "large.txt": 150_000}


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("valid", ["20ms", "0s"])
def test_a_writer_races_the_readers(serve, hand, name, valid):
    """Each answer is one of the states that were there, whole, and Content-Length and ETag are
    its own; what is seen never goes back."""
    random_size = random.Random(5)
    server = start(serve, hand, {name: state_of(0, SIZES[name])}, valid=valid)
    path, lengths = server.site / name, {0: SIZES[name]}
    ended = threading.Event()

    def write():
        number = 0
        while not ended.is_set():
            number += 1
            lengths[number] = SIZES[name] + random_size.randrange(-200, 200)
            replace(path, state_of(number, lengths[number]))
            time.sleep(random_size.random() / 200)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with Asker(server, hand) as asker, Asker(server, hand) as other:
            tags, last, seen = {}, {asker: 0, other: 0}, set()
            end_s = time.monotonic() + muster.PATIENCE_S
            for turn in itertools.count():
                if turn >= 400 and (len(seen) > 2 or time.monotonic() > end_s):
                    break
                one = (asker, other)[turn % 2]
                found = one.ask(f"/{name}")
                number = int(found.body[:9])
                assert found.body == state_of(number, lengths[number])
                assert tags.setdefault(number, found["ETag"]) == found["ETag"]
                assert number >= last[one] or hand == "worker"
                last[one] = number
                seen.add(number)
            assert len(set(tags.values())) == len(tags)
            assert len(seen) > 2, "the writer was not seen at work"
    finally:
        ended.set()
        writer.join()


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("change", [replace, rewrite])
@pytest.mark.parametrize("name, valid_ms", [("small.txt", 40), ("middle.txt", 100)])
def test_nothing_is_older_than_it_may_be(serve, hand, name, valid_ms, change):
    """What is asked for when a state has been gone for as long as cache.valid is another one. This
    needs no haste: both times are taken on the side of the server's doubt."""
    server = start(serve, hand, {name: state_of(0, SIZES[name])}, valid=f"{valid_ms}ms",
                   pool={"max_requests": 0})
    gone_s, pause = {}, random.Random(7)
    ended = threading.Event()

    def write():
        for number in itertools.count(1):
            if ended.wait(pause.random() * valid_ms / 500):
                break
            change(server.site / name, state_of(number, SIZES[name]))
            gone_s[number - 1] = time.monotonic()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with Asker(server, hand) as asker:
            seen, old_count = set(), 0
            end_s = time.monotonic() + muster.PATIENCE_S
            while (len(seen) < 12 or old_count == 0) and time.monotonic() < end_s:
                asked_s = time.monotonic()
                number = int(asker.ask(f"/{name}").body[:9])
                was_gone_s = gone_s.get(number, asked_s)
                # The server counts milliseconds.
                assert asked_s < was_gone_s + (valid_ms + 2) / 1000
                old_count += was_gone_s < asked_s
                seen.add(number)
    finally:
        ended.set()
        writer.join()
    assert old_count > 0, "nothing was kept"


@pytest.mark.parametrize("hand", HANDS)
def test_writing_in_place_is_never_announced_wrongly(serve, hand):
    """The content of a file that is written to is whatever is read; but as long as it said."""
    server = start(serve, hand, {"f.txt": bytes(3000), "g.bin": bytes(150_000)}, valid="20ms")
    ended = threading.Event()

    def write():
        size = random.Random(1)
        while not ended.is_set():
            for name, most in (("f.txt", 6000), ("g.bin", 300_000)):
                (server.site / name).write_bytes(b"x" * size.randrange(1, most))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        asker = Asker(server, hand)
        for turn in range(300):
            try:
                found = asker.ask(("/f.txt", "/g.bin")[turn % 2])
                # 500: it shrank between the look at it and reading it.
                assert found.status in (200, 500)
                assert len(found.body) == int(found["Content-Length"])
            except muster.Closed:       # a large one that has shrunk below what was announced
                assert turn % 2
                asker = Asker(server, hand)
        asker.client.close()
    finally:
        ended.set()
        writer.join()


CONDITIONS = [
    ("If-None-Match", "{tag}", 304), ("If-None-Match", "*", 304), ("If-None-Match", '"x"', 200),
    ("If-None-Match", '"x", W/{tag}', 304), ("If-None-Match", "", 200),
    ("If-Modified-Since", "{modified}", 304), ("If-Modified-Since", "junk", 200),
    ("If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT", 200),
    ("If-Match", "{tag}", 200), ("If-Match", '"x"', 412),
    ("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT", 412),
    ("Range", "bytes=2-4", 206), ("Range", "bytes=99-", 416),
]


@pytest.fixture(scope="module", params=HANDS)
def asker(request, module_serve):
    server = start(module_serve, request.param, valid="1h")
    with Asker(server, request.param) as one:
        one.ask("/a.txt")
        yield one


@pytest.mark.parametrize("name, value, status", CONDITIONS, ids=muster.short)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(asker, name, value, status, method):
    """The same from what is kept as from what is made: twice each, around one that is made."""
    whole = asker.ask("/a.txt")
    value = value.format(tag=whole["ETag"], modified=whole["Last-Modified"])
    if name == "Range" and method == "HEAD":
        status = 200
    for _ in range(3):
        found = asker.ask("/a.txt", [(name, value)], method)
        assert found.status == status
        if status in (200, 304):
            assert found["ETag"] == whole["ETag"]
            assert found.get("Vary") == whole.get("Vary")
        if method == "GET" and status == 200:
            assert found.body == whole.body
        if status == 200:
            assert found["Content-Length"] == whole["Content-Length"]
        again = asker.ask("/a.txt")
        assert again.body == whole.body and again["ETag"] == whole["ETag"]


def test_head_first(asker):
    """It has no content to keep: the next GET has all the same."""
    for path in ("/head.txt",):
        (asker.server.site / path[1:]).write_text("content\n")
        for method in ("HEAD", "HEAD", "GET", "HEAD", "GET"):
            found = asker.ask(path, method=method)
            assert found["Content-Length"] == "8"
            assert found.body == (b"content\n" if method == "GET" else b"")


@pytest.mark.parametrize("hand", HANDS)
def test_codings_are_kept_apart(serve, hand):
    text = "some text that can be packed " * 200
    packed = {"p.txt": text, "p.txt.gz": gzip.compress(text.encode()), "p.txt.br": b"brotli"}
    server = start(serve, hand, packed, valid="1h")
    with Asker(server, hand) as one:
        for _ in range(3):
            for accept, coding in [(None, None), ("gzip", "gzip"), ("br", "br"), ("", None),
                                   ("gzip;q=0", None), ("identity", None), ("gzip, br", "br"),
                                   ("br;q=0, gzip", "gzip"), ("*;q=0", None)]:
                fields = [] if accept is None else [("Accept-Encoding", accept)]
                found = one.ask("/p.txt", fields)
                if accept == "*;q=0" and found.status == 406:
                    continue
                assert found.get("Content-Encoding") == coding, accept
                assert "Accept-Encoding" in found["Vary"]
                assert found.body == {"gzip": packed["p.txt.gz"], "br": b"brotli",
                                      None: text.encode()}[coding]
            found = one.ask("/p.txt", [("Accept-Encoding", "gzip"), ("Accept-Encoding", "br")])
            assert found["Content-Encoding"] == "br"


PERSONAL = """
trusted_proxies = { "127.0.0.1" }
host "test.example" {
    location "/inside/" { allow = { "192.0.2.0/24" } }
    location "/outside/" { deny = { "192.0.2.0/24" } }
    location "/closed/" { auth_type = "basic" auth_name = "r" auth_user_file = %s }
    location "/cors/" { cors = { "https://a.example", "https://b.example" } }
    location "/lang/" { languages = { "en", "de" } }
    location "/rate/" { request_rate = "1/m" request_burst = 2 }
}
"""


@pytest.fixture(scope="module", params=HANDS)
def personal(request, module_serve):
    files = {"inside/x.txt": "in\n", "outside/x.txt": "out\n", "closed/x.txt": "secret\n",
             "cors/x.txt": "c\n", "lang/x.txt.en": "hello\n", "lang/x.txt.de": "hallo\n",
             "rate/x.txt": "r\n", "../users": password_file(ALICE)}
    server = start(module_serve, request.param, files, valid="1h")
    server.more += PERSONAL % muster.quoted(server.folder / "users")
    server.write_config()
    processes.reload(server)
    with Asker(server, request.param) as one:
        yield one


def forwarded(address):
    return [("X-Forwarded-For", address)]


def test_addresses(personal):
    for _ in range(3):
        assert personal.ask("/inside/x.txt", forwarded("192.0.2.1")).body == b"in\n"
        assert personal.ask("/inside/x.txt", forwarded("198.51.100.1")).status == 403
        assert personal.ask("/outside/x.txt", forwarded("192.0.2.1")).status == 403
        assert personal.ask("/outside/x.txt", forwarded("198.51.100.1")).body == b"out\n"


def test_users(personal):
    for _ in range(3):
        assert personal.ask("/closed/x.txt", [basic(ALICE)]).body == b"secret\n"
        assert personal.ask("/closed/x.txt").status == 401
        assert personal.ask("/closed/x.txt", [basic(("alice", "wrong"))]).status == 401


def test_origins(personal):
    for _ in range(3):
        for origin, allowed in [("https://a.example", True), ("https://b.example", True),
                                ("https://c.example", False), (None, False)]:
            found = personal.ask("/cors/x.txt", [("Origin", origin)] if origin else [])
            assert found.get("Access-Control-Allow-Origin") == (origin if allowed else None)


def test_languages(personal):
    for _ in range(3):
        for language, body in [("en", b"hello\n"), ("de", b"hallo\n"),
                               ("en;q=0.1, de", b"hallo\n")]:
            assert personal.ask("/lang/x.txt", [("Accept-Language", language)]).body == body


def test_rates(personal):
    statuses = [personal.ask("/rate/x.txt", forwarded("203.0.113.5")).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert personal.ask("/rate/x.txt", forwarded("203.0.113.6")).status == 200


@pytest.mark.parametrize("hand", HANDS)
def test_hosts_and_ports_are_kept_apart(serve, hand):
    server = start(serve, hand, valid="1h")
    for name in "ab":
        muster.write_files(server.folder, {f"{name}/x.txt": f"of {name}\n"})
        root = muster.quoted(server.folder / name)
        server.more += f'host "{name}.example" {{ root = {root} }}\n'
    server.write_config()
    processes.reload(server)
    with Asker(server, hand) as one:
        for _ in range(3):
            for name in "ab":
                for host in (f"{name}.example", f"{name}.example:81", f"{name.upper()}.EXAMPLE"):
                    assert one.ask("/x.txt", host=host).body == f"of {name}\n".encode()
            # A directory without its "/" leads to the host and port that were asked for.
        (server.folder / "a" / "dir").mkdir()
        for host in ("a.example", "a.example:81", "a.example:82", "a.example"):
            found = one.ask("/dir", host=host)
            assert found["Location"] in ("/dir/", f"http://{host}/dir/")


@pytest.mark.parametrize("hand", HANDS)
def test_memory_stays_bounded(serve, hand):
    server = start(serve, hand, {f"many/{number}.txt": f"{number} " * 900
                                 for number in range(3000)}, valid="1h", cache='size = "1M"')
    with Asker(server, hand) as one:
        pid = wait_for(lambda: processes.workers_of(server, [one.client])[0], "a holder")
        for number in range(3000):
            found = one.ask(f"/many/{number}.txt")
            assert found.body == (f"{number} " * 900).encode()
            if number == 500:
                early_kib = int(processes.status(pid)["VmRSS"].split()[0])
        # What was not kept, or no more, is right all the same.
        for number in random.Random(3).sample(range(3000), 300):
            assert one.ask(f"/many/{number}.txt").body == (f"{number} " * 900).encode()
        assert processes.workers_of(server, [one.client])[0] == pid or hand == "keeper"
        late_kib = int(processes.status(pid)["VmRSS"].split()[0])
    assert late_kib < early_kib + 2048
    assert not processes.log_lines(server, r"error|warn")


@pytest.mark.parametrize("hand", HANDS)
def test_open_files_stay_bounded(serve, hand):
    server = start(serve, hand, {f"large/{number}.bin": bytes(70_000 + number)
                                 for number in range(200)}, valid="1h")
    with Asker(server, hand) as one:
        for number in range(200):
            assert len(one.ask(f"/large/{number}.bin").body) == 70_000 + number
        for pid in server.child_pids():
            names = [name for name in processes.descriptors(pid).values() if ".bin" in name]
            assert len(names) <= 16
        # One that was deleted is not held for ever: the next that come push it out.
    assert server.get("/large/7.bin").status == 200


@pytest.mark.parametrize("hand", HANDS)
def test_the_date_goes_on(serve, hand):
    server = start(serve, hand, valid="1h")
    with Asker(server, hand) as one:
        for fields, method in [((), "GET"), ((), "HEAD"), ([("If-None-Match", "*")], "GET")]:
            first = one.ask("/a.txt", fields, method)["Date"]
            assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", first)
            wait_for(lambda: one.ask("/a.txt", fields, method)["Date"] != first,
                     "the next second")
            now = time.gmtime()
            assert str(now.tm_year) in one.ask("/a.txt", fields, method)["Date"]


def test_a_table_too_small_keeps_nothing(serve):
    for sizes in ('size = "0" worker_size = "0"', 'size = "4k" worker_size = "4k"',
                  'max_file = "0"'):
        more = f"cache {{ valid = \"1h\" {sizes} }}\n"
        server = serve({**FILES, "m.txt": "m" * 5000}, more=more)
        with server.connect() as client:
            for _ in range(3):
                assert client.request(target="/a.txt").body == b"the text of a\n"
                assert client.request(target="/m.txt").body == b"m" * 5000
                wait_until_parked(server, client)
