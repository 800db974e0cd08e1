# SPDX-License-Identifier: BSD-2-Clause
"""Looks at musterd's processes through /proc, and runs musterd as muster.Server does not: as a
daemon, as an ordinary user, with other descriptors, and under clients that hold or hammer it.

Nothing is concluded from a time, and only processes that were started here are signalled.
"""
import collections
import contextlib
import ctypes
import itertools
import os
import pathlib
import pwd
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading

import pytest

import muster
from muster import PATIENCE_S, wait_for

TCP_ESTABLISHED, TCP_LISTEN = 0x01, 0x0a
PR_SET_CHILD_SUBREAPER = 36
PIDFD_GETFD = 438                       # the number is the same everywhere
# A worker waits for the rest of content; keepers take who still owes a part of the head.
HALF_A_REQUEST = b"GET / HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n" \
    b"Content-Length: 4\r\n\r\nha"

# A listener whose workers get a client when it has asked, and never find it silent: a silent one
# goes to a keeper, and who asks and who takes it up first is a matter of speed.
ASKS_FIRST = ("127.0.0.1:0", {"defer_accept": "60s"})

Tcp = collections.namedtuple("Tcp", "local remote state inode")


def status(pid):
    """/proc/PID/status as a dictionary of texts."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {name: value.strip() for name, _, value in
            (line.partition(":") for line in text.splitlines())}


def wakes_of(pid):
    """How often a process has waited for something: of the master, how often it has looked."""
    return int(status(pid)["voluntary_ctxt_switches"])


def wait_for_wakes(pid, count=3):
    """Until it has woken so many times more; what it does each time, it has done by then."""
    wanted = wakes_of(pid) + count
    wait_for(lambda: wakes_of(pid) >= wanted, f"{count} more wakes of process {pid}")


def wait_until_asleep(pid):
    """Until a process waits for something: what it was about to do, it has done. A client can have
    an answer before its worker has made the notes that belong to it."""
    wait_for(lambda: muster.process_stat(pid)[0] == "S", f"process {pid} to wait for something")


def descriptors(pid):
    """{number: what it refers to} of the open descriptors of a process."""
    found = {}
    ended = (FileNotFoundError, ProcessLookupError, PermissionError)    # or is about to
    with contextlib.suppress(*ended):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(*ended):
                found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def borrow(pid, number):
    """The same socket as a descriptor of another process: what is done to it is done by that."""
    pidfd = os.pidfd_open(pid)
    taken = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, pidfd, number, 0)
    os.close(pidfd)
    if taken < 0:
        pytest.skip(f"pidfd_getfd(2): {os.strerror(ctypes.get_errno())}")
    return socket.socket(fileno=taken)


def borrow_connection(server, client):
    """A socket for the server's end of a client's connection, which a process there has open."""
    pid, = workers_of(server, [client])
    inode, = {one.inode for one in tcp_sockets()
              if (one.local, one.remote) == (client.socket.getpeername(),
                                             client.socket.getsockname())}
    number, = {number for number, target in descriptors(pid).items()
               if target == f"socket:[{inode}]"}
    return borrow(pid, number)


def socket_inodes(pid):
    return {int(target[8:-1]) for target in descriptors(pid).values()
            if target.startswith("socket:[")}


def set_limit(pid, kind, soft):
    """Sets the soft limit of a process (resource.RLIMIT_...); returns the one before. It is done
    by a child with the owner's ids, since root may lack the right to do it to others."""
    owner = status(pid)
    uid, gid = int(owner["Uid"].split()[0]), int(owner["Gid"].split()[0])
    old = _limit_of(pid, kind)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if muster.is_root():
                os.setgroups([])
                os.setresgid(gid, gid, gid)
                os.setresuid(uid, uid, uid)
            resource.prlimit(pid, kind, (soft, old[1]))
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0, "the limit could not be set"
    assert _limit_of(pid, kind)[0] == soft
    return old[0]


