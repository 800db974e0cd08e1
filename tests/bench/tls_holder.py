#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""holder.py's connections over TLS: the same lines, mode "tls". One after another, since each
handshake takes the server longer than this end waits for it."""
import json
import socket
import sys
import time

import holder
import secure


class TlsHolder(holder.Holder):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.context = secure.client_context()

    def ask(self, client):
        """Another request on it, and its whole answer."""
        client.sendall(holder.WHOLE_REQUEST)
        data = b""
        while (length := holder.whole_length(data)) is None or len(data) < length:
            chunk = client.recv(65536)
            if not chunk:
                raise ConnectionError("closed")
            data += chunk
        if data[9:12] != b"200":
            raise ConnectionError("not 200")
        return client

    def open_one(self, number):
        place = (self.first + number) // holder.CONNECTIONS_PER_ADDRESS
        plain = socket.create_connection(
            ("127.0.0.1", self.port), self.deadline_s,
            (f"127.0.{1 + place // 250}.{1 + place % 250}", 0))
        try:
            client = self.context.wrap_socket(plain)
        except OSError:
            plain.close()
            raise
        return self.ask(client)

    def each(self, sources, function):
        started, good, bad = time.monotonic(), [], 0
        for source in sources:
            try:
                good.append(function(source))
            except OSError:
                bad += 1
        self.held = good
        return {"good": len(good), "bad": bad, "seconds": time.monotonic() - started}

    def open(self):
        return self.each(range(self.count), self.open_one)

    def again(self):
        return self.each(self.held, self.ask)

    def close(self):
        count = len(self.held)
        for client in self.held:
            with socket.socket(fileno=client.detach()) as plain:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, holder.RESET)
        self.held = []
        return {"good": count, "bad": 0, "seconds": 0.0}


def main():
    port, mode, count, first, deadline_s = sys.argv[1:]
    held = TlsHolder(int(port), mode, int(count), int(first), float(deadline_s))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(getattr(held, {"open": "open", "again": "again",
                                        "close": "close"}[line.strip()])()), flush=True)


if __name__ == "__main__":
    main()
