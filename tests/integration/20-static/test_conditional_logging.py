# SPDX-License-Identifier: BSD-2-Clause
"""Which requests are logged, and what of them."""
import json
import re

import processes
import pytest

MORE = """
host "*" {
    header "X-Answer" { value = "said" }
    location "= /favicon.ico" { access_log = false }
    location "/errors" { access_log_status = { "404", "5xx" } }
}
"""


def test_a_location_can_be_left_out(serve):
    server = serve({"favicon.ico": "icon", "a.txt": "a"}, more=MORE)
    assert server.get("/favicon.ico").status == 200
    server.get("/a.txt")
    assert "/a.txt" in server.wait_for_access(1)[0]


def test_only_some_statuses(serve):
    server = serve({"errors/a.txt": "a"}, more=MORE)
    server.get("/errors/a.txt")
    server.get("/errors/.dot")
    server.get("/errors/missing")
    records = server.wait_for_access(1)
    assert len(records) == 1 and '"GET /errors/missing HTTP/1.1" 404' in records[0]


def test_requests_that_are_none_are_always_logged(serve):
    server = serve(more='access_log = false\nhost "*" {}\n')
    with server.connect() as client:
        client.send(b"nonsense\r\n\r\n")
        assert client.response().status == 400
    assert '"nonsense" 400' in server.wait_for_access(1)[0]


@pytest.mark.parametrize("directive, pattern", [
    ("%{ms}T", r"\d+"), ("%{us}T", r"\d+"), ("%{s}T", "0"), ("%{c}a", r"127\.0\.0\.1"),
    ("%{X-Answer}o", "said"), ("%{X-None}o", "-"), ("%{Content-Type}o", "text/html; charset=utf-8"),
    ("%L", r"[0-9a-f]{1,16}-[0-9a-f]+"),
])
def test_format_directives(serve, directive, pattern):
    server = serve(log={"format": f"<{directive}>"}, more=MORE)
    server.get("/")
    assert re.fullmatch(f"<{pattern}>", server.wait_for_access(1)[0])


@pytest.mark.parametrize("keepers", [0, 1])
def test_the_port(serve, keepers):
    """That the system has chosen; a keeper and who takes from it know it, too."""
    server = serve(log={"format": "<%p>"}, listen=["127.0.0.1:0"],
                   keepalive={"keepers": keepers, "linger": "0s"})
    with server.connect() as client:
        for _ in range(3):
            client.request()
            if keepers:
                processes.wait_until_parked(server, client)
        client.request(method="GET", target="/none")
    assert set(server.wait_for_access(4)) == {f"<{server.port}>"}


def test_a_port_of_a_socket_that_has_none(serve, tmp_path):
    server = serve(log={"format": "<%p>"}, listen=[f"unix:{tmp_path}/http"])
    server.get("/")
    assert server.wait_for_access(1) == ["<0>"]


def test_each_request_has_a_name_of_its_own(serve):
    server = serve(log={"format": "%L"}, pool={"start": 4, "min_idle": 4})
    for _ in range(20):
        server.get("/")
    with server.connect() as client:
        for _ in range(20):
            client.request("GET", "/")
    names = server.wait_for_access(40)
    assert len(set(names)) == 40


def test_json_names_it_too(serve):
    server = serve(log={"format": "json"})
    server.get("/")
    record = json.loads(server.wait_for_access(1)[0])
    assert re.fullmatch(r"[0-9a-f]+-[0-9a-f]+", record["id"]) and record["peer"] == "127.0.0.1"


@pytest.mark.parametrize("line", [
    b"GET http://user:secret@example.org/ HTTP/1.1", b"GET http://user:secret@x HTTP/1.1",
    b"secret://secret:secret@x@y"])
def test_a_password_in_a_target_is_not_written(serve, line):
    server = serve()
    with server.connect() as client:
        client.send(line + b"\r\nHost: x\r\n\r\n")
        assert client.response().status == 400
    assert ":secret@" not in server.wait_for_access(1)[0]
