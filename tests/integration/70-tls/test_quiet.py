# SPDX-License-Identifier: BSD-2-Clause
"""Clients that say nothing between two requests. Would break if something that is still needed went
back to the system with the rest of the memory, or if nothing did; or if part of a record were
waited for as long as one that has not begun."""
import os
import pathlib
import re
import socket

import pytest

import processes
from muster import wait_for

LARGE = bytes(range(256)) * 1000


def private_kib(pid):
    """By page: the system's own counts are off by some pages for each processor."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return int(re.search(r"Private_Dirty:\s+(\d+)", text)[1])


@pytest.mark.root
def test_a_quiet_client_is_served_as_before(serve_tls, connect):
    server = serve_tls({"index.html": "start\n", "large.bin": LARGE})
    with connect(server) as client:
        for _ in range(2):
            assert client.request(target="/large.bin").body == LARGE
            client.send(f"GET / HTTP/1.1\r\nHost: x\r\nX-Long: {'x' * 20000}".encode())
            pid = processes.worker_of(server, client)
            busy_kib = private_kib(pid)
            assert client.send(b"\r\n\r\n").response().body == b"start\n"
            wait_for(lambda: private_kib(pid) < busy_kib - 50, "memory to go back")
            assert processes.worker_of(server, client) == pid


def test_part_of_a_record_is_not_the_quiet_between(serve_tls, connect):
    server = serve_tls(limits={"header_timeout": "300ms"}, keepalive={"timeout": "1h"})
    with connect(server) as client:
        assert client.request().body == b"start\n"
        with socket.socket(fileno=os.dup(client.socket.fileno())) as below:
            below.sendall(b"\x17\3\3\0\x20abc")
        client.expect_close()
