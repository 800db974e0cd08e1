/* SPDX-License-Identifier: BSD-2-Clause */
/* Header fields that the configuration gives to answers. */
#ifndef MUSTER_HANDLER_FIELDS_H
#define MUSTER_HANDLER_FIELDS_H

#include "workers/handler/answer.h"

/* Server, X-Content-Type-Options, Cache-Control and Expires, HSTS, CORS, then what the header
 * sections say, which have the last word. */
void fields_add(const struct exchange *exchange, struct answer *answer);
/* For what was no request, or has no route: only what every answer has. */
void fields_add_unrouted(struct answer *answer);

#endif
