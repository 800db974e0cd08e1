# SPDX-License-Identifier: BSD-2-Clause
"""Validators and conditional requests, in the order of RFC 9110 13.2.2."""
import email.utils
import os
import time

import pytest

import muster

MODIFIED_S = 1700000000
WEEK_S = 7 * 86400


def date(offset_s=0):
    return email.utils.formatdate(MODIFIED_S + offset_s, usegmt=True)


SAME, EARLIER, LATER = date(), date(-1), date(1)
FUTURE = email.utils.formatdate(time.time() + WEEK_S, usegmt=True)


@pytest.fixture(scope="module")
def server(module_serve):
    server = module_serve({"a.txt": "0123456789", "b.txt": "other"},
                          more='host "*" { location "/noetag/" { etag = false } }')
    muster.write_files(server.site, {"noetag/a.txt": "0123456789"})
    for name in ("a.txt", "b.txt", "noetag/a.txt"):
        os.utime(server.site / name, (MODIFIED_S, MODIFIED_S))
    return server


@pytest.fixture
def client(server):
    with server.connect() as one:
        yield one


@pytest.fixture
def etag(client):
    return client.request(target="/a.txt")["ETag"]


def test_validators(client, etag):
    response = client.request(target="/a.txt")
    assert response["Last-Modified"] == SAME
    assert etag[0] == etag[-1] == '"' and len(etag) > 2, "a strong tag is one quoted string"
    assert client.request("HEAD", "/a.txt")["ETag"] == etag
    assert client.request(target="/b.txt")["ETag"] != etag
    assert client.request(target="/missing").get("ETag") is None
    assert client.request(target="/missing").get("Last-Modified") is None


def test_etag_can_be_turned_off(client):
    response = client.request(target="/noetag/a.txt")
    assert response.get("ETag") is None and response["Last-Modified"] == SAME
    assert client.request(target="/noetag/a.txt",
                          fields=[("If-Modified-Since", SAME)]).status == 304
    assert client.request(target="/noetag/a.txt", fields=[("If-None-Match", '""')]).status == 200
    assert client.request(target="/noetag/a.txt", fields=[("If-None-Match", "*")]).status == 304


def test_etag_follows_the_file(serve):
    """Size or time alone make a new one; a nanosecond is enough."""
    server = serve({"a.txt": "0123456789"}, more='cache { valid = "0s" }')
    path = server.site / "a.txt"
    seen = []
    for content, time_ns in [("0123456789", 1_700_000_000_000_000_000),
                             ("9876543210", 1_700_000_000_000_000_001),
                             ("98765432101", 1_700_000_000_000_000_001),
                             ("98765432101", 1_700_000_001_000_000_000)]:
        path.write_text(content)
        os.utime(path, ns=(time_ns, time_ns))
        seen.append(server.get("/a.txt")["ETag"])
        assert server.get("/a.txt")["ETag"] == seen[-1], "the same file has the same tag"
    assert len(set(seen)) == len(seen), seen


def test_a_date_ahead_of_the_clock_is_not_shown(serve):
    """RFC 9110 8.8.2.1: no later than the answer."""
    server = serve({"a.txt": "x"})
    os.utime(server.site / "a.txt", (time.time() + WEEK_S,) * 2)
    response = server.get("/a.txt")
    parse = email.utils.parsedate_to_datetime
    assert parse(response["Last-Modified"]) <= parse(response["Date"])


