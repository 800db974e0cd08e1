/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's waits for requests, which are short where there are keepers to wait instead. */
#ifndef MUSTER_CONN_WAIT_H1_H
#define MUSTER_CONN_WAIT_H1_H

#include "workers/conn/conn.h"

/* Whether a client may hold this worker for a moment (keepalive.linger): others are idle. */
bool wait_h1_may_linger(const struct conn *conn);

/* The wait between requests: most of a kept-alive connection's life. *is_parked_out: it goes on in
 * a keeper, whatever is returned; it starts as false. */
enum io_result wait_h1_next(struct conn *conn, size_t *got_out, bool *is_parked_out);
/* The rest of a head, or its first byte, into conn->in behind what is there. */
enum io_result wait_h1_head(struct conn *conn, size_t *got_out, bool *is_parked_out);
/* Gives the connection to a keeper, with what is in conn->in. False: it stays, there is none, or no
 * room in the queue. */
bool wait_h1_park(struct conn *conn);
/* After a connection was sent to the keepers: ends it where none of them will take it in. */
void wait_h1_end_if_nobody_is_left(const struct conn *conn);

#endif
