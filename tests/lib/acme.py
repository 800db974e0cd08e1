# SPDX-License-Identifier: BSD-2-Clause
"""An authority that speaks ACME (RFC 8555), pebble(1), and certbot(1) as its client, on loopback
and in the test's folder: nothing leaves the machine, and /etc/letsencrypt is not touched."""
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import urllib.request

import processes
from patience import PATIENCE_S, wait_for

TYPE_A = 1


class Names:
    """A name server for which every name is 127.0.0.1."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "%s:%d" % self.socket.getsockname()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            if not query:
                return
            self.socket.sendto(self._answer(query), client)

    @staticmethod
    def _answer(query):
        """RFC 1035, 4.1: the question is repeated, the name in the answer points to it."""
        end = query.index(b"\0", 12) + 5
        is_address = struct.unpack("!H", query[end - 4:end - 2])[0] == TYPE_A
        answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\x7f\0\0\x01" if is_address else b""
        return (query[:2] + b"\x85\x80" + struct.pack("!HHHH", 1, is_address, 0, 0) +
                query[12:end] + answer)


class Pebble:
    """The authority. It looks for the answers to its challenges at http_port; pair: its own
    certificate, for 127.0.0.1."""

    def __init__(self, folder, http_port, pair):
        self.folder, self.http_port, self.pair = folder, http_port, pair
        self.process = None

    def __enter__(self):
        config = {"listenAddress": "127.0.0.1:0", "managementListenAddress": "127.0.0.2:0",
                  "certificate": str(self.pair.chain), "privateKey": str(self.pair.key),
                  "httpPort": self.http_port, "tlsPort": 1, "ocspResponderURL": "",
                  "externalAccountBindingRequired": False}
        path = self.folder / "pebble.json"
        path.write_text(json.dumps({"pebble": config}))
        self.names = Names().__enter__()
        # It waits for seconds, and refuses what is good, to try its clients: not here.
        environment = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0",
                       "PEBBLE_AUTHZREUSE": "0"}
        with open(self.folder / "pebble.log", "wb") as log:
            self.process = subprocess.Popen(
                ["pebble", "-config", path, "-dnsserver", self.names.address],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        try:
            wait_for(lambda: self._port("127.0.0.1") and self._port("127.0.0.2"),
                     lambda: "pebble to listen\n" + self.log())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.names.__exit__()

    def log(self):
        return (self.folder / "pebble.log").read_text(errors="replace")

    def _port(self, address):
        """The system has chosen it."""
        inodes = processes.socket_inodes(self.process.pid)
        ports = [one.local[1] for one in processes.tcp_sockets()
                 if one.inode in inodes and one.state == processes.TCP_LISTEN and
                 one.local[0] == address]
        return ports[0] if ports else None

    @property
    def directory(self):
        return f"https://127.0.0.1:{self._port('127.0.0.1')}/dir"

    def write_root(self, path):
        """What a client has to trust; pebble makes another one at each start."""
        context = ssl._create_unverified_context()
        url = f"https://127.0.0.2:{self._port('127.0.0.2')}/roots/0"
        with urllib.request.urlopen(url, context=context, timeout=PATIENCE_S) as response:
            path.write_bytes(response.read())
        return path


class Certbot:
    """certbot with all its files below `folder`."""

    def __init__(self, folder, pebble, root):
        self.folder, self.pebble, self.root = folder, pebble, root
        self.live = folder / "config" / "live"

    def run(self, *arguments):
        """Until it has ended well; returns what it says."""
        folders = [word for name in ("config", "work", "logs")
                   for word in (f"--{name}-dir", self.folder / name)]
        result = subprocess.run(
            ["certbot", *map(str, [*arguments, *folders]), "--non-interactive", "--server",
             self.pebble.directory, "--no-random-sleep-on-renew"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=2 * PATIENCE_S, check=False,
            env={**os.environ, "REQUESTS_CA_BUNDLE": str(self.root), "LC_ALL": "C"})
        text = result.stdout.decode(errors="replace")
        assert result.returncode == 0, text + self.pebble.log()
        return text

    def issue(self, webroot, *names):
        domains = [word for name in names for word in ("-d", name)]
        return self.run("certonly", "--webroot", "-w", webroot, *domains, "--agree-tos",
                        "--register-unsafely-without-email")

    def renew(self, *arguments):
        return self.run("renew", "--force-renewal", *arguments)
