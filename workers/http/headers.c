/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Field syntax that several parsers share: tokens, values, lists, entity tags.
 *
 * What a field means is left to those who read it (framing.c, conditional.c, the
 * handlers). Runs in the workers, as the unprivileged user, on bytes that clients sent.
 * Must stay true: each call that reports an element has taken at least one byte off the
 * list, so a loop over a list ends. Shown by test_headers.c and fuzz_conditional.c.
 */
#include "workers/http/headers.h"
#include "workers/http/bytes.h"

bool
http_is_token_byte(unsigned char c)
{
	return byte_is((char)c, BYTE_TOKEN);
}

bool
http_is_token(struct slice s)
{
	return s.len > 0 && bytes_skip(s.data, 0, s.len, BYTE_TOKEN) == s.len;
}

bool
http_is_field_value(struct slice s)
{
	return bytes_find_control(s.data, 0, s.len) == s.len;
}

/* Offset behind a quoted string that starts at s.data[at]; s.len when it never ends. */
static size_t
skip_quoted(struct slice s, size_t at)
{
	for (at++; at < s.len; at++) {
		if (s.data[at] == '\\')
			at++;
		else if (s.data[at] == '"')
			return at + 1;
	}
	return s.len;
}

bool
http_list_next(struct slice *rest, struct slice *element_out)
{
	while (rest->len > 0) {
		size_t end = 0;

		while (end < rest->len && rest->data[end] != ',')
			end = rest->data[end] == '"' ? skip_quoted(*rest, end) : end + 1;
		*element_out = slice_trim(slice_make(rest->data, end));
		if (end < rest->len)
			end++;
		rest->data += end;
		rest->len -= end;
		if (element_out->len > 0)
			return true;
	}
	return false;
}

/* Length of the quoted part of an entity tag, RFC 9110 8.8.3; 0: it is none. There are no
 * escapes in it, and a comma is an ordinary byte. */
static size_t
opaque_tag_bytes(struct slice s)
{
	if (s.len == 0 || s.data[0] != '"')
		return 0;
	for (size_t i = 1; i < s.len; i++) {
		if (s.data[i] == '"')
			return i + 1;
		if ((unsigned char)s.data[i] <= ' ' || s.data[i] == 0x7f)
			return 0;
	}
	return 0;
}

int
http_etag_next(struct slice *rest, struct http_etag *etag_out)
{
	struct slice s = *rest;
	size_t len;

	while (s.len > 0 && (s.data[0] == ',' || s.data[0] == ' ' || s.data[0] == '\t'))
		s.data++, s.len--;
	*rest = s;
	if (s.len == 0)
		return 0;
	etag_out->is_weak = slice_starts_with(s, SLICE_LITERAL("W/"));
	if (etag_out->is_weak)
		s.data += 2, s.len -= 2;
	len = opaque_tag_bytes(s);
	if (len == 0)
		return -1;
	etag_out->opaque = slice_make(s.data, len);
	s = slice_trim(slice_make(s.data + len, s.len - len));
	if (s.len > 0 && s.data[0] != ',')
		return -1;
	*rest = s;
	return 1;
}
