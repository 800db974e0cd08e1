# SPDX-License-Identifier: BSD-2-Clause
"""Basic authentication. Would break if a wrong password got in, if guessing were free, if a
changed file needed a reload, or if a password ever came to a log."""
import base64
import os
import subprocess

import pytest

import credentials
import muster
from credentials import ALICE, BOB, basic


def start(serve, users=None, settings="", files=None, **options):
    """A server with everything below /closed/ protected; the file of users is in its folder,
    under the name htpasswd."""
    files = files or {"closed/a.txt": "secret\n", "closed/index.html": "inside\n",
                      "a.txt": "open\n"}
    users = credentials.password_file(ALICE, BOB) if users is None else users

    def location(server):
        return f'''host "*" {{ location "/closed/" {{
            auth_type = "basic" auth_name = {muster.quoted(credentials.REALM)}
            auth_user_file = {muster.quoted(server.folder / "htpasswd")} {settings} }} }}'''

    return serve(location, {**files, "../htpasswd": users}, **options)


@pytest.fixture
def protected(make_server):
    def make(location, files, **options):
        server = make_server(**options)
        server.more = location(server)
        server.write_config()
        muster.write_files(server.site, files)
        return server.start()

    return lambda *arguments, **options: start(make, *arguments, **options)


def test_the_challenge(protected):
    server = protected()
    for method in ("GET", "HEAD"):
        response = server.get("/closed/a.txt", method=method)
        assert response.status == 401
        assert response["WWW-Authenticate"] == 'Basic realm="staff only", charset="UTF-8"'
    assert b"secret" not in server.get("/closed/a.txt").body
    assert server.get("/a.txt").body == b"open\n"
    assert server.get("/closed").status == 401, "no word of what is there"
    assert server.get("/closed/missing").status == 401


def test_right_and_wrong(protected):
    server = protected(log={"format": "%u %s"})
    for login, status in [(ALICE, 200), (BOB, 200), (("alice", "wonderlan"), 401),
                          (("alice", BOB[1]), 401), (("eve", ALICE[1]), 401), (ALICE, 200)]:
        response = server.get("/closed/a.txt", [basic(login)])
        assert response.status == status, login
        assert (response.body == b"secret\n") == (status == 200)
    assert sorted(server.wait_for_access(6)) == ["- 401"] * 3 + ["alice 200"] * 2 + ["bob 200"]
    assert server.get("/closed/", [basic(ALICE)]).body == b"inside\n"


@pytest.mark.parametrize("value", [
    "Basic", "Basic ", "Basic x", "Basic YWxpY2U=", "Basic YWxpY2U6d29uZGVybGFuZA",
    "Basic YWxpY2U6d29uZGVybGFuZA==,", "Bearer YWxpY2U6d29uZGVybGFuZA==",
    "Digest YWxpY2U6d29uZGVybGFuZA==", "YWxpY2U6d29uZGVybGFuZA==",
    'Digest username="alice", realm="staff only"',
    "Basic " + base64.b64encode(b"alice\0:wonderland").decode(),
    "Basic " + base64.b64encode(b"alice:wonderland\n").decode(),
    "Basic " + base64.b64encode(b"alice:" + b"x" * 5000).decode(),
], ids=muster.short)
def test_what_is_no_login(protected, value):
    assert protected().get("/closed/a.txt", [("Authorization", value)]).status == 401


def test_two_logins_are_refused(protected):
    fields = [basic(ALICE), basic(ALICE)]
    assert protected().get("/closed/a.txt", fields).status == 400


@pytest.mark.needs("curl")
def test_curl(protected):
    server = protected()
    for login, status in [(ALICE, "200"), (BOB, "200"), (("alice", "x"), "401")]:
        found = subprocess.run(
            ["curl", "-s", "-w", "%{http_code}", "-o", str(server.folder / "out"), "--basic",
             "-u", ":".join(login), server.url("/closed/a.txt")], stdout=subprocess.PIPE,
            text=True, timeout=muster.PATIENCE_S, check=True)
        assert found.stdout == status, login


def test_caches_keep_it_private(protected):
    server = protected()
    assert "private" in server.get("/closed/a.txt", [basic(ALICE)])["Cache-Control"]
    assert server.get("/a.txt").get("Cache-Control") is None


def test_guessing_is_slowed(protected):
    """After a few wrong passwords each further one has to wait, and so has the right one."""
    server = protected()
    statuses = []
    with server.connect() as client:
        while 429 not in statuses and len(statuses) < 50:
            response = client.request(target="/closed/a.txt",
                                      fields=[basic(("alice", f"guess{len(statuses)}"))])
            statuses.append(response.status)
        assert 401 in statuses and statuses[-1] == 429 and len(statuses) < 15
        assert int(response["Retry-After"]) >= 1
        assert client.request(target="/a.txt").status == 200
        assert client.request(target="/closed/a.txt").status == 401
    server.wait_for_log(r'warn: login failed: client 127\.0\.0\.1, user "alice", '
                        r'realm "staff only": wrong password; slowed down')
    muster.wait_for(lambda: server.get("/closed/a.txt", [basic(ALICE)]).status == 200,
                    "the right password to be taken again")
    assert server.get("/closed/a.txt", [basic(("alice", "x"))]).status == 401


