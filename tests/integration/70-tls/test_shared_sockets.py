# SPDX-License-Identifier: BSD-2-Clause
"""Sockets that all workers share, shut down by one that is in the hands of an attacker. What that
spoils does not last. Would break if nobody looked, if who has such a socket stayed, or if what is
under way ended with it."""
import contextlib
import os
import socket

import muster
import processes
import pytest

MENDED = "notice: all processes are replaced"
TLS, PLAIN = 0, 1


@pytest.fixture
def server(serve, pair):
    return serve({"index.html": "start\n", "large.bin": bytes(300_000)},
                 listen=[("127.0.0.1:0", {"tls": True}), "127.0.0.1:0"],
                 settings={"certificate": pair.chain, "certificate_key": pair.key},
                 keepalive={"keepers": 1, "linger": "0s"}, limits={"drain_timeout": "1h"})


def worker_that_takes_over(server):
    """Its work is what keepers hand on, be it the hello of TLS."""
    others = {*processes.workers_on(server, TLS), *processes.workers_on(server, PLAIN)}
    return next(pid for pid in server.worker_pids() if pid not in others)


def shared_with(server, pid):
    """The numbers of Unix sockets: for connections, for the signer, for keepers, for logs. The
    master has them as well, but not the pair of one that has asked the signer."""
    inodes = {f"socket:[{inode}]" for inode in processes.unix_inodes()}
    inodes &= set(processes.descriptors(server.pid).values())
    numbers = sorted(number for number, target in processes.descriptors(pid).items()
                     if target in inodes)
    assert len(numbers) == 4, processes.descriptors(pid)
    return numbers


def shut_down(pid, numbers, how=socket.SHUT_RDWR):
    with contextlib.ExitStack() as stack:   # the worker may end after the first
        for shared in [stack.enter_context(processes.borrow(pid, number)) for number in numbers]:
            shared.shutdown(how)


def wait_for_others(server, before):
    """Until all that were there have been replaced."""
    muster.wait_for(lambda: not before & set(server.worker_pids()), "the end of the old workers")
    muster.wait_for(lambda: len(processes.pids_of_role(server, "signer")) == 1,
                    "the end of the old signer")


def expect_service(server, connect):
    """Of new workers, with the signer, a keeper, and who takes from the keeper."""
    with connect(server, index=TLS) as client:
        assert client.request().body == b"start\n"
    with server.connect(PLAIN) as client:
        for target in ("/", "/large.bin", "/?other"):
            assert client.request(target=target).status == 200
            processes.wait_until_parked(server, client)


@pytest.mark.parametrize("position", range(4))
def test_a_socket_between_processes(server, connect, position):
    before = set(server.worker_pids())
    pid = worker_that_takes_over(server)
    shut_down(pid, [shared_with(server, pid)[position]])
    server.wait_for_log(MENDED)
    wait_for_others(server, before)
    expect_service(server, connect)
    assert len(processes.log_lines(server, MENDED)) == 1


def test_again_and_again(server, connect):
    """All of them, in each way that spoils something."""
    for how in (socket.SHUT_WR, socket.SHUT_RD, socket.SHUT_RDWR):
        before = set(server.worker_pids())
        pid = worker_that_takes_over(server)
        count = len(processes.log_lines(server, MENDED))
        shut_down(pid, shared_with(server, pid), how)
        server.wait_for_log(MENDED, count + 1)
        wait_for_others(server, before)
    expect_service(server, connect)
    processes.reload(server)
    expect_service(server, connect)


def test_what_is_under_way_goes_on(server, connect):
    with connect(server, index=TLS) as private, server.connect(PLAIN) as plain:
        for client in (private, plain):
            client.send(processes.HALF_A_REQUEST)
            processes.worker_of(server, client)
        pid = worker_that_takes_over(server)
        shut_down(pid, shared_with(server, pid))
        server.wait_for_log(MENDED)
        expect_service(server, connect)
        for client in (private, plain):
            assert client.send(b"lf").response().body == b"start\n"


def test_sockets_that_no_longer_wait(server, connect):
    """Made so by one worker, for all: those who wait on them do not give up."""
    before = set(server.worker_pids())
    sockets = [(processes.workers_on(server, index)[0], server.address(index))
               for index in (TLS, PLAIN)]
    with contextlib.ExitStack() as stack:
        pid = worker_that_takes_over(server)
        shared = [stack.enter_context(processes.borrow(pid, number))
                  for number in shared_with(server, pid)]
        for pid, address in sockets:
            inode = processes.listening_inode(address)
            number, = (number for number, target in processes.descriptors(pid).items()
                       if target == f"socket:[{inode}]")
            shared.append(stack.enter_context(processes.borrow(pid, number)))
        for one in shared:
            one.setblocking(False)
        for _ in range(10):
            expect_service(server, connect)
        assert all(os.get_blocking(one.fileno()) for one in shared[-2:])
    assert before <= set(server.worker_pids())
    assert not processes.log_lines(server, " error: ")


@pytest.mark.parametrize("index", [TLS, PLAIN])
@pytest.mark.parametrize("how", [socket.SHUT_RD, socket.SHUT_RDWR])
def test_a_socket_that_listens(server, connect, index, how):
    pid = processes.workers_on(server, index)[0]
    inode = processes.listening_inode(server.address(index))
    number, = (number for number, target in processes.descriptors(pid).items()
               if target == f"socket:[{inode}]")
    for count in (1, 2):
        pid = processes.workers_on(server, index)[0]
        shut_down(pid, [number], how)
        server.wait_for_log("was shut down, and listens again", count)
        assert processes.listening_inode(server.address(index)) == inode
        expect_service(server, connect)
    assert not processes.log_lines(server, MENDED)


@pytest.mark.parametrize("index", [TLS, PLAIN])
def test_a_socket_that_listens_no_more_but_is_connected(server, connect, index):
    """Nothing that poll(2) tells, and nothing that can be made to listen as it is."""
    pid = processes.workers_on(server, index)[0]
    inode = processes.listening_inode(server.address(index))
    number, = (number for number, target in processes.descriptors(pid).items()
               if target == f"socket:[{inode}]")
    with socket.create_server(("127.0.0.1", 0)) as accomplice, \
            processes.borrow(pid, number) as shared:
        shared.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):  # the master may have been faster
            shared.connect(accomplice.getsockname())
        server.wait_for_log("was shut down, and listens again")
        expect_service(server, connect)
