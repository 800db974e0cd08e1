/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request head, line by line, as the bytes come in (RFC 9112 2).
 *
 *     START --> REQUEST_LINE --line--> FIELDS --empty line--> COMPLETE
 *               (skips empty lines)    (each line a field)
 *     any of them --> BAD
 *
 * This file finds lines and keeps the limits; what is in a line is read by
 * request_line.c, target.c and fields.c, what the fields mean together by framing.c.
 * Runs in the workers, as the unprivileged user, on bytes that clients sent.
 * Must stay true: the verdict does not depend on how the bytes are cut up, and a line is
 * not searched anew because its bytes come one by one (`scanned` only grows).
 * Shown by test_parse.c and fuzz_parse.c.
 */
#include "workers/http/bytes.h"
#include "workers/http/headers.h"
#include "workers/http/parse.h"
#include "workers/http/parse_steps.h"

#define EMPTY_LINES_MAX 8       /* RFC 9112 2.2 asks for at least one */

enum phase {
	PHASE_START,
	PHASE_REQUEST_LINE,
	PHASE_FIELDS,
	PHASE_COMPLETE,
	PHASE_BAD,
};

void
http_parser_init(struct http_parser *parser, const struct http_limits *limits)
{
	parser->limits = *limits;
	parser->phase = PHASE_START; /* and start() sets the rest */
	parser->error_status = 0;
	parser->error_reason = NULL;
	if (parser->limits.field_count > HTTP_FIELD_MAX)
		parser->limits.field_count = HTTP_FIELD_MAX;
}

/* Field by field, because the array of header fields is large and needs no clearing; each
 * slice on its own, because a chain of assignments reads back what it has just written in
 * halves, and that stalls. */
void
http_request_clear(struct http_request *request)
{
	const struct slice nothing = { NULL, 0 };

	request->method = HTTP_METHOD_OTHER;
	request->method_name = nothing;
	request->target = nothing;
	request->target_form = HTTP_TARGET_ORIGIN;
	request->path = nothing;
	request->query = nothing;
	request->has_query = request->is_https = false;
	request->host = nothing;
	request->port = nothing;
	request->version_minor = 0;
	request->is_http2 = false;
	request->body_kind = HTTP_BODY_NONE;
	request->content_length = 0;
	request->is_persistent = false;
	request->expects_continue = request->has_unknown_expectation = false;
	request->field_count = 0;
	memset(request->first_field, 0, sizeof (request->first_field));
	request->head_bytes = 0;
}

static void
start(struct http_parser *parser, const char *buf, struct http_request *request)
{
	parser->phase = PHASE_REQUEST_LINE;
	parser->buf = buf;
	parser->request = request;
	parser->head_start = parser->line_start = parser->scanned = 0;
	parser->empty_line_count = 0;
	http_request_clear(request);
}

static void
refuse(struct http_parser *parser, struct parse_fault fault)
{
	parser->phase = PHASE_BAD;
	parser->error_status = fault.status;
	parser->error_reason = fault.reason;
}

/* The method of a request line that is too long to be read whole, for the log. */
static void
note_method(struct slice line, struct http_request *request)
{
	const char *space = memchr(line.data, ' ', line.len);

	if (space != NULL)
		http_request_line_parse(slice_make(line.data, (size_t)(space - line.data) + 1),
		    request);
}

/* The start of a request line whose method does not end (RFC 9112 3). */
static struct parse_fault
refuse_long_method(const char *line)
{
	if (http_is_token(slice_make(line, HTTP_METHOD_BYTES_MAX)))
		return PARSE_FAULT(501, "method longer than any that is known");
	return PARSE_FAULT(400, "method is not a token");
}

/* Does the line, as far as it is known, keep the limits? Asked before anything else, and
 * with the same answer whether or not its end has come. */
