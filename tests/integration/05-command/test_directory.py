# SPDX-License-Identifier: BSD-2-Clause
"""musterd -d: what a newcomer types first."""
import os
import re
import signal
import socket
import subprocess

import pytest

import muster


class Directory:
    """musterd -d, as in a terminal: its output is read line by line from a pipe."""

    def __init__(self, *arguments, **options):
        self.errors = open(options.pop("errors"), "w+b")
        self.process = subprocess.Popen(
            [muster.musterd_path(), *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.errors, start_new_session=True,
            env=muster.process_environment(), **options)
        self.first_line = self.process.stdout.readline().decode()
        found = re.search(r"http://127\.0\.0\.1:([0-9]+)/", self.first_line)
        self.port = int(found[1]) if found else None

    def fetch(self, target="/"):
        with muster.Client(("127.0.0.1", self.port)) as client:
            return client.request("GET", target, [("Connection", "close")])

    def end(self):
        """Waits; returns (status, the rest of the output, errors) and checks what is left."""
        rest = self.process.stdout.read().decode()
        status = self.process.wait(muster.PATIENCE_S)
        muster.wait_for(lambda: not muster.session_pids(self.process.pid),
                        "the end of the workers")
        self.errors.seek(0)
        return status, rest, self.errors.read().decode()

    def close(self):
        for pid in muster.session_pids(self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


@pytest.fixture
def show(tmp_path):
    shown = []

    def start(*arguments, **options):
        shown.append(Directory(*arguments, errors=tmp_path / f"errors{len(shown)}", **options))
        return shown[-1]

    yield start
    for one in shown:
        one.close()


@pytest.fixture
def site(tmp_path):
    muster.write_files(tmp_path / "site", {"index.html": "welcome\n"})
    return tmp_path / "site"


def test_first_line_says_what_and_where(show, site):
    server = show("-d", site, "-p", "0")
    assert server.first_line == \
        f"muster serves {site} on http://127.0.0.1:{server.port}/ (Ctrl-C ends it)\n"
    assert server.fetch().body == b"welcome\n"


def test_port_that_was_asked_for(show, site):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert show("-d", site, "-p", port).port == port


def test_default_port():
    text = muster.run_musterd("-T", "-d", "/").stdout
    assert re.findall(r'listen "([^"]*)"', text) == ["127.0.0.1:8080"]


def test_relative_directory(show, site):
    server = show("-d", "site", "-p", "0", cwd=site.parent)
    assert f" {site} " in server.first_line
    assert server.fetch().status == 200


def test_name_with_every_kind_of_quote(show, tmp_path):
    """The name goes through the parser of configurations."""
    folder = tmp_path / 'a "b" \\ ${HOME} $HOME \'c\' {d} # %s \u00e4'
    muster.write_files(folder, {"index.html": "odd\n"})
    server = show("-d", folder, "-p", "0")
    assert server.fetch().body == b"odd\n"


def test_name_with_a_line_break_is_refused(show, tmp_path):
    """It must not become a second line of the configuration that is made of it."""
    folder = tmp_path / 'a"\nroot = "'
    folder.mkdir()
    server = show("-d", folder, "-p", "0")
    status, _, errors = server.end()
    assert server.first_line == "" and status == 1 and errors != ""


@pytest.mark.needs("curl")
def test_curl_gets_it(show, site):
    server = show("-d", site, "-p", "0")
    result = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{server.port}/"],
                            stdout=subprocess.PIPE, timeout=muster.PATIENCE_S)
    assert (result.returncode, result.stdout) == (0, b"welcome\n")


def test_listens_on_the_loopback_address_only(show, site):
    server = show("-d", site, "-p", "0")
    wanted = f":{server.port:04X} "
    bound = []
    for name in ("tcp", "tcp6"):
        try:
            lines = open(f"/proc/net/{name}", encoding="ascii").read().splitlines()[1:]
        except FileNotFoundError:
            continue
        bound += [line.split()[1] for line in lines
                  if wanted in line.split()[1] + " " and line.split()[3] == "0A"]
    assert bound == [f"0100007F:{server.port:04X}"]


def test_access_log_is_on_stdout_in_common_format(show, site):
    server = show("-d", site, "-p", "0")
    server.fetch("/index.html?a")
    line = server.process.stdout.readline().decode()
    assert re.fullmatch(r'127\.0\.0\.1 - - \[[^]]+\] "GET /index\.html\?a HTTP/1\.1" 200 8\n',
                        line), line


def test_control_c_ends_it(show, site):
    """A terminal sends SIGINT to all processes of the foreground group, the workers too."""
    server = show("-d", site, "-p", "0")
    server.fetch()
    os.killpg(server.process.pid, signal.SIGINT)
    status, rest, errors = server.end()
    assert status == 0
    assert rest.count("\n") == 1, rest
    assert errors == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_each_stop_signal_ends_it_with_0(show, site, number):
    server = show("-d", site, "-p", "0")
    server.process.send_signal(number)
    status, _, errors = server.end()
    assert (status, errors) == (0, "")


def test_a_port_in_use_is_said(show, site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = show("-d", site, "-p", port)
        status, _, errors = server.end()
    assert server.first_line == "" and status == 1
    assert str(port) in errors and "in use" in errors, errors


@pytest.mark.parametrize("name", ["missing", "site/index.html", ""])
def test_what_is_no_directory_is_refused(show, site, name):
    server = show("-d", name, "-p", "0", cwd=site.parent)
    status, _, errors = server.end()
    assert server.first_line == "" and status == 1
    assert errors.startswith("musterd: ") or "cannot open directory" in errors, errors


@pytest.mark.root
def test_root_serves_from_below_a_closed_directory(show, tmp_path):
    """A checkout in the home of root: workers could not get there by name."""
    closed = tmp_path / "closed"
    muster.write_files(closed / "site", {"index.html": "in\n", "sub/a.txt": "a\n"})
    closed.chmod(0o700)
    server = show("-d", closed / "site", "-p", "0")
    assert server.fetch().body == b"in\n"
    assert server.fetch("/sub/a.txt").body == b"a\n"
    workers = muster.child_pids(server.process.pid)
    assert workers
    for pid in workers:
        assert os.stat(f"/proc/{pid}").st_uid != 0, "a worker runs as root"
