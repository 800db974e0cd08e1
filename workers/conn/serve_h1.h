/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP/1.0 and 1.1 on one connection, from its first byte to its last (RFC 9112). */
#ifndef MUSTER_CONN_SERVE_H1_H
#define MUSTER_CONN_SERVE_H1_H

#include "workers/conn/conn.h"

/* Serves a connection that conn_begin() began. The socket stays open: the caller closes. */
void serve_h1(struct conn *conn);

#endif
