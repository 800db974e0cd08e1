/* SPDX-License-Identifier: BSD-2-Clause */
/* Time and rate limits of an HTTP/2 connection and its streams, and when it is to end. */
#ifndef MUSTER_CONN_H2_LIMITS_H
#define MUSTER_CONN_H2_LIMITS_H

#include "workers/conn/h2_parts.h"

#define H2_LINGER_MS 2000           /* for a client that sends what nobody wants, and */
#define H2_LINGER_BYTES (1024 * 1024) /* as much of it */
#define H2_TAKING_BYTES (4 * 1024 * 1024) /* from a client that takes the last answers: more than
                                     * a window of the connection, and what it says to them */
#define H2_TAKING_LOOK_MS 100       /* later, at the least, the socket is looked at again */
#define H2_NOTICE_MS 1000           /* no answer to a notice: it is taken for known */

void h2_limits_begin(struct h2 *h2);
/* So many bytes went to the socket. */
void h2_limits_note_sent(struct h2 *h2, size_t bytes);
/* Whether the connection's own rate lets more be sent now. */
bool h2_limits_may_send(const struct h2 *h2);
/* The next moment at which h2_limits_keep() may have something to do. */
int64_t h2_limits_deadline(struct h2 *h2);
/* Acts on what is over time: resets or answers streams, lets those with a rate go on. False: the
 * connection is over time itself, and ends. */
bool h2_limits_keep(struct h2 *h2);
/* When all is said: whether the client still takes some of it, and has not been too slow; each time
 * anew, for h2_limits_begin_taking() has been called before the first. */
void h2_limits_begin_taking(struct h2 *h2);
bool h2_limits_is_taking(struct h2 *h2);
/* Whether the client should be told to go: the worker is wanted back, or it has had enough. */
bool h2_limits_should_end(const struct h2 *h2);

#endif
