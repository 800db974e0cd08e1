# SPDX-License-Identifier: BSD-2-Clause
"""HTTP over TLS, by Python's ssl module: http_client.Client, and what is special about it."""
import os
import ssl
import warnings

from http_client import Client
from patience import wait_for

ORDER = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2,
         ssl.TLSVersion.TLSv1_3)
TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = ORDER


def client_context(root, version=None, alpn=(), ciphers=None):
    """Trusts what `root` has signed, and nobody else; speaks one version, or what it knows."""
    context = ssl.create_default_context(cafile=str(root))
    if version is not None:
        # Python warns of old ones, which is the point of asking for them.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        if version < TLS_1_2:
            ciphers = ciphers or "ALL:@SECLEVEL=0"
    if ciphers:
        context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class TlsClient(Client):
    """A connection on which the handshake is done. before: bytes that go in the clear, before
    it. tells_cuts: an end without close_notify is an error."""

    def __init__(self, address, context, *, server_name="test.example", session=None, before=b"",
                 tells_cuts=False, **options):
        super().__init__(address, **options)
        try:
            if before:
                self.send(before)
            self.socket = context.wrap_socket(self.socket, server_hostname=server_name,
                                              session=session,
                                              suppress_ragged_eofs=not tells_cuts)
        except BaseException:
            self.socket.close()
            raise

    def has_input(self, wait_s=0):
        return self.socket.pending() > 0 or super().has_input(wait_s)

    def finish(self):
        """Says that nothing more will be sent, and waits for the other to say so."""
        self.socket.unwrap()
        return self

    def abandon(self):
        """Ends without close_notify, as a cut cable or an attacker does."""
        os.close(self.socket.detach())

    @property
    def names(self):
        """DNS names of the server's certificate."""
        return [value for kind, value in self.socket.getpeercert()["subjectAltName"]
                if kind == "DNS"]


def connected(connect, server, **options):
    """A client as connect() gives it, where the limit for a handshake is so low that it is not
    always kept on a busy machine: then another one."""
    def try_once():
        try:
            return connect(server, **options)
        except OSError:
            return None

    return wait_for(try_once, "a handshake that is done in time")
