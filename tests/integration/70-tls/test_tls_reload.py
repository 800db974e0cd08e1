# SPDX-License-Identifier: BSD-2-Clause
"""HUP with clients over TLS: no request fails, connections end after an answer that says so, and
what the file says of certificates is in force. Would break if the old generation's signer went
before its workers, or the new workers came before theirs, or if what is put in force were not what
was tried."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import threading

import certificates
import muster
import processes
import pytest
from tls_hammer import TlsHammer


def test_clients_under_load_notice_nothing(serve_tls, authority):
    server = serve_tls(pool={"start": 3, "min_idle": 2, "max_workers": 32})
    with TlsHammer(server, authority.root) as hammer:
        for count in range(1, 6):
            hammer.wait_for_more()
            processes.reload(server, count)
            hammer.wait_for_more()
    assert not hammer.failures, hammer.failures
    assert not processes.log_lines(server, " error: |TLS handshake failed")
    muster.wait_for(lambda: len(processes.pids_of_role(server, "signer")) == 1,
                    "the end of old signers")


def test_a_request_that_is_under_way_is_the_last(serve_tls, connect):
    server = serve_tls(limits={"drain_timeout": "1h"}, pool={"start": 2})
    with connect(server) as client:
        client.send(processes.HALF_A_REQUEST.replace(b"Connection: close\r\n", b""))
        processes.worker_of(server, client)
        processes.reload(server)
        response = client.send(b"lf").response()
        assert response.body == b"start\n" and response.will_close
        client.expect_close()


def test_signers_that_stay_take_no_places(serve_tls, connect):
    """Each reload leaves one, while a client holds a worker."""
    server = serve_tls(limits={"drain_timeout": "1h"}, pool={"start": 2, "max_workers": 8})
    clients = []
    for count in range(1, 21):
        clients.append(connect(server).send(processes.HALF_A_REQUEST))
        processes.worker_of(server, clients[-1])
        processes.reload(server, count)
    assert len(processes.pids_of_role(server, "signer")) == len(clients) + 1
    for client in clients:
        with client:
            assert client.send(b"lf").response().body == b"start\n"
    muster.wait_for(lambda: len(processes.pids_of_role(server, "signer")) == 1,
                    "the end of old signers")


def test_idle_connections_end_at_once(serve_tls, connect):
    server = serve_tls()
    with connect(server, tells_cuts=True) as client:
        assert client.request().status == 200
        processes.reload(server)
        client.expect_close()


def test_a_stop_ends_what_is_idle(serve_tls, connect):
    for number in (signal.SIGTERM, signal.SIGQUIT):
        server = serve_tls()
        with connect(server) as client, connect(server) as other:
            assert client.request().status == 200
            assert other.request().status == 200
            assert server.stop(number) == 0


def test_a_new_certificate_is_in_force(serve_tls, authority, connect):
    server = serve_tls()
    new = authority.issue("test.example", "new.example", name="renewed")
    with connect(server) as client:
        assert "new.example" not in client.names
    server.settings.update(certificate=new.chain, certificate_key=new.key)
    server.write_config()
    processes.reload(server)
    with connect(server) as client:
        assert "new.example" in client.names
        assert client.request().status == 200


def test_tls_comes_and_goes(serve, connect, pair):
    """On a listener that stays."""
    server = serve()

    def signers():
        return processes.pids_of_role(server, "signer")

    assert server.get().status == 200 and signers() == []
    server.settings.update(certificate=pair.chain, certificate_key=pair.key)
    server.listen = [("127.0.0.1:0", {"tls": True})]
    server.write_config()
    processes.reload(server)
    with connect(server) as client:
        assert client.request().status == 200
    assert len(signers()) == 1
    server.listen = ["127.0.0.1:0"]
    server.write_config()
    processes.reload(server, 2)
    assert server.get().status == 200
    muster.wait_for(lambda: signers() == [], "the end of the signer")


def test_a_broken_pair_changes_nothing(serve_tls, authority, connect, tmp_path):
    server = serve_tls()
    stranger = certificates.make_key(tmp_path / "stranger.key")
    server.settings["certificate_key"] = stranger
    server.write_config()
    server.send_signal(signal.SIGHUP)
    server.wait_for_log("kept the old configuration")
    with connect(server) as client:
        assert client.request().status == 200


@pytest.fixture
def live(authority, tmp_path):
    """live(name): a pair in files of its own, which are replaced by the pair of that name."""
    chain, key = tmp_path / "live.pem", tmp_path / "live.key"

    def replace(name):
        new = authority.issue("test.example", f"{name}.example", name=f"{tmp_path.name}-{name}")
        for source, path in ((new.chain, chain), (new.key, key)):
            fresh = path.with_suffix(".new")
            shutil.copyfile(source, fresh)
            fresh.rename(path)
        return {"certificate": chain, "certificate_key": key}

    return replace


@contextlib.contextmanager
def reload_that_was_tried(server):
    """Within it the reload's child has found everything good, and the master does not know yet."""
    before = set(server.child_pids())
    children = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children")
    with processes.held_at("wait4", server.pid, server.folder / "trace"):
        server.send_signal(signal.SIGHUP)

        def has_ended():
            new = set(map(int, children.read_text().split())) - before
            return any(muster.process_stat(pid)[0] == "Z" for pid in new)

        muster.wait_for(has_ended, "the end of the reload's child")
        yield


@pytest.mark.needs("strace")
def test_a_pair_that_is_replaced_at_the_last_moment(serve_tls, live, connect):
    server = serve_tls(settings=live("first"))
    with reload_that_was_tried(server):
        live("second")
    server.wait_for_log("reload: new configuration in force")
    with connect(server) as client:
        assert "second.example" in client.names
        assert client.request().status == 200
    assert len(processes.log_lines(server, "replaced while they were tried")) == 1
    assert not processes.log_lines(server, " error: ")


@pytest.mark.needs("strace")
def test_a_pair_that_is_broken_at_the_last_moment(serve_tls, authority, live, connect, tmp_path):
    """Nobody but the signer would find out, and workers would wait for it for ever."""
    server = serve_tls(settings=live("first"))
    with reload_that_was_tried(server):
        certificates.make_key(tmp_path / "live.key")
    server.wait_for_log("kept the old configuration")
    assert processes.log_lines(server, r"error: reload: .*live\.key")
    with connect(server) as client:
        assert "first.example" in client.names
        assert client.request().status == 200
    live("third")
    processes.reload(server)
    with connect(server) as client:
        assert "third.example" in client.names


def test_a_pair_that_never_rests(serve_tls, live, connect):
    """It is taken at some moment, or refused: a reload has an end."""
    settings = live("first")
    server = serve_tls(settings=settings)
    must_end = threading.Event()

    def touch():
        while not must_end.is_set():
            os.utime(settings["certificate"])

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        server.send_signal(signal.SIGHUP)
        found = server.wait_for_log("new configuration in force|kept the old configuration.*")[0]
    finally:
        must_end.set()
        thread.join()
    assert "in force" in found or re.search(r"replaced again and again.* /.*live\.pem$", found)
    with connect(server) as client:
        assert client.request().status == 200
