/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts a page with server-side includes into tokens, as Apache's mod_include does; a blank
 * before the name, which nginx writes, is let pass. Leaves what elements mean to ssi.c.
 * Workers, unprivileged; pure. Rules: no byte is looked at more than a few times, however
 * broken the page; the end of an element is the first "-->" outside of a quoted value.
 * Shown by test_ssi_parse.c and fuzz_ssi.c. */
#include "workers/handler/ssi_parse.h"

#define OPENING SLICE_LITERAL("<!--#")
#define CLOSING SLICE_LITERAL("-->")

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice
skip(struct slice s, size_t count)
{
	return slice_make(s.data + count, s.len - count);
}

static struct slice
skip_spaces(struct slice s)
{
	size_t count = 0;

	while (count < s.len && is_space(s.data[count]))
		count++;
	return skip(s, count);
}

/* Offset of a text in s, or s.len. */
static size_t
find(struct slice s, struct slice text)
{
	size_t at = 0;

	while (at < s.len) {
		const char *first = memchr(s.data + at, text.data[0], s.len - at);

		if (first == NULL)
			break;
		at = (size_t)(first - s.data);
		if (slice_starts_with(skip(s, at), text))
			return at;
		at++;
	}
	return s.len;
}

/* Bytes up to a blank, a '=' or the end of the element. */
static size_t
word_bytes(struct slice s, bool ends_at_equals)
{
	size_t len = 0;

	while (len < s.len && !is_space(s.data[len]) && !(ends_at_equals && s.data[len] == '=') &&
	    !(s.data[len] == '-' && slice_starts_with(skip(s, len), CLOSING)))
		len++;
	return len;
}

/* Bytes up to the closing quote; s.len: there is none. s is behind the opening one. */
static size_t
quoted_bytes(struct slice s, char quote)
{
	size_t len = 0;

	while (len < s.len && s.data[len] != quote)
		len += s.data[len] == '\\' && len + 1 < s.len ? 2 : 1;
	return len;
}

/* Takes a value; false: the quote is not closed, and *rest stays. */
static bool
take_value(struct slice *rest, struct ssi_attribute *attribute)
{
	char first = rest->len > 0 ? rest->data[0] : '\0';
	struct slice inner;
	size_t len;

	if (first != '"' && first != '\'' && first != '`') {
		attribute->quote = '\0';
		len = word_bytes(*rest, false);
		attribute->value = slice_make(rest->data, len);
		*rest = skip(*rest, len);
		return true;
	}
	inner = skip(*rest, 1);
	len = quoted_bytes(inner, first);
	if (len >= inner.len)
		return false;
	attribute->quote = first;
	attribute->value = slice_make(inner.data, len);
	*rest = skip(inner, len + 1);
	return true;
}

int
ssi_next_attribute(struct slice *attributes, struct ssi_attribute *attribute_out)
{
	struct slice rest = skip_spaces(*attributes);
	size_t len = word_bytes(rest, true);

	if (rest.len == 0 || slice_starts_with(rest, CLOSING)) {
		*attributes = rest;
		return 0;
	}
	attribute_out->name = slice_make(rest.data, len);
	rest = skip_spaces(skip(rest, len));
	if (len == 0 || rest.len == 0 || rest.data[0] != '=')
		return -1;
	rest = skip_spaces(skip(rest, 1));
	if (!take_value(&rest, attribute_out))
		return -1;
	*attributes = rest;
	return 1;
}

/* Bytes of the element's inside, which s begins with, up to its "-->"; s.len: there is none.
 * Behind what is no attribute any "-->" will do. */
static size_t
inside_bytes(struct slice s)
{
	struct ssi_attribute attribute;
	struct slice rest = s;
	int taken;

	while ((taken = ssi_next_attribute(&rest, &attribute)) > 0)
		continue;
	if (taken == 0)
		return s.len - rest.len;
	return s.len - rest.len + find(rest, CLOSING);
}

static unsigned
count_lines(struct slice s)
{
	const char *at = s.data, *end = s.data + s.len;
	unsigned count = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		count++;
	}
	return count;
}

void
ssi_scan_init(struct ssi_scanner *scanner, struct slice page)
{
	scanner->rest = page;
	scanner->line = 1;
}

static void
scan_element(struct slice rest, struct ssi_token *token)
{
	struct slice inside = skip_spaces(skip(rest, OPENING.len));
	size_t name_bytes = word_bytes(inside, true), len;

	token->name = slice_make(inside.data, name_bytes);
	inside = skip(inside, name_bytes);
	len = inside_bytes(inside);
	token->attributes = slice_make(inside.data, len);
	if (len == inside.len) {
		token->kind = SSI_TOKEN_UNFINISHED;
		token->text = rest;
		return;
	}
	token->kind = SSI_TOKEN_ELEMENT;
	token->text = slice_make(rest.data,
	    (size_t)(inside.data - rest.data) + len + CLOSING.len);
}

void
ssi_scan_next(struct ssi_scanner *scanner, struct ssi_token *token_out)
{
	struct slice rest = scanner->rest;
	size_t text_bytes = find(rest, OPENING);

	token_out->line = scanner->line;
	token_out->name = token_out->attributes = slice_make(rest.data, 0);
	if (rest.len == 0) {
		token_out->kind = SSI_TOKEN_END;
		token_out->text = rest;
	} else if (text_bytes > 0) {
		token_out->kind = SSI_TOKEN_TEXT;
		token_out->text = slice_make(rest.data, text_bytes);
	} else {
		scan_element(rest, token_out);
	}
	scanner->line += count_lines(token_out->text);
	scanner->rest = skip(rest, token_out->text.len);
}

bool
ssi_unescape(struct arena *arena, const struct ssi_attribute *attribute,
    struct slice *value_out)
{
	struct slice value = attribute->value;
	size_t len = 0;
	char *out;

	*value_out = value;
	if (attribute->quote == '\0' || find(value, SLICE_LITERAL("\\")) == value.len)
		return true;
	out = arena_alloc(arena, value.len);
	if (out == NULL)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\\' && i + 1 < value.len &&
		    value.data[i + 1] == attribute->quote)
			i++;
		out[len++] = value.data[i];
	}
	*value_out = slice_make(out, len);
	return true;
}
