# SPDX-License-Identifier: BSD-2-Clause
"""Clients that read a large file at a pace, in one thread."""
import select
import socket
import threading
import time

REQUEST = b"GET /64m HTTP/1.1\r\nHost: localhost\r\n\r\n"
FILE_BYTES = 64 << 20
STEP_S = 0.02


class Reader:
    """One connection; asks again when it has read all."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setblocking(False)
        self.left = 0
        self.total = 0

    def read(self, out, most):
        """So many bytes at most, without waiting."""
        while most > 0:
            if self.left <= 0:
                self.socket.sendall(REQUEST)
                self.left = FILE_BYTES
            try:
                count = self.socket.recv_into(out, min(most, len(out), self.left))
            except BlockingIOError:
                return
            if count == 0:
                raise ConnectionError("the server has ended a connection")
            self.left -= count          # its head counts for a part of the next file's
            self.total += count
            most -= count


class Readers:
    """Context: count of them read all the time."""

    def __init__(self, port, count, bytes_per_s):
        self.port = port
        self.count = count
        self.bytes_per_s = bytes_per_s
        self.readers = []
        self.failures = []
        self.must_end = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.readers = [Reader(self.port) for _ in range(self.count)]
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.must_end.set()
        self.thread.join()
        for reader in self.readers:
            reader.socket.close()

    def bytes(self):
        return sum(reader.total for reader in self.readers)

    def _run(self):
        out = bytearray(1 << 20)
        started = time.monotonic()
        offset = [number * STEP_S / self.count for number in range(self.count)]
        while not self.must_end.is_set():
            for number, reader in enumerate(self.readers):
                due = (time.monotonic() - started - offset[number]) * self.bytes_per_s
                try:
                    reader.read(out, int(due) - reader.total)
                except OSError as error:
                    self.failures.append(repr(error))
                    return
            select.select([], [], [], STEP_S)
