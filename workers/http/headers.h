/* SPDX-License-Identifier: BSD-2-Clause */
/* Field syntax shared by parsers (RFC 9110 5.6): tokens, lists, entity tags. */
#ifndef MUSTER_HTTP_HEADERS_H
#define MUSTER_HTTP_HEADERS_H

#include <stdbool.h>

#include "workers/mem/slice.h"

bool http_is_token_byte(unsigned char c);   /* tchar, RFC 9110 5.6.2 */
bool http_is_token(struct slice s);         /* at least one byte, all of them tchar */
bool http_is_field_value(struct slice s);   /* VCHAR, SP, HTAB, obs-text only */

/* Takes the next element off a comma-separated list, trimmed; empty elements are
 * skipped, quoted strings may hold commas. False: nothing left. */
bool http_list_next(struct slice *rest, struct slice *element_out);

struct http_etag {
	struct slice opaque;        /* with its quotes */
	bool is_weak;
};
/* Takes the next entity tag off an If-Match or If-None-Match list. 1: got one; 0: the end;
 * -1: not a list of entity tags. "*" is the caller's to check first. */
int http_etag_next(struct slice *rest, struct http_etag *etag_out);

#endif
