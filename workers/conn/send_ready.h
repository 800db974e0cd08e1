/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts a ready-made answer on the wire, waiting as long as it takes. */
#ifndef MUSTER_CONN_SEND_READY_H
#define MUSTER_CONN_SEND_READY_H

#include "workers/conn/ready.h"
#include "workers/conn/stall.h"

/* Fills in what turn says of the sending; a broken connection is an aborted turn. The stall is for
 * a file that the client takes slowly; its answer_head is filled in. */
void send_ready(struct conn *conn, struct turn *turn, const struct ready *ready,
    struct stall *stall);

#endif
