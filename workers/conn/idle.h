/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's wait for the next request of a client that stays with it. */
#ifndef MUSTER_CONN_IDLE_H
#define MUSTER_CONN_IDLE_H

#include "workers/conn/conn.h"

/* As stream_wait(), into conn->in, which has to be empty, as has all that belongs to a request:
 * arena and conn->out are lost when it lasts. */
enum io_result idle_wait(struct conn *conn, unsigned timeout_ms, size_t *got_out);

#endif
