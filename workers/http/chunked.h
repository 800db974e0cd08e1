/* SPDX-License-Identifier: BSD-2-Clause */
/* The chunked transfer coding, decoded (RFC 9112 7.1). Pure, incremental, strict:
 * bare LF, signs, prefixes, blanks behind sizes, extensions that are malformed or too long
 * are HTTP_BAD. */
#ifndef MUSTER_HTTP_CHUNKED_H
#define MUSTER_HTTP_CHUNKED_H

#include <stdint.h>

#include "workers/http/parse.h"

struct chunked_limits {
	uint64_t body_bytes;        /* decoded content; more: 413 */
	size_t line_bytes;          /* a size line with its extensions; more: 400 */
	size_t padding_bytes;       /* all extensions and zeros before the last 16 digits
	                             * together, whatever the count of chunks; more: 400 */
	size_t trailer_bytes;       /* all trailer fields together; more: 431 */
};

struct chunked {                /* caller's storage; fields are private to chunked.c */
	struct chunked_limits limits;
	unsigned phase;
	uint64_t chunk_left_bytes;
	uint64_t total_bytes;
	size_t line_bytes;
	size_t padding_bytes;
	size_t trailer_bytes;
	unsigned digit_count;       /* of the size, from its first that is no zero */
	unsigned error_status;
	const char *error_reason;
};

void chunked_init(struct chunked *chunked, const struct chunked_limits *limits);
/* Takes some of in[0..in_bytes). *used_out: how many bytes were taken, framing and
 * data. *data_out: the decoded bytes among them, one run inside `in`, maybe empty.
 * NEED_MORE with used < in_bytes: call again with the rest. COMPLETE: the body and
 * its trailers ended right behind the used bytes. Trailer fields are checked and dropped. */
enum http_verdict chunked_decode(struct chunked *chunked, const char *in, size_t in_bytes,
    size_t *used_out, struct slice *data_out);
unsigned chunked_error_status(const struct chunked *chunked);
const char *chunked_error_reason(const struct chunked *chunked);

#endif
