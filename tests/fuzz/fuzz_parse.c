/* SPDX-License-Identifier: BSD-2-Clause */
/* Request heads. The verdict must not depend on how the bytes come, and all that a
 * request points at must lie in the buffer. */
#include <stdlib.h>

#include "workers/http/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small, so that they are reached; roomier than what the corpus needs. */
static const struct http_limits limits = { 200, 600, 12 };

static void
check_slice(struct slice s, const char *buf, size_t len)
{
	if (s.len > 0 && (s.data < buf || s.data + s.len > buf + len))
		abort();
}

static void
check_request(const struct http_request *request, const char *buf, size_t len)
{
	check_slice(request->method_name, buf, len);
	check_slice(request->target, buf, len);
	check_slice(request->path, buf, len);
	check_slice(request->query, buf, len);
	check_slice(request->host, buf, len);
	check_slice(request->port, buf, len);
	if (request->field_count > limits.field_count || request->head_bytes > len)
		abort();
	for (unsigned i = 0; i < request->field_count; i++) {
		struct slice value = request->fields[i].value;

		check_slice(request->fields[i].name, buf, len);
		check_slice(value, buf, len);
		if (memchr(value.data, '\n', value.len) != NULL)
			abort();
	}
	for (int id = 0; id < HTTP_FIELD_ID_COUNT; id++)
		if (request->first_field[id] > request->field_count)
			abort();
}

/* What a whole request promises to those who read on. */
static void
check_whole(const struct http_request *request)
{
	bool has_path = request->target_form == HTTP_TARGET_ORIGIN ||
	    request->target_form == HTTP_TARGET_ABSOLUTE;

	if ((request->path.len > 0) != has_path)
		abort();
	if (request->host.len == 0 && request->version_minor > 0)
		abort();
	if (request->is_https && request->target_form != HTTP_TARGET_ABSOLUTE)
		abort();
	if (request->expects_continue && request->body_kind != HTTP_BODY_CHUNKED &&
	    request->content_length == 0)
		abort();
	if (request->content_length > INT64_MAX)
		abort();
}

static void
check_same(const struct http_request *a, const struct http_request *b)
{
	if (a->method != b->method || a->head_bytes != b->head_bytes ||
	    a->field_count != b->field_count || a->body_kind != b->body_kind ||
	    a->content_length != b->content_length || a->is_persistent != b->is_persistent ||
	    !slice_equal(a->path, b->path) || !slice_equal(a->query, b->query) ||
	    !slice_equal(a->host, b->host) || !slice_equal(a->port, b->port))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request whole, split;
	const char *buf = (const char *)data;
	struct http_parser parser, other;
	enum http_verdict verdict, other_verdict = HTTP_NEED_MORE;
	size_t len;

	http_parser_init(&parser, &limits);
	verdict = http_parse_request(&parser, buf, size, &whole);
	check_request(&whole, buf, size);
	if (verdict == HTTP_COMPLETE)
		check_whole(&whole);
	http_parser_init(&other, &limits);
	for (len = 0; len <= size && other_verdict == HTTP_NEED_MORE; len++)
		other_verdict = http_parse_request(&other, buf, len, &split);
	if (other_verdict != verdict ||
	    http_parser_error_status(&other) != http_parser_error_status(&parser))
		abort();
	if (verdict == HTTP_COMPLETE) {
		check_same(&whole, &split);
		if (len - 1 != whole.head_bytes)
			abort();
	}
	return 0;
}