def _limit_of(pid, kind):
    """(soft, hard) as /proc tells, for which no right is needed."""
    name = {resource.RLIMIT_NPROC: "Max processes", resource.RLIMIT_NOFILE: "Max open files"}[kind]
    for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith(name):
            return tuple(resource.RLIM_INFINITY if word == "unlimited" else int(word)
                         for word in line[len(name):].split()[:2])
    raise AssertionError(f"no {name} in /proc/{pid}/limits")


def _end_point(text):
    address, port = text.split(":")
    return socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)


def tcp_sockets():
    """Those of IPv4; of a connection that nobody has accepted yet the inode is 0."""
    rows = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [Tcp(_end_point(words[1]), _end_point(words[2]), int(words[3], 16), int(words[9]))
            for words in map(str.split, rows)]


def unix_inodes():
    """Of all sockets of AF_UNIX."""
    rows = pathlib.Path("/proc/net/unix").read_text(errors="surrogateescape").splitlines()[1:]
    return {int(row.split()[6]) for row in rows}


def listening_inode(address):
    """Of the socket that listens there, or None."""
    found = [one.inode for one in tcp_sockets() if one.local == address and one.state == TCP_LISTEN]
    return found[0] if found else None


def workers_of(server, clients):
    """The pids of the workers (or keepers) that have these clients (of IPv4), None for one that
    waits."""
    inodes = {(one.local, one.remote): one.inode for one in tcp_sockets()
              if one.state != TCP_LISTEN}
    holders = {inode: pid for pid in server.child_pids() for inode in socket_inodes(pid)}
    return [holders.get(inodes.get((client.socket.getpeername(), client.socket.getsockname())))
            for client in clients]


def pids_of_role(server, role):
    return [pid for pid in server.child_pids() if muster.role_of(pid) == role]


def client_ports(server, pid, index=0):
    """The ports of the clients (of IPv4, of listener `index`) whose connections a process holds."""
    held, local = socket_inodes(pid), server.address(index)
    return {one.remote[1] for one in tcp_sockets() if one.inode in held and one.local == local}


def wait_until_parked(server, *clients):
    """Until each of these clients (of IPv4) is held by a keeper."""
    def all_are_parked():
        roles = {pid: muster.role_of(pid) for pid in server.child_pids()}
        return all(roles.get(pid) == "keeper" for pid in workers_of(server, clients))

    wait_for(all_are_parked, lambda: f"{len(clients)} clients to be parked\n{server.log()}")


def worker_of(server, client):
    """The pid of the worker that serves this client, as soon as there is one."""
    return wait_for(lambda: workers_of(server, [client])[0], "a worker for the client")


def workers_on(server, index=0):
    """The workers of listener `index` (of IPv4)."""
    inode = listening_inode(server.address(index))
    return [pid for pid in server.worker_pids() if inode in socket_inodes(pid)]


@contextlib.contextmanager
def held_at(call, pid, trace):
    """The process does not get into its next call of this name, until it is let go."""
    tracer = subprocess.Popen(
        ["strace", "-qq", "-o", str(trace), "-e", f"trace={call}",
         "-e", f"inject={call}:delay_enter=600000000", "-p", str(pid)], stderr=subprocess.DEVNULL)

    def let_go():
        tracer.kill()
        tracer.wait()

    try:
        wait_for(lambda: status(pid)["TracerPid"] == str(tracer.pid)
                 or tracer.poll() is not None, "strace")
        if tracer.poll() is not None:
            pytest.skip("strace may not trace here")
        yield let_go
    finally:
        let_go()


def idle_on(server, index=0):
    """The workers of listener `index` that hold no connection."""
    held = {one.inode for one in tcp_sockets() if one.state != TCP_LISTEN and one.inode}
    return [pid for pid in workers_on(server, index) if not socket_inodes(pid) & held]


def hold(server, count, index=0):
    """So many clients with half-sent requests, each taken up by a worker of its own. One that was
    silent for a moment may come to it by a keeper."""
    clients = [server.connect(index).send(HALF_A_REQUEST) for _ in range(count)]

    def are_held():
        pids = set(workers_of(server, clients))
        return len(pids) == count and all(pid and muster.role_of(pid) == "worker" for pid in pids)

    wait_for(are_held, lambda: f"{count} busy workers; they have {workers_of(server, clients)}\n"
             + server.log())
    return clients


