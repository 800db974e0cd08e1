# SPDX-License-Identifier: BSD-2-Clause
"""certbot against an authority of the test's own, with the configuration of the manual: it gets a
certificate by http-01 (RFC 8555, 8.3) from a site that sends everything else to https, and what it
renews is in force, with and without a deploy hook, with clients that notice nothing. Would break
if the challenge were redirected or its folder were hidden, or if certbot's links were not
followed."""
import acme
import muster
import processes
import pytest
import tls_client
from tls_hammer import TlsHammer

pytestmark = pytest.mark.needs("certbot", "pebble")

NAME = "test.example"
HOST = f'''host "{NAME}" {{
    %s
    location "/.well-known/acme-challenge" {{ https_redirect = false }}
}}'''
PAIR = '''certificate = "%s/fullchain.pem"
    certificate_key = "%s/privkey.pem"'''


def serial_of(connect, server, index, context):
    with connect(server, index=index, context=context) as client:
        assert client.request().status == 200
        return client.socket.getpeercert()["serialNumber"]


def wait_for_one_signer(server):
    """Until the last of the old workers has left, and so its signer."""
    muster.wait_for(lambda: len(processes.pids_of_role(server, "signer")) == 1,
                    "the end of the old signer")


class Clients(TlsHammer):
    """Of the listener with TLS, which is the second one."""

    def __init__(self, server, root):
        super().__init__(server, root)
        self.address = server.address(1)


def test_certbot(serve, authority, connect, tmp_path):
    server = serve(more=HOST % "", pool={"start": 3, "min_idle": 2, "max_workers": 32})
    own = authority.issue("127.0.0.1", name="pebble")
    with acme.Pebble(tmp_path, server.port, own) as pebble:
        certbot = acme.Certbot(tmp_path, pebble, authority.root)
        root = pebble.write_root(tmp_path / "acme-root.pem")
        certbot.issue(server.site, NAME)
        live = certbot.live / NAME

        # The second listener and the redirect, now that there is a certificate.
        server.listen = ["127.0.0.1:0", ("127.0.0.1:0", {"tls": True})]
        server.settings["https_redirect"] = True
        server.more = HOST % (PAIR % (live, live)) + "\ntls { watch_interval = 1s }"
        server.write_config()
        processes.reload(server)
        context = tls_client.client_context(root)
        serials = [serial_of(connect, server, 1, context)]
        assert server.get().status == 301

        with Clients(server, root) as clients:
            clients.wait_for_more()
            certbot.renew()
            server.wait_for_log("certificates: renewed ones in force")
            clients.wait_for_more()
            wait_for_one_signer(server)
            serials.append(serial_of(connect, server, 1, context))
            # The same, for who would not have files watched.
            certbot.renew("--deploy-hook", f"kill -HUP {server.pid}")
            server.wait_for_log("reload: new configuration in force", 2)
            clients.wait_for_more()
            wait_for_one_signer(server)
            serials.append(serial_of(connect, server, 1, context))
        assert not clients.failures, clients.failures
        assert len(set(serials)) == 3, serials
    assert not processes.log_lines(server, " error: |TLS handshake failed")
    challenges = [line for line in server.access().split("\n") if "/acme-challenge/" in line]
    assert challenges and all('" 200 ' in line for line in challenges), challenges
