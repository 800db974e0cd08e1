# SPDX-License-Identifier: BSD-2-Clause
"""Files in place of the built-in error pages."""
import pytest

MORE = """
error_page "405" { file = "/errors/405.txt" }
error_page "4xx" { file = "/errors/4xx.html" }
host "*" {
    error_page "404 410" { file = "/errors/404.html" }
    redirect "/gone" { status = 410 }
    location "/quiet" { error_page "404" { file = "/errors/empty" status = 200 } }
    location "/broken" { error_page "404" { file = "/errors/missing.html" } }
    location "/folder" { error_page "404" { file = "/errors" } }
    location "/errors" { deny = { "all" } }
    location "/plain" { reset = { "error_page" } }
}
"""
FILES = {"index.html": "start", "errors/404.html": "<p>our 404</p>", "errors/4xx.html": "our 4xx",
         "errors/405.txt": "our 405", "errors/empty": ""}


@pytest.fixture(scope="module")
def server(module_serve):
    return module_serve(FILES, more=MORE)


@pytest.mark.parametrize("target, status, body", [
    ("/missing", 404, b"<p>our 404</p>"),
    ("/gone", 410, b"<p>our 404</p>"),
    ("/.hidden", 403, b"our 4xx"),
    ("/errors/404.html", 403, b"our 4xx"),
])
def test_the_closest_scope_that_names_the_status_has_the_page(server, target, status, body):
    answer = server.get(target)
    assert (answer.status, answer.body) == (status, body)
    assert answer["Content-Type"] == "text/html; charset=utf-8"


def test_the_first_of_a_scope_counts_and_what_belongs_to_the_status_stays(server):
    answer = server.get("/", method="POST")
    assert answer.status == 405 and answer.body == b"our 405"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Allow"] == "GET, HEAD, OPTIONS"


def test_head_gets_the_same_fields_and_no_page(server):
    head, get = server.get("/missing", method="HEAD"), server.get("/missing")
    assert head.status == 404 and head.body == b""
    assert head["Content-Length"] == get["Content-Length"]


def test_the_status_may_be_another_one(server):
    answer = server.get("/quiet/missing")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("target, reason", [
    ("/broken/x", "/errors/missing.html cannot be sent: No such file"),
    ("/folder/x", "/errors cannot be sent: not a regular file"),
])
def test_a_page_that_is_missing_is_no_second_error(server, target, reason):
    answer = server.get(target)
    assert answer.status == 404 and b"There is no such page here." in answer.body
    server.wait_for_log(reason)


def test_reset_brings_the_built_in_page_back(server):
    assert b"There is no such page here." in server.get("/plain/x").body


def test_a_connection_goes_on_after_an_error_page(server):
    with server.connect() as client:
        for _ in range(3):
            assert client.request("GET", "/missing").body == b"<p>our 404</p>"
            assert client.request("GET", "/").body == b"start"
