# SPDX-License-Identifier: BSD-2-Clause
"""HUP with a file that cannot be put in force: nothing changes, and the log says why. Would break
if the master gave up something of the old configuration before all of the new one is open."""
import os
import re
import signal
import socket

import pytest

import processes

KEPT = "error: reload: kept the old configuration"


def broken_line(text):
    """Adds a line at the end of the file; its number is known."""
    def change(server):
        content = server.config_text() + text + "\n"
        server.write_config(content)
        return len(content.splitlines())
    return change


def missing_root(server):
    server.settings["root"] = server.folder / "nowhere"
    server.write_config()
    return line_of(server, "nowhere")


def line_of(server, text):
    lines = server.config_path.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def missing_log_folder(server):
    server.sections["log"]["access"] = server.folder / "nowhere" / "access.log"
    server.write_config()


def file_gone(server):
    server.config_path.unlink()


def fifo_in_its_place(server):
    server.config_path.unlink()
    os.mkfifo(server.config_path)


def folder_in_its_place(server):
    server.config_path.unlink()
    server.config_path.mkdir()


def unknown_user(server):
    server.settings["user"] = "no-such-user"
    server.write_config()


def root_as_user(server):
    server.settings["user"] = "root"
    server.write_config()


FILES = [
    pytest.param(broken_line('pool { start = '), "", id="syntax"),
    pytest.param(broken_line("}"), "", id="brace"),
    pytest.param(broken_line('rot = "/"'), "rot.*root", id="unknown-directive"),
    pytest.param(broken_line('max_ranges = 1000'), "max_ranges", id="value-out-of-range"),
    pytest.param(broken_line('include("nothing.conf")'), "nothing.conf", id="missing-include"),
    pytest.param(missing_root, "nowhere.*No such file", id="missing-root"),
    pytest.param(missing_log_folder, "nowhere.*No such file", id="missing-log-folder"),
    pytest.param(file_gone, "musterd.conf.*No such file", id="file-gone"),
    pytest.param(fifo_in_its_place, "musterd.conf", id="fifo"),
    pytest.param(folder_in_its_place, "musterd.conf", id="folder"),
    pytest.param(unknown_user, "no-such-user", id="unknown-user", marks=pytest.mark.root),
    pytest.param(root_as_user, "never run as root", id="root-as-user", marks=pytest.mark.root),
]


@pytest.mark.parametrize("change, why", FILES)
def test_a_bad_file_changes_nothing_and_the_log_says_why(serve, change, why):
    server = serve({"index.html": "start\n"})
    good = server.config_text()
    inode, pids = processes.listening_inode(server.address()), server.worker_pids()
    with server.connect() as kept:
        assert kept.request().status == 200
        line = change(server)
        server.send_signal(signal.SIGHUP)
        server.wait_for_log(KEPT)
        assert kept.request().status == 200
    reasons = processes.log_lines(server, "error: reload: ")
    place = "" if line is None else f"{re.escape(str(server.config_path))}:{line}: .*"
    assert any(re.search(place + why, reason) for reason in reasons), reasons
    assert set(pids) <= set(server.worker_pids())
    assert processes.listening_inode(server.address()) == inode
    assert server.get().body == b"start\n"

    path = server.config_path               # and a good one is taken after it
    if path.is_dir():
        path.rmdir()
    elif not path.is_file():
        path.unlink(missing_ok=True)
    path.write_text(good)
    server.send_signal(signal.SIGHUP)
    server.wait_for_log("reload: new configuration in force")
    assert server.get().body == b"start\n"


def test_an_address_that_is_taken(serve):
    """Found only when it is bound, by the master itself."""
    server = serve(listen=["127.0.0.1:0"])
    pids = server.worker_pids()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server.listen = ["127.0.0.1:0", "127.0.0.2:0", f"127.0.0.1:{port}"]
        server.write_config()
        server.send_signal(signal.SIGHUP)
        reason = server.wait_for_log(KEPT + ": (.*)")[1]
    line = line_of(server, f"127.0.0.1:{port}")
    assert reason.startswith(f"{server.config_path}:{line}: cannot listen on 127.0.0.1:{port}: ")
    assert "Address already in use" in reason
    assert server.worker_pids() == pids and server.get().status == 200
    held = [target for target in processes.descriptors(server.pid).values() if "socket:" in target]
    server.send_signal(signal.SIGHUP)       # now it is free
    server.wait_for_log("reload: new configuration in force")
    with server.connect(1) as client:
        assert client.request().status == 200
    now = [target for target in processes.descriptors(server.pid).values() if "socket:" in target]
    assert len(now) == len(held) + 2, "the refused reload left a socket open"


def test_an_address_that_this_server_has_by_another(serve):
    """Not another server is said to have it."""
    with socket.socket() as reserved:       # it stays ours, and does not listen
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
        server = serve(listen=[address])
        server.listen = [address.replace("127.0.0.1", "0.0.0.0")]
        server.write_config()
        server.send_signal(signal.SIGHUP)
        reason = server.wait_for_log(KEPT + ": (.*)")[1]
        line = line_of(server, server.listen[0])
        assert reason.startswith(f"{server.config_path}:{line}: cannot listen on 0.0.0.0:")
        assert f"while this server listens on {address}" in reason
        assert server.get().status == 200


def test_refused_reloads_leak_no_descriptor(serve):
    """Of the new roots and logs that were open when the last step failed."""
    server = serve()
    with socket.create_server(("127.0.0.1", 0)) as other:
        server.listen.append(f"127.0.0.1:{other.getsockname()[1]}")
        server.write_config()
        counts = []
        for count in range(1, 6):
            server.send_signal(signal.SIGHUP)
            server.wait_for_log(KEPT, count)
            # The line is written first, what was opened is closed by then.
            counts.append(len(processes.descriptors(server.pid)))
    assert len(set(counts)) == 1, counts


def test_good_reloads_leak_no_descriptor(serve):
    server = serve(listen=["127.0.0.1:0", "127.0.0.2:0"])
    counts = []
    for count in range(1, 6):
        server.send_signal(signal.SIGHUP)
        server.wait_for_log("reload: new configuration in force", count)
        counts.append(len(processes.descriptors(server.pid)))
    assert len(set(counts)) == 1, counts


def test_all_errors_of_a_file_are_logged(serve):
    server = serve()
    server.write_config(server.config_text() + "rot = 1\nindx = 2\n")
    server.send_signal(signal.SIGHUP)
    server.wait_for_log(KEPT)
    assert len(processes.log_lines(server, r"error: reload: \S+:\d+: .*\b(rot|indx)\b")) == 2


def test_a_file_below_an_unreadable_include(serve):
    """A FIFO that is included is refused at once; nobody waits for a writer."""
    server = serve()
    os.mkfifo(server.folder / "pipe.conf")
    server.write_config(server.config_text() + 'include("pipe.conf")\n')
    server.send_signal(signal.SIGHUP)
    server.wait_for_log(KEPT)
    assert processes.log_lines(server, r"error: reload: .*pipe\.conf")
    assert server.get().status == 200
