/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP/1.0 and 1.1 on one connection, from its first byte to its last (RFC 9112). */
#ifndef MUSTER_CONN_SERVE_H1_H
#define MUSTER_CONN_SERVE_H1_H

#include "workers/conn/conn.h"

/* Serves a connection that conn_begin() began. The socket stays open: the caller closes. */
void serve_h1(struct conn *conn);
/* One that conn_resume() has given back and that cannot be served: answers what has come of its
 * request with that status, or with the one for what is wrong with it, and ends. */
void serve_h1_refuse(struct conn *conn, unsigned status);
/* The same of one in the middle of an answer (stall.h), whose message is in conn->in; must_stay: no
 * keeper has room for it. file_fd is the caller's to close. */
void serve_h1_stalled(struct conn *conn, int file_fd, bool must_stay);
/* The same where conn->in begins with a request that has no business there: the listener is for
 * TLS. Answers 400. */
void serve_h1_refuse_plain(struct conn *conn);

#endif
