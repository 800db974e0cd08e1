# SPDX-License-Identifier: BSD-2-Clause
"""RFC 9113 8: what a request is made of. One that is malformed is an error of its stream, whether
that is seen in its head, in its content or in its trailers; one that HTTP/2 understands, but nobody
else, gets an answer. A request that a gateway would take for two, or a stream that hangs, breaks
it."""
import pytest

from h2 import DATA, END_HEADERS, END_STREAM, HEADERS, PROTOCOL_ERROR, frame, literal
from h2_rules import (HTTP, WHOLE, all_rules, answered, block, data, get, padded, post, request,
                      rule, stream_error, trailers)

METHOD, PATH, AUTHORITY = literal(":method", "GET"), literal(":path", "/"), \
    literal(":authority", "h")
X_TEST = literal("x-test", "ok")


def with_fields(*more):
    return get(more=more)


def head(*fields, flags=WHOLE):
    return frame(HEADERS, flags, 1, b"".join(fields))


def malformed(name, *steps):
    return rule(name, stream_error(PROTOCOL_ERROR), *steps)


def length(text):
    return ("content-length", text)


MESSAGES = [
    rule("8.1 GET", answered(), get()),
    rule("8.1 HEAD", answered(), get(method="HEAD")),
    rule("8.1 POST", answered(405), post(), data()),
    rule("8.1 POST with trailers", answered(405), post(more=[("trailer", "x-test")]),
         data(flags=0), trailers()),
    rule("8.1 POST with no content", answered(405), get(method="POST")),
    rule("8.1 GET with content", answered(), post(method="GET"), data()),
    rule("8.1 GET with trailers", answered(), post(method="GET"), data(flags=0), trailers()),
    rule("8.1 GET with trailers and no content", answered(), post(method="GET"), trailers()),
    rule("8.1 OPTIONS *", answered(200), get(method="OPTIONS", path="*")),
    rule("8.1 an unknown method", answered(501), get(method="BREW")),
    malformed("8.1 a second list without END_STREAM", post(), data(flags=0),
              trailers(flags=END_HEADERS)),
    malformed("8.1 a second list without END_STREAM, of GET", post(method="GET"),
              trailers(flags=END_HEADERS)),
    malformed("8.1 a second request on a stream", post(method="GET"), request()),
    malformed("8.1 trailers with a pseudo-field, and no END_STREAM", post(), data(flags=0),
              trailers(flags=END_HEADERS, block=literal(":method", "POST"))),
    malformed("8.1 trailers with a pseudo-field", post(method="GET"), data(flags=0),
              trailers(block=X_TEST + literal(":path", "/"))),
    malformed("8.1 trailers with a name in upper case", post(method="GET"), data(flags=0),
              trailers(block=literal("X-Test", "ok"))),
]

LENGTHS = [
    rule("8.1.1 a length that is right", answered(), post(method="GET", more=[length("4")]),
         data()),
    rule("8.1.1 a length that is right, over several frames with padding", answered(),
         post(method="GET", more=[length("8")]), data(flags=0), padded(DATA, END_STREAM, b"test",
                                                                       9)),
    rule("8.1.1 a length of nothing", answered(), with_fields(length("0"))),
    malformed("8.1.1 more content than it says", post(more=[length("1")]), data()),
    malformed("8.1.1 more content than it says, in two frames", post(more=[length("1")]),
              data(flags=0), data()),
    malformed("8.1.1 more content than it says, with no end", post(more=[length("3")]),
              data(flags=0)),
    malformed("8.1.1 less content than it says", post(method="GET", more=[length("5")]), data()),
    malformed("8.1.1 less content than it says, with trailers",
              post(method="GET", more=[length("5")]), data(flags=0), trailers()),
    malformed("8.1.1 no content, though it says so", with_fields(length("5"))),
    malformed("8.1.1 no content, though it says so, in DATA",
              post(method="GET", more=[length("5")]), data(b"")),
    malformed("8.1.1 padding is no content", post(method="GET", more=[length("5")]),
              padded(DATA, END_STREAM, b"test", 1)),
    malformed("8.1.1 two lengths", with_fields(length("0"), length("1"))),
    malformed("8.1.1 a length that is no number", post(method="GET", more=[length("4x")]), data()),
    malformed("8.1.1 a length below nothing", post(method="GET", more=[length("-4")]), data()),
    malformed("8.1.1 a length that is too large for a number",
              post(method="GET", more=[length("9" * 30)]), data()),
]

