/* SPDX-License-Identifier: BSD-2-Clause */
/* A view of bytes that somebody else owns: not NUL-terminated, never freed here,
 * valid as long as the buffer below it. data may be NULL only when len is 0. */
#ifndef MUSTER_MEM_SLICE_H
#define MUSTER_MEM_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
	const char *data;
	size_t len;                 /* bytes */
};

#define SLICE_LITERAL(text) ((struct slice){ (text), sizeof (text) - 1 })

static inline struct slice
slice_make(const char *data, size_t len)
{
	return (struct slice){ data, len };
}

static inline struct slice
slice_from_text(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ASCII case is ignored, as HTTP tokens ask for (the locale is always "C"). */
static inline bool
slice_equal_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

static inline bool
slice_starts_with(struct slice whole, struct slice prefix)
{
	return whole.len >= prefix.len &&
	    (prefix.len == 0 || memcmp(whole.data, prefix.data, prefix.len) == 0);
}

/* Without leading and trailing SP and HTAB: OWS of RFC 9110 5.6.3. */
static inline struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s.data++, s.len--;
	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

#endif
