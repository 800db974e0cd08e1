/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS of a connection: where its listener has it, all bytes that follow are TLS's. */
#ifndef MUSTER_CONN_SECURE_H
#define MUSTER_CONN_SECURE_H

#include "workers/conn/conn.h"

enum secure {
	SECURE_GOES_ON,             /* TLS is there, or the listener has none */
	SECURE_IS_PLAIN,            /* the client speaks HTTP in the clear: conn->in has it */
	SECURE_ENDS,                /* nothing more is to be said */
};

/* Once in a worker, before the first connection: private keys are used through the signer. */
void secure_init(const struct conn *conn);
/* When a connection begins, after its PROXY header; and when it comes back from a keeper with its
 * hello. SECURE_ENDS: this worker has nothing more to do, be it that a keeper has it. */
enum secure secure_begin(struct conn *conn);
/* Whether a request for a host of that name may come by this connection: it has no TLS, or the
 * certificate that was shown is that host's as well (RFC 9110 7.4). Clients of HTTP/2 use one
 * connection for several hosts (RFC 9113 9.1.1). */
bool secure_fits_host(const struct conn *conn, struct slice name);
/* Its handshake_timeout is over, and no whole hello was there. */
void secure_log_silence(const struct conn *conn);
/* Before its socket is closed. Does nothing for one without TLS. */
void secure_end(struct conn *conn);

#endif
