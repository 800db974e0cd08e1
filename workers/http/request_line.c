/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request line: method SP target SP version (RFC 9112 3).
 *
 * What the target says is read by target.c. Runs in the workers, as the unprivileged
 * user, on bytes that clients sent.
 * Must stay true: the three parts are told apart in one way only; a second blank, a tab
 * or a version in other than its exact form is refused. Shown by test_request_line.c and
 * fuzz_parse.c.
 */
#include "workers/http/bytes.h"
#include "workers/http/parse_steps.h"

static enum http_method
method_if(struct slice name, const char *text, enum http_method method)
{
	return memcmp(name.data, text, name.len) == 0 ? method : HTTP_METHOD_OTHER;
}

/* Methods are case-sensitive (RFC 9110 9.1). */
static enum http_method
method_of(struct slice name)
{
	switch (name.len) {
	case 3:
		if (name.data[0] == 'G')
			return method_if(name, "GET", HTTP_METHOD_GET);
		return method_if(name, "PUT", HTTP_METHOD_PUT);
	case 4:
		if (name.data[0] == 'H')
			return method_if(name, "HEAD", HTTP_METHOD_HEAD);
		return method_if(name, "POST", HTTP_METHOD_POST);
	case 5:
		if (name.data[0] == 'T')
			return method_if(name, "TRACE", HTTP_METHOD_TRACE);
		return method_if(name, "PATCH", HTTP_METHOD_PATCH);
	case 6:
		return method_if(name, "DELETE", HTTP_METHOD_DELETE);
	case 7:
		if (name.data[0] == 'C')
			return method_if(name, "CONNECT", HTTP_METHOD_CONNECT);
		return method_if(name, "OPTIONS", HTTP_METHOD_OPTIONS);
	default:
		return HTTP_METHOD_OTHER;
	}
}

/* Cuts at the first SP; false when there is none. */
static bool
take_part(struct slice *rest, struct slice *part_out)
{
	const char *space = memchr(rest->data, ' ', rest->len);

	if (space == NULL)
		return false;
	*part_out = slice_make(rest->data, (size_t)(space - rest->data));
	*rest = slice_make(space + 1, rest->len - part_out->len - 1);
	return true;
}

/* "HTTP/" DIGIT "." DIGIT */
static struct parse_fault
read_version(struct slice version, struct http_request *request)
{
	const char *text = version.data;

	if (version.len != 8 || memcmp(text, "HTTP/", 5) != 0 || text[6] != '.' ||
	    !byte_is(text[5], BYTE_DIGIT) || !byte_is(text[7], BYTE_DIGIT))
		return PARSE_FAULT(400, "malformed HTTP version");
	if (text[5] != '1')
		return PARSE_FAULT(505, "HTTP version not supported");
	request->version_minor = text[7] != '0';
	return PARSE_OK;
}

struct parse_fault
http_request_line_parse(struct slice line, struct http_request *request)
{
	size_t method_bytes = 0;
	struct slice target;
	struct parse_fault fault;

	while (method_bytes < line.len && byte_is(line.data[method_bytes], BYTE_TOKEN))
		method_bytes++;
	if (method_bytes == 0 || method_bytes == line.len || line.data[method_bytes] != ' ')
		return PARSE_FAULT(400, "method is not a token");
	request->method_name = slice_make(line.data, method_bytes);
	request->method = method_of(request->method_name);
	line = slice_make(line.data + method_bytes + 1, line.len - method_bytes - 1);
	if (!take_part(&line, &target))
		return PARSE_FAULT(400, "request line without a version");
	if (target.len == 0)
		return PARSE_FAULT(400, "request line without a target");
	request->target = target;
	fault = read_version(line, request);
	return fault.status == 0 ? http_target_parse(request) : fault;
}