def finish_held(client):
    """Sends the other half of the request; returns the response."""
    response = client.send(b"lf").response()
    client.expect_close().close()
    return response


def reload(server, count=1, log="error.log"):
    """HUP, until the configuration is in force (for the count-th time in that log) and none of
    the old workers is left that could take up one more client."""
    before = set(server.worker_pids())
    inode = listening_inode(server.address())
    server.send_signal(signal.SIGHUP)
    wait_for(lambda: server.text_of(log).count("reload: new configuration in force") >= count,
             lambda: f"the new configuration\n{server.text_of(log)}")
    wait_for(lambda: not any(inode in socket_inodes(pid) for pid in
                             before & set(server.worker_pids())), "the leave of old workers")


def large_content(mebibytes=16):
    """More than the buffers of two sockets take, and different everywhere."""
    return random.Random(mebibytes).randbytes(mebibytes << 20)


class Download:
    """A client that has got the head of the answer and leaves the body to wait, so that its
    worker is held while it sends."""

    def __init__(self, server, target, index=0):
        self.client = server.connect(index, receive_buffer=4096)
        self.client.send(muster.request("GET", target, [("Connection", "close")]))
        self.head = self.client.read_head()
        self.bytes = int(self.head["Content-Length"])
        self.pid = worker_of(server, self.client)

    def finish(self):
        """The whole body, or what there is of it when the server ends early."""
        body = bytearray(self.client.pending)
        self.client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        with contextlib.suppress(ConnectionResetError):
            while data := self.client.socket.recv(1 << 20):
                body += data
        self.client.close()
        return bytes(body)


class Askers:
    """Clients in threads that ask again and again, until the end of the with block. turn(), of
    who derives from it, is one go of a thread, and adds to answered; what it raises is a
    failure, of which one is enough to tell."""

    def __init__(self, thread_count=4):
        self.answered, self.failures = [], []
        self.must_end = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(number,))
                        for number in range(thread_count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.must_end.set()
        for thread in self.threads:
            thread.join()

    def _run(self, thread_number):
        while not self.must_end.is_set():
            try:
                self.turn(thread_number)
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
                return

    def wait_for_more(self, count=50):
        """Until so many more requests were answered."""
        wanted = len(self.answered) + count
        wait_for(lambda: len(self.answered) >= wanted or self.failures, f"{count} more answers")
        assert not self.failures, self.failures


class Hammer(Askers):
    """A new connection for each request, which has a target of its own; answered has those."""

    def __init__(self, server, contents, thread_count=4):
        super().__init__(thread_count)
        self.address = server.address()
        self.contents = contents            # bodies that are a right answer
        self.numbers = itertools.count()

    def turn(self, thread_number):
        target = f"/?{thread_number}-{next(self.numbers)}"
        with muster.Client(self.address) as client:
            response = client.request("GET", target, [("Connection", "close")])
            client.expect_close()
        assert response.status == 200 and response.body in self.contents, (target, response)
        self.answered.append(target)


class Started(muster.Server):
    """A server as a context manager: with Started(folder, **options) as server. More options:
    popen, of subprocess.Popen, and environment, variables that are added."""

    def __init__(self, folder, *, popen=None, environment=None, **options):
        self.popen = popen or {}
        self.environment = environment or {}
        self.program = muster.musterd_path()
        super().__init__(folder, starts=False, **options)
        muster.write_files(self.site, {"index.html": "start\n"})

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def command(self):
        return [self.program, *self.arguments, "-c", str(self.config_path)]

    def all_environment(self):
        variables = muster.process_environment()
        for name, value in self.environment.items():
            old = variables.get(name)
            variables[name] = f"{old}:{value}" if name.endswith("SAN_OPTIONS") and old else value
        return variables

    def spawn(self):
        with open(self.folder / "stdout", "wb") as out, open(self.folder / "stderr", "wb") as err:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True, env=self.all_environment(), **self.popen)
        return self


