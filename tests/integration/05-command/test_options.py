# SPDX-License-Identifier: BSD-2-Clause
"""-h, -V, -t, -T and wrong usage: what is printed, where, and the exit status."""
import os
import re
import socket
import subprocess

import pytest

import muster

USAGE = "usage: musterd [-fhtTV] [-c file] [-d directory [-p port]] [-u url]\n"


def test_help_goes_to_stdout():
    result = muster.run_musterd("-h")
    assert result.returncode == 0
    assert result.stdout.startswith(USAGE)
    for option in "cdfhptTV":
        assert re.search(rf"^\s+-{option}\b", result.stdout, re.M), f"-{option} is not explained"
    assert result.stderr == ""


def test_version_is_one_line():
    result = muster.run_musterd("-V")
    assert result.returncode == 0
    assert re.fullmatch(r"muster [0-9]+\.[0-9]+\S*\n", result.stdout)
    assert result.stderr == ""


@pytest.mark.parametrize("arguments", [
    ["-x"], ["-c"], ["-d"], ["--help"], ["start"], ["-f", "musterd.conf"],
    ["-p", "8080"], ["-t", "-p", "8080"],
    ["-d", ".", "-p", "65536"], ["-d", ".", "-p", "-1"], ["-d", ".", "-p", "http"],
    ["-d", ".", "-p", ""], ["-d", ".", "-p", "80 "], ["-d", ".", "-p", "99999999999999999999"],
    ["-d", ".", "-t", "-p", "x"],
], ids=" ".join)
def test_wrong_usage_exits_2(arguments, tmp_path):
    result = muster.run_musterd(*arguments, cwd=tmp_path)
    assert result.returncode == 2, result
    assert result.stderr.partition(USAGE)[0].count("\n") == 1, "it says in a line what is wrong"
    assert result.stdout == ""


def test_directory_and_file_exclude_each_other(tmp_path):
    """Whose settings would hold? The manual says that they cannot be combined."""
    result = muster.run_musterd("-t", "-d", tmp_path, "-c", tmp_path / "musterd.conf")
    assert result.returncode == 2, result


def write_config(server, text):
    server.write_config(text)
    return server.config_path


