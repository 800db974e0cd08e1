# SPDX-License-Identifier: BSD-2-Clause
"""The kernel encrypts (tls.kernel): a file's bytes do not come into user space, what comes out is
the same, and a kernel that cannot is no error. Would break if OpenSSL wrote application data of
its own when the kernel has the key, or if a record were left open when its content is complete."""
import collections
import errno
import os
import pathlib
import re
import signal
import socket
import threading

import pytest

import muster
import processes
from muster import request
from tls_client import TLS_1_2, TLS_1_3

TCP_ULP = 31                            # linux/tcp.h
VERSIONS = [TLS_1_2, TLS_1_3]
VERSION_NAMES = ["1.2", "1.3"]
MEBIBYTES = 4
CONTENT = processes.large_content(MEBIBYTES)
SIZES = [0, 1, 8192, 8193, 16384, 65536, 300000]
KERNEL = "tls { kernel = true }"


def missing():
    """Why the kernel cannot; None: it can, and says only that this is no connection."""
    with socket.socket() as one:
        try:
            one.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                return error.strerror
    return None


MISSING = missing()
needs_kernel = pytest.mark.skipif(MISSING is not None,
                                  reason=f"this kernel has no TLS (module tls): {MISSING}")


def kernel_count():
    """Connections so far that the kernel encrypts what is sent on."""
    return int(re.search(r"TlsTxSw\s+(\d+)", pathlib.Path("/proc/net/tls_stat").read_text())[1])


@pytest.fixture(scope="module")
def server(module_serve_tls):
    files = {f"{size}": CONTENT[:size] for size in SIZES}
    return module_serve_tls({"index.html": "start\n", "big.bin": CONTENT, **files}, more=KERNEL,
                            pool={"start": 3}, keepalive={"max_requests": 0},
                            log={"format": '%>s %X %B "%r"'})


def test_log_says_whether_it_is_in_use(server):
    if MISSING is None:
        server.wait_for_log(r"notice: TLS: the kernel encrypts ")
    else:
        server.wait_for_log(r"warn: \S+musterd\.conf:\d+: tls\.kernel: not in use, OpenSSL "
                            r"encrypts: ")


def test_log_says_nothing_of_it_unless_asked(serve_tls):
    server = serve_tls()
    assert "kernel" not in server.log()


@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
def test_same_with_and_without(server, connect, version):
    with connect(server, version) as client:
        for size in SIZES:
            assert client.request(target=f"/{size}").body == CONTENT[:size]
            assert client.request("HEAD", f"/{size}")["Content-Length"] == str(size)
        for first, last in ((0, 0), (1, 16384), (70000, 200000), (1000000, len(CONTENT) - 1)):
            response = client.request(target="/big.bin",
                                      fields=[("Range", f"bytes={first}-{last}")])
            assert response.body == CONTENT[first:last + 1]
        several = client.request(target="/big.bin",
                                 fields=[("Range", "bytes=0-9,100-200,65000-140000")])
        assert CONTENT[65000:140001] in several.body
        tag = client.request()["ETag"]
        assert client.request(fields=[("If-None-Match", tag)]).status == 304
        assert client.request(target="/big.bin").body == CONTENT
        assert client.request("POST", "/", body=b"x" * 200000).status == 405
        client.send(request(target="/8193") + request(target="/300000") + request(target="/1"))
        for size in (8193, 300000, 1):
            assert client.response().body == CONTENT[:size]


def test_http_2_is_left_alone(server, connect):
    """It reads while it sends, and frames what it sends."""
    before = kernel_count() if MISSING is None else 0
    with connect(server, alpn=["h2"]) as client:
        assert client.socket.selected_alpn_protocol() == "h2"
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        assert client.take(9)[3] == 4   # SETTINGS
    assert MISSING is not None or kernel_count() == before


