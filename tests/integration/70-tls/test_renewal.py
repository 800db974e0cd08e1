# SPDX-License-Identifier: BSD-2-Clause
"""Certificates that are renewed while the server runs, in each way that programs renew them: they
are in force without a reload. What is broken is refused, said once, and changes nothing. Would
break if links were not followed, if a pair were taken before both of its files are there, if the
configuration's file were read as well, or if workers and signer had different pairs."""
import os
import pathlib
import re
import shutil

import muster
import processes
import pytest
from tls_hammer import TlsHammer

IN_FORCE = "notice: certificates: renewed ones in force"
KEPT = "error: certificates: kept the old ones: "


class Site:
    """A server with a pair of files of its own, which are then renewed."""

    def __init__(self, serve_tls, authority, folder, links=False, more="", **options):
        self.authority = authority
        self.folder = folder
        self.version = 0
        self.first = self.issue()
        self.chain, self.key = folder / "live.pem", folder / "live.key"
        if links:
            self.point_to(self.first)
        else:
            self.copy(self.first)
        self.server = serve_tls(settings={"certificate": self.chain, "certificate_key": self.key},
                                more="tls { watch_interval = 1s }\n" + more, **options)

    def issue(self):
        """A pair with another key and another name."""
        self.version += 1
        return self.authority.issue("test.example", f"v{self.version}.example",
                                    name=f"{self.folder.name}-{self.version}")

    def copy(self, pair):
        """The files are rewritten where they are."""
        shutil.copyfile(pair.chain, self.chain)
        shutil.copyfile(pair.key, self.key)

    def move(self, pair):
        """New files take the names."""
        for source, name in ((pair.chain, self.chain), (pair.key, self.key)):
            fresh = pathlib.Path(f"{name}.new")
            shutil.copyfile(source, fresh)
            fresh.rename(name)

    def point_to(self, pair):
        """Links to the files are exchanged, as certbot does in live/."""
        for source, name in ((pair.chain, self.chain), (pair.key, self.key)):
            fresh = pathlib.Path(f"{name}.new")
            fresh.symlink_to(os.path.relpath(source, name.parent))
            fresh.rename(name)

    def wait_for_new(self, count=1):
        """Until they are in force and the last of the old workers has left, and so its signer."""
        self.server.wait_for_log(IN_FORCE, count)
        muster.wait_for(lambda: len(processes.pids_of_role(self.server, "signer")) == 1,
                        "the end of the old signer")

    def wait_for_refusal(self, reason, count=1):
        return self.server.wait_for_log(re.escape(KEPT) + ".*" + reason, count)

    def expect(self, connect, version):
        """This is what clients get, each time."""
        for _ in range(3):
            with connect(self.server) as client:
                assert f"v{version}.example" in client.names, client.names
                assert client.request().status == 200


@pytest.fixture
def site(serve_tls, authority, tmp_path):
    return Site(serve_tls, authority, tmp_path)


@pytest.mark.parametrize("way", [Site.copy, Site.move, Site.point_to])
def test_a_new_pair_is_taken(serve_tls, authority, connect, tmp_path, way):
    site = Site(serve_tls, authority, tmp_path, links=way is Site.point_to)
    site.expect(connect, 1)
    for count in (1, 2):
        way(site, site.issue())
        site.wait_for_new(count)
        site.expect(connect, count + 1)
    assert not processes.log_lines(site.server, " error: ")


def test_key_and_certificate_come_one_after_the_other(site, connect):
    """What lies between does not fit, and is refused while it lasts."""
    new = site.issue()
    shutil.copyfile(new.chain, site.chain)
    found = site.wait_for_refusal("")
    assert "live.key" in found.string[found.start():], found.string
    site.expect(connect, 1)
    shutil.copyfile(new.key, site.key)
    site.wait_for_new()
    site.expect(connect, 2)


def break_chain(site):
    site.chain.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return site.chain


def break_key(site):
    site.key.write_text("no key\n")
    return site.key


def empty_chain(site):
    site.chain.write_text("")
    return site.chain


def remove_key(site):
    site.key.unlink()
    return site.key


def remove_chain(site):
    site.chain.unlink()
    return site.chain


def make_it_a_folder(site):
    site.key.unlink()
    site.key.mkdir()
    return site.key


def make_it_a_pipe(site):
    """Opened for reading it would wait for a writer for ever."""
    site.chain.unlink()
    os.mkfifo(site.chain)
    return site.chain


@pytest.mark.parametrize("spoil", [break_chain, break_key, empty_chain, remove_key, remove_chain,
                                   make_it_a_folder, make_it_a_pipe])
