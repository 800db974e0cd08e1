# SPDX-License-Identifier: BSD-2-Clause
"""Digest authentication, RFC 7616. Would break if a request that was overheard could be sent
again, to this worker or another, or if a reload made every user log in anew."""
import os
import subprocess

import pytest

import credentials
import muster
import processes
from credentials import ALICE, challenge, digest

TARGET = "/closed/a.txt"


@pytest.fixture
def protected(make_server):
    def start(users=None, realm=credentials.REALM, **options):
        server = make_server(**options)
        server.more = f'''host "*" {{ location "/closed/" {{
            auth_type = "digest" auth_name = {muster.quoted(realm)}
            auth_user_file = {muster.quoted(server.folder / "htdigest")} }} }}'''
        server.write_config()
        muster.write_files(server.site, {
            "closed/a.txt": "secret\n", "closed/b.txt": "other\n",
            "../htdigest": credentials.digest_file(ALICE) if users is None else users})
        return server.start()

    return start


def begin(server):
    response = server.get(TARGET)
    assert response.status == 401
    return challenge(response)


def ask(server, field, target=TARGET, method="GET"):
    return server.get(target, [field], method=method)


def is_stale(response):
    assert response.status == 401
    return challenge(response).get("stale") == "true"


def test_the_challenge(protected):
    server = protected()
    first, second = begin(server), begin(server)
    assert {name: value for name, value in first.items() if name != "nonce"} == {
        "realm": credentials.REALM, "qop": "auth", "algorithm": "SHA-256", "charset": "UTF-8"}
    assert len(first["nonce"]) >= 32 and first["nonce"] != second["nonce"]


def test_right_and_wrong(protected):
    server = protected(log={"format": "%u %s"})
    asked = begin(server)
    for count, (login, status) in enumerate([(ALICE, 200), (("alice", "x"), 401), (ALICE, 200),
                                          (("eve", ALICE[1]), 401)], 1):
        response = ask(server, digest(login, asked, TARGET, count=count))
        assert response.status == status, login
        assert (response.body == b"secret\n") == (status == 200)
        assert status == 200 or not is_stale(response)
    assert sorted(server.wait_for_access(5)) == ["- 401"] * 3 + ["alice 200"] * 2


@pytest.mark.needs("curl")
def test_curl(protected):
    server = protected()
    for password, status in [(ALICE[1], "200"), ("x", "401")]:
        found = subprocess.run(
            ["curl", "-s", "-w", "%{http_code}", "-o", str(server.folder / "out"), "--digest",
             "-u", f"alice:{password}", server.url(TARGET + "?q=1&r=2")],
            stdout=subprocess.PIPE, text=True, timeout=muster.PATIENCE_S, check=True)
        assert found.stdout == status


@pytest.mark.parametrize("other, status", [
    ({"realm": "other"}, 401), ({"algorithm": None}, 401), ({"algorithm": "MD5"}, 401),
    ({"qop": None}, 401), ({"qop": "auth-int"}, 401), ({"nc": None}, 401), ({"nc": "1"}, 401),
    ({"cnonce": None}, 401), ({"cnonce": ""}, 401), ({"response": "0" * 64}, 401),
    ({"response": "0" * 32}, 401), ({"uri": None}, 401), ({"username": None}, 401),
    ({"userhash": "true"}, 401), ({"nonce": "made up"}, 401), ({"cnonce": "other"}, 401),
    ({"uri": "/closed/b.txt"}, 400), ({"uri": "/"}, 400), ({"uri": "*"}, 400),
    ({"opaque": "whatever"}, 200),
], ids=muster.short)
def test_parameters(protected, other, status):
    server = protected()
    assert ask(server, digest(ALICE, begin(server), TARGET, **other)).status == status


def test_a_request_is_for_one_target_and_method(protected):
    server = protected()
    field = digest(ALICE, begin(server), TARGET)
    assert ask(server, field, "/closed/b.txt").status == 400
    assert ask(server, field, method="HEAD").status == 401
    assert ask(server, field).status == 200


