# SPDX-License-Identifier: BSD-2-Clause
"""Transfer-Encoding (RFC 9112 6.1, 6.3): "chunked", once and last, and no length beside it. Every
other writing of it is refused, since the next program may see a body end elsewhere."""
import pytest

import muster

CONTENT = b"5\r\n12345\r\n0\r\n\r\n"


def with_codings(*values, more=(), content=CONTENT, version="HTTP/1.1"):
    fields = [("Transfer-Encoding", value) for value in values]
    return muster.request("POST", "/a.txt", [*fields, *more], version=version) + content


@pytest.mark.parametrize("value", ["chunked", "Chunked", "CHUNKED", "  chunked\t ", "\tchunked"])
@pytest.mark.parametrize("name", ["Transfer-Encoding", "TRANSFER-encoding"])
def test_chunked_in_any_case(accept, name, value):
    accept(muster.request("POST", "/a.txt", [(name, value)]) + CONTENT, 405)


@pytest.mark.parametrize("name", ["Transfer_Encoding", "XTransfer-Encoding", "TransferEncoding"])
def test_of_another_name_it_is_none(accept, name):
    accept(muster.request("POST", "/a.txt", [(name, "chunked")]), 405)


@pytest.mark.parametrize("value", [
    "", "identity", "gzip", "cow", "trailers", "xchunked", "x-chunked", "chunkedx", "chunke",
    "chunked, gzip", "chunked, identity", "chunked, cow", "chunked cow", "chun ked",
    "chunked, chunked", "chunked,chunked", "chunked,", ",chunked", ", chunked", "chunked, ,",
    "gzip,, chunked", "chunked;", "chunked;a=b", "chunked;q=0.5", "chunked; a", '"chunked"',
    "'chunked'", "chunked:", ":chunked", "=chunked", "[chunked]", "(chunked)", "chunked/1",
    "%63hunked", "chun\\ked", "chunked.", "chunked-", "\xa0chunked", "chunked\xa0", "\x85chunked",
    "chun\xe2\x84\xaaed", "\x0bchunked", "chunked\x0b", "\x0cchunked", "chunked\x00", "\x00chunked",
    "chunked\x7f", "\x07chunked", "chunked\r", "chunk\red", "chunked\n x", "\r\n chunked",
    "chunked\r\n ", "\nchunked",
], ids=muster.short)
def test_what_does_not_end_with_one_chunked_is_400(refuse, value):
    refuse(with_codings(value))


@pytest.mark.parametrize("value", [
    "gzip, chunked", "deflate, chunked", "compress,chunked", "identity, chunked", "cow, chunked",
    "gzip;q=1, chunked", "x;y=z , chunked", "gzip, br, chunked",
])
def test_unknown_codings_below_chunked_are_501(refuse, value):
    """Where the content ends is clear, but not what it is."""
    refuse(with_codings(value), 501)


@pytest.mark.parametrize("values, status", [
    (["chunked", "chunked"], 400), (["chunked", "identity"], 400), (["chunked", "cow"], 400),
    (["chunked", ""], 400), (["", "chunked"], 400), (["identity", "chunked"], 501),
    (["gzip", "chunked"], 501),
], ids=muster.short)
def test_lines_make_one_list(refuse, values, status):
    refuse(with_codings(*values), status)


@pytest.mark.parametrize("line", ["Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked",
                                  " Transfer-Encoding: chunked", "Transfer-Encoding\0: chunked",
                                  "X: y\rTransfer-Encoding: chunked",
                                  "X: y\nTransfer-Encoding: chunked"], ids=muster.short)
def test_hidden_in_a_malformed_line_it_is_400(refuse, line):
    refuse(f"POST /a.txt HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n".encode() + CONTENT)


@pytest.mark.parametrize("length", ["5", "0", str(len(CONTENT)), "x", "", "9" * 30])
@pytest.mark.parametrize("value", ["chunked", "identity", "xchunked", "\x0bchunked", "chunked,",
                                   "chunked, identity", "gzip, chunked", ""])
@pytest.mark.parametrize("is_first", [True, False])
def test_beside_a_length_it_is_400(refuse, length, value, is_first):
    """RFC 9112 6.3: it ought to be handled as an error."""
    fields = [("Transfer-Encoding", value), ("Content-Length", length)]
    refuse(muster.request("POST", "/a.txt", fields if is_first else fields[::-1]) + CONTENT)


@pytest.mark.parametrize("more", [[], [("Connection", "keep-alive")], [("Content-Length", "5")]])
def test_in_http_1_0_it_is_400(refuse, more):
    """A proxy of that version passes it on unread (RFC 9112 6.1)."""
    refuse(with_codings("chunked", more=more, version="HTTP/1.0"))
