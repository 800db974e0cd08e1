# SPDX-License-Identifier: BSD-2-Clause
"""Private keys are the signer's alone: no other process has them in its memory. The signer can be
killed, and is replaced. A pair that does not fit is refused before anything is changed."""
import array
import os
import re
import signal

import pytest

import certificates
import muster
import processes
from tls_client import TLS_1_2, TLS_1_3, connected

PAGE_BYTES = os.sysconf("SC_PAGESIZE")
PRESENT_OR_SWAPPED = 3 << 62


def present_runs(pagemap, start, end):
    """(from, to) of the addresses between them that are in memory or in swap space: looking at
    others would make memory of them."""
    pagemap.seek(start // PAGE_BYTES * 8)
    entries = array.array("Q", pagemap.read((end - start) // PAGE_BYTES * 8))
    at = 0
    while at < len(entries):
        first = at
        while at < len(entries) and entries[at] & PRESENT_OR_SWAPPED:
            at += 1
        if at > first:
            yield start + first * PAGE_BYTES, start + at * PAGE_BYTES
        at += 1


def find_in_memory(pid, traces):
    """The names of those that are somewhere in the memory of a process."""
    found = set()
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            start, end, rights = re.match("([0-9a-f]+)-([0-9a-f]+) (r?)", line).groups()
            if not rights or "[v" in line:
                continue
            for at, stop in present_runs(pagemap, int(start, 16), int(end, 16)):
                memory.seek(at)
                data = memory.read(stop - at)
                assert data, f"the memory of {pid} cannot be read"
                found |= {name for name, trace in traces.items() if trace in data}
    return found


@pytest.mark.root
@pytest.mark.parametrize("kind", certificates.KINDS)
def test_no_other_process_has_them(serve_tls, authority, connect, kind):
    own = authority.issue("test.example", kind=kind, name=f"scanned-{kind}")
    traces = certificates.secret_traces(own.key)
    server = serve_tls(settings={"certificate": own.chain, "certificate_key": own.key})
    for round_ in range(2):
        for version in (TLS_1_2, TLS_1_3):
            with connect(server, version) as client:
                assert client.request().status == 200
                signers = processes.pids_of_role(server, "signer")
                found = {pid: find_in_memory(pid, traces)
                         for pid in [server.pid, *server.child_pids()]}
                assert len(signers) == 1
                assert found.pop(signers[0]), "the scan finds nothing where it is"
                assert set(map(muster.role_of, found)) >= {"worker", "keeper", "logger"}
                assert not any(found.values()), {muster.role_of(pid): what
                                                 for pid, what in found.items() if what}
        if round_ == 0:
            processes.reload(server)
            muster.wait_for(lambda: len(processes.pids_of_role(server, "signer")) == 1,
                            "the end of the old signer")


def locked_keys(pid):
    """For each copy of a key file that the process has mapped: KiB of it that are locked."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as smaps:
        maps = re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", smaps.read())
    return [int(re.search(r"^Locked: +(\d+) kB", one, re.M)[1]) for one in maps
            if "memfd:muster-key" in one.partition("\n")[0]]


@pytest.mark.root
def test_copies_of_key_files_are_no_swap_space(serve_tls, connect):
    """The master's are memory of the system's, which locks only what somebody has locked."""
    server = serve_tls()
    server.may_crash = True
    old = None
    for _ in range(2):
        signer = muster.wait_for(lambda old=old: [
            pid for pid in processes.pids_of_role(server, "signer") if pid != old], "a signer")[0]
        muster.wait_for(lambda: can_connect(server, connect), "it to be ready")
        if processes.status(signer)["VmLck"].startswith("0 "):
            pytest.skip("with a sanitizer mlock(2) does nothing")
        muster.wait_for(lambda signer=signer: locked_keys(signer) == [PAGE_BYTES // 1024],
                        "its lock")
        os.kill(signer, signal.SIGKILL)
        old = signer


@pytest.mark.root
def test_the_signer_has_no_rights(serve_tls):
    server = serve_tls()
    status = processes.status(processes.pids_of_role(server, "signer")[0])
    assert status["Uid"].split()[0] != "0"
    assert status["CapEff"] == "0000000000000000"
    assert status["NoNewPrivs"] == "1"


def test_a_killed_signer_is_replaced(serve_tls, connect):
    server = serve_tls(pool={"start": 3, "min_idle": 3})
    server.may_crash = True
    with connect(server) as kept:
        assert kept.request().status == 200
        for _ in range(3):
            signer = processes.pids_of_role(server, "signer")[0]
            os.kill(signer, signal.SIGKILL)
            muster.wait_for(lambda signer=signer: [
                pid for pid in processes.pids_of_role(server, "signer") if pid != signer],
                "another signer")
            for _ in range(4):
                muster.wait_for(lambda: can_connect(server, connect), "a handshake")
            assert kept.request().status == 200     # needs none
    for _ in range(10):
        with connect(server) as client:
            assert client.request().status == 200


def can_connect(server, connect):
    try:
        with connect(server) as client:
            assert client.request().status == 200
    except OSError:
        return False
    return True


def test_a_stopped_signer_costs_handshakes_and_no_more(serve_tls, connect, pair):
    """Who waits for a signature is given up in time; a listener in the clear is served on."""
    server = serve_tls(limits={"handshake_timeout": "300ms"}, pool={"start": 3},
                       listen=["127.0.0.1:0", ("127.0.0.1:0", {"tls": True})])
    with connected(connect, server, index=1) as kept:
        assert kept.request().status == 200
        signer = processes.pids_of_role(server, "signer")[0]
        os.kill(signer, signal.SIGSTOP)
        try:
            with pytest.raises(OSError):
                connect(server, index=1)
            assert kept.request().status == 200
            assert server.get().status == 200
        finally:
            os.kill(signer, signal.SIGCONT)
        muster.wait_for(lambda: can_connect_to(server, connect, 1), "a handshake")


def can_connect_to(server, connect, index):
    return can_connect(server, lambda one: connect(one, index=index))


def bad_pairs(authority, pair, folder):
    """(what is wrong, certificate, key, what is said)."""
    stranger = certificates.make_key(folder / "stranger.key")
    encrypted = folder / "encrypted.key"
    certificates.openssl("pkey", "-in", pair.key, "-aes256", "-passout", "pass:secret", "-out",
                         encrypted)
    garbage = folder / "garbage"
    garbage.write_text("no PEM\n")
    yield "stranger", pair.chain, stranger, "stranger.key"
    yield "encrypted", pair.chain, encrypted, "encrypted.key"
    yield "no key", pair.chain, garbage, "garbage"
    yield "no certificate", garbage, pair.key, "garbage"
    yield "missing key", pair.chain, folder / "missing", "missing"
    yield "missing certificate", folder / "missing", pair.key, "missing"
    yield "a folder", pair.chain, folder, str(folder)
    yield "no end", pair.chain, "/dev/zero", "/dev/zero"


def test_pairs_that_do_not_fit(make_server, authority, pair, tmp_path):
    for what, chain, key, text in bad_pairs(authority, pair, tmp_path):
        server = make_server(settings={"certificate": chain, "certificate_key": key},
                             listen=[("127.0.0.1:0", {"tls": True})])
        result = muster.run_musterd("-t", "-c", server.config_path)
        assert result.returncode != 0, what
        assert text in result.stderr and "musterd.conf:" in result.stderr, (what, result.stderr)


def test_a_pair_that_fits(make_server, pair):
    server = make_server(settings={"certificate": pair.chain, "certificate_key": pair.key},
                         listen=[("127.0.0.1:0", {"tls": True})])
    result = muster.run_musterd("-t", "-c", server.config_path)
    assert result.returncode == 0, result.stderr