# Fields, status of GET and HEAD. {E} is the tag of the file; "other" one that it has not.
TABLE = [
    # 1. If-Match: strong comparison
    ({"If-Match": "{E}"}, 200), ({"If-Match": '"other"'}, 412), ({"If-Match": "*"}, 200),
    ({"If-Match": '"other", {E}'}, 200), ({"If-Match": "W/{E}"}, 412),
    ({"If-Match": "{E}x"}, 412), ({"If-Match": "other"}, 412), ({"If-Match": ""}, 412),
    ({"If-Match": '""'}, 412), ({"If-Match": '"*"'}, 412), ({"If-Match": "w/{E}"}, 412),
    ({"If-Match": ", {E} ,,"}, 200), ({"If-Match": '"a,b",{E}'}, 200),
    # ... and If-Unmodified-Since is not looked at then
    ({"If-Match": "{E}", "If-Unmodified-Since": EARLIER}, 200),
    ({"If-Match": '"other"', "If-Unmodified-Since": LATER}, 412),
    # 2. If-Unmodified-Since
    ({"If-Unmodified-Since": SAME}, 200), ({"If-Unmodified-Since": LATER}, 200),
    ({"If-Unmodified-Since": EARLIER}, 412), ({"If-Unmodified-Since": "yesterday"}, 200),
    # 3. If-None-Match: weak comparison
    ({"If-None-Match": "{E}"}, 304), ({"If-None-Match": "W/{E}"}, 304),
    ({"If-None-Match": '"other"'}, 200), ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": '"other", W/{E} ,"x"'}, 304), ({"If-None-Match": '"a,b", "c"'}, 200),
    ({"If-None-Match": "{E}x"}, 200), ({"If-None-Match": ""}, 200),
    ({"If-None-Match": '""'}, 200), ({"If-None-Match": '"*"'}, 200),
    ({"If-None-Match": "w/{E}"}, 200), ({"If-None-Match": ", {E} ,,"}, 304),
    ({"If-None-Match": '"x"\t,\tW/{E}'}, 304), ({"If-None-Match": '"unclosed, {E}'}, 200),
    # ... and If-Modified-Since is not looked at then
    ({"If-None-Match": '"other"', "If-Modified-Since": SAME}, 200),
    ({"If-None-Match": "{E}", "If-Modified-Since": EARLIER}, 304),
    # 4. If-Modified-Since
    ({"If-Modified-Since": SAME}, 304), ({"If-Modified-Since": LATER}, 304),
    ({"If-Modified-Since": EARLIER}, 200), ({"If-Modified-Since": "0"}, 200),
    ({"If-Modified-Since": FUTURE}, 200),           # is none that we gave
    # the first two before the last two
    ({"If-Match": '"other"', "If-None-Match": "{E}"}, 412),
    ({"If-Unmodified-Since": EARLIER, "If-None-Match": "{E}"}, 412),
    ({"If-Unmodified-Since": EARLIER, "If-Modified-Since": SAME}, 412),
    ({"If-Match": "{E}", "If-None-Match": "{E}"}, 304),
    ({"If-Match": "{E}", "If-Unmodified-Since": EARLIER, "If-None-Match": '"other"',
      "If-Modified-Since": SAME}, 200),
]


@pytest.mark.parametrize("fields, status", TABLE, ids=muster.short)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_precedence(client, etag, method, fields, status):
    filled = [(name, value.replace("{E}", etag)) for name, value in fields.items()]
    response = client.request(method, "/a.txt", filled)
    assert response.status == status
    if status == 304:
        assert response["ETag"] == etag, "RFC 9110 15.4.5 wants what 200 would have had"
        assert response.get("Content-Type") is None
    if status == 200 and method == "GET":
        assert response.body == b"0123456789"
    assert client.request(target="/b.txt").body == b"other", "the connection goes on"


def test_a_condition_says_nothing_about_what_is_missing(client):
    """RFC 9110 13.2.1: only where the answer would be 2xx without it."""
    for fields in [[("If-Match", '"x"')], [("If-None-Match", "*")], [("If-Modified-Since", SAME)]]:
        assert client.request(target="/missing", fields=fields).status == 404


@pytest.mark.parametrize("name, dates", [
    ("If-Modified-Since", [SAME, SAME]), ("If-Modified-Since", [SAME + ", " + SAME]),
    ("If-Unmodified-Since", [EARLIER, EARLIER]),
    ("If-Unmodified-Since", [EARLIER + ", " + EARLIER]),
])
def test_two_dates_are_none(client, name, dates):
    """RFC 9110 13.1.3 and 13.1.4."""
    fields = [(name, value) for value in dates]
    assert client.request(target="/a.txt", fields=fields).status == 200


@pytest.mark.parametrize("name, status", [("If-None-Match", 304), ("If-Match", 200)])
@pytest.mark.parametrize("lines", [['"other"', "{E}"], ["{E}", '"other"'], ["", "{E}", '"a", "b"']])
def test_tags_on_several_lines_are_one_list(client, etag, name, status, lines):
    """RFC 9110 5.3, with other fields between them."""
    fields = [one for line in lines for one in [(name, line.replace("{E}", etag)), ("X", "y")]]
    assert client.request(target="/a.txt", fields=fields).status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("fields", [[("If-Match", '"x"')], [("If-None-Match", "*")],
                                    [("If-Modified-Since", SAME)],
                                    [("If-Unmodified-Since", EARLIER)]])
def test_nor_about_what_is_refused_anyway(client, method, fields):
    assert client.request(method, "/a.txt", fields).status == 405
