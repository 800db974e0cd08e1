# SPDX-License-Identifier: BSD-2-Clause
"""The SysV init script, driven for real, with the places that it names replaced as an installation
below another prefix does. Would break with its exit codes (LSB) or with what it tells apart."""
import os
import re
import signal
import subprocess

import pytest

import muster
import processes

SCRIPT = muster.TREE / "config" / "musterd.init"


class Service(processes.Daemon):
    """A daemon that only the script starts and stops."""

    def __init__(self, folder, **options):
        super().__init__(folder, **options)
        text = SCRIPT.read_text()
        for old, new in [("/etc/muster/musterd.conf", self.config_path),
                         ("/usr/sbin/musterd", self.program),
                         ("/etc/default/musterd", self.folder / "default")]:
            assert old in text
            text = text.replace(old, str(new))
        self.script = self.folder / "init"
        self.script.write_text(text)

    def run(self, verb):
        return self.launch(["sh", str(self.script), verb])

    def expect(self, verb, code):
        result = self.run(verb)
        assert result.returncode == code, result
        return result.stdout + result.stderr

    def started(self):
        self.expect("start", 0)
        return self.adopt()


@pytest.fixture
def service(tmp_path):
    with processes_named_musterd(tmp_path) as one:
        yield one


def processes_named_musterd(tmp_path):
    """The script knows its server by the name of the program."""
    if os.path.basename(os.path.realpath(muster.musterd_path())) != "musterd":
        pytest.skip("the program under test is not named musterd")
    return Service(tmp_path / "service")


def test_start_stop_and_status(service):
    assert "not running" in service.expect("status", 3)
    service.started()
    assert service.get().body == b"start\n"
    assert f"running, pid {service.pid}" in service.expect("status", 0)
    service.expect("stop", 0)
    assert service.wait_for_end() == 0
    service.wait_for_nobody()
    assert "not running" in service.expect("status", 3)


def test_start_and_stop_twice_is_no_fault(service):
    service.started()
    pid = service.pid
    service.expect("start", 0)
    assert service.adopt().pid == pid
    service.expect("stop", 0)
    assert service.wait_for_end() == 0
    service.expect("stop", 0)


def test_start_with_a_bad_file(service):
    service.write_config("rot = 1\n")
    assert re.search(r"musterd\.conf:1: .*rot", service.expect("start", 1))
    service.wait_for_nobody()


def test_reload_puts_a_good_file_in_force(service):
    service.started()
    muster.write_files(service.folder, {"new/index.html": "new\n"})
    service.settings["root"] = service.folder / "new"
    service.write_config()
    service.expect("reload", 0)
    service.wait_for_log("reload: new configuration in force")
    muster.wait_for(lambda: service.get().body == b"new\n", "the new site")


@pytest.mark.parametrize("verb", ["reload", "force-reload", "restart"])
def test_a_bad_file_is_refused_and_the_server_stays(service, verb):
    service.started()
    service.write_config(service.config_text() + "rot = 1\n")
    assert re.search(r"musterd\.conf:\d+: .*rot", service.expect(verb, 6))
    assert service.get().body == b"start\n"
    assert not processes.log_lines(service, "reload")
    service.expect("stop", 0)
    assert service.wait_for_end() == 0


def test_reload_of_a_server_that_does_not_run(service):
    service.expect("reload", 7)


def test_restart_starts_anew(service):
    service.started()
    old = service.pid
    service.expect("restart", 0)
    assert service.wait_for_end() == 0
    service.adopt()
    assert service.pid != old
    service.error_path.write_text(service.log().partition("notice: stopped\n")[2])
    assert service.get().body == b"start\n"


def test_restart_starts_a_server_that_does_not_run(service):
    service.expect("restart", 0)
    service.adopt()
    assert service.get().body == b"start\n"


def test_configtest(service):
    assert "valid" in service.expect("configtest", 0)
    service.write_config(service.config_text() + "rot = 1\n")
    assert re.search(r"musterd\.conf:\d+: .*rot", service.expect("configtest", 1))
    service.wait_for_nobody()


def test_a_pid_file_that_is_left_is_told_from_a_server(service):
    """The number in it may be anybody's by now, here it is this test's."""
    service.pid_path.write_text(f"{os.getpid()}\n")
    service.expect("status", 1)
    service.expect("stop", 0)           # and this test is still there
    service.expect("reload", 7)
    service.started()
    assert service.get().body == b"start\n"


def test_a_killed_master_is_told_and_started_again(service):
    service.started()
    service.send_signal(signal.SIGKILL)
    assert service.wait_for_end() == -signal.SIGKILL
    service.wait_for_nobody()
    service.expect("status", 1)
    service.error_path.unlink()
    service.started()
    assert service.get().body == b"start\n"


def test_stop_works_with_a_broken_file(service):
    """The place of the pid file cannot be read from it then, so that must be told."""
    (service.folder / "default").write_text(f"PIDFILE='{service.pid_path}'\n")
    service.started()
    service.write_config("rot = 1\n")
    service.expect("stop", 0)
    assert service.wait_for_end() == 0


def test_an_unknown_verb(service):
    assert "usage:" in service.expect("dance", 2)


def test_its_lsb_header_is_whole():
    text = SCRIPT.read_text()
    header = text.partition("### BEGIN INIT INFO\n")[2].partition("### END INIT INFO\n")[0]
    for name in ("Provides", "Required-Start", "Required-Stop", "Default-Start", "Default-Stop",
                 "Short-Description"):
        assert re.search(rf"^# {name}: +\S", header, re.M), name


def test_it_is_a_plain_shell_script():
    """Of POSIX: where dash is the shell, nothing else runs it."""
    result = subprocess.run(["sh", "-n", str(SCRIPT)], capture_output=True, text=True,
                            timeout=muster.PATIENCE_S)
    assert (result.returncode, result.stderr) == (0, "")
