# SPDX-License-Identifier: BSD-2-Clause
"""Sessions that are resumed by ticket: with any worker, after a reload, and no longer than they
may. A client that cannot resume its session gets a new one and notices nothing."""
import pytest

import muster
import processes
import tls_client
from tls_client import TLS_1_2, TLS_1_3

VERSIONS = [TLS_1_2, TLS_1_3]
VERSION_NAMES = ["1.2", "1.3"]


def begin(connect, server, context, **options):
    """A session, by a whole handshake."""
    with connect(server, context=context, **options) as client:
        assert not client.socket.session_reused
        assert client.request().status == 200   # in TLS 1.3 the ticket comes behind the handshake
        assert client.socket.session.has_ticket
        return client.socket.session


def is_resumed(connect, server, context, session, **options):
    with connect(server, context=context, session=session, **options) as client:
        assert client.request().status == 200
        return client.socket.session_reused


@pytest.fixture(params=VERSIONS, ids=VERSION_NAMES)
def context(request, authority):
    return tls_client.client_context(authority.root, request.param)


def test_with_any_worker(serve_tls, connect, context):
    server = serve_tls(pool={"start": 4, "min_idle": 4}, log={"format": "%P"})
    session = begin(connect, server, context)
    pids = set()

    def all_have_resumed():
        assert is_resumed(connect, server, context, session)
        pids.update(server.access().split())
        return len(pids) >= 3

    muster.wait_for(all_have_resumed, lambda: f"other workers than {pids}")


def test_across_reloads(serve_tls, connect, context):
    server = serve_tls()
    session = begin(connect, server, context)
    for count in (1, 2):
        processes.reload(server, count)
        assert is_resumed(connect, server, context, session)


def test_not_with_another_host(serve_tls, authority, connect, context, pair):
    """A ticket that one host gave says nothing to another."""
    other = authority.issue("other.example", name="sessions")
    server = serve_tls(more=f"""
        host "test.example" {{}}
        host "other.example" {{ certificate = {muster.quoted(other.chain)}
            certificate_key = {muster.quoted(other.key)} }}""")
    session = begin(connect, server, context)
    assert not is_resumed(connect, server, context, session, server_name="other.example")
    assert is_resumed(connect, server, context, session)


def test_not_with_another_server(serve_tls, connect, context):
    """The keys are in memory, and nowhere else."""
    one, other = serve_tls(), serve_tls()
    session = begin(connect, one, context)
    assert not is_resumed(connect, other, context, session)
    assert is_resumed(connect, one, context, session)


def test_can_be_off(serve_tls, connect, context):
    server = serve_tls(more="tls { session_tickets = false }")
    with connect(server, context=context) as client:
        assert client.request().status == 200
        session = client.socket.session
    if session is not None:
        assert not is_resumed(connect, server, context, session)


def test_key_files_are_shared(serve_tls, connect, context, tmp_path):
    """By servers of one name on several machines."""
    key = tmp_path / "tickets"
    key.write_bytes(bytes(range(80)))
    key.chmod(0o600)
    more = f"tls {{ session_ticket_keys = {{ {muster.quoted(key)} }} }}"
    one, other = serve_tls(more=more), serve_tls(more=more)
    session = begin(connect, one, context)
    assert is_resumed(connect, other, context, session)
