/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditional requests with the precedence of RFC 9110 13.2.2. Pure. */
#ifndef MUSTER_HTTP_CONDITIONAL_H
#define MUSTER_HTTP_CONDITIONAL_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/http/parse.h"

enum conditional_verdict {
	CONDITIONAL_PROCEED,
	CONDITIONAL_NOT_MODIFIED,   /* 304; only for GET and HEAD */
	CONDITIONAL_FAILED,         /* 412 */
};

struct representation {         /* the selected one */
	struct slice etag;          /* strong, with quotes; empty: none */
	int64_t modified_s;         /* as sent in Last-Modified */
	bool has_modified;
};

/* now_s: for dates in the future and two-digit years. Field lines of the same list
 * field are taken together (RFC 9110 5.3). */
enum conditional_verdict conditional_evaluate(const struct http_request *request,
    const struct representation *representation, int64_t now_s);
/* Whether Range applies: true without If-Range, or when its validator matches strongly
 * (RFC 9110 13.1.5; a date is strong only when it is exact and at least a second old). */
bool conditional_range_applies(const struct http_request *request,
    const struct representation *representation, int64_t now_s);

#endif