static struct parse_fault
check_limits(const struct http_parser *parser, struct slice line, struct http_request *request)
{
	const struct http_limits *limits = &parser->limits;

	if (parser->phase == PHASE_REQUEST_LINE) {
		if (line.len > HTTP_METHOD_BYTES_MAX &&
		    memchr(line.data, ' ', HTTP_METHOD_BYTES_MAX + 1) == NULL)
			return refuse_long_method(line.data);
		if (line.len > limits->request_line_bytes) {
			note_method(line, request);
			return PARSE_FAULT(414, "request line too long");
		}
	}
	if (line.len > 0 &&
	    parser->line_start - parser->head_start + line.len + 2 > limits->header_bytes)
		return PARSE_FAULT(431, "header too large");
	return PARSE_OK;
}

/* end: where a control byte is. */
static struct parse_fault
check_line_end(const char *end, size_t len)
{
	if (end[0] == '\r' && (len == 1 || end[1] == '\n'))
		return PARSE_OK;
	if (end[0] == '\r')
		return PARSE_FAULT(400, "bare CR");
	return end[0] == '\n' ? PARSE_FAULT(400, "bare LF") : PARSE_FAULT(400, "control byte");
}

/* The next line, without its CRLF. False: it is not whole yet, or the request is bad. */
static bool
next_line(struct http_parser *parser, size_t len, struct slice *line_out)
{
	const char *buf = parser->buf;
	size_t stop = bytes_find_control(buf, parser->scanned, len);
	struct parse_fault fault;

	parser->scanned = stop;
	*line_out = slice_make(buf + parser->line_start, stop - parser->line_start);
	fault = check_limits(parser, *line_out, parser->request);
	if (fault.status == 0 && stop < len)
		fault = check_line_end(buf + stop, len - stop);
	if (fault.status != 0) {
		refuse(parser, fault);
		return false;
	}
	if (len - stop < 2)
		return false;
	parser->line_start = parser->scanned = stop + 2;
	return true;
}

static struct parse_fault
take_first_line(struct http_parser *parser, struct slice line, struct http_request *request)
{
	if (line.len == 0) {
		parser->head_start = parser->line_start;
		if (++parser->empty_line_count > EMPTY_LINES_MAX)
			return PARSE_FAULT(400, "empty lines instead of a request");
		return PARSE_OK;
	}
	parser->phase = PHASE_FIELDS;
	return http_request_line_parse(line, request);
}

static struct parse_fault
finish(struct http_parser *parser, struct http_request *request)
{
	struct parse_fault fault = http_target_resolve_host(request);

	if (fault.status == 0)
		fault = http_framing_decide(request);
	request->head_bytes = parser->line_start;
	parser->phase = PHASE_COMPLETE;
	return fault;
}

enum http_verdict
http_parse_request(struct http_parser *parser, const char *buf, size_t len,
    struct http_request *request_out)
{
	struct slice line;

	if (parser->phase == PHASE_START || (parser->phase != PHASE_BAD &&
	    (parser->buf != buf || parser->request != request_out)))
		start(parser, buf, request_out);
	while (parser->phase < PHASE_COMPLETE && next_line(parser, len, &line)) {
		struct parse_fault fault;

		if (parser->phase == PHASE_REQUEST_LINE)
			fault = take_first_line(parser, line, request_out);
		else if (line.len > 0)
			fault = http_fields_add(line, parser->limits.field_count, request_out);
		else
			fault = finish(parser, request_out);
		if (fault.status != 0)
			refuse(parser, fault);
	}
	return parser->phase == PHASE_COMPLETE ? HTTP_COMPLETE :
	    parser->phase == PHASE_BAD ? HTTP_BAD : HTTP_NEED_MORE;
}

unsigned
http_parser_error_status(const struct http_parser *parser)
{
	return parser->error_status;
}

const char *
http_parser_error_reason(const struct http_parser *parser)
{
	return parser->error_reason;
}

bool
http_parser_has_started(const struct http_parser *parser, const char *buf, size_t len)
{
	size_t at = 0;

	if (parser->phase > PHASE_REQUEST_LINE)
		return true;
	while (len - at >= 2 && buf[at] == '\r' && buf[at + 1] == '\n')
		at += 2;
	return at < len && !(at + 1 == len && buf[at] == '\r');
}
