# SPDX-License-Identifier: BSD-2-Clause
"""The servers that are compared: how each is configured, started and ended.

Each runs in the foreground from a private folder, on a free port of the loopback, with its access
log on, as www-data where the caller is root. It is ended by its own pid and by those of its
descendants, never by name. Settings are each server's (or Debian's) defaults, except where a
scenario holds so many clients that those defaults would refuse them.
"""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

import measure

RUN_AS = "www-data"
START_DEADLINE_S = 30
STOP_DEADLINE_S = 20


class Failed(Exception):
    """A server did not do what a scenario needs; the text says what."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One kind of server. clients: how many connections it must be able to hold at once."""
    name = ""
    programs = ()

    def __init__(self, folder, root, clients=0):
        self.folder = os.path.join(folder, f"{self.name}-{clients}")
        self.root = root
        self.clients = clients
        self.port = 0
        self.process = None
        self.as_root = os.geteuid() == 0
        self.access_log = os.path.join(self.folder, "access.log")
        self.error_log = os.path.join(self.folder, "error.log")
        self.output = os.path.join(self.folder, "output")

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
                status, _ = measure.get(self.port, "/1k", timeout_s=5)
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

    def empty_logs(self):
        """All of them append, so that a shortened file does not keep a hole."""
        for path in (self.access_log, self.output):
            if os.path.exists(path):
                os.truncate(path, 0)


class Muster(Server):
    name = "muster"
    path = None                         # set by bench.py
    workers = 0                         # this many are started and kept, if set

    @classmethod
    def program(cls):
        return cls.path if cls.path and os.access(cls.path, os.X_OK) else None

    def configuration(self):
        pool = ""
        if self.workers:
            count = self.workers
            pool = f"start = {count} min_idle = 1 max_idle = {count} max_workers = {count + 16}"
        elif self.clients:
            # Room for the workers that stay idle beside the ones that are held.
            pool = f"max_workers = {self.clients + 100}"
        user = f'user = "{RUN_AS}"\ngroup = "{RUN_AS}"\n' if self.as_root else ""
        limits = 'limits { header_timeout = "10m" }\n' if self.clients else ""
        return f"""{user}pid_file = ""
root = "{self.root}"
pool {{ {pool} }}
{limits}log {{
    error = "{self.error_log}"
    access = "{self.access_log}"
    format = "combined"
}}
listen "127.0.0.1:{self.port}" {{}}
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
        timeout = "client_header_timeout 10m;" if self.clients else ""
        return f"""{user}
daemon off;
worker_processes auto;
pid {self.folder}/pid;
error_log {self.error_log};
events {{ worker_connections {max(768, 2 * self.clients)}; }}
http {{
    sendfile on;
    tcp_nopush on;
    default_type application/octet-stream;
    access_log {self.access_log} combined;
    {timeout}
{temporary}
    server {{
        listen 127.0.0.1:{self.port};
        root {self.root};
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
        if self.clients:
            many = (f"server.max-connections = {2 * self.clients}\n"
                    f"server.max-fds = {4 * self.clients}\n"
                    "server.max-read-idle = 600\n")
        return f"""{user}{many}server.modules = ( "mod_accesslog" )
server.bind = "127.0.0.1"
server.port = {self.port}
server.document-root = "{self.root}"
server.errorlog = "{self.error_log}"
server.upload-dirs = ( "{self.folder}" )
accesslog.filename = "{self.access_log}"
mimetype.assign = ( "" => "application/octet-stream" )
"""

    def command(self, config):
        return [self.program(), "-D", "-f", config]


class Apache(Server):
    name = "apache2"
    programs = ("apache2", "httpd")
    modules = "/usr/lib/apache2/modules"

    @classmethod
    def program(cls):
        usable = os.path.exists(os.path.join(cls.modules, "mod_mpm_prefork.so"))
        return super().program() if usable else None

    def configuration(self):
        user = f"User {RUN_AS}\nGroup {RUN_AS}\n" if self.as_root else ""
        most = self.clients + 100 if self.clients else 150
        loads = "\n".join(f"LoadModule {name}_module {self.modules}/mod_{name}.so"
                          for name in ("mpm_prefork", "authz_core"))
        return f"""{loads}
{user}ServerRoot {self.folder}
DefaultRuntimeDir {self.folder}
PidFile {self.folder}/pid
ServerName localhost
Listen 127.0.0.1:{self.port}
ListenBackLog {max(511, most)}
ServerLimit {max(256, most)}
StartServers 5
MinSpareServers 5
MaxSpareServers 10
MaxRequestWorkers {most}
MaxConnectionsPerChild 0
KeepAlive On
KeepAliveTimeout 5
Timeout 300
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
        many = "http1-request-timeout: 600\n" if self.clients else ""
        return f"""{user}{many}listen: {{ host: 127.0.0.1, port: {self.port} }}
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
