# SPDX-License-Identifier: BSD-2-Clause
"""Document roots where workers may not go by themselves. Would break if roots were opened after
root was given up, or if a descriptor outside of a chroot came along into it."""
import os
import re

import pytest

import muster
import processes

pytestmark = pytest.mark.root


@pytest.fixture
def closed_folder(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_a_root_below_a_folder_that_only_root_may_enter(serve, closed_folder):
    muster.write_files(closed_folder, {"site/index.html": "within\n", "site/sub/a.txt": "deep\n",
                                       "beside.txt": "beside\n"})
    server = serve(settings={"root": closed_folder / "site"})
    assert server.get("/").body == b"within\n"
    assert server.get("/sub/a.txt").body == b"deep\n"
    assert server.get("/../beside.txt").status in (400, 404)
    assert server.get("/%2e%2e/beside.txt").status in (400, 404)


def test_it_is_found_again_by_a_reload(serve, closed_folder):
    muster.write_files(closed_folder, {"one/index.html": "one\n", "two/index.html": "two\n"})
    server = serve(settings={"root": closed_folder / "one"})
    assert server.get().body == b"one\n"
    server.settings["root"] = closed_folder / "two"
    server.write_config()
    processes.reload(server)
    assert server.get().body == b"two\n"


def test_a_link_out_of_a_closed_root_is_refused_even_when_followed(serve, closed_folder):
    """follow_symlinks allows links out, but the worker goes there with its own rights only."""
    muster.write_files(closed_folder, {"site/index.html": "within\n", "beside.txt": "beside\n"})
    os.symlink(closed_folder / "beside.txt", closed_folder / "site" / "link.txt")
    for follow in (False, True):
        server = serve(settings={"root": closed_folder / "site", "follow_symlinks": follow})
        assert server.get("/link.txt").status == 403
        assert server.get("/").body == b"within\n"


def test_chroot(serve, tmp_path):
    """Workers are locked in; master and logs are not."""
    jail = tmp_path / "jail"
    muster.write_files(jail, {"srv/site/index.html": "jailed\n", "srv/site/a.txt": "a\n"})
    server = serve(settings={"chroot": jail, "root": jail / "srv" / "site"})
    assert server.get("/").body == b"jailed\n"
    assert server.get("/a.txt").body == b"a\n"
    for pid in server.worker_pids():
        assert os.readlink(f"/proc/{pid}/root") == str(jail)
        assert os.readlink(f"/proc/{pid}/cwd") == str(jail)
        for target in processes.descriptors(pid).values():
            if os.path.isdir(target):
                assert target.startswith(f"{jail}/"), "a way out of the chroot"
    assert os.readlink(f"/proc/{server.pid}/root") == "/"
    processes.reload(server)
    assert server.get("/").body == b"jailed\n"


def test_a_root_that_is_the_chroot_itself(serve, tmp_path):
    jail = tmp_path / "jail"
    muster.write_files(jail, {"index.html": "jailed\n"})
    server = serve(settings={"chroot": jail, "root": jail})
    assert server.get("/").body == b"jailed\n"


def test_links_in_a_chroot_stay_within(serve, tmp_path):
    """An absolute link means the chroot's root, and so does a root reached by way of one."""
    jail = tmp_path / "jail"
    muster.write_files(jail, {"real/index.html": "jailed\n", "real/target.txt": "target\n"})
    muster.write_files(tmp_path, {"real/index.html": "outside\n"})
    os.symlink("/real", jail / "site")
    os.symlink("/real/target.txt", jail / "real" / "link.txt")
    os.symlink(tmp_path / "real" / "index.html", jail / "real" / "out.txt")
    server = serve(settings={"chroot": jail, "root": jail / "site", "follow_symlinks": True})
    assert server.get("/").body == b"jailed\n"
    assert server.get("/link.txt").body == b"target\n"
    assert server.get("/out.txt").status in (403, 404)


@pytest.mark.parametrize("root, why", [
    ("outside", "chroot"), ("jailer", "chroot"), ("jail/../outside", 'without "." and ".."')])
def test_a_root_outside_of_the_chroot_is_refused(make_server, tmp_path, root, why):
    for name in ("jail", "outside", "jailer"):
        (tmp_path / name).mkdir()
    server = make_server(settings={"chroot": tmp_path / "jail", "root": f"{tmp_path}/{root}"})
    for arguments in (["-t"], ["-f"]):
        result = muster.run_musterd(*arguments, "-c", server.config_path)
        assert result.returncode == 1, result
        assert re.search(r"musterd\.conf:\d+: .*root.*" + why, result.stderr), result
    assert server.log() == ""


def test_a_missing_chroot_is_refused(make_server, tmp_path):
    jail = tmp_path / "nowhere"
    server = make_server(settings={"chroot": jail, "root": jail / "site"})
    result = muster.run_musterd("-f", "-c", server.config_path)
    assert result.returncode == 1
    assert str(jail) in result.stderr and "No such file or directory" in result.stderr
