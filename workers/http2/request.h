/* SPDX-License-Identifier: BSD-2-Clause */
/* The header list of an HTTP/2 request (RFC 9113 8.2 and 8.3) as a struct http_request, so that
 * nobody behind it needs to know which version of HTTP it came by. Pure: fields in, verdict out. */
#ifndef MUSTER_HTTP2_REQUEST_H
#define MUSTER_HTTP2_REQUEST_H

#include "workers/http/parse.h"
#include "workers/mem/arena.h"

enum h2_request_verdict {
	H2_REQUEST_OK,
	H2_REQUEST_BAD,             /* understood as HTTP/2, but to be answered with the status */
	H2_REQUEST_MALFORMED,       /* a stream error, PROTOCOL_ERROR (RFC 9113 8.1.1) */
};

struct h2_crumb;

struct h2_request {                 /* caller's storage; fields are private to request.c */
	struct http_limits limits;
	struct arena *arena;
	struct http_request *request;
	struct slice method, scheme, authority, path;
	bool has_method, has_scheme, has_authority, has_path;
	bool has_fields;            /* a field that is no pseudo-header field has come */
	bool is_malformed;
	unsigned status;            /* of an answer that is due; 0: none so far */
	const char *reason;
	size_t bytes;               /* as the same head would have over HTTP/1.1 */
	struct h2_crumb *first_crumb, *last_crumb; /* of Cookie */
	size_t cookie_bytes;        /* of all of them, joined */
};

/* limits as of HTTP/1.1's parser, with the same verdicts. What request_out's slices point to is
 * taken from the arena, which has to last as long as they do; of what is too large for either,
 * no more than a status is kept. */
void h2_request_begin(struct h2_request *head, const struct http_limits *limits,
    struct arena *arena, struct http_request *request_out);
/* The next field of the list; name and value are copied. False: it is malformed, and what follows
 * does not change that. */
bool h2_request_field(struct h2_request *head, struct slice name, struct slice value);
/* After the last one. has_content: DATA frames follow. H2_REQUEST_OK: *request_out is whole; method
 * and target are the start of a line "GET /path HTTP/2.0" in memory. H2_REQUEST_BAD: method_name,
 * target and the line hold what was understood, empty slices otherwise. */
enum h2_request_verdict h2_request_end(struct h2_request *head, bool has_content);
/* After H2_REQUEST_BAD: 400, 414, 431 or 501; and why, static text. */
unsigned h2_request_status(const struct h2_request *head);
const char *h2_request_reason(const struct h2_request *head);

#endif
