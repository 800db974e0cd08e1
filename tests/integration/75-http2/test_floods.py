# SPDX-License-Identifier: BSD-2-Clause
"""Floods of frames: the connection ends, its worker goes on with others, and the master has seen no
crash. What is a flood and what is not, frame by frame, is in test_floods.c."""
import struct

import pytest

from h2 import (ACK, CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
                HEADERS, INTERNAL_ERROR, NO_ERROR, PING, PRIORITY, RST_STREAM, SETTINGS,
                WINDOW_UPDATE, fields, frame, literal, send_until_end, setting)


def rapid_reset(count):
    stream = 2 * count + 1
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, fields("/large")) + \
        frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))


def rapid_reset_without_error(count):
    """The code of a reset is the client's to choose."""
    stream = 2 * count + 1
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, fields("/large")) + \
        frame(RST_STREAM, 0, stream, struct.pack(">I", NO_ERROR))


def endless_list(count):
    if count == 0:
        return frame(HEADERS, END_STREAM, 1, fields())
    return frame(CONTINUATION, 0, 1, literal("x", "y" * 100))


def empty_data(count):
    start = frame(HEADERS, END_HEADERS, 1, fields()) if count == 0 else b""
    return start + frame(DATA, 0, 1)


def late_data(count):
    """For a stream that the server has reset."""
    start = frame(HEADERS, END_HEADERS, 1, fields(more=[("x", " y")])) if count == 0 else b""
    return start + frame(DATA, 0, 1, b"x")


FLOODS = {
    "ping": lambda count: frame(PING, 0, 0, b"12345678"),
    "ping answers": lambda count: frame(PING, ACK, 0, b"12345678"),
    "settings": lambda count: frame(SETTINGS, 0, 0, setting(4, 1000 + count)),
    "priority": lambda count: frame(PRIORITY, 0, 2 * count + 1, b"\0\0\0\0\1"),
    "window": lambda count: frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1"),
    "empty data": empty_data,
    "rapid reset": rapid_reset,
    "rapid reset without error": rapid_reset_without_error,
    "endless list": endless_list,
    "unknown frames": lambda count: frame(0x2a, 0, 0, b"x"),
    "late data": late_data,
}


@pytest.mark.parametrize("name", FLOODS)
def test_flood(connect, server, name):
    client = connect().ping()           # no SETTINGS are left to answer in the middle of a list
    assert send_until_end(client, FLOODS[name]) == ENHANCE_YOUR_CALM
    assert server.get("/a.txt").status == 200


def test_list_that_grows_when_it_is_read(connect):
    """One byte stands for a field of 4,000: who reads all 60,000 of them reads 240 MB."""
    client = connect()
    field = b"\x40\1x\x7f\xa1\x1e" + b"y" * 4000  # into the table, where it has number 62
    stream = client.next_stream
    client.next_stream += 2
    client.send_frame(HEADERS, END_STREAM, stream, fields() + field)
    for i in range(4):
        client.send_frame(CONTINUATION, END_HEADERS if i == 3 else 0, stream, b"\xbe" * 15000)
    answer = client.answer(stream)
    assert answer.status is None and answer.reset == INTERNAL_ERROR
    assert client.get("/a.txt").status == 200
    stream = client.request(ends=False)
    for _ in range(6):
        client.send_frame(DATA, 0, stream, b"z" * 10000)
    client.send_frame(DATA, END_STREAM, stream)
    assert client.answer(stream).status == 200
