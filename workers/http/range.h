/* SPDX-License-Identifier: BSD-2-Clause */
/* Range requests (RFC 9110 14). Bytes and numbers only. */
#ifndef MUSTER_HTTP_RANGE_H
#define MUSTER_HTTP_RANGE_H

#include <stdint.h>

#include "workers/mem/slice.h"

#define RANGE_MAX 64            /* most ranges that one answer can hold */

enum range_verdict {
	RANGE_IGNORE,               /* other unit, malformed, too many, overlapping so much that
	                             * the parts outweigh the file, or of an empty file: send
	                             * the whole (200) */
	RANGE_PARTIAL,              /* ranges[0..count) are to be sent (206) */
	RANGE_UNSATISFIABLE,        /* 416 with Content-Range: bytes * / size */
};

struct byte_range {
	uint64_t first;             /* offset */
	uint64_t len;               /* bytes, > 0 */
};

struct range_set {
	struct byte_range ranges[RANGE_MAX]; /* in the order asked for, within the size */
	unsigned count;
};

/* value: of the Range field. max_count: <= RANGE_MAX; 0: ranges are off, IGNORE. */
enum range_verdict range_parse(struct slice value, uint64_t size_bytes, unsigned max_count,
    struct range_set *set_out);

#endif