def test_what_is_broken_is_refused(site, connect, spoil):
    named = spoil(site)
    site.wait_for_refusal(re.escape(str(named)))
    site.expect(connect, 1)
    # It is looked at again and again, and said once.
    looks = processes.log_lines(site.server, "files have changed")
    if named.is_dir():
        named.rmdir()
    elif named.exists():
        named.unlink()
    site.move(site.issue())
    site.wait_for_new()
    site.expect(connect, 2)
    assert len(looks) == 1
    assert not processes.log_lines(site.server, "died|took too long")


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_broken_pair_holds_up_no_other(serve_tls, authority, connect, tmp_path, kind):
    """It stays as it was, with the key that it had, until it is whole."""
    others = [authority.issue("other.example", f"o{number}.example", kind=kind,
                              name=f"{tmp_path.name}-o{number}") for number in range(2)]
    chain, key = tmp_path / "other.pem", tmp_path / "other.key"
    shutil.copyfile(others[0].chain, chain)
    shutil.copyfile(others[0].key, key)
    site = Site(serve_tls, authority, tmp_path, more=f"""
        host "test.example" {{}}
        host "other.example" {{ certificate = "{chain}"   certificate_key = "{key}" }}""")

    def expect(version, other):
        site.expect(connect, version)
        with connect(site.server, server_name="other.example") as client:
            assert f"o{other}.example" in client.names
            assert client.request().status == 200

    expect(1, 0)
    key.write_text("no key\n")
    site.wait_for_refusal(re.escape(str(key)))
    for version in (2, 3):
        count = len(processes.log_lines(site.server, IN_FORCE))
        site.move(site.issue())
        site.wait_for_new(count + 1)
        expect(version, 0)
    count = len(processes.log_lines(site.server, IN_FORCE))
    for source, path in ((others[1].chain, chain), (others[1].key, key)):
        shutil.copyfile(source, path)
    site.wait_for_new(count + 1)
    expect(3, 1)
    assert not processes.log_lines(site.server, "died|took too long")


def test_the_old_signer_signs_for_what_is_kept(site, connect):
    """The pair in force does not depend on its files any more, nor do its signer's successors."""
    site.key.unlink()
    site.wait_for_refusal("live.key")
    signer, = processes.pids_of_role(site.server, "signer")
    os.kill(signer, 9)
    site.server.may_crash = True
    muster.wait_for(lambda: processes.pids_of_role(site.server, "signer") not in ([], [signer]),
                    "another signer")
    site.expect(connect, 1)


def test_the_configuration_is_not_read_again(site, connect):
    site.server.config_path.write_text("half-edi")
    site.move(site.issue())
    site.wait_for_new()
    site.expect(connect, 2)
    site.server.write_config()
    processes.reload(site.server)
    site.expect(connect, 2)


def test_a_reload_takes_them_as_well(site, connect):
    """And nothing is taken twice, whether they were seen before the reload or not."""
    site.move(site.issue())
    processes.reload(site.server)
    site.expect(connect, 2)
    count = len(processes.log_lines(site.server, IN_FORCE))
    assert count <= 1
    site.move(site.issue())
    site.wait_for_new(count + 1)
    site.expect(connect, 3)
    assert len(processes.log_lines(site.server, IN_FORCE)) == count + 1


def test_nobody_looks_where_nobody_is_to(serve_tls, authority, connect, tmp_path):
    """Another server with the same files tells that it was time to."""
    site = Site(serve_tls, authority, tmp_path)
    settings = {"certificate": site.chain, "certificate_key": site.key}
    other = serve_tls(settings=settings, more="tls { watch_interval = 0 }")
    for count in (1, 2):
        site.move(site.issue())
        site.wait_for_new(count)
    with connect(other) as client:
        assert "v1.example" in client.names
    assert not processes.log_lines(other, "certificates:")
    processes.reload(other)
    with connect(other) as client:
        assert "v3.example" in client.names


def test_clients_under_load_notice_nothing(serve_tls, authority, connect, tmp_path):
    site = Site(serve_tls, authority, tmp_path,
                pool={"start": 3, "min_idle": 2, "max_workers": 32})
    ways = (site.copy, site.move, site.point_to)
    with TlsHammer(site.server, authority.root) as hammer:
        for count, way in enumerate(ways, 1):
            hammer.wait_for_more()
            way(site.issue())
            site.wait_for_new(count)
            hammer.wait_for_more()
    assert not hammer.failures, hammer.failures
    assert not processes.log_lines(site.server, "TLS handshake failed")
    site.expect(connect, len(ways) + 1)
