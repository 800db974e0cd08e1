/* SPDX-License-Identifier: BSD-2-Clause */
/* Content-Type: types of the scope, then mime.types, then default_type. Workers,
 * unprivileged; pure. Rule: charset is said only of text, and not of what names its own
 * (XML) or can have but one (JavaScript and JSON are UTF-8, RFC 9239 and 8259).
 * Shown by test_media_type.c and tests/integration/20-static/test_types.py. */
#include "workers/handler/media_type.h"

#include "config/mime.h"
#include "workers/handler/text.h"

#define CHARSET SLICE_LITERAL("; charset=")

static struct slice
last_segment(struct slice path)
{
	size_t start = path.len;

	while (start > 0 && path.data[start - 1] != '/')
		start--;
	return slice_make(path.data + start, path.len - start);
}

/* "a.html" and "a.b.html" have "html"; ".html", which is a hidden file, has not. */
static bool
has_extension(struct slice name, struct slice extension)
{
	struct slice end;

	if (name.len < extension.len + 2)
		return false;
	end = slice_make(name.data + name.len - extension.len, extension.len);
	return end.data[-1] == '.' && slice_equal_nocase(end, extension);
}

/* The innermost scope's come first. */
static const char *
find_in_scope(const struct config_settings *settings, struct slice name)
{
	for (size_t i = 0; i < settings->type_count; i++) {
		const struct config_type *type = &settings->types[i];

		for (size_t k = 0; k < type->extension_count; k++)
			if (has_extension(name, slice_from_text(type->extensions[k])))
				return type->type;
	}
	return NULL;
}

static const char *
find(const struct exchange *exchange, struct slice name)
{
	const char *type = find_in_scope(exchange->route.settings, name);

	return type != NULL ? type : mime_lookup(exchange->config->mime, name.data, name.len);
}

static bool
takes_charset(struct slice type)
{
	return media_type_fits("text/", type) && !media_type_fits("text/xml", type);
}

static struct slice
without_parameters(struct slice type)
{
	const char *semicolon = type.len > 0 ? memchr(type.data, ';', type.len) : NULL;

	if (semicolon != NULL)
		type.len = (size_t)(semicolon - type.data);
	return slice_trim(type);
}

struct slice
media_type_choose(const struct exchange *exchange, struct slice name, struct slice *media_type)
{
	const struct config_settings *settings = exchange->route.settings;
	struct slice charset = slice_from_text(settings->charset);
	const char *known = find(exchange, last_segment(name));
	struct slice type = slice_from_text(known != NULL ? known : settings->default_type);
	struct text text;

	*media_type = without_parameters(type);
	if (charset.len == 0 || media_type->len < type.len || !takes_charset(type))
		return type;
	text_init(&text, exchange->arena, type.len + CHARSET.len + charset.len);
	text_slice(&text, type);
	text_slice(&text, CHARSET);
	text_slice(&text, charset);
	return text.is_bad ? type : text_get(&text);
}

bool
media_type_is_known(const struct exchange *exchange, struct slice name)
{
	return find(exchange, last_segment(name)) != NULL;
}

bool
media_type_fits(const char *pattern, struct slice media_type)
{
	size_t len = strlen(pattern);

	if (len == 0)
		return true;
	if (media_type.len < len || strncasecmp(pattern, media_type.data, len) != 0)
		return false;
	return pattern[len - 1] == '/' || media_type.len == len;
}

bool
media_type_is_among(const struct config_texts *patterns, struct slice media_type)
{
	for (size_t i = 0; media_type.len > 0 && i < patterns->count; i++) {
		if (media_type_fits(patterns->items[i], media_type))
			return true;
	}
	return false;
}