class UserServer(Started):
    """A server that an ordinary user starts: whoever runs the tests, or, when that is root,
    an account without rights, which gets a copy of the program it can reach."""

    def __init__(self, folder, **options):
        self.scratch = None
        self.uid = os.geteuid()
        if muster.is_root():
            account = pwd.getpwnam(muster.worker_account()[0])
            self.uid = account.pw_uid
            self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="muster-"))
            self.scratch.chmod(0o755)
            folder = self.scratch / "server"
            options["popen"] = {"user": account.pw_uid, "group": account.pw_gid,
                                "extra_groups": [], **options.get("popen", {})}
        super().__init__(folder, **options)
        if self.scratch is not None:
            self.program = shutil.copy(self.program, self.scratch / "musterd")
            os.chown(self.folder, account.pw_uid, account.pw_gid)

    def __exit__(self, *error):
        try:
            super().__exit__(*error)
        finally:
            self.discard()

    def discard(self):
        """Removes what was put where the account can reach it."""
        if self.scratch is not None:
            shutil.rmtree(self.scratch)


@contextlib.contextmanager
def adopting_orphans():
    """What is started inside and loses its parent becomes a child of this process, so that a
    daemon can be waited for, and nothing that it leaves can be overlooked."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = set(muster.child_pids(os.getpid()))
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, os.strerror(ctypes.get_errno())
    try:
        yield lambda: sorted(set(muster.child_pids(os.getpid())) - before)
    finally:
        # After a failure only: there is nobody left after a test that went well.
        for pid in set(muster.child_pids(os.getpid())) - before:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class Daemon(Started):
    """musterd without -f. with Daemon(folder) as daemon: only adopts; launch() starts it."""

    def __init__(self, folder, *, settings=None, **options):
        self.pid_path = pathlib.Path(folder) / "musterd.pid"
        self.master_pid = None
        self.orphans = None
        super().__init__(folder, arguments=(), settings={"pid_file": self.pid_path,
                                                         **(settings or {})}, **options)

    def __enter__(self):
        self._adoption = adopting_orphans()
        self.orphans = self._adoption.__enter__()
        return self

    def __exit__(self, *error):
        try:
            if self.master_pid is not None:
                self.stop()
        finally:
            self._adoption.__exit__(*error)

    def launch(self, command=None, **options):
        """Runs the command to its end, and until nobody holds its output open."""
        result = subprocess.run(
            command or self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, env=self.all_environment(),
            **{**self.popen, **options})
        return result

    def start(self):
        """Launches it, which must go well and be quiet."""
        result = self.launch()
        assert (result.returncode, result.stdout, result.stderr) == (0, "", ""), result
        return self.adopt()

    def adopt(self):
        """Takes what the pid file says for the master."""
        self.master_pid = int(self.pid_path.read_text())
        assert self.master_pid in self.orphans(), "the pid file names nobody that was started"
        return self

    @property
    def pid(self):
        return self.master_pid

    def is_running(self):
        return self.master_pid is not None and self.master_pid in self.orphans()

    def send_signal(self, number):
        os.kill(self.master_pid, number)    # a child that is not reaped yet: nobody else's pid

    def wait_for_end(self):
        """Until the master has ended; returns its exit status as subprocess does."""
        pid, wait_status = wait_for(lambda: self._reap(self.master_pid),
                                    lambda: "the end of the master\n" + self.log())
        assert pid == self.master_pid
        self.master_pid = None
        return os.waitstatus_to_exitcode(wait_status)

    @staticmethod
    def _reap(pid):
        reaped = os.waitpid(pid, os.WNOHANG)
        return reaped if reaped[0] != 0 else None

    def wait_for_nobody(self):
        """Until no process that was started here is left."""
        wait_for(lambda: not self.orphans(), lambda: f"the end of {self.orphans()}")
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass

    def stop(self, number=signal.SIGTERM):
        self.send_signal(number)
        exit_status = self.wait_for_end()
        self.wait_for_nobody()
        if not self.may_crash:
            found = muster.REPORT.search(self.log())
            assert not found, "the log holds a report:\n" + self.log()
        return exit_status


def log_lines(server, pattern):
    """The lines of the error log that hold a match."""
    return [line for line in server.log().splitlines() if re.search(pattern, line)]
