/* SPDX-License-Identifier: BSD-2-Clause */
/* Accept-Encoding and Accept-Language, in whole requests. What is chosen must have been offered
 * and be named by the client; the order of the offers decides nothing but ties. */
#include <stdlib.h>

#include "workers/http/accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
mentions(const struct http_request *request, struct slice name)
{
	for (unsigned i = 0; i < request->field_count; i++) {
		struct slice value = request->fields[i].value;

		if (request->fields[i].id != HTTP_FIELD_ACCEPT_ENCODING)
			continue;
		for (size_t at = 0; at + name.len <= value.len; at++) {
			if (slice_equal_nocase(slice_make(value.data + at, name.len), name) ||
			    value.data[at] == '*')
				return true;
		}
	}
	return false;
}

static enum accept_coding
choose(const struct http_request *request, const enum accept_coding *offered, size_t count)
{
	enum accept_coding got = accept_coding(request, offered, count);
	bool is_offered = got == ACCEPT_IDENTITY;

	for (size_t i = 0; i < count; i++)
		is_offered |= got == offered[i];
	if (!is_offered ||
	    (got != ACCEPT_IDENTITY && !mentions(request, accept_coding_name(got)) &&
	    !mentions(request, SLICE_LITERAL("*"))))
		abort();
	return got;
}

static void
check_codings(const struct http_request *request)
{
	static const enum accept_coding offered[] = { ACCEPT_ZSTD, ACCEPT_BR, ACCEPT_GZIP };
	static const enum accept_coding backwards[] = { ACCEPT_GZIP, ACCEPT_BR, ACCEPT_ZSTD };
	bool is_coded = choose(request, offered, 3) != ACCEPT_IDENTITY;
	bool is_any_coded = false;

	if (is_coded != (choose(request, backwards, 3) != ACCEPT_IDENTITY))
		abort();
	for (size_t i = 0; i < 3; i++)
		is_any_coded |= choose(request, &offered[i], 1) != ACCEPT_IDENTITY;
	if (is_coded != is_any_coded || choose(request, NULL, 0) != ACCEPT_IDENTITY)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http_limits limits = { 1024, 8192, HTTP_FIELD_MAX };
	static const char *const tags[] = { "de", "de-at", "zh-hant-tw", "e", "en-gb" };
	static struct http_request request;
	struct http_parser parser;

	http_parser_init(&parser, &limits);
	if (http_parse_request(&parser, (const char *)data, size, &request) != HTTP_COMPLETE)
		return 0;
	check_codings(&request);
	for (size_t i = 0; i < sizeof (tags) / sizeof (tags[0]); i++) {
		int quality = accept_language(&request, slice_from_text(tags[i]));

		if (quality < ACCEPT_REFUSED || quality > 1000)
			abort();
	}
	return 0;
}
