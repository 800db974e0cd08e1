# SPDX-License-Identifier: BSD-2-Clause
"""limit_rate and connection_rate. No clock is looked at: who asked first, with a limit under which
it takes a minute, must still wait when one without a limit has everything."""
import pytest

import muster

BYTES = 1 << 20
MORE = """
host "*" {
    location "/slow/" { limit_rate = "16k" }
    location "/medium/" { limit_rate = "1M" }
    location "/quick/" { limit_rate = "100M" }
}
"""
FILES = {"index.html": "start\n", "large": b"l" * BYTES, "slow/large": b"s" * BYTES,
         "quick/large": b"q" * BYTES, "medium/small": "s" * 1000,
         "slow/text.txt": b"".join(b"%d " % (number * number) for number in range(200000))}


@pytest.fixture(scope="module")
def server(module_serve, tmp_path_factory):
    path = tmp_path_factory.mktemp("socket") / "s"
    return module_serve(FILES, more=MORE, listen=["127.0.0.1:0", f"unix:{path}"],
                        pool={"start": 4, "min_idle": 2})


@pytest.fixture(params=[0, 1], ids=["tcp", "unix"])
def connect(request, server):
    """Small segments: the kernel lets the first ten go at once."""
    def connect():
        options = {"segment_bytes": 1400} if request.param == 0 else {}
        return server.connect(request.param, receive_buffer=1 << 16, **options)

    return connect


def taken(client):
    """How much has come until now."""
    data, client.pending = client.pending, b""
    while client.has_input():
        piece = client.socket.recv(1 << 16)
        assert piece, "closed"
        data += piece
    return len(data)


@pytest.mark.parametrize("target, codings, whole", [
    ("/slow/large", "identity", BYTES), ("/slow/text.txt", "gzip", 300000),
], ids=["file", "compressed"])
def test_who_is_limited_waits(connect, target, codings, whole):
    with connect() as slow, connect() as other:
        slow.send(muster.request(target=target, fields=[("Accept-Encoding", codings)]))
        assert slow.read_head().status == 200
        count = 0
        for quick in ["/large", "/quick/large"] * 20:
            assert len(other.request(target=quick).body) == BYTES
            count += taken(slow)
        assert count < whole / 2


def test_connection_rate_holds_for_all_answers(serve):
    server = serve(FILES, limits={"connection_rate": "16k"}, more=MORE)
    with server.connect(segment_bytes=1400) as slow, server.connect(segment_bytes=1400) as small:
        slow.send(muster.request(target="/quick/large"))
        assert slow.read_head().status == 200
        for _ in range(3):
            assert small.request().body == b"start\n"
        assert taken(slow) < BYTES / 2


def test_small_answers_and_the_next_ones_are_whole(connect):
    with connect() as client:
        for _ in range(3):
            assert client.request(target="/medium/small").body == b"s" * 1000
            assert len(client.request(target="/large").body) == BYTES
