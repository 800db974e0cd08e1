/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditional fields, in whole requests. A verdict must have a field that gives rise to
 * it, and nothing but GET and HEAD is ever "not modified". */
#include <stdlib.h>

#include "workers/http/conditional.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
has(const struct http_request *request, enum http_field_id id)
{
	return http_request_field_count(request, id) > 0;
}

static void
check(const struct http_request *request, const struct representation *representation,
    int64_t now_s)
{
	bool is_read = request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD;

	switch (conditional_evaluate(request, representation, now_s)) {
	case CONDITIONAL_NOT_MODIFIED:
		if (!is_read || (!has(request, HTTP_FIELD_IF_NONE_MATCH) &&
		    !has(request, HTTP_FIELD_IF_MODIFIED_SINCE)))
			abort();
		break;
	case CONDITIONAL_FAILED:
		if (!has(request, HTTP_FIELD_IF_MATCH) &&
		    !has(request, HTTP_FIELD_IF_UNMODIFIED_SINCE) &&
		    (is_read || !has(request, HTTP_FIELD_IF_NONE_MATCH)))
			abort();
		break;
	case CONDITIONAL_PROCEED:
		break;
	}
	if (conditional_range_applies(request, representation, now_s)) {
		if (has(request, HTTP_FIELD_IF_RANGE) && representation->etag.len == 0 &&
		    !representation->has_modified)
			abort();
	} else if (!has(request, HTTP_FIELD_IF_RANGE)) {
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http_limits limits = { 1024, 8192, HTTP_FIELD_MAX };
	static const struct representation representations[] = {
		{ { "\"v1\"", 4 }, 784111777, true },
		{ { "\"v1\"", 4 }, 0, false },
		{ { NULL, 0 }, 784111777, true },
		{ { NULL, 0 }, 0, false },
	};
	static struct http_request request;
	struct http_parser parser;

	http_parser_init(&parser, &limits);
	if (http_parse_request(&parser, (const char *)data, size, &request) != HTTP_COMPLETE)
		return 0;
	for (size_t i = 0; i < sizeof (representations) / sizeof (representations[0]); i++) {
		check(&request, &representations[i], 1732176000);
		check(&request, &representations[i], 784111777);
		check(&request, &representations[i], INT64_MIN);
	}
	return 0;
}
