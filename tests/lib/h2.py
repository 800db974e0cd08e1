# SPDX-License-Identifier: BSD-2-Clause
"""A client of HTTP/2 that sends frames one by one, right or wrong, and tells what came back. It
asks for no header compression, and reads of a header list no more than the status."""
import socket
import struct

from http_client import Client

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, \
    CONTINUATION = range(10)
PRIORITY_UPDATE = 16
END_STREAM = ACK = 1
END_HEADERS = 4
PADDED = 8
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, \
    FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, _, ENHANCE_YOUR_CALM = range(12)
STATUSES = {0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}
DIGITS = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5",
          "011100": "6", "011101": "7", "011110": "8", "011111": "9"}


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + payload


def literal(name, value):
    """A field of a header list as HPACK has it without a table and without Huffman's code."""
    def text(s):
        s = s.encode("latin-1")
        if len(s) < 127:
            return bytes([len(s)]) + s
        rest, out = len(s) - 127, [127]
        while rest >= 128:
            out.append(rest % 128 | 128)
            rest //= 128
        return bytes([*out, rest]) + s
    return b"\0" + text(name) + text(value)


def fields(path="/", method="GET", more=(), authority="h", scheme="http"):
    pseudo = ((":method", method), (":scheme", scheme), (":authority", authority),
              (":path", path))
    return b"".join(literal(*field) for field in (*pseudo, *more))


def setting(number, value):
    return struct.pack(">HI", number, value)


def status_of(block):
    """The status, which comes first but for a change of the table's size."""
    at = 0
    while block[at] & 0xe0 == 0x20:
        is_long, at = block[at] & 0x1f == 0x1f, at + 1
        while is_long:
            is_long, at = block[at] & 0x80 != 0, at + 1
    if block[at] in STATUSES:
        return STATUSES[block[at]]
    at += 1 if block[at] & 0x0f != 0x0f or block[at] & 0x40 else 2
    size = block[at] & 0x7f
    if not block[at] & 0x80:
        return int(block[at + 1:at + 1 + size])
    bits = "".join(f"{byte:08b}" for byte in block[at + 1:at + 1 + size])
    digits, start = "", 0
    for stop in range(1, len(bits) + 1):
        if bits[start:stop] in DIGITS and len(digits) < 3:
            digits += DIGITS[bits[start:stop]]
            start = stop
    return int(digits)


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    def __repr__(self):
        return f"Frame({self.kind}, {self.flags}, {self.stream}, {self.payload[:40]!r})"

    @property
    def error(self):
        """Of RST_STREAM and GOAWAY."""
        return struct.unpack(">I", self.payload[4:8] if self.kind == GOAWAY else self.payload)[0]

    @property
    def last_stream(self):
        return struct.unpack(">I", self.payload[:4])[0]


class Answer:
    """What came of a stream: status, body; reset is an error, or None."""

    def __init__(self):
        self.status, self.body, self.reset, self.is_whole = None, b"", None, False
        self.interim = []


class H2Client(Client):
    def __init__(self, address, settings=b"", start=True, **options):
        super().__init__(address, **options)
        self.next_stream = 1
        self.answers = {}
        self.goaways = []
        self.pings = []
        self.order = []             # streams, as their DATA came
        self.updates_windows = True
        self.answers_pings = True
        if start:
            self.send(PREFACE + frame(SETTINGS, payload=setting(1, 0) + settings))

    def send_frame(self, *what, **named):
        return self.send(frame(*what, **named))

    def request(self, path="/", method="GET", more=(), ends=True, **named):
        """Sends one; returns its stream."""
        stream = self.next_stream
        self.next_stream += 2
        self.send_frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream,
                        fields(path, method, more, **named))
        return stream

    def frame(self):
        """The next one as it came; None: the connection has ended."""
        while len(self.pending) < 9 or len(self.pending) < 9 + self._length():
            more = self._receive()
            if not more:
                assert not self.pending, "the connection ended within a frame"
                return None
            self.pending += more
        head, length = self.pending[:9], self._length()
        payload, self.pending = self.pending[9:9 + length], self.pending[9 + length:]
        return Frame(head[3], head[4], struct.unpack(">I", head[5:9])[0], payload)

    def _length(self):
        return int.from_bytes(self.pending[:3], "big")

    def take(self):
        """One frame, noted for what it is. False: the connection has ended."""
        one = self.frame()
        if one is None:
            return False
        answer = self.answers.setdefault(one.stream, Answer())
        if one.kind == HEADERS:
            status = status_of(one.payload)
            if status < 200:
                answer.interim.append(status)
            else:
                answer.status = status
        elif one.kind == DATA:
            answer.body += one.payload
            self.order.append(one.stream)
            if self.updates_windows and one.payload:
                for stream in (0, one.stream):
                    self.quietly(WINDOW_UPDATE, 0, stream, struct.pack(">I", len(one.payload)))
        elif one.kind == RST_STREAM:
            answer.reset = one.error
        elif one.kind == GOAWAY:
            self.goaways.append(one)
        elif one.kind == PING and one.flags & ACK:
            self.pings.append(one.payload)
        elif one.kind == PING and self.answers_pings:
            self.quietly(PING, ACK, 0, one.payload)
        elif one.kind == SETTINGS and not one.flags & ACK:
            self.quietly(SETTINGS, ACK)
        if one.kind in (DATA, HEADERS) and one.flags & END_STREAM:
            answer.is_whole = True
        return True

    def quietly(self, *what):
        """For what may come too late."""
        try:
            self.send_frame(*what)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def until(self, is_there):
        """Takes frames until that is so; the connection must not end before."""
        while not is_there():
            assert self.take(), f"the connection has ended: {self.goaways}"
        return self

    def answer(self, stream):
        """The whole answer, or the reset, of a stream."""
        def is_over():
            one = self.answers.get(stream)
            return one is not None and (one.is_whole or one.reset is not None)
        self.until(is_over)
        return self.answers[stream]

    def get(self, path="/", **named):
        return self.answer(self.request(path, **named))

    def ping(self):
        """There and back: what was sent before is read."""
        count = len(self.pings)
        self.send_frame(PING, 0, 0, b"12345678")
        return self.until(lambda: len(self.pings) > count)

    def until_end(self):
        """Takes all until the server ends the connection; returns the last GOAWAY's error."""
        while self.take():
            pass
        assert self.goaways, "the connection ended without GOAWAY"
        return self.goaways[-1].error


def send_until_end(client, make):
    """make(round): bytes. Sends them, reading meanwhile, until the server has ended it; returns the
    error. A flood that is let be runs into the assertion."""
    client.socket.settimeout(0.01)
    try:
        for count in range(100000):
            client.send(make(count))
            if count % 100 == 0:
                while client.has_input():
                    if not client.take():
                        return client.goaways[-1].error
    except (BrokenPipeError, ConnectionResetError, socket.timeout):
        pass
    else:
        raise AssertionError("the server takes it for ever")
    client.socket.settimeout(60)
    return client.until_end()