def test_a_changed_file_counts_at_once(protected):
    server = protected(credentials.password_file(ALICE))
    path = server.folder / "htpasswd"
    with server.connect() as client:
        def status(login):
            return client.request(target="/closed/a.txt", fields=[basic(login)]).status

        assert (status(ALICE), status(BOB)) == (200, 401)
        path.write_text(credentials.password_file(ALICE, BOB))
        assert (status(ALICE), status(BOB)) == (200, 200)
        fresh = path.with_suffix(".new")
        fresh.write_text(credentials.password_file(BOB))
        os.replace(fresh, path)
        assert (status(BOB), status(ALICE)) == (200, 401)
        path.unlink()
        assert status(BOB) == 500
        path.write_text(credentials.password_file(BOB))
        assert status(BOB) == 200
    server.wait_for_log(r"error: .*/htpasswd: No such file .*nobody can log in")


def test_lines_that_are_not_taken_are_named(protected):
    server = protected("carol:plaintext\n" + credentials.password_file(ALICE) +
                       "dave:$apr1$repKqIli$AD/n6nE7V4tIbPrXQt37U/\n", pool={"start": 1})
    assert server.get("/closed/a.txt", [basic(ALICE)]).status == 200
    for login in (("carol", "plaintext"), ("dave", "b")):
        assert server.get("/closed/a.txt", [basic(login)]).status == 401
    server.wait_for_log(r"warn: .*/htpasswd:1: .*expected bcrypt .*; and 1 more such lines")
    assert "plaintext" not in server.log() and "apr1" not in server.log()


@pytest.mark.root
def test_a_file_that_workers_cannot_read(protected):
    server = protected()
    (server.folder / "htpasswd").chmod(0o600)
    assert server.get("/closed/a.txt", [basic(ALICE)]).status == 500
    server.wait_for_log(r"error: .*/htpasswd: Permission denied, expected a file that the "
                        r"workers' user can read")


def test_no_log_has_a_password(protected):
    """With everything in the log that can be: names only, escaped."""
    server = protected(log={"level": "debug", "format": "json"})
    logins = [ALICE, ("alice", "mistyped"), ("e\"v\\e\u00e4", "guessed")]
    for login in logins:
        server.get("/closed/a.txt", [basic(login)])
    server.wait_for_access(3)
    server.stop()
    text = server.log() + server.access() + server.stderr() + server.stdout()
    for login in logins:
        assert login[1] not in text
        assert basic(login)[1].split()[1] not in text
    assert r'user "e\x22v\x5ce\xc3\xa4"' in text


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "Cookie"])
def test_no_log_format_may_write_credentials(make_server, name):
    server = make_server(log={"format": f"%h %{{{name}}}i"})
    result = muster.run_musterd("-t", "-c", server.config_path)
    assert result.returncode != 0
    assert "would write credentials" in result.stderr


def test_an_error_page_of_the_site_keeps_the_challenge(protected):
    server = protected(settings='error_page "401" { file = "/login.html" }',
                       files={"closed/a.txt": "secret\n", "login.html": "who are you?\n"})
    response = server.get("/closed/a.txt")
    assert (response.status, response.body) == (401, b"who are you?\n")
    assert response["WWW-Authenticate"].startswith("Basic ")


def test_content_is_not_waited_for(protected):
    with protected().connect() as client:
        client.send(muster.request("POST", "/closed/a.txt", [("Expect", "100-continue"),
                                                              ("Content-Length", "1000")]))
        assert client.response().status == 401


def test_a_page_with_many_pictures_costs_one_hash(protected):
    """The next request of somebody who was let in is cheap: with a hash that takes a tenth of a
    second and more, a hundred of them would take the CPU that long each."""
    slow = ("slow", "wonderland")
    credentials.HASHES[slow] = "$2y$11$abcdefghijklmnopqrstuu.WtX/jRrt8JJXtH96BD/4QlNVWP5BiS"
    server = protected(credentials.password_file(slow), pool={"start": 1, "max_idle": 1})
    with server.connect() as client:
        def cpu_ticks():
            return sum(sum(map(int, muster_stat(pid))) for pid in server.worker_pids())

        def muster_stat(pid):
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[11:13]

        before = cpu_ticks()
        assert client.request(target="/closed/a.txt", fields=[basic(slow)]).status == 200
        first = cpu_ticks() - before
        for _ in range(100):
            assert client.request(target="/closed/a.txt", fields=[basic(slow)]).status == 200
        assert cpu_ticks() - before < 20 * max(first, 1), "each request was hashed anew"