def test_no_request_counts_twice_whoever_serves_it(protected):
    """Several workers hold a connection each; one of them takes the request."""
    server = protected(pool={"start": 4, "min_idle": 2})
    asked = begin(server)
    clients = [server.connect() for _ in range(4)]
    for client in clients:
        assert client.request(target=TARGET).status == 401
    data = muster.request(target=TARGET, fields=[digest(ALICE, asked, TARGET)])
    for client in clients:
        client.send(data)
    responses = [client.response() for client in clients]
    assert sorted(response.status for response in responses) == [200, 401, 401, 401]
    assert all(is_stale(response) for response in responses if response.status == 401)
    for count, client in enumerate(clients * 3, 2):
        field = digest(ALICE, asked, TARGET, count=count)
        assert client.request(target=TARGET, fields=[field]).status == 200
        assert is_stale(client.request(target=TARGET, fields=[field]))
    for client in clients:
        client.close()


def test_a_stale_nonce_is_answered_with_another(protected):
    server = protected()
    response = ask(server, digest(ALICE, {"realm": credentials.REALM, "nonce": "0" * 64}, TARGET))
    assert is_stale(response)
    assert ask(server, digest(ALICE, challenge(response), TARGET)).status == 200
    wrong = digest(("alice", "x"), {"realm": credentials.REALM, "nonce": "0" * 64}, TARGET)
    assert not is_stale(ask(server, wrong)), "only who knows the password is told"


def test_a_reload_ends_no_login(protected):
    server = protected()
    asked = begin(server)
    used = digest(ALICE, asked, TARGET)
    assert ask(server, used).status == 200
    processes.reload(server)
    assert ask(server, digest(ALICE, asked, TARGET, count=2)).status == 200
    assert is_stale(ask(server, used))


def test_a_page_may_include_what_its_reader_may_read(make_server):
    """Two includes are two questions with one field; its nonce is used once."""
    server = make_server()
    server.more = f'''host "*" {{ ssi = true location "/closed/" {{
        auth_type = "digest" auth_name = {muster.quoted(credentials.REALM)}
        auth_user_file = {muster.quoted(server.folder / "htdigest")} }} }}'''
    server.write_config()
    page = '<!--#include virtual="/closed/a.txt" --> <!--#include virtual="/closed/b.txt" -->'
    muster.write_files(server.site, {
        "page.html": page, "closed/a.txt": "first", "closed/b.txt": "second",
        "../htdigest": credentials.digest_file(ALICE)})
    server.start()
    asked = challenge(server.get("/closed/a.txt"))
    field = digest(ALICE, asked, "/page.html")
    assert server.get("/page.html", [field]).body == b"first second"
    head = server.get("/page.html", [digest(ALICE, asked, "/page.html", "HEAD", count=2)],
                      method="HEAD")
    assert int(head["Content-Length"]) == len(b"first second")
    for fields in ([], [field]):
        body = server.get("/page.html", fields).body
        assert b"first" not in body and b"second" not in body


def test_guessing_is_slowed(protected):
    server = protected()
    asked, statuses = begin(server), []
    while 429 not in statuses and len(statuses) < 50:
        field = digest(("alice", f"guess{len(statuses)}"), asked, TARGET)
        response = ask(server, field)
        statuses.append(response.status)
    assert 401 in statuses and response.status == 429 and len(statuses) < 15
    assert int(response["Retry-After"]) >= 1
    assert "guess" not in server.log()


def test_files_of_htdigest_are_explained(protected):
    """It makes MD5 hashes."""
    server = protected("alice:staff only:db6244c5a17f5ff5276a996df84fb340\n", pool={"start": 1})
    assert ask(server, digest(ALICE, begin(server), TARGET)).status == 401
    server.wait_for_log(r"warn: .*/htdigest:1: an MD5 hash, expected SHA-256 of "
                        r"user:realm:password")


def test_a_changed_file_counts_at_once(protected):
    server = protected()
    asked = begin(server)
    assert ask(server, digest(ALICE, asked, TARGET)).status == 200
    fresh = server.folder / "new"
    fresh.write_text(credentials.digest_file(("alice", "changed")))
    os.replace(fresh, server.folder / "htdigest")
    assert ask(server, digest(ALICE, asked, TARGET, count=2)).status == 401
    assert ask(server, digest(("alice", "changed"), asked, TARGET, count=3)).status == 200
