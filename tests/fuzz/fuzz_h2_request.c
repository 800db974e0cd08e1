/* SPDX-License-Identifier: BSD-2-Clause */
/* Header lists of HTTP/2 requests. What is good as HTTP/2 is, written down as HTTP/1.1, the same
 * request to that parser.
 * The input is a row of fields: a byte with the length of a name, the name, two with that of a
 * value, the value. Its first byte says whether content follows. */
#include <stdlib.h>

#include "workers/http2/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits limits = { 1024, 4096, 20 };
static struct http_request request, again;

static bool
take(const uint8_t **data, size_t *size, size_t length_bytes, struct slice *out)
{
	size_t len = 0;

	if (*size < length_bytes)
		return false;
	while (length_bytes-- > 0) {
		len = len << 8 | *(*data)++;
		(*size)--;
	}
	len = len < *size ? len : *size;
	*out = slice_make((const char *)*data, len);
	*data += len;
	*size -= len;
	return true;
}

static size_t
append(char *text, size_t at, struct slice s)
{
	if (s.len > 0)
		memcpy(text + at, s.data, s.len);
	return at + s.len;
}

static void
check_as_http1(void)
{
	static char text[32768];
	struct http_limits wide = { 4096, 16384, HTTP_FIELD_MAX };
	struct http_parser parser;
	size_t at = append(text, 0, request.method_name);
	unsigned i;

	at = append(text, at, SLICE_LITERAL(" "));
	at = append(text, at, request.target);
	at = append(text, at, SLICE_LITERAL(" HTTP/1.1\r\n"));
	for (i = 0; i < request.field_count; i++) {
		at = append(text, at, request.fields[i].name);
		at = append(text, at, SLICE_LITERAL(": "));
		at = append(text, at, request.fields[i].value);
		at = append(text, at, SLICE_LITERAL("\r\n"));
	}
	at = append(text, at, SLICE_LITERAL("\r\n"));
	http_parser_init(&parser, &wide);
	if (http_parse_request(&parser, text, at, &again) != HTTP_COMPLETE ||
	    again.method != request.method || !slice_equal(again.path, request.path) ||
	    !slice_equal(again.query, request.query) || again.has_query != request.has_query ||
	    !slice_equal(again.host, request.host) || !slice_equal(again.port, request.port) ||
	    again.field_count != request.field_count || !again.is_persistent ||
	    again.content_length != request.content_length)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct h2_request head;
	struct slice name, value;
	bool has_content;

	if (size == 0)
		return 0;
	if (arena.base == NULL && arena_init(&arena, 65536) < 0)
		abort();
	arena_reset(&arena);
	has_content = *data++ & 1;
	size--;
	h2_request_begin(&head, &limits, &arena, &request);
	while (take(&data, &size, 1, &name) && take(&data, &size, 2, &value))
		(void)h2_request_field(&head, name, value);
	switch (h2_request_end(&head, has_content)) {
	case H2_REQUEST_OK:
		check_as_http1();
		break;
	case H2_REQUEST_BAD:
		if (h2_request_status(&head) < 400 || h2_request_reason(&head) == NULL)
			abort();
		break;
	case H2_REQUEST_MALFORMED:
		break;
	}
	return 0;
}
