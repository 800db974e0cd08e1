# SPDX-License-Identifier: BSD-2-Clause
"""Talks HTTP/1 byte by byte, and takes what comes back apart strictly: an answer that a lenient
client would put up with fails the test."""
import fcntl
import re
import select
import socket
import struct
import termios

from patience import PATIENCE_S, wait_for

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


class Response:
    """One response, taken apart strictly. body is what came, decoded from chunks if need be."""

    def __init__(self, head):
        lines = head[:-4].split(b"\r\n")
        for line in lines:
            assert b"\r" not in line and b"\n" not in line and b"\0" not in line, head
        found = re.match(rb"(HTTP/1\.[01]) ([1-5][0-9][0-9]) ([\t -~]*)\Z", lines[0])
        assert found, f"bad status line {lines[0]!r}"
        self.head = head
        self.version = found[1].decode()
        self.status = int(found[2])
        self.reason = found[3].decode()
        self.fields = []
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            assert colon and TOKEN.match(name), f"bad field {line!r}"
            assert not re.search(rb"[\0-\x08\n-\x1f\x7f]", value), f"bad field value {line!r}"
            self.fields.append((name.decode(), value.strip(b" \t").decode("latin-1")))
        self.body = b""

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {len(self.body)} bytes>"

    def all(self, name):
        return [value for other, value in self.fields if other.lower() == name.lower()]

    def get(self, name, default=None):
        """The only value of a field; two of them are a fault."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} comes {len(values)} times: {self.fields}"
        return values[0] if values else default

    def __getitem__(self, name):
        value = self.get(name)
        assert value is not None, f"no {name} in {self!r}"
        return value

    @property
    def will_close(self):
        options = [option.strip().lower() for option in (self.get("Connection") or "").split(",")]
        return "close" in options or (self.version == "HTTP/1.0" and "keep-alive" not in options)


class Closed(AssertionError):
    """The server ended the connection where a response was wanted."""


class Client:
    """A connection; what it reads it checks. Reading blocks for PATIENCE_S at most."""

    def __init__(self, address, receive_buffer=None, segment_bytes=None):
        family = socket.AF_UNIX if isinstance(address, str) else \
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if segment_bytes is not None:   # small ones make the peer keep a small send buffer
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment_bytes)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""              # received and not yet taken

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def send_pieces(self, data, *cuts):
        """In several segments: cut at these offsets. The kernel keeps them apart as long as
        the peer is quick to read; a test must not depend on it."""
        at = 0
        for cut in [*cuts, len(data)]:
            if cut > at:
                self.send(data[at:cut])
                at = cut
        return self

    def finish(self):
        """Half-closes: nothing more will be sent."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise AssertionError(f"the server has reset the connection: {error}") from None
        return self

    def wait_until_read(self):
        """Until the server has taken all that was sent. Only over a socket of the file system:
        of TCP the client can see no more than that the other kernel has it."""
        assert self.socket.family == socket.AF_UNIX
        unread = bytearray(4)

        def is_read():
            fcntl.ioctl(self.socket, termios.TIOCOUTQ, unread)
            return struct.unpack("i", unread)[0] == 0

        wait_for(is_read, "the server to read what was sent")
        return self

    def has_input(self, wait_s=0):
        """Is there something to read, or the end? Waits so long for it at most."""
        return bool(self.pending) or bool(select.select([self.socket], [], [], wait_s)[0])

    def _receive(self):
        """More bytes, or none at the end."""
        try:
            return self.socket.recv(1 << 18)
        except ConnectionResetError:
            raise AssertionError("the server has reset the connection") from None

    def _receive_pending(self):
        data = self._receive()
        self.pending += data
        return bool(data)

    def take(self, count):
        """So many bytes, no more."""
        parts, have = [self.pending], len(self.pending)
        while have < count:
            data = self._receive()
            if not data:
                raise Closed(f"closed {count - have} bytes early")
            parts.append(data)
            have += len(data)
        data = b"".join(parts)
        self.pending = data[count:]
        return data[:count]

    def _take_line(self):
        while b"\r\n" not in self.pending:
            if not self._receive_pending():
                raise Closed("closed within a line")
        line, _, self.pending = self.pending.partition(b"\r\n")
        return line

    def read_head(self):
        """A response head only; its body stays unread."""
        while b"\r\n\r\n" not in self.pending:
            assert len(self.pending) < 1 << 20, "a head without an end"
            if not self._receive_pending():
                raise Closed(f"closed instead of a response; had {self.pending[:200]!r}")
        head, _, self.pending = self.pending.partition(b"\r\n\r\n")
        return Response(head + b"\r\n\r\n")

    def response(self, method="GET"):
        """The next response with its body, interim ones (1xx) included."""
        response = self.read_head()
        length, coding = response.get("Content-Length"), response.get("Transfer-Encoding")
        assert length is None or coding is None, f"two framings: {response!r}"
        assert length is None or re.fullmatch("[0-9]+", length), response
        if response.status < 200 or response.status == 204:
            assert length is None and coding is None, response
        elif method == "HEAD" or response.status == 304:
            pass
        elif coding is not None:
            assert coding.lower() == "chunked", response
            response.body = self._take_chunks()
        elif length is not None:
            response.body = self.take(int(length))
        else:
            assert response.will_close, f"no framing on a connection that stays: {response!r}"
            response.body = self.rest()
        return response

    def _take_chunks(self):
        body = b""
        while True:
            size = int(re.fullmatch(rb"([0-9A-Fa-f]+)(;.*)?", self._take_line())[1], 16)
            if size == 0:
                break
            body += self.take(size)
            assert self.take(2) == b"\r\n"
        while self._take_line() != b"":
            pass
        return body

    def rest(self):
        """Everything until the server ends the connection."""
        parts, self.pending = [self.pending], b""
        while parts[-1] or len(parts) == 1:
            parts.append(self._receive())
        return b"".join(parts)

    def expect_close(self):
        """Orderly, without another byte and without a reset."""
        data = self.rest()
        assert data == b"", f"more bytes before the close: {data[:300]!r}"
        return self

    def request(self, method="GET", target="/", fields=(), body=b"", version="HTTP/1.1",
                host="test.example"):
        """Sends one and returns its response."""
        self.send(request(method, target, fields, body, version, host))
        return self.response(method)


def request(method="GET", target="/", fields=(), body=b"", version="HTTP/1.1",
            host="test.example"):
    """The bytes of a request. A body gets its Content-Length, host=None leaves Host out."""
    fields = fields.items() if isinstance(fields, dict) else fields
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
