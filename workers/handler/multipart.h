/* SPDX-License-Identifier: BSD-2-Clause */
/* The bodies of 206 answers: one range, or several as multipart/byteranges (RFC 9110 15.3.7). */
#ifndef MUSTER_HANDLER_MULTIPART_H
#define MUSTER_HANDLER_MULTIPART_H

#include "workers/handler/answer.h"
#include "workers/http/range.h"

/* Both add Content-Type, Content-Range where it belongs, and the segments; what does not
 * fit sets answer->lacks_room. type: of the whole file, may be empty. */
void multipart_single(const struct exchange *exchange, struct answer *answer,
    struct slice type, uint64_t file_bytes, const struct byte_range *range);
void multipart_many(const struct exchange *exchange, struct answer *answer, struct slice type,
    uint64_t file_bytes, const struct range_set *set);

#endif