FIELDS = [
    malformed("8.2 a name in upper case", with_fields(("X-TEST", "ok"))),
    malformed("8.2 one letter in upper case", with_fields(("x-tesT", "ok"))),
    *(malformed(f"8.2.1 {what} in a name", with_fields((f"x{text}y", "ok")))
      for what, text in {"a space": " ", "a colon": ":", "NUL": "\0", "LF": "\n", "DEL": "\x7f",
                         "a byte above ASCII": "\xe4"}.items()),
    malformed("8.2.1 no name", with_fields(("", "ok"))),
    *(malformed(f"8.2.1 {what} in a value", with_fields(("x-test", f"a{text}b")))
      for what, text in {"NUL": "\0", "CR": "\r", "LF": "\n"}.items()),
    malformed("8.2.1 a space before a value", with_fields(("x-test", " ok"))),
    malformed("8.2.1 a tab after a value", with_fields(("x-test", "ok\t"))),
    rule("8.2.1 spaces within a value, and nothing at all", answered(),
         with_fields(("x-test", "a b\tc"), ("x-none", ""))),
    rule("8.2.1 bytes above ASCII in a value", answered(), with_fields(("x-test", "\xe4\xff"))),
    malformed("8.2.2 Connection", with_fields(("connection", "keep-alive"))),
    malformed("8.2.2 Proxy-Connection", with_fields(("proxy-connection", "keep-alive"))),
    malformed("8.2.2 Keep-Alive", with_fields(("keep-alive", "timeout=5"))),
    malformed("8.2.2 Transfer-Encoding", with_fields(("transfer-encoding", "chunked"))),
    malformed("8.2.2 Upgrade", with_fields(("upgrade", "h2c"))),
    malformed("8.2.2 TE with more than trailers",
              with_fields(("trailers", "test"), ("te", "trailers, deflate"))),
    malformed("8.2.2 TE", with_fields(("te", "gzip"))),
    rule("8.2.2 TE with trailers", answered(), with_fields(("te", "trailers"))),
    rule("8.2.3 Cookie in crumbs", answered(), with_fields(("cookie", "a=b"), ("cookie", "c=d"))),
]

PSEUDO_FIELDS = [
    malformed("8.3 an unknown one", with_fields((":test", "ok"))),
    malformed("8.3 an unknown one among the others", head(METHOD, HTTP, literal(":test", "ok"),
                                                          AUTHORITY, PATH)),
    malformed("8.3 one of a response", with_fields((":status", "200"))),
    malformed("8.3 behind another field", head(X_TEST, block())),
    malformed("8.3 one of them behind another field", head(METHOD, HTTP, AUTHORITY, X_TEST, PATH)),
    malformed("8.3 in upper case", head(literal(":Method", "GET"), HTTP, AUTHORITY, PATH)),
    malformed("8.3.1 no method", head(HTTP, PATH, AUTHORITY)),
    malformed("8.3.1 no scheme", head(METHOD, PATH, AUTHORITY)),
    malformed("8.3.1 no path", head(METHOD, HTTP, AUTHORITY)),
    malformed("8.3.1 none at all", head(X_TEST)),
    malformed("8.3.1 an empty path", head(METHOD, HTTP, literal(":path", ""), AUTHORITY)),
    malformed("8.3.1 an empty method", head(literal(":method", ""), HTTP, PATH, AUTHORITY)),
    malformed("8.3.1 a method that is no token", head(literal(":method", "G T"), HTTP, PATH,
                                                      AUTHORITY)),
    malformed("8.3.1 two methods", with_fields((":method", "GET"))),
    malformed("8.3.1 two schemes", with_fields((":scheme", "http"))),
    malformed("8.3.1 two paths", with_fields((":path", "/"))),
    malformed("8.3.1 two hosts", with_fields((":authority", "h"))),
    malformed("8.3.1 two methods that differ", with_fields((":method", "/"))),
    malformed("8.3.1 a path that begins with no slash", get(path="index.html")),
    malformed("8.3.1 a path that is a URL", get(path="http://h/")),
    malformed("8.3.1 * for another method than OPTIONS", get(path="*")),
    malformed("8.3.1 a host that Host does not agree with", with_fields(("host", "other"))),
    rule("8.3.1 a host that Host agrees with", answered(), with_fields(("host", "h"))),
    rule("8.3.1 a host in Host", answered(), head(METHOD, HTTP, PATH, literal("host", "h"))),
    malformed("8.3.1 no host", head(METHOD, HTTP, PATH)),
    rule("8.3.1 a user in the host", answered(400), get(authority="a@h")),
    malformed("8.5 CONNECT with a path", get(method="CONNECT")),
    malformed("8.5 CONNECT without a host", head(literal(":method", "CONNECT"))),
]


@all_rules(MESSAGES, LENGTHS, FIELDS, PSEUDO_FIELDS)
def test_rule(keeps, row):
    keeps(row)


@pytest.mark.parametrize("is_tls", [False, True], ids=["h2c", "tls"])
def test_malformed_ones_reach_nobody(rules_connect, rules_server, is_tls):
    """Not even the log; the request behind them does."""
    client = rules_connect(is_tls)
    before = rules_server.access()
    for i in range(10):
        stream = client.request("/?malformed", more=[("connection", "x")], scheme=client.scheme)
        assert client.answer(stream).reset == PROTOCOL_ERROR
    assert client.get("/?well", scheme=client.scheme).status == 200
    after = rules_server.wait_for_access(before.count("\n") + 1)
    assert not [line for line in after if "malformed" in line]
