# SPDX-License-Identifier: BSD-2-Clause
"""The servers that are compared: how each is configured, started and ended.

Each runs in the foreground from a private folder, on a free port of the loopback, with its access
log on, as www-data where the caller is root. It is ended by its own pid and by those of its
descendants, never by name. Settings are each server's (or Debian's) defaults, with what its manual
offers for static files (open_file_cache, a long keep-alive), and what a scenario needs of all of
them (Needs) where those defaults would refuse so many or so slow clients.
"""
import dataclasses
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import h2load
import measure
import secure

RUN_AS = "www-data"
START_DEADLINE_S = 30
STOP_DEADLINE_S = 20


class Failed(Exception):
    """A server did not do what a scenario needs; the text says what."""


@dataclasses.dataclass(frozen=True)
class Needs:
    """What a scenario asks of a server's configuration beyond its defaults."""
    connections: int = 0                # held at once
    patience_s: int = 0                 # limits of time for requests, idleness and answers
    is_idle: bool = False               # they are idle: nothing of a server waits for each
    start_workers: int = 0              # muster only: started and kept
    max_workers: int = 0                # muster only
    keepers: int | None = None          # muster only; None: its default
    tls: secure.Pair | None = None      # the listener speaks TLS, see secure.py
    has_http2: bool = False             # by ALPN, without TLS by prior knowledge; no connection
                                        # and no process ends because of how much it has served


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One kind of server."""
    name = ""
    programs = ()

    def __init__(self, folder, root, needs=Needs()):
        self.folder = os.path.join(folder, self.name)
        self.root = root
        self.needs = needs
        self.port = 0
        self.process = None
        self.as_root = os.geteuid() == 0
        self.access_log = os.path.join(self.folder, "access.log")
        self.error_log = os.path.join(self.folder, "error.log")
        self.output = os.path.join(self.folder, "output")
        self.logged_bytes = 0           # of access log, counted when it is emptied

    @classmethod
    def program(cls):
        for program in cls.programs:
            path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
            if path:
                return path
        return None

    def configuration(self):
        raise NotImplementedError

    def command(self, config):
        raise NotImplementedError

    @property
    def pid(self):
        return self.process.pid

    def url(self, file):
        return f"{'https' if self.needs.tls else 'http'}://127.0.0.1:{self.port}/{file}"

    def tls(self, place=""):
        """What TLS adds to the configuration there, or ""."""
        return secure.settings(self.name, place, self.needs.tls) if self.needs.tls else ""

    def http2(self, text):
        """That, if the scenario needs HTTP/2, or ""."""
        return text if self.needs.has_http2 else ""

    def get(self, file):
        """Status and bytes of the answer to one request."""
        if self.needs.has_http2:
            return h2load.get(self.url(file), timeout_s=5)
        return measure.get(self.port, f"/{file}", timeout_s=5,
                           context=self.needs.tls and secure.client_context())

    def tail(self):
        """The end of what the server said, for messages."""
        lines = []
        for path in (self.output, self.error_log):
            try:
                with open(path, errors="replace") as file:
                    lines += file.read().splitlines()[-3:]
            except OSError:
                pass
        return " | ".join(lines) or "it said nothing"

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        if self.as_root:
            account = pwd.getpwnam(RUN_AS)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.port = free_port()
        config = os.path.join(self.folder, "configuration")
        with open(config, "w") as file:
            file.write(self.configuration())
        with open(self.output, "w") as output:
            self.process = subprocess.Popen(
                self.command(config), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd=self.folder, start_new_session=True)
        self.wait_until_it_answers()
        return self

    def wait_until_it_answers(self):
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended at its start: {self.tail()}")
            try:
                status, _ = self.get("1k")
            except OSError:
                time.sleep(0.02)
                continue
            if status == 200:
                return
            raise Failed(f"{self.name} answered its first request with {status}")
        raise Failed(f"{self.name} does not answer: {self.tail()}")

    def stop(self):
        if self.process is None:
            return
        family = measure.family_identity(self.pid) if self.process.poll() is None else {}
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        # What a killed master left behind; the start time tells a pid from a later user of it.
        deadline = time.monotonic() + STOP_DEADLINE_S
        while family and time.monotonic() < deadline:
            family = {pid: start for pid, start in family.items()
                      if measure.start_time(pid) == start}
            if family:
                time.sleep(0.02)
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process = None
        self.empty_logs()

    def empty_logs(self):
        """All of them append, so that a shortened file does not keep a hole."""
        for path in (self.access_log, self.output):
            if os.path.exists(path):
                if path == self.access_log:
                    self.logged_bytes += os.path.getsize(path)
                os.truncate(path, 0)


class Muster(Server):
    name = "muster"
    path = None                         # set by bench.py
    keepers_known = {}                  # by path: is there a keepalive { keepers }?

    @classmethod
    def program(cls):
        return cls.path if cls.path and os.access(cls.path, os.X_OK) else None

    @classmethod
    def has_keepers(cls):
        """An older one needs a worker for each connection."""
        if cls.path not in cls.keepers_known:
            with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
                file.write('root = "/"\nkeepalive { keepers = 1 }\nlisten "127.0.0.1:1" {}\n')
                file.flush()
                done = subprocess.run([cls.path, "-T", "-c", file.name], capture_output=True,
                                      timeout=30, check=False)
            cls.keepers_known[cls.path] = done.returncode == 0
        return cls.keepers_known[cls.path]

    def pool(self):
        needs = self.needs
        if needs.has_http2:
            return "max_requests = 0"
        if needs.start_workers:
            count = needs.start_workers
            return f"start = {count} min_idle = 1 max_idle = {count} max_workers = {count + 64}"
        if needs.max_workers:
            return f"max_workers = {needs.max_workers}"
        if needs.connections and not self.has_keepers():
            # Room for the workers that stay idle beside the ones that are held.
            return f"max_workers = {needs.connections + 100}"
        return ""

    def configuration(self):
        user = f'user = "{RUN_AS}"\ngroup = "{RUN_AS}"\n' if self.as_root else ""
        limits = ""
        keepalive = ""
        if self.needs.keepers is not None and self.has_keepers():
            keepalive = f"keepers = {self.needs.keepers} "
        if self.needs.patience_s:
            time_limit = f'"{self.needs.patience_s}s"'
            limits = f"header_timeout = {time_limit} send_timeout = {time_limit}"
            keepalive += f"timeout = {time_limit} "
        keepalive += self.http2("max_requests = 0")
        h2c = self.http2("h2c = true") if not self.needs.tls else ""
        return f"""{user}pid_file = ""
