# SPDX-License-Identifier: BSD-2-Clause
"""Clients of TLS 1.2 and 1.3 that do not let go of a server."""
import muster
import processes
import tls_client
from muster import request
from tls_client import TLS_1_2, TLS_1_3


class TlsHammer(processes.Askers):
    """New connections all the time, or requests on one as long as the server keeps it; answered
    has the bodies."""

    def __init__(self, server, root):
        super().__init__()
        self.address = server.address()
        self.contexts = [tls_client.client_context(root, version)
                         for version in (TLS_1_2, TLS_1_3)]

    def turn(self, thread_number):
        context, stays = self.contexts[thread_number % 2], thread_number // 2 % 2 == 0
        with tls_client.TlsClient(self.address, context) as client:
            while not self.must_end.is_set():
                fields = [] if stays else [("Connection", "close")]
                try:
                    response = client.send(request(fields=fields)).response()
                except (OSError, muster.Closed):
                    # An idle connection may end at any time (RFC 9112 9.3.1): the request is
                    # asked again, unless a part of its answer has come.
                    assert stays and client.pending == b""
                    return
                assert response.status == 200, response
                self.answered.append(response.body)
                if response.will_close:
                    return
