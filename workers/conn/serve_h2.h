/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP/2 on one connection, from its preface to its end (RFC 9113). */
#ifndef MUSTER_CONN_SERVE_H2_H
#define MUSTER_CONN_SERVE_H2_H

#include "workers/conn/conn.h"

/* Whether a new connection begins with HTTP/2's preface: reads as much of it as it takes to know,
 * which stays in conn->in. For listeners with h2c. */
bool serve_h2_is_wanted(struct conn *conn);
/* Serves it; the preface is in conn->in, or comes. The socket stays open: the caller closes. */
void serve_h2(struct conn *conn);

#endif
