/* SPDX-License-Identifier: BSD-2-Clause */
/* Times and sizes for server-side includes. Workers, unprivileged; pure but for the zone of
 * the system, which localtime_r(3) keeps. Rule: no format, however odd, writes more than
 * SSI_TIME_MAX_BYTES. Shown by test_ssi_format.c. */
#include "workers/handler/ssi_format.h"

#include <time.h>

#define FORMAT_MAX_BYTES 256

/* What strftime(3) knows is all up to the page; there are no arguments to get wrong. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static size_t
expand_format(char *out, size_t cap, const char *format, const struct tm *tm)
{
	return strftime(out, cap, format, tm);
}
#pragma GCC diagnostic pop

struct slice
ssi_format_time(struct arena *arena, struct slice format, int64_t time_s, bool is_gmt)
{
	char text[FORMAT_MAX_BYTES + 1], wide[SSI_TIME_MAX_BYTES], *out;
	time_t time = (time_t)time_s;
	struct tm tm;
	size_t len;

	if (format.len == 0 || format.len > FORMAT_MAX_BYTES ||
	    memchr(format.data, '\0', format.len) != NULL ||
	    (is_gmt ? gmtime_r(&time, &tm) : localtime_r(&time, &tm)) == NULL)
		return slice_make(NULL, 0);
	memcpy(text, format.data, format.len);
	text[format.len] = '\0';
	len = expand_format(wide, sizeof wide, text, &tm);
	out = arena_alloc(arena, len);
	if (out == NULL)
		return slice_make(NULL, 0);
	memcpy(out, wide, len);
	return slice_make(out, len);
}

/* As apr_strfsize(): "972", "1.0K", "9.9K", "972K", "1.0M". */
static void
format_short(struct content *out, uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	const char *unit = units;
	unsigned rest = 0;

	if (bytes < 973) {
		content_decimal(out, bytes);
		return;
	}
	for (;; unit++) {
		rest = (unsigned)(bytes % 1024);
		bytes /= 1024;
		if (bytes < 973)
			break;
	}
	if (bytes < 9 || (bytes == 9 && rest < 973)) {
		rest = (rest * 5 + 256) / 512;
		content_decimal(out, bytes + (rest >= 10));
		content_add(out, SLICE_LITERAL("."));
		content_decimal(out, rest % 10);
	} else {
		content_decimal(out, bytes + (rest >= 512));
	}
	content_add(out, slice_make(unit, 1));
}

void
ssi_format_size(struct content *out, uint64_t bytes, bool is_exact)
{
	if (is_exact)
		content_grouped(out, bytes);
	else
		format_short(out, bytes);
}
