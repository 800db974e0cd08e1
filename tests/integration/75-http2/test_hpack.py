# SPDX-License-Identifier: BSD-2-Clause
"""RFC 7541, as the server reads header lists: each way to write a field, the tables that both sides
have to agree on, and what is no list at all. A server that reads a field as another one, or whose
table is not the client's any more, breaks it."""
import pytest

from h2 import COMPRESSION_ERROR, END_STREAM, HEADERS, frame, setting
from h2_rules import (AUTHORITY, HTTP, WHOLE, all_rules, answered, block, connection_error,
                      continuation, get, post, reset, rule, settings)

# :method GET, :scheme and :authority; a path makes it a request.
START = b"\x82" + HTTP + AUTHORITY + b"\1h"
ROOT = b"\x84"                      # :path /
CODE = {"/": "011000", "a": "00011", ".": "010111", "t": "01001", "x": "1111001", "p": "101011",
        "h": "100111", ":": "1011100", "0": "00000", "b": "100011"}


def huffman(text, ending=None):
    """ending: bits instead of the right ones to the end of the last byte."""
    bits = "".join(CODE[letter] for letter in text)
    bits += "1" * (-len(bits) % 8) if ending is None else ending
    assert len(bits) % 8 == 0
    return bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits), 8))


def integer(value, prefix_bits, first=0):
    """5.1, with the bits of `first` before it."""
    most = (1 << prefix_bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value % 128 | 128)
        value //= 128
    return bytes([*out, value])


def plain(text):
    return integer(len(text), 7) + text.encode("latin-1")


def coded(text, **named):
    return integer(len(huffman(text, **named)), 7, 0x80) + huffman(text, **named)


def index(number):
    return integer(number, 7, 0x80)


def size(bytes_):
    return integer(bytes_, 5, 0x20)


def kept(name, value):
    """Into the table, where it is number 62."""
    return b"\x40" + plain(name) + plain(value)


def asks(*pieces, stream=1):
    return frame(HEADERS, WHOLE, stream, START + b"".join(pieces))


def text_of_a(*streams):
    """The request was understood as one for /a.txt, each time."""
    def check(client):
        for stream in streams or (1,):
            answer = client.answer(stream)
            assert (answer.status, answer.body) == (200, b"the text of a\n")
        client.ping()
        assert not client.goaways
    return check


NO_LIST = connection_error(COMPRESSION_ERROR)
LITERALS = {"6.2.1 with indexing": (0x40, 6), "6.2.2 without indexing": (0, 4),
            "6.2.3 never indexed": (0x10, 4)}

FORMS = [
    *(rule(f"{how}: {name_how} name, {value_how} value", text_of_a(), asks(name + value))
      for how, (first, prefix_bits) in LITERALS.items()
      for name_how, name in {"indexed": integer(4, prefix_bits, first),
                             "new": bytes([first]) + plain(":path"),
                             "new, coded": bytes([first]) + coded(":path")}.items()
      for value_how, value in {"plain": plain("/a.txt"), "coded": coded("/a.txt")}.items()),
    rule("6.1 a field of the static table", answered(), asks(ROOT)),
    rule("6.1 the last field of the static table, and one without a value", answered(),
         asks(ROOT + index(61) + index(58))),
    rule("6.1 a field of the dynamic table", text_of_a(), asks(b"\x44" + plain("/a.txt"))),
    rule("6.1 number 0", NO_LIST, asks(ROOT + b"\x80")),
    rule("6.2.1 a name of the dynamic table", answered(),
         asks(ROOT + kept("x-test", "1") + b"\x7e" + plain("2"))),
    rule("6.2 an empty value", answered(), asks(ROOT + b"\0" + plain("x-test") + plain(""))),
    rule("6.2 an empty value, coded", answered(), asks(ROOT + b"\0" + plain("x-test") + b"\x80")),
    rule("6.2 the representation breaks off behind its first byte", NO_LIST, asks(ROOT + b"\x40")),
    rule("6.2 it breaks off behind the name", NO_LIST, asks(ROOT + b"\0" + plain("x-test"))),
    rule("6.2 it breaks off within the value", NO_LIST,
         asks(ROOT + b"\0" + plain("x-test") + b"\5abcd")),
]

