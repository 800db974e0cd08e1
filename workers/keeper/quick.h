/* SPDX-License-Identifier: BSD-2-Clause */
/* A keeper's answers: those that neither wait nor take long. */
#ifndef MUSTER_KEEPER_QUICK_H
#define MUSTER_KEEPER_QUICK_H

#include "workers/conn/conn.h"
#include "workers/keeper/pending.h"

enum quick_result {
	QUICK_GOES_ON,              /* answered; the connection is kept alive */
	QUICK_ENDS,                 /* answered; close it */
	QUICK_LINGERS,              /* answered; the client may still send: listen, then close */
	QUICK_PENDING,              /* *pending_out is the rest of the answer */
	QUICK_DECLINED,             /* nothing is done yet: a worker has to */
	QUICK_BROKEN,               /* the connection is */
};

/* The whole request at the front of conn->in, which stays there. *may_make: an answer that is not
 * ready may be made, and becomes false when one was. */
enum quick_result quick_answer(struct conn *conn, bool *may_make,
    struct pending **pending_out);
/* What is no request: an error page. */
enum quick_result quick_refuse(struct conn *conn, unsigned status, struct pending **pending_out);

#endif
