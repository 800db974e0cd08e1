# SPDX-License-Identifier: BSD-2-Clause
"""Who the workers are when root starts muster. Would break with any step of drop.c that is left
out, done in another order or not read back."""
import grp
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess

import pytest

import muster
import processes

pytestmark = pytest.mark.root

CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapAmb")


def account():
    """(name, uid, gid, all groups) of the workers."""
    user, group = muster.worker_account()
    uid, gid = pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid
    return user, uid, gid, sorted(os.getgrouplist(user, gid))


def ids(pid):
    found = processes.status(pid)
    return (found["Uid"].split(), found["Gid"].split(),
            sorted(int(word) for word in found["Groups"].split()))


def test_workers_have_given_up_root_for_good(serve):
    server = serve(pool={"start": 3})
    _, uid, gid, groups = account()
    assert uid != 0 and gid != 0
    for pid in server.worker_pids():
        assert ids(pid) == ([str(uid)] * 4, [str(gid)] * 4, groups)
        found = processes.status(pid)
        assert found["NoNewPrivs"] == "1"
        assert {int(found[name], 16) for name in CAPABILITY_SETS} == {0}
    assert processes.status(server.pid)["Uid"].split() == ["0"] * 4


def test_workers_of_every_kind_have(serve):
    """Those that were started later, too: by growth, in place of a dead one, by a reload."""
    server = serve(pool={"start": 1, "min_idle": 1})
    server.may_crash = True
    _, uid, gid, groups = account()
    clients = processes.hold(server, 3)
    os.kill(processes.worker_of(server, clients[0]), signal.SIGKILL)
    server.wait_for_log("died of signal 9")
    server.send_signal(signal.SIGHUP)
    server.wait_for_log("reload: new configuration in force")
    for client in clients:
        client.close()
    assert server.get().status == 200
    for pid in processes.workers_on(server):
        assert ids(pid) == ([str(uid)] * 4, [str(gid)] * 4, groups)


def test_a_group_of_its_own(serve):
    """The group of the configuration is the primary one, whatever the user's is."""
    user, uid, gid, _ = account()
    other = next(one for one in grp.getgrall() if one.gr_gid not in (0, gid))
    server = serve(settings={"group": other.gr_name})
    for pid in server.worker_pids():
        assert ids(pid) == ([str(uid)] * 4, [str(other.gr_gid)] * 4,
                            sorted(os.getgrouplist(user, other.gr_gid)))


def refused(server):
    """-t and a start are refused; returns what they say."""
    for arguments in (["-t"], ["-f"]):
        result = muster.run_musterd(*arguments, "-c", server.config_path)
        assert result.returncode == 1, result
        assert result.stdout == ""
    assert server.log() == "", "it came as far as to open its log"
    return result.stderr


def test_root_is_refused_as_user_and_as_group(make_server):
    server = make_server(settings={"user": "root"})
    assert 'user is "root", expected one without root\'s rights' in refused(server)
    server = make_server(settings={"group": "root"})
    assert 'group is "root", expected one without root\'s rights' in refused(server)


def test_an_unknown_user_and_an_unknown_group_are_refused(make_server):
    server = make_server(settings={"user": "no-such-user"})
    assert 'user is "no-such-user", expected a user' in refused(server)
    server = make_server(settings={"group": "no-such-group"})
    assert 'group is "no-such-group", expected a group' in refused(server)


ACCOUNTS = [
    pytest.param("passwd", "{name}:x:0:{gid}:another root:/:/bin/false", "{name}:x:{uid}:{gid}:",
                 "user is .*, expected one without root's rights", id="uid-0-by-another-name"),
    pytest.param("group", "{name}:x:0:", "{name}:x:{gid}:",
                 "group is .*, expected one without root's rights", id="gid-0-by-another-name"),
    pytest.param("group", "wheel:x:0:{name}", None, "is in group 0", id="member-of-group-0"),
]


