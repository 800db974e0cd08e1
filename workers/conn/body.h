/* SPDX-License-Identifier: BSD-2-Clause */
/* Request content. For now nobody wants it, so it is checked and read away; its framing
 * must be understood in any case, or the next request could not be found. */
#ifndef MUSTER_CONN_BODY_H
#define MUSTER_CONN_BODY_H

#include "workers/conn/conn.h"

/* Reads the content behind the head in conn->in, asking for it with 100 (Continue) when the
 * client waits for that. 0: read, and *used_out bytes of conn->in (head and content) are
 * done with; what follows is the next request. Else the status that says what is wrong;
 * BODY_CONNECTION_IS_GONE: there is nobody to tell. After either, the connection must end. */
#define BODY_CONNECTION_IS_GONE 1
unsigned body_discard(struct conn *conn, size_t *used_out);

#endif