TABLES = [
    rule("2.2 the table lasts from one list to the next", text_of_a(1, 3, 5),
         asks(b"\x44" + plain("/a.txt")), asks(index(62), stream=3), asks(index(62), stream=5)),
    rule("2.2 the table of a list in several frames", text_of_a(1, 3),
         frame(HEADERS, END_STREAM, 1, START + b"\x44\6/a") + continuation(b".txt"),
         asks(index(62), stream=3)),
    rule("2.2 the table of a request that is reset", text_of_a(3),
         frame(HEADERS, WHOLE, 1, b"\x44" + plain("/a.txt")), asks(index(62), stream=3)),
    rule("2.2 the table of trailers", text_of_a(3), post(method="GET"),
         frame(HEADERS, WHOLE, 1, kept("x-test", "1")), asks(b"\x04" + plain("/a.txt") +
                                                           index(62), stream=3)),
    rule("2.2 the table of a stream that the client has reset", text_of_a(3), post(),
         frame(HEADERS, WHOLE, 1, b"\x40\1x\1y") + reset(),
         asks(b"\x04" + plain("/a.txt") + index(62), stream=3)),
    rule("2.3.2 the last one is the first", text_of_a(3),
         asks(b"\x44" + plain("/a.txt") + kept("x", "1") + kept("x", "2")),
         asks(index(64) + index(62) + index(63), stream=3)),
    rule("2.3.3 a number that neither table has", NO_LIST, asks(ROOT + index(70))),
    rule("2.3.3 a name that neither table has", NO_LIST, asks(ROOT + b"\x7f\x07\0")),
    rule("2.3.3 the first number of an empty table", NO_LIST, asks(ROOT + index(62))),
    rule("2.3.3 the number behind the last one", NO_LIST, asks(ROOT + kept("x", "1") + index(63))),
    rule("2.3.3 what is not kept has no number", NO_LIST,
         asks(ROOT + b"\0" + plain("x-test") + plain("1") + index(62))),
    rule("4.3 a size of nothing empties the table", NO_LIST, asks(b"\x44" + plain("/a.txt")),
         frame(HEADERS, WHOLE, 3, size(0) + START + index(62))),
    rule("4.4 what is too large for the table empties it", NO_LIST,
         asks(b"\x44" + plain("/a.txt")), asks(ROOT + kept("x", "y" * 4096) + index(62),
                                               stream=3)),
    rule("4.4 what is too large for the table is read", answered(),
         asks(ROOT + kept("x", "y" * 4096))),
    rule("4.4 the oldest has to go", NO_LIST, asks(b"\x44" + plain("/a.txt")),
         asks(ROOT + kept("x", "y" * 4050) + index(63), stream=3)),
    rule("4.4 the youngest stays", answered(),
         asks(ROOT + kept("x", "y" * 4000) + kept("x", "z" * 4000) + index(62))),
]

SIZES = [
    rule("6.3 a new size", answered(), frame(HEADERS, WHOLE, 1, size(0) + block())),
    rule("6.3 the size that it is", answered(), frame(HEADERS, WHOLE, 1, size(4096) + block())),
    rule("4.2 two sizes", answered(), frame(HEADERS, WHOLE, 1, size(0) + size(4096) + block())),
    rule("4.3 the table is usable after two sizes", answered(),
         frame(HEADERS, WHOLE, 1, size(0) + size(4096) + START + ROOT + kept("x", "1") +
               index(62))),
    rule("6.3 a size beyond the limit", NO_LIST,
         frame(HEADERS, WHOLE, 1, size(4097) + block())),
    rule("6.3 a size far beyond the limit", NO_LIST,
         frame(HEADERS, WHOLE, 1, size((1 << 32) - 1) + block())),
    rule("6.3 the limit is ours, not the client's", NO_LIST, settings((1, 8192)),
         frame(HEADERS, WHOLE, 1, size(8192) + block())),
    rule("4.2 a size behind the list", NO_LIST, get(after=size(1))),
    rule("4.2 a size within the list", NO_LIST, asks(size(1) + ROOT)),
    rule("4.2 a size in the next frame of the list", NO_LIST,
         frame(HEADERS, END_STREAM, 1, block()) + continuation(size(1))),
]