@needs_kernel
@pytest.mark.parametrize("version, ciphers", [
    (TLS_1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"), (TLS_1_2, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (TLS_1_2, "ECDHE-ECDSA-CHACHA20-POLY1305"), (TLS_1_3, None)])
def test_kernel_encrypts(server, connect, version, ciphers):
    before = kernel_count()
    with connect(server, version, ciphers=ciphers) as client:
        assert kernel_count() == before + 1
        assert client.request(target="/300000").body == CONTENT[:300000]


@needs_kernel
@pytest.mark.needs("strace")
@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
def test_content_does_not_come_into_user_space(make_server, connect, pair, tmp_path, capsys,
                                               version):
    (tmp_path / "trace").mkdir()
    server = make_server(
        wrapper=["strace", "-D", "-ff", "-qq", "-s", "0", "-e",
                 "trace=read,pread64,readv,write,writev,sendto,sendmsg,sendfile,splice,mmap",
                 "-o", str(tmp_path / "trace" / "of")],
        settings={"certificate": pair.chain, "certificate_key": pair.key}, more=KERNEL,
        listen=[("127.0.0.1:0", {"tls": True})], log={"format": "%P"},
        pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 1},
        keepalive={"keepers": 0})
    muster.write_files(server.site, {"big.bin": CONTENT})
    server.start()
    with connect(server, version) as client:
        assert client.request(target="/big.bin").body == CONTENT
        worker, = {int(line) for line in server.wait_for_access(1)}
        trace = (tmp_path / "trace" / f"of.{worker}").read_text("latin-1")
    moved = collections.Counter()
    for name, result in re.findall(r"^([a-z0-9]+)\(.* = ([0-9]+)$", trace, re.M):
        moved[name] += int(result)
    del moved["mmap"]
    by_file = moved.pop("sendfile")
    with capsys.disabled():
        print(f"\n  bytes of {len(CONTENT)}: by sendfile {by_file}, through user space "
              f"{dict(moved)}")
    assert by_file == len(CONTENT)
    assert sum(moved.values()) < 65536, moved


@needs_kernel
@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
def test_end_is_said(server, connect, version):
    """close_notify comes after all else, from a connection that is closed in order."""
    for target, content in (("/1", CONTENT[:1]), ("/300000", CONTENT[:300000])):
        with connect(server, version, tells_cuts=True) as client:
            client.send(request(target=target, fields=[("Connection", "close")]))
            assert client.response().body == content
            client.expect_close()


@needs_kernel
@pytest.mark.parametrize("version", VERSIONS, ids=VERSION_NAMES)
def test_slow_reader_gets_all(server, connect, version):
    with connect(server, version, receive_buffer=4096) as client:
        client.send(request(target="/big.bin"))
        head = client.read_head()
        body = bytearray()
        while len(body) < 200000:
            body += client.take(1000)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        body += client.take(int(head["Content-Length"]) - len(body))
        assert body == CONTENT
        assert client.request().body == b"start\n"


@needs_kernel
def test_deaf_reader_is_given_up(serve_tls, connect):
    server = serve_tls({"big.bin": processes.large_content(16)}, more=KERNEL,
                       limits={"send_timeout": "300ms"}, log={"format": "%X %B"})
    with connect(server, receive_buffer=4096) as client:
        client.send(request(target="/big.bin"))
        mark, sent = server.wait_for_access(1)[0].split()
        assert mark == "X" and int(sent) < 16 << 20


@needs_kernel
def test_many_connections_leave_nothing(serve_tls, connect):
    """One after the other by the same worker, then as many at the same time."""
    server = serve_tls({"f": CONTENT[:300000]}, more=KERNEL, log={"format": "%P"},
                       pool={"start": 1, "min_idle": 1, "max_idle": 1, "max_workers": 1,
                             "max_requests": 0}, keepalive={"keepers": 0})
    fields = [("Connection", "close")]

    def ask(number):
        with connect(server, VERSIONS[number % 2]) as client:
            client.send(request(target="/f", fields=fields))
            answers.append(client.response().body == CONTENT[:300000])

    answers = []
    for number in range(10):
        ask(number)
    worker, = {int(line) for line in server.wait_for_access(10)}
    before = len(os.listdir(f"/proc/{worker}/fd"))
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 110 and all(answers)
    assert {int(line) for line in server.wait_for_access(110)} == {worker}
    muster.wait_for(lambda: len(os.listdir(f"/proc/{worker}/fd")) == before,
                    "the last connection to be closed")


@needs_kernel
def test_reload_lets_a_download_end(serve_tls, connect):
    server = serve_tls({"big.bin": CONTENT}, more=KERNEL)
    with connect(server, receive_buffer=4096) as client:
        client.send(request(target="/big.bin", fields=[("Connection", "close")]))
        head = client.read_head()
        server.send_signal(signal.SIGHUP)
        server.wait_for_log(r"notice: TLS: the kernel encrypts ", 2)
        with connect(server) as other:
            assert other.request(target="/big.bin").body == CONTENT
        assert client.take(int(head["Content-Length"])) == CONTENT
