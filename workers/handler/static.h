/* SPDX-License-Identifier: BSD-2-Clause */
/* Files below a document root (RFC 9110 for GET, HEAD, OPTIONS, conditions and ranges). */
#ifndef MUSTER_HANDLER_STATIC_H
#define MUSTER_HANDLER_STATIC_H

#include "workers/handler/answer.h"

enum static_result {
	STATIC_DONE,                /* the answer is filled, with whatever status */
	STATIC_REROUTE,             /* the answer is not: exchange has another path, which is to
	                             * pass rules, location and access control */
};

/* answer->file_fd is open where a file is sent. The query of exchange stays as it is. */
enum static_result static_handle(struct exchange *exchange, struct answer *answer);
/* Whether the method can be answered without reading the request's content, because it is
 * refused anyway; fills the answer then. */
bool static_refuses_method(const struct exchange *exchange, struct answer *answer);

#endif
