# SPDX-License-Identifier: BSD-2-Clause
"""Who the client is, behind proxies: only those in trusted_proxies are believed, and of what they
pass on, no more than they have added themselves. The access log tells who it was taken for."""
import pytest

import muster

CLIENT = "203.0.113.1"
TRUSTED = ["127.0.0.1", "10.0.0.0/8", "unix:"]
LOG = {"format": "%h"}


def client_of(server, fields, index=0):
    before = server.access().count("\n")
    with server.connect(index) as client:
        assert client.request(fields=fields).status == 200
    return server.wait_for_access(before + 1)[before]


@pytest.fixture(scope="module")
def by_list(module_serve, tmp_path_factory):
    path = tmp_path_factory.mktemp("socket") / "http"
    return module_serve(settings={"trusted_proxies": TRUSTED}, log=LOG,
                        listen=["127.0.0.1:0", f"unix:{path}"])


@pytest.fixture(scope="module")
def by_rfc7239(module_serve):
    return module_serve(settings={"trusted_proxies": TRUSTED, "real_ip_header": "Forwarded"},
                        log=LOG)


@pytest.mark.parametrize("values, client", [
    ([], "127.0.0.1"), ([CLIENT], CLIENT), (["2001:db8::1"], "2001:db8::1"),
    ([f"{CLIENT}:4711"], CLIENT), (["[2001:db8::1]:4711"], "2001:db8::1"),
    (["::ffff:203.0.113.1"], CLIENT), (["10.0.0.7"], "10.0.0.7"),
    ([f"10.0.0.9, 1.2.3.4, {CLIENT}"], CLIENT), ([f"{CLIENT}, 10.0.0.2, 10.0.0.3"], CLIENT),
    (["1.2.3.4", CLIENT, "10.0.0.2"], CLIENT), ([f"{CLIENT}, unknown"], "127.0.0.1"),
    ([f"{CLIENT}, rubbish, 10.0.0.2"], "10.0.0.2"), ([""], "127.0.0.1"), ([f"{CLIENT},"], CLIENT),
    (["a.example"], "127.0.0.1"), (["<script>"], "127.0.0.1"),
], ids=muster.short)
def test_list(by_list, values, client):
    assert client_of(by_list, [("X-Forwarded-For", value) for value in values]) == client


def test_other_header_is_not_looked_at(by_list, by_rfc7239):
    fields = [("Forwarded", "for=1.2.3.4"), ("X-Forwarded-For", CLIENT)]
    assert client_of(by_list, fields) == CLIENT
    assert client_of(by_rfc7239, fields) == "1.2.3.4"
    assert client_of(by_rfc7239, fields[1:]) == "127.0.0.1"


def test_proxy_on_a_unix_socket(by_list):
    assert client_of(by_list, [("X-Forwarded-For", CLIENT)], index=1) == CLIENT
    assert client_of(by_list, [], index=1) == "unix:"


@pytest.mark.parametrize("values, client", [
    ([f"for={CLIENT}"], CLIENT), ([f'For="{CLIENT}:4711";proto=https;by=10.0.0.1'], CLIENT),
    (['for="[2001:db8::1]"'], "2001:db8::1"), ([f"for=1.2.3.4, for={CLIENT}"], CLIENT),
    ([f"for={CLIENT}, for=10.0.0.2;proto=http"], CLIENT), (["for=unknown"], "127.0.0.1"),
    ([f"for={CLIENT}", "for=10.0.0.2"], CLIENT), ([f"for={CLIENT}, for=_hidden"], "127.0.0.1"),
    (["proto=https"], "127.0.0.1"),
    # A client's half of a quoted string, with what the proxy has appended behind it.
    ([f'for="1.2.3.4, for={CLIENT}'], CLIENT), ([f'x="\\, for="{CLIENT}:1"'], CLIENT),
    (['for="1.2.3.4', f"for={CLIENT}"], CLIENT),
], ids=muster.short)
def test_rfc7239(by_rfc7239, values, client):
    assert client_of(by_rfc7239, [("Forwarded", value) for value in values]) == client


def test_each_request_of_a_connection_has_its_own_client(by_list):
    before = by_list.access().count("\n")
    with by_list.connect() as client:
        for value in (CLIENT, "2001:db8::1", None, CLIENT):
            fields = [("X-Forwarded-For", value)] if value is not None else []
            assert client.request(fields=fields).status == 200
    assert by_list.wait_for_access(before + 4)[before:] == \
        [CLIENT, "2001:db8::1", "127.0.0.1", CLIENT]


@pytest.mark.parametrize("settings", [{}, {"trusted_proxies": ["10.0.0.0/8"]}],
                         ids=["nobody", "somebody else"])
def test_nobody_else_is_believed(serve, settings):
    server = serve(settings=settings, log=LOG)
    assert client_of(server, [("X-Forwarded-For", CLIENT), ("Forwarded", f"for={CLIENT}")]) == \
        "127.0.0.1"


def test_access_is_decided_for_the_client(serve):
    server = serve(settings={"trusted_proxies": ["127.0.0.1"], "deny": [CLIENT]})
    for address, status in ((CLIENT, 403), ("203.0.113.2", 200), (f"203.0.113.2, {CLIENT}", 403),
                            (f"{CLIENT}, 203.0.113.2", 200)):
        assert server.get(fields=[("X-Forwarded-For", address)]).status == status