root = "{self.root}"
pool {{ {self.pool()} }}
limits {{ {limits} }}
keepalive {{ {keepalive} }}
log {{
    error = "{self.error_log}"
    access = "{self.access_log}"
    format = "combined"
}}
{self.tls()}listen "127.0.0.1:{self.port}" {{ {self.tls("listener")}{h2c} }}
"""

    def command(self, config):
        return [self.program(), "-f", "-c", config]


class Nginx(Server):
    name = "nginx"
    programs = ("nginx",)

    def configuration(self):
        user = f"user {RUN_AS};" if self.as_root else ""
        temporary = "\n".join(
            f"    {kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        timeouts = ""
        if self.needs.patience_s:
            timeouts = "\n".join(f"    {name} {self.needs.patience_s}s;" for name in (
                "client_header_timeout", "keepalive_timeout", "send_timeout"))
        return f"""{user}
daemon off;
worker_processes auto;
pid {self.folder}/pid;
error_log {self.error_log};
events {{ worker_connections {max(768, 2 * self.needs.connections)}; }}
http {{
    sendfile on;
    tcp_nopush on;
    open_file_cache max=1000 inactive=60s;
    open_file_cache_valid 60s;
    open_file_cache_min_uses 1;
    open_file_cache_errors on;
    default_type application/octet-stream;
    access_log {self.access_log} combined;
{self.http2("    keepalive_requests 1000000000;")}
{timeouts}
{temporary}
    server {{
        listen 127.0.0.1:{self.port}{self.tls("listener")}{self.http2(" http2")};
{self.tls()}        root {self.root};
    }}
}}
"""

    def command(self, config):
        return [self.program(), "-e", self.error_log, "-p", self.folder, "-c", config]


class Lighttpd(Server):
    name = "lighttpd"
    programs = ("lighttpd",)

    def configuration(self):
        user = ""
        if self.as_root:
            user = f'server.username = "{RUN_AS}"\nserver.groupname = "{RUN_AS}"\n'
        many = ""
        if self.needs.connections:
            # It takes as many connections as half its descriptors: two processes where one is
            # not enough.
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            most = min(self.needs.connections + 500, limit // 2)
            if most < self.needs.connections + 500:
                many = "server.max-worker = 2\n"
            many += (f"server.max-connections = {most}\n"
                     f"server.max-fds = {2 * most}\n"
                     f"server.max-read-idle = {self.needs.patience_s}\n"
                     f"server.max-write-idle = {self.needs.patience_s}\n"
                     f"server.max-keep-alive-idle = {self.needs.patience_s}\n")
        return f"""{user}{many}server.modules = ( "mod_accesslog" )
{self.tls()}server.bind = "127.0.0.1"
server.port = {self.port}
server.document-root = "{self.root}"
server.errorlog = "{self.error_log}"
server.upload-dirs = ( "{self.folder}" )
server.event-handler = "linux-sysepoll"
server.network-backend = "sendfile"
server.max-keep-alive-requests = {65535 if self.needs.has_http2 else 1000}
{self.http2('server.feature-flags = ( "server.h2proto" => "enable", "server.h2c" => "enable" )')}
accesslog.filename = "{self.access_log}"
mimetype.assign = ( "" => "application/octet-stream" )
"""

    def command(self, config):
        return [self.program(), "-D", "-f", config]


class Apache(Server):
    """Prefork, which is muster's model; event, Debian's default, where clients are idle: a process
    for each of so many would say nothing about Apache as people run it. event, too, where HTTP/2 is
    spoken: prefork has none."""
    name = "apache2"
    programs = ("apache2", "httpd")
    modules = "/usr/lib/apache2/modules"

    @classmethod
    def program(cls):
        usable = all(os.path.exists(os.path.join(cls.modules, f"mod_mpm_{name}.so"))
                     for name in ("prefork", "event"))
        return super().program() if usable else None

    def is_event(self):
        return self.needs.is_idle or self.needs.has_http2

    def processes(self):
        most = self.needs.connections + 100 if self.needs.connections else 150
        if self.needs.has_http2:
            return ""
        if self.needs.is_idle:
            return f"""AsyncRequestWorkerFactor {most}