@pytest.mark.needs("unshare", "mount")
@pytest.mark.parametrize("file, line, replaced, why", ACCOUNTS)
def test_what_amounts_to_root_is_refused(make_server, tmp_path, file, line, replaced, why):
    """With other account files, in a mount namespace of the command's own."""
    user, group = muster.worker_account()
    _, uid, gid, _ = account()
    server = make_server(settings={"user": user, "group": group})
    names = {"name": user if file == "passwd" or replaced is None else group,
             "uid": uid, "gid": gid}
    lines = open(f"/etc/{file}", encoding="utf-8").read().splitlines()
    if replaced is not None:
        start = replaced.format(**names)
        assert any(one.startswith(start) for one in lines), "the account files are not as expected"
        lines = [one for one in lines if not one.startswith(start)]
    changed = tmp_path / file
    changed.write_text("\n".join([line.format(**names), *lines]) + "\n")
    mounts = ["unshare", "--mount", "sh", "-c",
              'mount --bind "$1" "/etc/$2" || exit 77; shift 2; exec "$@"', "sh", changed, file]
    for options in (["-t"], ["-f"]):
        result = subprocess.run(
            [*map(str, mounts), muster.musterd_path(), *options, "-c", str(server.config_path)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=muster.PATIENCE_S,
            env=muster.process_environment())
        if result.returncode == 77 or "unshare" in result.stderr:
            pytest.skip("mounts of its own are not allowed here: " + result.stderr.strip())
        assert result.returncode == 1, result
        assert re.search(why, result.stderr), result.stderr
    assert server.log() == ""


def free_low_port():
    for port in range(1023, 600, -1):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    pytest.skip("no port below 1024 can be bound")


def test_a_port_below_1024_is_served_by_unprivileged_workers(serve):
    port = free_low_port()
    server = serve(listen=[f"127.0.0.1:{port}"])
    assert server.address() == ("127.0.0.1", port)
    held = processes.hold(server, 1)[0]
    pid = processes.worker_of(server, held)
    assert ids(pid)[0] == [str(account()[1])] * 4
    assert processes.finish_held(held).status == 200


def test_log_files_belong_to_root_and_are_not_for_all_to_read(serve):
    server = serve()
    assert server.get().status == 200
    server.wait_for_access(1)
    for path in (server.error_path, server.access_path):
        found = path.stat()
        assert (found.st_uid, found.st_gid) == (0, 0)
        assert found.st_mode & 0o7777 == 0o640


def test_logs_below_a_folder_of_root_are_written_and_reopened(serve, tmp_path):
    """Workers can't open them; what they write goes to descriptors of the master."""
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    server = serve(log={"access": folder / "access.log"})
    assert server.get("/?one").status == 200
    muster.wait_for(lambda: "?one" in (folder / "access.log").read_text(), "the first record")
    (folder / "access.log").rename(folder / "access.log.1")
    server.send_signal(signal.SIGUSR1)
    server.wait_for_log("log files reopened")
    assert server.get("/?two").status == 200
    muster.wait_for(lambda: "?two" in (folder / "access.log").read_text(), "the second record")


def test_a_worker_cannot_do_what_root_can(serve, tmp_path):
    """The file's own rights hold: what only root may read is answered with 403."""
    server = serve({"index.html": "start\n", "secret.txt": "secret\n"})
    (server.site / "secret.txt").chmod(0o600)
    assert server.get("/secret.txt").status == 403
    shutil.chown(server.site / "secret.txt", muster.worker_account()[0])
    assert server.get("/secret.txt").body == b"secret\n"


def test_modules_that_look_users_up_stay_out(make_server):
    """Neither the master nor a child of it, after a reload either, has what nsswitch.conf(5) names
    loaded: only a child that is gone had."""
    server = make_server().start()
    processes.reload(server)
    all_maps = {pid: pathlib.Path(f"/proc/{pid}/maps").read_text()
                for pid in [server.pid, *server.child_pids()]}
    living = [maps for maps in all_maps.values() if maps] # one of before the reload may be ending
    assert all_maps[server.pid] and len(living) > 3
    for maps in living:
        assert "libc.so" in maps and "libnss_" not in maps, maps
