/* SPDX-License-Identifier: BSD-2-Clause */
/* Cross-origin requests as the Fetch standard has them (https://fetch.spec.whatwg.org/). */
#ifndef MUSTER_HANDLER_CORS_H
#define MUSTER_HANDLER_CORS_H

#include "workers/handler/answer.h"

/* True: this is a preflight for an origin that the configuration allows; answered. */
bool cors_answers_preflight(const struct exchange *exchange, struct answer *answer);
/* The fields of any other answer. */
void cors_add_fields(const struct exchange *exchange, struct answer *answer);

#endif
