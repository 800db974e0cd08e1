/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP/1 request head: bytes in, verdict out (RFC 9112 2 to 7, RFC 9110 5 and 7).
 * Pure and incremental: no allocation, no descriptor, no clock. Strict: what is
 * ambiguous about framing is HTTP_BAD, and the connection must then be closed. */
#ifndef MUSTER_HTTP_PARSE_H
#define MUSTER_HTTP_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/mem/slice.h"

#define HTTP_FIELD_MAX 200      /* most header fields that can ever be kept */

enum http_verdict {
	HTTP_NEED_MORE,             /* nothing wrong so far, not complete */
	HTTP_COMPLETE,
	HTTP_BAD,                   /* see the status beside it */
};

enum http_method {
	HTTP_METHOD_OTHER,          /* a valid token that RFC 9110 and 5789 do not define */
	HTTP_METHOD_GET,
	HTTP_METHOD_HEAD,
	HTTP_METHOD_POST,
	HTTP_METHOD_PUT,
	HTTP_METHOD_DELETE,
	HTTP_METHOD_CONNECT,
	HTTP_METHOD_OPTIONS,
	HTTP_METHOD_TRACE,
	HTTP_METHOD_PATCH,
};

enum http_target_form {         /* RFC 9112 3.2 */
	HTTP_TARGET_ORIGIN,
	HTTP_TARGET_ABSOLUTE,
	HTTP_TARGET_AUTHORITY,      /* CONNECT only */
	HTTP_TARGET_ASTERISK,       /* OPTIONS only */
};

enum http_body_kind {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH,           /* content_length bytes follow */
	HTTP_BODY_CHUNKED,
};

enum http_field_id {            /* fields that some code asks for by number */
	HTTP_FIELD_OTHER,
	HTTP_FIELD_HOST,
	HTTP_FIELD_CONNECTION,
	HTTP_FIELD_CONTENT_LENGTH,
	HTTP_FIELD_TRANSFER_ENCODING,
	HTTP_FIELD_EXPECT,
	HTTP_FIELD_RANGE,
	HTTP_FIELD_IF_RANGE,
	HTTP_FIELD_IF_MATCH,
	HTTP_FIELD_IF_NONE_MATCH,
	HTTP_FIELD_IF_MODIFIED_SINCE,
	HTTP_FIELD_IF_UNMODIFIED_SINCE,
	HTTP_FIELD_REFERER,
	HTTP_FIELD_USER_AGENT,
	HTTP_FIELD_ACCEPT_ENCODING,
	HTTP_FIELD_ID_COUNT,
};

struct http_limits {
	size_t request_line_bytes;  /* without CRLF; more: 414 */
	size_t header_bytes;        /* request line and all fields with their CRLFs; more: 431 */
	unsigned field_count;       /* <= HTTP_FIELD_MAX; more: 431 */
};

struct http_field {
	struct slice name;          /* as sent */
	struct slice value;         /* OWS trimmed */
	enum http_field_id id;
};

/* A parsed head. All slices point into the caller's buffer, which must neither
 * move nor change while the request is used. */
struct http_request {
	enum http_method method;
	struct slice method_name;
	struct slice target;        /* as sent, any form */
	enum http_target_form target_form;
	struct slice path;          /* origin and absolute form: still encoded, starts with '/';
	                             * absolute form without a path: "/"; else empty */
	struct slice query;         /* after '?', without it */
	bool has_query;
	bool is_https;              /* absolute form with that scheme: not to be answered over
	                             * a connection that is not secured (RFC 9110 7.4) */
	struct slice host;          /* effective authority: the target's in absolute and authority
	                             * form, else Host's; without port; IPv6 literals in
	                             * brackets; case as sent; empty when HTTP/1.0 sent none */
	struct slice port;          /* digits, or empty */
	unsigned version_minor;     /* 0 or 1 (a higher 1.x is taken as 1) */
	bool is_http2;              /* then version_minor is 1: such a client knows no less */

	enum http_body_kind body_kind;
	uint64_t content_length;    /* for HTTP_BODY_LENGTH */
	bool is_persistent;         /* the client lets the connection go on (RFC 9112 9.3) */
	bool expects_continue;      /* Expect: 100-continue from an HTTP/1.1 client, and there
	                             * is content to wait for */
	bool has_unknown_expectation; /* any other expectation: 417 */

	unsigned field_count;
	uint16_t first_field[HTTP_FIELD_ID_COUNT]; /* index + 1 of the first with that id, or 0 */
	size_t head_bytes;          /* what the head takes of the buffer, empty line included */
	struct http_field fields[HTTP_FIELD_MAX]; /* last: few requests touch their end */
};

struct http_parser {            /* caller's storage; fields are private to parse.c */
	struct http_limits limits;
	unsigned phase;
	const char *buf;            /* of the last call, and */
	struct http_request *request; /* what it filled: other ones mean reading anew */
	size_t head_start;          /* offset of the request line */
	size_t line_start;          /* offset of the line being collected */
	size_t scanned;             /* offset up to which no line end was found */
	unsigned empty_line_count;  /* skipped before the request line */
	unsigned error_status;
	const char *error_reason;
};

/* limits are copied. Also resets for the next request. */
void http_parser_init(struct http_parser *parser, const struct http_limits *limits);

/* buf[0..len) is everything received since the head began: the same bytes as at
 * the last call with more behind them. They may have moved, or request_out may be another
 * one, at the cost of reading the head from its start. HTTP_COMPLETE: *request_out is whole, and
 * what follows its head_bytes is the body or the next request. HTTP_BAD: status
 * and reason are set; request_out's method_name, target and version_minor hold
 * what was understood (empty slices otherwise), for the log. */
enum http_verdict http_parse_request(struct http_parser *parser, const char *buf, size_t len,
    struct http_request *request_out);

/* After HTTP_BAD: 400, 414, 431, 501 (transfer coding, overlong method) or 505; and why,
 * static text. */
unsigned http_parser_error_status(const struct http_parser *parser);
const char *http_parser_error_reason(const struct http_parser *parser);

/* True once the first byte that is no skipped empty line was seen: a close or time-out
 * before that is an idle connection, after it a broken request (408). */
bool http_parser_has_started(const struct http_parser *parser, const char *buf, size_t len);

/* First field of that id, its value in *value_out; false when absent. */
bool http_request_field(const struct http_request *request, enum http_field_id id,
    struct slice *value_out);
/* First field of that name (any case), for names without an id. */
bool http_request_field_named(const struct http_request *request, struct slice name,
    struct slice *value_out);
/* How many fields have that id: some must not be repeated. */
unsigned http_request_field_count(const struct http_request *request, enum http_field_id id);

#endif
