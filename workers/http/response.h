/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a response head into the caller's buffer. Never overruns it: when something
 * does not fit or holds a byte that a field may not, is_bad is set and stays set. And what stands
 * around the chunks of a body (RFC 9112 7.1). */
#ifndef MUSTER_HTTP_RESPONSE_H
#define MUSTER_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/mem/slice.h"

struct response_head {
	char *out;
	size_t cap;                 /* bytes */
	size_t len;                 /* bytes written */
	bool is_bad;
};

/* Status line "HTTP/1.1 NNN Reason" (always 1.1: RFC 9110 2.5). */
void response_begin(struct response_head *head, char *out, size_t cap, unsigned status);
/* name: a token; value: a field value. Else is_bad. */
void response_field(struct response_head *head, struct slice name, struct slice value);
void response_field_number(struct response_head *head, struct slice name, uint64_t value);
/* The empty line. True: the head is whole. */
bool response_end(struct response_head *head);

#define RESPONSE_CHUNK_LINE_BYTES 18 /* 16 digits and CRLF: the longest */
#define RESPONSE_LAST_CHUNK "0\r\n\r\n"
/* The line before the data of a chunk, which has bytes of it, at least 1; CRLF is to follow the
 * data. Returns how long the line is. */
size_t response_chunk_line(size_t bytes, char out[RESPONSE_CHUNK_LINE_BYTES]);

/* "Not Found" for 404; "Unknown" for what no RFC names. Static. */
const char *http_status_reason(unsigned status);

#endif
