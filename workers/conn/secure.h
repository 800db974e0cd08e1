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
/* When a connection begins, after its PROXY header. */
enum secure secure_begin(struct conn *conn);
/* Before its socket is closed. Does nothing for one without TLS. */
void secure_end(struct conn *conn);

#endif