ListenBackLog 1024"""
        return f"""ListenBackLog {max(511, most)}
ServerLimit {max(256, most)}
StartServers 5
MinSpareServers 5
MaxSpareServers 10
MaxRequestWorkers {most}
MaxConnectionsPerChild 0"""

    def configuration(self):
        user = f"User {RUN_AS}\nGroup {RUN_AS}\n" if self.as_root else ""
        modules = ["mpm_event" if self.is_event() else "mpm_prefork", "authz_core"]
        modules += ["http2"] if self.needs.has_http2 else []
        loads = "\n".join(f"LoadModule {name}_module {self.modules}/mod_{name}.so"
                          for name in modules)
        protocols = self.http2("Protocols " + ("h2" if self.needs.tls else "h2c") + " http/1.1")
        return f"""{loads}
{user}ServerRoot {self.folder}
DefaultRuntimeDir {self.folder}
PidFile {self.folder}/pid
ServerName localhost
{self.tls()}Listen 127.0.0.1:{self.port}
{self.processes()}
KeepAlive On
KeepAliveTimeout {self.needs.patience_s or 5}
MaxKeepAliveRequests {0 if self.needs.has_http2 else 1000}
{protocols}
Timeout {self.needs.patience_s or 300}
ErrorLog {self.error_log}
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
CustomLog {self.access_log} combined
DocumentRoot {self.root}
<Directory {self.root}>
    Require all granted
    AllowOverride None
</Directory>
"""

    def command(self, config):
        return [self.program(), "-DFOREGROUND", "-f", config]


class H2o(Server):
    name = "h2o"
    programs = ("h2o",)

    def configuration(self):
        user = f"user: {RUN_AS}\n" if self.as_root else ""
        many = ""
        if self.needs.connections:
            many = (f"max-connections: {self.needs.connections + 500}\n"
                    f"http1-request-timeout: {self.needs.patience_s}\n")
        return f"""{user}{many}listen: {{ host: 127.0.0.1, port: {self.port}{self.tls()} }}
pid-file: {self.folder}/pid
error-log: {self.error_log}
access-log: {self.access_log}
hosts:
  default:
    paths:
      "/":
        file.dir: {self.root}
"""

    def command(self, config):
        return [self.program(), "-c", config]


KINDS = (Muster, Nginx, Lighttpd, Apache, H2o)
