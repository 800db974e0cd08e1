/* SPDX-License-Identifier: BSD-2-Clause */
/* How often a client may ask: request_rate and request_burst. */
#ifndef MUSTER_HANDLER_LIMITS_H
#define MUSTER_HANDLER_LIMITS_H

#include "workers/handler/answer.h"

/* Counts the request against the limit of its location. False: it comes too early, *answer is
 * a 429 that says when the next one may come.
 *
 * A limit belongs to the scope that wrote request_rate: all that inherit it share what is left
 * of it to a client, so that a global one is for the whole server, and one of a host for all
 * its locations that have none of their own. */
bool limits_allow(struct exchange *exchange, struct answer *answer);

#endif
