/* SPDX-License-Identifier: BSD-2-Clause */
/* Compression on the fly. */
#ifndef MUSTER_HANDLER_COMPRESS_H
#define MUSTER_HANDLER_COMPRESS_H

#include "workers/handler/answer.h"

/* The last step, for a finished answer: leaves it as it is, or gives it a Content-Encoding that
 * the client accepts, with all that follows for ETag, Vary, Accept-Ranges and the length. */
void compress_answer(const struct exchange *exchange, struct answer *answer);

#endif
