/* SPDX-License-Identifier: BSD-2-Clause */
/* The first steps with a whole request head, for whoever serves it. */
#ifndef MUSTER_CONN_HANDLE_H
#define MUSTER_CONN_HANDLE_H

#include "workers/conn/turn.h"

/* Fills turn->exchange from turn->request and the connection. */
void handle_prepare(struct conn *conn, struct turn *turn);
/* What the head says is decided before the content is read: who asks before sending it is
 * spared it when the answer is no. True: the content is wanted, site_answer() comes next. */
bool handle_admit(struct turn *turn, struct answer *answer);

/* Whether the connection may go on after the request at hand. */
bool handle_may_keep_alive(const struct conn *conn);

#endif