PRIMITIVES = [
    rule("5.1 a length in more bytes than it needs", text_of_a(),
         asks(b"\x04\x7f\x80\0" + b"/a.txt?" + b"x" * 120)),
    rule("5.1 a number that does not end", NO_LIST, asks(ROOT + b"\xff\x80")),
    rule("5.1 a number beyond 32 bits", NO_LIST, asks(ROOT + b"\xff" + b"\xff" * 4 + b"\x7f")),
    rule("5.1 a number beyond 64 bits", NO_LIST, asks(ROOT + b"\xff" + b"\xff" * 10 + b"\1")),
    rule("5.1 a size beyond 32 bits", NO_LIST,
         frame(HEADERS, WHOLE, 1, b"\x3f" + b"\xff" * 5 + b"\1" + block())),
    rule("5.1 a length beyond 32 bits", NO_LIST,
         asks(ROOT + b"\0\1x\x7f" + b"\xff" * 5 + b"\1")),
    rule("5.2 coded, with bits of padding", text_of_a(), asks(b"\x04" + coded("/a.txt"))),
    rule("5.2 coded, and padding of more than 7 bits", NO_LIST,
         asks(b"\x04" + coded("/a.txt", ending="1" * 14))),
    rule("5.2 coded, and padding of zeroes", NO_LIST,
         asks(b"\x04" + coded("/a.txt", ending="0" * 6))),
    rule("5.2 coded, and padding that ends with zero", NO_LIST,
         asks(b"\x04" + coded("/a.txt", ending="111110"))),
    rule("5.2 coded, with the end of strings in it", NO_LIST,
         asks(ROOT + b"\0" + plain("x-test") + b"\x84\xff\xff\xff\xff")),
    rule("5.2 coded, with the end of strings and more behind it", NO_LIST,
         asks(ROOT + b"\0" + plain("x-test") + b"\x87\xff\xff\xff\xfd\x25\x42\x7f")),
    rule("5.2 a name that is coded wrongly", NO_LIST,
         asks(ROOT + b"\0" + coded("tat", ending="0") + plain("x"))),
]


@all_rules(FORMS, TABLES, SIZES, PRIMITIVES)
def test_rule(keeps, row):
    keeps(row)


# What the server writes -------------------------------------------------------------------------

def representations(data):
    """(kind, number): "field", "kept", "new" or "size", with the index or the size."""
    at = 0

    def number(prefix_bits):
        nonlocal at
        most = (1 << prefix_bits) - 1
        value, shift, at = data[at] & most, 0, at + 1
        while value >= most and (shift == 0 or data[at - 1] & 128):
            value, shift, at = value + ((data[at] & 127) << shift), shift + 7, at + 1
        return value

    def text():
        nonlocal at
        bytes_ = number(7)
        at += bytes_

    while at < len(data):
        first = data[at]
        if first & 0x80:
            yield "field", number(7)
        elif first & 0xe0 == 0x20:
            yield "size", number(5)
        else:
            kind = "kept" if first & 0x40 else "new"
            of = number(6 if first & 0x40 else 4)
            if of == 0:
                text()
            text()
            yield kind, of


def answer_head(client):
    client.send(get(client.next_stream))
    client.next_stream += 2
    while True:
        one = client.frame()
        if one.kind == HEADERS:
            return list(representations(one.payload))


def test_client_without_a_table(rules_connect):
    """It is told so first (4.2), and nothing is kept from then on."""
    client = rules_connect(settings=setting(1, 0)).ping()
    first, second = answer_head(client), answer_head(client)
    assert first[0] == ("size", 0) and not [kind for kind, _ in second if kind == "size"]
    for kind, number in first[1:] + second:
        assert kind in ("field", "new") and number <= 61


def test_client_that_changes_its_mind(rules_connect):
    """The least size that was asked for between two lists is told, then the one that counts."""
    client = rules_connect().ping()
    answer_head(client)
    client.send(settings((1, 100)) + settings((1, 0)) + settings((1, 200))).ping()
    sizes = [number for kind, number in answer_head(client) if kind == "size"]
    assert sizes == [0, 200]


@pytest.mark.parametrize("bytes_", [4096, 1 << 16, (1 << 32) - 1])
def test_client_with_a_table(rules_connect, bytes_):
    """What is kept is found again; a list gets shorter by it."""
    client = rules_connect(start=False)
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings((1, bytes_))).ping()
    first, second = answer_head(client), answer_head(client)
    assert [kind for kind, _ in first].count("kept") >= 1
    assert [kind for kind, _ in second].count("kept") < [kind for kind, _ in first].count("kept")
    assert max(number for _, number in second) >= 62
