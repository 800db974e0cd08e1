/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may have what: addresses, users and groups, as the scope of a request says. */
#ifndef MUSTER_HANDLER_ACCESS_H
#define MUSTER_HANDLER_ACCESS_H

#include "workers/handler/answer.h"

/* After exchange->route is filled, and again whenever it has become another one. Sets
 * exchange->user when the request has proved one. False: the answer is 401, 403, 429, 400 or
 * 500. */
bool access_allow(struct exchange *exchange, struct answer *answer);

#endif
