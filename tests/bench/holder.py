#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A process that holds connections for a scenario; see holders.py, which starts several.

It obeys lines of its standard input and answers each with a line of JSON:
    open        opens all of them, a few at a time; says how many got what the mode waits for
    again       completes what is half-sent, or sends another request on each; how many answer 200
    close       closes them with a reset, so that nothing is left in TIME-WAIT
Modes: "whole" sends a request and waits for its answer, "half" sends a part of a request, "slow"
asks for a large file with a small receive buffer and does not read it. With "serve" it is the
other end instead, which costs the kernel what the holding end costs: holders.py calibrates so.
Descriptors are kept as plain numbers and out of epoll, so that the kernel counts little else than
the connections.
"""
import json
import os
import select
import socket
import struct
import sys
import time

HALF_REQUEST = b"GET /1k HTTP/1.1\r\nHost: localhost\r\n"
WHOLE_REQUEST = HALF_REQUEST + b"\r\n"
SLOW_REQUEST = b"GET /64m HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOW_BUFFER_BYTES = 4096
AT_ONCE = 64
CONNECTIONS_PER_ADDRESS = 200           # of the loopback, so that ports suffice
RESET = struct.pack("ii", 1, 0)


def whole_length(data):
    """Bytes of the answer that begins there, or None while that cannot be told."""
    head, end, _ = data.partition(b"\r\n\r\n")
    if not end:
        return None
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(head) + 4 + int(value)
    return len(head) + 4


class Holder:
    def __init__(self, port, mode, count, first, deadline_s):
        self.port = port
        self.mode = mode
        self.count = count
        self.first = first              # number of its first connection among all holders'
        self.deadline_s = deadline_s
        self.held = []                  # descriptors

    def new_socket(self, number):
        client = socket.socket()
        client.setblocking(False)
        if hasattr(socket, "IP_BIND_ADDRESS_NO_PORT"):
            client.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        if self.mode == "slow":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER_BYTES)
        place = (self.first + number) // CONNECTIONS_PER_ADDRESS
        client.bind((f"127.0.{1 + place // 250}.{1 + place % 250}", 0))
        client.connect_ex(("127.0.0.1", self.port))
        return client

    def opened(self, client):
        """What is sent on a new connection, and whether something is waited for."""
        error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        client.send({"whole": WHOLE_REQUEST, "half": HALF_REQUEST, "slow": SLOW_REQUEST}[self.mode])
        return self.mode != "half"

    def is_answered(self, client, data):
        """Reads; True when the answer is complete (in slow mode: has begun)."""
        chunk = client.recv(1024 if self.mode == "slow" else 65536)
        if not chunk:
            raise ConnectionError("closed")
        data += chunk
        if len(data) >= 12 and data[9:12] != b"200":
            raise ConnectionError("not 200")
        if self.mode == "slow":
            return len(data) >= 12
        length = whole_length(bytes(data))
        return length is not None and len(data) >= length

    def exchange(self, sources, begin):
        """begin(source) gives a socket; each is watched to its answer, AT_ONCE of them at a time.
        The good ones are held, the others closed."""
        poll, active, good, bad = select.epoll(), {}, [], 0
        sources = iter(sources)
        deadline = time.monotonic() + self.deadline_s
        is_more = True
        while is_more or active:
            while is_more and len(active) < AT_ONCE:
                try:
                    client, is_open = begin(next(sources))
                except StopIteration:
                    is_more = False
                    break
                except OSError:
                    bad += 1
                    continue
                active[client.fileno()] = [client, is_open, bytearray()]
                poll.register(client.fileno(), select.EPOLLIN if is_open else select.EPOLLOUT)
            if time.monotonic() > deadline:
                break
            for fd, _ in poll.poll(0.2):
                verdict = self.step(poll, active[fd])
                if verdict is None:
                    continue
                poll.unregister(fd)
                client = active.pop(fd)[0]
                if verdict:
                    good.append(client.detach())
                else:
                    client.close()
                    bad += 1
        for client, _, _ in active.values():
            client.close()
            bad += 1
        poll.close()
        return good, bad + sum(1 for _ in sources)

    def step(self, poll, entry):
        """True: as wanted. False: lost. None: not yet."""
        client, is_open, data = entry
        try:
            if not is_open:
                entry[1] = True
                if not self.opened(client):
                    return True
                poll.modify(client.fileno(), select.EPOLLIN)
                return None
            return True if self.is_answered(client, data) else None
        except BlockingIOError:
            return None
        except OSError:
            return False

    def open(self):
        started = time.monotonic()
        self.held, bad = self.exchange(range(self.count),
                                       lambda number: (self.new_socket(number), False))
        return {"good": len(self.held), "bad": bad, "seconds": time.monotonic() - started}

    def again(self):
        started = time.monotonic()
        rest = b"\r\n" if self.mode == "half" else WHOLE_REQUEST

        def begin(fd):
            client = socket.socket(fileno=fd)
            try:
                client.send(rest)
            except OSError:
                client.close()
                raise
            return client, True

        self.held, bad = self.exchange(self.held, begin)
        return {"good": len(self.held), "bad": bad, "seconds": time.monotonic() - started}

    def close(self):
        for fd in self.held:
            with socket.socket(fileno=fd) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        count = len(self.held)
        self.held = []
        return {"good": count, "bad": 0, "seconds": 0.0}


def serve(port):
    """Answers the first request of each connection and then only keeps it."""
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    listener.setblocking(False)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + bytes(1024)
    poll, waiting, kept = select.epoll(), {}, []
    poll.register(listener.fileno(), select.EPOLLIN)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == sys.stdin.fileno():
                return
            if fd == listener.fileno():
                client, _ = listener.accept()
                waiting[client.fileno()] = client
                poll.register(client.fileno(), select.EPOLLIN)
                continue
            client = waiting.pop(fd)
            poll.unregister(fd)
            client.recv(4096)
            client.send(answer)
            kept.append(client.detach())


def main():
    port, mode, count, first, deadline_s = sys.argv[1:]
    if mode == "serve":
        serve(int(port))
        return
    holder = Holder(int(port), mode, int(count), int(first), float(deadline_s))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(getattr(holder, {"open": "open", "again": "again",
                                          "close": "close"}[line.strip()])()), flush=True)


if __name__ == "__main__":
    main()
