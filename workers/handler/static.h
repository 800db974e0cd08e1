/* SPDX-License-Identifier: BSD-2-Clause */
/* Files below a document root (RFC 9110 for GET, HEAD, OPTIONS, conditions and ranges). */
#ifndef MUSTER_HANDLER_STATIC_H
#define MUSTER_HANDLER_STATIC_H

#include "workers/handler/answer.h"

/* Fills the answer, with whatever status; answer->file_fd is open where a file is sent. */
void static_handle(const struct exchange *exchange, struct answer *answer);
/* Whether the method can be answered without reading the request's content, because it is
 * refused anyway; fills the answer then. */
bool static_refuses_method(const struct exchange *exchange, struct answer *answer);

#endif
