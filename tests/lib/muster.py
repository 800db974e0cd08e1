# SPDX-License-Identifier: BSD-2-Clause
"""Starts musterd for a test; what the tests need to talk to it is at hand here, too.

Each server has a folder, a free port and a session of its own, and only its own processes are
ever signalled.
"""
import grp
import os
import pathlib
import pwd
import re
import signal
import subprocess

from http_client import Client, Closed, Response, request  # noqa: F401
from patience import PATIENCE_S, wait_for

TREE = pathlib.Path(__file__).resolve().parents[2]
# A client that a test holds may be kept waiting for as long as the test has patience, and longer.
NO_HASTE = {"header_timeout": "10m", "body_timeout": "10m", "send_timeout": "10m"}
REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|died of signal|error: bug at")


def musterd_path():
    return os.path.abspath(os.environ.get("MUSTERD", TREE / "build" / "musterd"))


def is_root():
    return os.geteuid() == 0


def worker_account():
    """The user and group that workers run as when the tests run as root."""
    for name in ("www-data", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return name, grp.getgrgid(entry.pw_gid).gr_name
    raise RuntimeError("no unprivileged account to run workers as")


def quoted(text):
    """A string of the configuration's syntax."""
    return '"' + re.sub(r'(["\\$])', r"\\\1", str(text)) + '"'


def setting(name, value):
    if isinstance(value, bool):
        return f"{name} = {'true' if value else 'false'}"
    if isinstance(value, int):
        return f"{name} = {value}"
    if isinstance(value, (list, tuple)):
        return f"{name} = {{ {', '.join(quoted(item) for item in value)} }}"
    return f"{name} = {quoted(value)}"


def process_environment(is_traced=False):
    """A finding of a sanitizer ends the process, so that the master reports it as a crash. Leaks
    cannot be looked for in a process that is traced."""
    environment = dict(os.environ)
    environment["ASAN_OPTIONS"] = f"abort_on_error=1:detect_leaks={0 if is_traced else 1}"
    environment["UBSAN_OPTIONS"] = "halt_on_error=1:abort_on_error=1:print_stacktrace=1"
    environment["TZ"] = "UTC"
    environment["LC_ALL"] = "C"
    return environment


def run_musterd(*arguments, **options):
    """Runs musterd to its end; for -t, -T and wrong usage."""
    return subprocess.run([musterd_path(), *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=PATIENCE_S, env=process_environment(), **options)


def process_stat(pid):
    """(state, parent, session) of a process, or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            words = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return words[0].decode(), int(words[1]), int(words[3])


def session_pids(session):
    """The processes of a session that still run."""
    found = []
    for name in os.listdir("/proc"):
        stat = process_stat(name) if name.isdigit() else None
        if stat is not None and stat[2] == session and stat[0] not in "ZX":
            found.append(int(name))
    return found


def child_pids(pid):
    """Those that are no zombies."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            pids = [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    stats = [(one, process_stat(one)) for one in pids]
    return [one for one, stat in stats if stat is not None and stat[0] not in "ZX"]


def role_of(pid):
    """"worker", "keeper" or "logger", as ps(1) shows it; None when it has gone."""
    try:
        title = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0]
    except (FileNotFoundError, ProcessLookupError):
        return None
    words = title.split()
    return words[1].decode() if len(words) > 1 else None


def short(value):
    """Names a row of a table, for ids= of pytest."""
    return repr(value)[:40]


def write_files(folder, files):
    """{path: text or bytes} below a folder; a path that ends in "/" makes a directory."""
    for path, content in files.items():
        target = folder / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


class Server:
    """musterd -f in the private folder `folder`, which gets:

    musterd.conf, error.log, access.log, stdout, stderr and site/ (the root, unless given).

    A section is a dictionary that is laid over the defaults below; `more` is configuration text
    (hosts, locations) that is appended, `settings` are global directives. `listen` is a list of
    addresses, or of (address, {directive: value}). `wrapper` is a command that runs musterd, such
    as strace -D: it has to keep the pid.
    """

    def __init__(self, folder, *, pool=None, keepalive=None, limits=None, log=None, listen=None,
                 settings=None, more="", starts=True, arguments=("-f",), wrapper=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.site = self.folder / "site"
        self.site.mkdir(exist_ok=True)
        self.config_path = self.folder / "musterd.conf"
        self.error_path = self.folder / "error.log"
        self.access_path = self.folder / "access.log"
        self.arguments = list(arguments)
        self.wrapper = list(wrapper)
        self.process = None
        self.may_crash = False          # set by a test that kills workers on purpose
        self.sections = {
            "pool": {"start": 2, "min_idle": 1, "max_idle": 8, "max_workers": 32, **(pool or {})},
            "keepalive": {"timeout": "60s", **(keepalive or {})},
            "limits": {**NO_HASTE, **(limits or {})},
            "log": {"error": self.error_path, "level": "debug", "access": self.access_path,
                    **(log or {})},
        }
        self.settings = {"pid_file": "", "root": self.site, **(settings or {})}
        if is_root():
            user, group = worker_account()
            self.settings = {"user": user, "group": group, **self.settings}
        self.listen = listen or ["127.0.0.1:0"]
        self.more = more
        self.write_config()
        if starts:
            self.start()

    def config_text(self):
        lines = [setting(name, value) for name, value in self.settings.items()]
        for name, section in self.sections.items():
            inner = "\n".join("\t" + setting(*item) for item in section.items())
            lines.append(f"{name} {{\n{inner}\n}}")
        for address in self.listen:
            address, section = address if isinstance(address, tuple) else (address, {})
            section = {"defer_accept": "0s", **section}
            inner = " ".join(setting(*item) for item in section.items())
            lines.append(f"listen {quoted(address)} {{ {inner} }}")
        return "\n".join(lines) + "\n" + self.more + "\n"

    def write_config(self, text=None):
        """The file as the fields of the object have it, or another text."""
        self.config_path.write_text(self.config_text() if text is None else text)

    def start(self):
        """Starts it and waits until the first workers are in accept."""
        self.spawn()
        wait_for(lambda: re.search(r"notice: ready: ", self.log()) or not self.is_running(),
                 lambda: "\"ready:\" in the log\n" + self.log() + self.stderr())
        assert self.is_running(), "musterd did not start:\n" + self.log() + self.stderr()
        return self

    def spawn(self):
        """Starts it and waits for nothing."""
        out = open(self.folder / "stdout", "wb")
        err = open(self.folder / "stderr", "wb")
        self.process = subprocess.Popen(
            [*self.wrapper, musterd_path(), *self.arguments, "-c", str(self.config_path)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
            env=process_environment(is_traced=bool(self.wrapper)))
        out.close()
        err.close()
        return self

    @property
    def pid(self):
        """The master's."""
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def addresses(self):
        """What it listens on, in the order of the configuration; only of the first start."""
        return re.findall(r"notice: listening on (\S+)", self.log())

    def address(self, index=0):
        """A socket address of listener `index`: (host, port), or a path."""
        text = self.addresses[index]
        if text.startswith("unix:"):
            return text[5:]
        host, _, port = text.rpartition(":")
        host = host.strip("[]")
        return {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), int(port)

    @property
    def port(self):
        return self.address()[1]

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def child_pids(self):
        """Workers, keepers and the logger."""
        return child_pids(self.pid)

    def worker_pids(self):
        return [pid for pid in child_pids(self.pid) if role_of(pid) == "worker"]

    def connect(self, index=0, **options):
        return Client(self.address(index), **options)

    def get(self, target="/", fields=(), method="GET", **options):
        """One request on a connection of its own."""
        with self.connect(**options) as client:
            return client.request(method, target, [*fields, ("Connection", "close")])

    def send_signal(self, number):
        """To the master, and to nobody else."""
        self.process.send_signal(number)

    def text_of(self, name):
        try:
            return (self.folder / name).read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return ""

    def log(self):
        return self.text_of("error.log")

    def access(self):
        return self.text_of("access.log")

    def stdout(self):
        return self.text_of("stdout")

    def stderr(self):
        return self.text_of("stderr")

    def wait_for_log(self, pattern, count=1):
        """Until the error log has so many matches; returns the last."""
        wait_for(lambda: len(re.findall(pattern, self.log())) >= count,
                 lambda: f"{pattern!r} in the log:\n{self.log()}")
        return list(re.finditer(pattern, self.log()))[-1]

    def wait_for_access(self, count):
        """Until the access log has so many whole records; returns all of them."""
        wait_for(lambda: self.access().count("\n") >= count,
                 lambda: f"{count} access records:\n{self.access()}")
        return self.access().split("\n")[:-1]

    def wait_for_end(self):
        """Until the master has ended; returns its exit status."""
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError("the master does not end:\n" + self.log()) from None

    def stop(self, number=signal.SIGTERM):
        """Ends it and checks that it left no process and no report of a fault."""
        if self.process is None:
            return None
        session = self.process.pid
        try:
            if self.is_running():
                self.send_signal(number)
            status = self.wait_for_end()
            wait_for(lambda: not session_pids(session),
                     lambda: f"the end of {session_pids(session)}, which the master left")
        finally:
            self._kill_all(session)
        self.process = None
        if not self.may_crash:
            for name in ("error.log", "stderr"):
                found = REPORT.search(self.text_of(name))
                assert not found, f"{name} holds a report:\n" + self.text_of(name)
        return status

    def _kill_all(self, session):
        """After a failure only: what is left of the session that was started here."""
        for pid in session_pids(session):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
