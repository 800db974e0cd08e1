/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/conn/log_render.c on any client bytes: one line within the cap, nothing but printable
 * ASCII in text formats, valid JSON. First byte: format and cap; the rest: values, parted
 * by NUL bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/flat_json.h"
#include "workers/conn/log_render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct slice
next_value(struct slice *rest)
{
	size_t len = rest->len > 0 ? strnlen(rest->data, rest->len) : 0;
	struct slice value = slice_make(rest->data, len);

	if (len < rest->len)
		*rest = slice_make(rest->data + len + 1, rest->len - len - 1);
	else
		rest->len = 0;
	return value;
}

/* out: len bytes, of which the last has become a NUL. */
static void
check_line(const struct log_format *format, const char *out, size_t len)
{
	if (strlen(out) != len - 1 || strchr(out, '\n') != NULL)
		abort();
	for (size_t i = 0; !format->is_json && i + 1 < len; i++)
		if (out[i] < ' ' || out[i] > '~')
			abort();
	if (format->is_json && !flat_json_is_valid(out))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const char *const formats[] = { "json", "combined", "%m %U %q %H %v %X %k %u" };
	static struct http_request request;
	struct slice rest;
	struct log_record record = { .request = &request, .connection_request_count = 1 };
	char errbuf[200], *out;
	struct log_format *format;
	size_t cap, len;

	if (bytes == 0)
		return 0;
	rest = slice_make((const char *)data + 1, bytes - 1);
	format = log_format_compile(formats[data[0] % 3], errbuf, sizeof errbuf);
	cap = LOG_RECORD_MIN + data[0];
	record.client = next_value(&rest);
	record.user = next_value(&rest);
	record.method = next_value(&rest);
	record.target = next_value(&rest);
	record.request_line = next_value(&rest);
	record.protocol = next_value(&rest);
	record.host = next_value(&rest);
	request.fields[0].name = SLICE_LITERAL("User-Agent");
	request.fields[0].id = HTTP_FIELD_USER_AGENT;
	request.fields[0].value = rest;
	request.field_count = request.first_field[HTTP_FIELD_USER_AGENT] = 1;
	record.started_wall_s = (int64_t)((uint64_t)bytes << (data[0] % 60));
	out = malloc(cap);
	len = log_render(format, &record, out, cap);
	if (len == 0 || len > cap || out[len - 1] != '\n')
		abort();
	out[len - 1] = '\0';
	check_line(format, out, len);
	free(out);
	log_format_free(&format);
	return 0;
}
