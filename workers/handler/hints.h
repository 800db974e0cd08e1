/* SPDX-License-Identifier: BSD-2-Clause */
/* What a page will need, told before the page: 103 (Early Hints), RFC 8297. */
#ifndef MUSTER_HANDLER_HINTS_H
#define MUSTER_HANDLER_HINTS_H

#include "workers/handler/answer.h"

#define HINTS_MAX 16                /* fields; more are not told early */

/* Sends the Link fields that the location gives to a 200, as far as they name what may be fetched
 * ahead, by exchange->hint. Does nothing where early_hints is off, where the client takes none, or
 * when it was done before. Called before the answer begins; by a handler that has to wait for its
 * answer, before that wait. */
void hints_send(struct exchange *exchange);

#endif
