# SPDX-License-Identifier: BSD-2-Clause
"""Cross-origin requests, as browsers make them."""
import pytest

APP = "https://app.example.org"
PREFLIGHT = [("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "x-a")]
MORE = """
host "*" {
    location "/open" { cors = { "*" } }
    location "/some" {
        cors = { "https://app.example.org", "http://localhost:3000" }
        cors_credentials = true
        cors_headers = { "X-A", "Content-Type" }
        cors_max_age = "1h"
        deny = { "all" }
        location "/some/where" { allow = { "all" } }
    }
}
"""


@pytest.fixture(scope="module")
def server(module_serve):
    return module_serve({"a.txt": "a", "open/a.txt": "a", "some/where/a.txt": "a"}, more=MORE)


def origin(value):
    return [("Origin", value)]


def test_anybody_may_read_what_is_for_all(server):
    answer = server.get("/open/a.txt", origin("https://any.example"))
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer.get("Access-Control-Allow-Credentials") is None


def test_a_named_origin_is_answered_by_name(server):
    answer = server.get("/some/where/a.txt", origin(APP))
    assert answer["Access-Control-Allow-Origin"] == APP
    assert answer["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in answer["Vary"]


@pytest.mark.parametrize("fields", [
    [], origin("https://evil.example"), origin(APP + ".evil.example"), origin("null"),
    origin(APP.upper()), origin(APP + "/")])
def test_other_origins_are_not_allowed_and_caches_know(server, fields):
    answer = server.get("/some/where/a.txt", fields)
    assert answer.status == 200
    assert answer.get("Access-Control-Allow-Origin") is None
    assert "Origin" in answer["Vary"]


def test_an_error_can_be_read_by_the_script_too(server):
    answer = server.get("/some/where/missing", origin(APP))
    assert answer.status == 404 and answer["Access-Control-Allow-Origin"] == APP


def test_a_preflight_is_answered_before_access_control(server):
    answer = server.get("/some/a.txt", origin(APP) + PREFLIGHT, method="OPTIONS")
    assert answer.status == 204
    assert answer["Access-Control-Allow-Origin"] == APP
    assert answer["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert answer["Access-Control-Allow-Headers"] == "X-A, Content-Type"
    assert answer["Access-Control-Max-Age"] == "3600"
    assert server.get("/some/a.txt", origin(APP)).status == 403


def test_a_preflight_of_another_origin_is_no_preflight(server):
    answer = server.get("/some/a.txt", origin("https://evil.example") + PREFLIGHT,
                        method="OPTIONS")
    assert answer.status == 403 and answer.get("Access-Control-Allow-Origin") is None


def test_where_cors_is_off_nothing_is_said(server):
    answer = server.get("/a.txt", origin(APP))
    assert answer.get("Access-Control-Allow-Origin") is None
    assert "Origin" not in (answer.get("Vary") or "")
