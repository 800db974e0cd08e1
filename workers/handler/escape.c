/* SPDX-License-Identifier: BSD-2-Clause */
/* Escapes text for HTML, JSON and links. Leaves to the callers which of them is right at a
 * place. Workers, unprivileged; pure. Rule: whatever the bytes, the output holds none
 * that ends a text, an attribute value or a string. Shown by test_escape.c. */
#include "workers/handler/escape.h"

#define REPLACEMENT SLICE_LITERAL("\xef\xbf\xbd") /* U+FFFD */

/* Bytes up to where something has to be replaced are appended at once. */
static void
add_run(struct content *out, struct slice s, size_t from, size_t to)
{
	if (to > from)
		content_add(out, slice_make(s.data + from, to - from));
}

static struct slice
html_entity(char c)
{
	switch (c) {
	case '&':
		return SLICE_LITERAL("&amp;");
	case '<':
		return SLICE_LITERAL("&lt;");
	case '>':
		return SLICE_LITERAL("&gt;");
	case '"':
		return SLICE_LITERAL("&quot;");
	case '\'':
		return SLICE_LITERAL("&#39;");
	default:
		return slice_make(NULL, 0);
	}
}

void
escape_html(struct content *out, struct slice s)
{
	size_t start = 0;

	for (size_t i = 0; i < s.len; i++) {
		struct slice entity = html_entity(s.data[i]);

		if (entity.len == 0)
			continue;
		add_run(out, s, start, i);
		content_add(out, entity);
		start = i + 1;
	}
	add_run(out, s, start, s.len);
}

/* RFC 3629 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t
escape_utf8_bytes(struct slice s)
{
	unsigned char first, low = 0x80, high = 0xbf;
	size_t len;

	if (s.len == 0)
		return 0;
	first = (unsigned char)s.data[0];
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (s.len < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (c < low || c > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

void
escape_html_utf8(struct content *out, struct slice s)
{
	size_t start = 0, i = 0;

	while (i < s.len) {
		size_t len = escape_utf8_bytes(slice_make(s.data + i, s.len - i));
		struct slice other = len == 0 || is_control(s.data[i]) ? REPLACEMENT :
		    html_entity(s.data[i]);

		if (other.len > 0) {
			add_run(out, s, start, i);
			content_add(out, other);
			start = i + 1;
			len = 1;
		}
		i += len;
	}
	add_run(out, s, start, s.len);
}

static void
add_json_byte(struct content *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char text[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

	if (c >= 0x80) {
		content_add(out, REPLACEMENT);
	} else if (c == '"' || c == '\\') {
		text[1] = (char)c;
		content_add(out, slice_make(text, 2));
	} else {
		content_add(out, slice_make(text, sizeof text));
	}
}

void
escape_json(struct content *out, struct slice s)
{
	size_t start = 0, i = 0;

	while (i < s.len) {
		size_t len = escape_utf8_bytes(slice_make(s.data + i, s.len - i));
		char c = s.data[i];

		if (len == 0 || is_control(c) || c == '"' || c == '\\') {
			add_run(out, s, start, i);
			add_json_byte(out, (unsigned char)c);
			start = i + 1;
			len = 1;
		}
		i += len;
	}
	add_run(out, s, start, s.len);
}

/* RFC 3986 2.3, and the slash. */
static bool
stays_in_link(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
}

void
escape_url(struct content *out, struct slice s)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t start = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];
		char text[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (stays_in_link((char)c))
			continue;
		add_run(out, s, start, i);
		content_add(out, slice_make(text, sizeof text));
		start = i + 1;
	}
	add_run(out, s, start, s.len);
}