def test_a_valid_configuration(make_server):
    server = make_server()
    result = muster.run_musterd("-t", "-c", server.config_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == f"{server.config_path}: configuration is valid\n"
    assert result.stdout == ""


def test_test_opens_neither_port_nor_log(make_server):
    """It is run while a server is up: a logrotate or an init script does so."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = make_server(listen=[f"127.0.0.1:{taken.getsockname()[1]}"])
        result = muster.run_musterd("-t", "-c", server.config_path)
    assert result.returncode == 0, result.stderr
    assert not server.error_path.exists() and not server.access_path.exists()


def test_all_mistakes_of_a_file_in_one_run(make_server, tmp_path):
    server = make_server()
    path = write_config(server, "\n".join([
        f'root = "{server.site}"',                  # 1
        'pool {',                                   # 2
        '\tstart = 0',                              # 3: below its range
        '\tmax_workres = 12',                       # 4: misspelt
        '}',                                        # 5
        'keepalive { timeout = "75" }',             # 6: without a unit
        'log { level = "loud" }',                   # 7: not one of the words
        'listen "127.0.0.1:99999" {}',              # 8: no port
        'host "example.org" {',                     # 9
        '\tlocation "files" {}',                    # 10: no slash
        '}', '']))
    result = muster.run_musterd("-t", "-c", path)
    assert result.returncode == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    for number, what in [(3, "1 to 65536"), (4, "max_workers"), (6, "unit"), (7, '"notice"'),
                         (8, "99999"), (10, "files")]:
        found = [line for line in lines if line.startswith(f"{path}:{number}: ")]
        assert len(found) == 1 and what in found[0], f"line {number} ({what}) in\n{result.stderr}"
    assert all(line.startswith(f"{path}:") for line in lines), result.stderr
    assert "valid" not in result.stderr


@pytest.mark.parametrize("line, what", [
    ('listen "127.0.0.1:8080" ', "musterd.conf:"),          # ends within a section
    ('pid_file = "/run/x', "musterd.conf:"),                # ends within a string
    ('tls = true', "tls"),
    ('pool { start = 8 } pool { start = 9 }', "again"),
    ('include("missing.conf")', "missing.conf"),
    ('root = "relative/path"', "absolute"),
    ('log { format = "%Q" }', "%Q"),
], ids=str)
def test_one_mistake(make_server, line, what):
    server = make_server()
    path = write_config(server, f'listen "127.0.0.1:0" {{}}\n{line}\n')
    result = muster.run_musterd("-t", "-c", path)
    assert result.returncode == 1, result
    assert re.match(rf"{re.escape(str(path))}:[23]: ", result.stderr), result.stderr
    assert what in result.stderr


def test_a_mistake_in_an_included_file_is_reported_there(make_server):
    server = make_server(more='include("conf.d/*.conf")')
    muster.write_files(server.folder, {"conf.d/10-a.conf": "charset = \"utf-8\"\n",
                                       "conf.d/20-b.conf": "\n\netags = true\n"})
    result = muster.run_musterd("-t", "-c", server.config_path)
    assert result.returncode == 1
    assert "conf.d/20-b.conf:3: " in result.stderr and '"etag"' in result.stderr, result.stderr


def test_no_listen_section_is_an_error(make_server):
    server = make_server()
    result = muster.run_musterd("-t", "-c", write_config(server, f'root = "{server.site}"\n'))
    assert result.returncode == 1 and "listen" in result.stderr


@pytest.mark.parametrize("arguments", [["-t"], ["-T"], ["-f"], []], ids=lambda a: " ".join(a))
def test_a_missing_file(arguments, tmp_path):
    result = muster.run_musterd(*arguments, "-c", tmp_path / "none.conf")
    assert result.returncode == 1
    assert f"{tmp_path}/none.conf" in result.stderr and "No such file" in result.stderr


def test_a_root_that_does_not_exist(make_server):
    server = make_server(settings={"root": "/nonexistent/site"})
    result = muster.run_musterd("-t", "-c", server.config_path)
    assert result.returncode == 1
    assert "/nonexistent/site" in result.stderr
    assert re.match(rf"{re.escape(str(server.config_path))}:[0-9]+: ", result.stderr)


FULL = r'''
user = "www-data"
pid_file = "/run/other.pid"
types_file = "/etc/mime.types"
root = "/"
index = { "index.html", "a \"b\" \\ c.html" }
pool { start = 3 min_idle = 2 max_idle = 20 max_workers = 99 max_requests = 0 }
keepalive { timeout = "90s" linger = "1500ms" max_requests = 7 }
limits { header_timeout = "2m" body_timeout = "1h" body_size = "1536k" header_size = "64k" }
log { format = "%h \"%r\" %>s %{X-A}i %%" full = "count" flush = "250ms" level = "warn"
      access = "stdout" error = "stderr" }
listen "127.0.0.1:8080" { backlog = 9 defer_accept = "2s" }
listen "[::1]:8081" {}
listen "*:8082" {}
listen "unix:/run/a.sock" {}
host "example.org" {
    aliases = { "www.example.org", "*.example.net" }
    default = true
    root = "/usr"
    etag = false
    location "/files/" { alias = "/tmp" dot_files = yes max_ranges = 0 }
    location "= /robots.txt" { alias = "/etc/hostname" charset = "" default_type = "" }
}
host "*" { index = { "b.html" } follow_symlinks = on }
'''


@pytest.mark.parametrize("text", [FULL, 'listen "127.0.0.1:1" {}\n'], ids=["full", "least"])
def test_the_dump_dumps_itself(tmp_path, text):
    first, second = tmp_path / "first.conf", tmp_path / "second.conf"
    first.write_text(text)
    once = muster.run_musterd("-T", "-c", first)
    assert once.returncode == 0, once.stderr
    assert once.stderr == ""
    second.write_text(once.stdout)
    twice = muster.run_musterd("-T", "-c", second)
    assert twice.returncode == 0, twice.stderr
    assert twice.stdout == once.stdout


def test_the_dump_shows_values_and_defaults(tmp_path):
    path = tmp_path / "musterd.conf"
    path.write_text(FULL)
    text = muster.run_musterd("-T", "-c", path).stdout
    for wanted in ['max_workers = 99', 'timeout = "90s"', 'send_timeout = "30s"',
                   'header_fields = 100', 'listen "unix:/run/a.sock"', 'host "example.org"',
                   'location "= /robots.txt"', 'chroot = ""']:
        assert wanted in text, f"{wanted} in\n{text}"


def test_the_dump_needs_no_rights_and_no_roots(tmp_path):
    path = tmp_path / "musterd.conf"
    path.write_text('root = "/nonexistent"\nlisten "127.0.0.1:80" {}\n')
    assert muster.run_musterd("-T", "-c", path).returncode == 0


def test_the_dump_of_a_wrong_file_prints_none(tmp_path):
    path = tmp_path / "musterd.conf"
    path.write_text("nonsense = 1\n")
    result = muster.run_musterd("-T", "-c", path)
    assert result.returncode == 1 and result.stdout == ""
    assert f"{path}:1: " in result.stderr


def test_a_dump_that_cannot_be_written_fails(tmp_path):
    """A full disk must not leave a script with half a file and status 0."""
    path = tmp_path / "musterd.conf"
    path.write_text('listen "127.0.0.1:80" {}\n')
    if not os.path.exists("/dev/full"):
        pytest.skip("the system has no /dev/full")
    with open("/dev/full", "wb") as full:
        result = subprocess.run([muster.musterd_path(), "-T", "-c", path], stdout=full,
                                stderr=subprocess.PIPE, timeout=muster.PATIENCE_S,
                                env=muster.process_environment())
    assert result.returncode == 1 and b"No space" in result.stderr
