/* SPDX-License-Identifier: BSD-2-Clause */
/* Which Link fields go ahead of an answer. Leaves sending to workers/conn. Workers, unprivileged;
 * pure. Rules: once for a request, and only for a page that a client goes to; only what the
 * answer will say as well. Shown by test_hints.c and tests/integration/75-http2/test_hints.py. */
#include "workers/handler/hints.h"

#include "workers/http/headers.h"

#define BLANKS " \t"

/* What a browser acts on before it has the page. */
static bool
is_early(struct slice word)
{
	static const char *const words[] = { "preload", "modulepreload", "preconnect",
		"dns-prefetch" };
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (slice_equal_nocase(word, slice_from_text(words[i])))
			return true;
	}
	return false;
}

static bool
skip_to(struct slice *rest, char wanted)
{
	const char *at = rest->len > 0 ? memchr(rest->data, wanted, rest->len) : NULL;

	if (at == NULL)
		return false;
	rest->len -= (size_t)(at + 1 - rest->data);
	rest->data = at + 1;
	return true;
}

/* Takes what stands before one of the stops; a stop within quotes is none. */
static struct slice
take_until(struct slice *rest, const char *stops)
{
	bool is_quoted = false;
	size_t bytes = 0;
	struct slice taken;

	for (; bytes < rest->len; bytes++) {
		char byte = rest->data[bytes];

		if (byte == '"')
			is_quoted = !is_quoted;
		else if (byte == '\\' && is_quoted && bytes + 1 < rest->len)
			bytes++;
		else if (!is_quoted && strchr(stops, byte) != NULL)
			break;
	}
	taken = slice_make(rest->data, bytes);
	rest->data += bytes;
	rest->len -= bytes;
	return slice_trim(taken);
}

/* "preload" or "\"preload prefetch\"". */
static bool
holds_early(struct slice value)
{
	if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
		value = slice_make(value.data + 1, value.len - 2);
	while (value.len > 0) {
		if (is_early(take_until(&value, BLANKS)))
			return true;
		if (value.len > 0)
			value = slice_make(value.data + 1, value.len - 1);
	}
	return false;
}

/* The parameters of one link, up to the comma behind it. Only its first rel counts (RFC 8288
 * 3.3). */
static bool
is_early_link(struct slice *rest)
{
	bool has_rel = false, found = false;

	while (rest->len > 0 && rest->data[0] != ',') {
		struct slice parameter = take_until(rest, ";,"), name;

		name = take_until(&parameter, "=");
		if (!has_rel && parameter.len > 0 &&
		    slice_equal_nocase(name, SLICE_LITERAL("rel"))) {
			has_rel = true;
			found = holds_early(slice_trim(slice_make(parameter.data + 1,
			    parameter.len - 1)));
		}
		if (rest->len > 0 && rest->data[0] == ';')
			*rest = slice_make(rest->data + 1, rest->len - 1);
	}
	return found;
}

/* Whether one of the links of a field is worth it; an address may hold commas and semicolons. */
static bool
is_worth_telling(struct slice value)
{
	while (skip_to(&value, '<') && skip_to(&value, '>')) {
		if (is_early_link(&value))
			return true;
	}
	return false;
}

/* As fields.c applies them to an answer that has none. */
static unsigned
find_links(const struct config_settings *settings, struct slice links[HINTS_MAX])
{
	unsigned count = 0, kept = 0, i;

	for (size_t at = 0; at < settings->header_count; at++) {
		const struct config_header *header = &settings->headers[at];

		if (!slice_equal_nocase(slice_from_text(header->name), SLICE_LITERAL("Link")) ||
		    !config_statuses_hold(&header->statuses, 200) ||
		    (header->action == CONFIG_HEADER_DEFAULT && count > 0))
			continue;
		if (header->action == CONFIG_HEADER_SET || header->action == CONFIG_HEADER_REMOVE)
			count = 0;
		if (header->action != CONFIG_HEADER_REMOVE && count < HINTS_MAX)
			links[count++] = slice_from_text(header->value);
	}
	for (i = 0; i < count; i++) {
		if (is_worth_telling(links[i]))
			links[kept++] = links[i];
	}
	return kept;
}

/* A browser that fetches an image, or a script, makes nothing of hints; it says what it does. */
static bool
is_for_a_page(const struct exchange *exchange)
{
	struct slice mode;

	return exchange->depth == 0 && exchange->request->method == HTTP_METHOD_GET &&
	    (!http_request_field_named(exchange->request, SLICE_LITERAL("Sec-Fetch-Mode"),
	    &mode) || slice_equal(mode, SLICE_LITERAL("navigate")));
}

void
hints_send(struct exchange *exchange)
{
	struct slice links[HINTS_MAX];
	unsigned count;

	if (exchange->hint == NULL || !exchange->route.settings->early_hints ||
	    exchange->is_hinted || !is_for_a_page(exchange))
		return;
	exchange->is_hinted = true;
	count = find_links(exchange->route.settings, links);
	if (count > 0)
		exchange->hint(exchange->hint_context, links, count);
}
