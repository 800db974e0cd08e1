# SPDX-License-Identifier: BSD-2-Clause
"""Dates that clients send, in the three forms of RFC 9110 5.6.7, seen through both conditions that
take one. What is no date must be as if the field were not there."""
import email.utils
import os

import pytest

import muster

MODIFIED_S = 1700000000                             # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.fixture(scope="module")
def server(module_serve):
    server = module_serve({"a.txt": "0123456789"})
    os.utime(server.site / "a.txt", (MODIFIED_S, MODIFIED_S))
    return server


@pytest.fixture
def statuses(server):
    """Of GET with If-Modified-Since and with If-Unmodified-Since; HEAD has to agree."""
    def ask(date):
        found = []
        with server.connect() as client:
            for name in ("If-Modified-Since", "If-Unmodified-Since"):
                get, head = [client.request(method, "/a.txt", [(name, date)]).status
                             for method in ("GET", "HEAD")]
                assert get == head
                found.append(get)
        return found

    return ask


@pytest.mark.parametrize("date", [
    "Tue, 14 Nov 2023 22:13:20 GMT", "Tuesday, 14-Nov-23 22:13:20 GMT", "Tue Nov 14 22:13:20 2023",
    "Tue, 14 Nov 2023 22:13:21 GMT", "Tue, 14 Nov 2023 22:13:60 GMT",
    "Wed, 15 Nov 2023 00:00:00 GMT", "Wednesday, 15-Nov-23 00:00:00 GMT",
    "Fri Dec  1 00:00:00 2023",
    "Mon, 14 Nov 2023 22:13:20 GMT",                # the weekday says nothing new
])
def test_as_new_as_the_file(statuses, date):
    assert statuses(date) == [304, 200]


@pytest.mark.parametrize("date", [
    "Tue, 14 Nov 2023 22:13:19 GMT", "Tuesday, 14-Nov-23 22:13:19 GMT", "Tue Nov 14 22:13:19 2023",
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    "Thu, 01 Jan 1970 00:00:00 GMT", "Thu Jan  1 00:00:00 1970", "Sat, 01 Jan 0001 00:00:00 GMT",
    "Sat, 29 Feb 2020 00:00:00 GMT",
])
def test_older_than_the_file(statuses, date):
    """Two digits more than 50 years ahead are a year of the last century."""
    assert statuses(date) == [200, 412]


@pytest.mark.parametrize("date", ["Fri, 01 Jan 2100 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_ahead_of_the_clock(statuses, date):
    """No Last-Modified of ours was ever that: the whole file is never the wrong answer."""
    assert statuses(date) == [200, 200]


@pytest.mark.parametrize("date", [
    "", "yesterday", "0", "-1", "1700000000", "2023-11-14T22:13:20Z", "14 Nov 2023 22:13:20 GMT",
    "Tue, 14 Nov 2023 22:13:20", "Tue, 14 Nov 2023 22:13:20 UTC", "Tue, 14 Nov 2023 22:13:20 CET",
    "Tue, 14 Nov 2023 22:13:20 +0000", "Tue, 14 Nov 2023 22:13:20 GMT+1",
    "Tue, 14 Nov 2023 22:13:20 gmt", "tue, 14 nov 2023 22:13:20 GMT",
    "TUE, 14 NOV 2023 22:13:20 GMT", "Tue,14 Nov 2023 22:13:20 GMT",
    "Tue,  14 Nov 2023 22:13:20 GMT", "Tue, 4 Nov 2025 22:13:20 GMT",
    "Foo, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Foo 2023 22:13:20 GMT",
    "Tue, 00 Nov 2023 22:13:20 GMT", "Tue, 32 Nov 2023 22:13:20 GMT",
    "Fri, 30 Feb 2024 00:00:00 GMT", "Wed, 29 Feb 2023 00:00:00 GMT",
    "Tue, 14 Nov 2023 24:00:00 GMT", "Tue, 14 Nov 2023 22:60:20 GMT",
    "Tue, 14 Nov 2023 22:13:61 GMT", "Tue, 14 Nov 2023 -1:13:20 GMT", "Tue, 14 Nov 23 22:13:20 GMT",
    "Tue, 14 Nov 02023 22:13:20 GMT", "Sat, 01 Jan 0000 00:00:00 GMT",
    "Tue, 14-Nov-2023 22:13:20 GMT", "Tue, 14-Nov-23 22:13:20 GMT",
    "Tuesday, 14-Nov-2023 22:13:20 GMT", "Tuesday, 14 Nov 2023 22:13:20 GMT",
    "Tue Nov 14 22:13:20 23", "Tue Nov 14 22:13:20 2023 GMT", "Fri Dec 1 00:00:00 2023",
    "\"Tue, 14 Nov 2023 22:13:20 GMT\"", "Tue, 14 Nov 2023 22:13:20 GMT; length=10",
    "Tue, 14 Nov 2023 22:13:20 GMTx", "Tue, 14 Nov 2023 22.13.20 GMT",
], ids=muster.short)
def test_what_is_none_is_ignored(statuses, date):
    assert statuses(date) == [200, 200]


def test_what_we_write_is_what_we_read(server, statuses):
    with server.connect() as client:
        modified = client.request(target="/a.txt")["Last-Modified"]
    assert modified == email.utils.formatdate(MODIFIED_S, usegmt=True)
    assert statuses(modified) == [304, 200]
