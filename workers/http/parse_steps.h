/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of http_parse_request(), between parse.c, and HTTP/2's request.c, and the files that
 * do them. Each
 * works on whole lines whose bytes are known to hold no CTL but HTAB. */
#ifndef MUSTER_HTTP_PARSE_STEPS_H
#define MUSTER_HTTP_PARSE_STEPS_H

#include "workers/http/parse.h"

#define HTTP_METHOD_BYTES_MAX 64

struct parse_fault {
	unsigned status;            /* 0: none */
	const char *reason;         /* static text */
};

#define PARSE_OK ((struct parse_fault){ 0, NULL })
#define PARSE_FAULT(status, reason) ((struct parse_fault){ (status), (reason) })

/* parse.c: nothing is known of it. */
void http_request_clear(struct http_request *request);

/* request_line.c: method, target, version; on a fault what was understood is set. */
struct parse_fault http_request_line_parse(struct slice line, struct http_request *request);

/* target.c: form, path, query and, where the form has one, the authority. */
struct parse_fault http_target_parse(struct http_request *request);
/* target.c, after all fields: Host is as it must be, and the effective one is set. */
struct parse_fault http_target_resolve_host(struct http_request *request);

/* fields.c: one more field line. count_max <= HTTP_FIELD_MAX. */
struct parse_fault http_fields_add(struct slice line, unsigned count_max,
    struct http_request *request);
/* The same of a name that is a token, and a value without blanks around it. */
struct parse_fault http_fields_add_parts(struct slice name, struct slice value,
    unsigned count_max, struct http_request *request);

/* framing.c, after all fields: body, persistence, expectations. */
struct parse_fault http_framing_decide(struct http_request *request);

#endif
