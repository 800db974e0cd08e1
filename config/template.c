/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts with variables, taken apart once.
 *
 * Whether a variable makes sense where it stands is told by rules.c and alias.c, what it stands
 * for by workers/handler/expand.c. Pure; runs wherever a configuration is read.
 * Must stay true: two pieces of text are never neighbours, and a compiled text needs no check
 * before it is used. Shown by tests/unit/config/test_template.c. */
#include "config/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECTED "\"$1\", \"$host\", \"$scheme\", \"$path\", \"$query\", \"$request_uri\", " \
    "\"$rest\", or \"$$\" for a dollar sign"

static const struct {
	const char *name;
	enum template_part_kind kind;
} variables[] = {
	{ "host", TEMPLATE_HOST },
	{ "scheme", TEMPLATE_SCHEME },
	{ "path", TEMPLATE_PATH },
	{ "uri", TEMPLATE_PATH },
	{ "query", TEMPLATE_QUERY },
	{ "args", TEMPLATE_QUERY },
	{ "request_uri", TEMPLATE_REQUEST_URI },
	{ "rest", TEMPLATE_REST },
};

static bool
find_variable(const char *name, size_t bytes, struct template_part *part)
{
	if (bytes == 1 && name[0] >= '0' && name[0] <= '9') {
		part->kind = TEMPLATE_CAPTURE;
		part->capture = (unsigned)(name[0] - '0');
		return true;
	}
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (strlen(variables[i].name) == bytes &&
		    memcmp(variables[i].name, name, bytes) == 0) {
			part->kind = variables[i].kind;
			return true;
		}
	}
	return false;
}

/* The variable whose '$' stands at text. The bytes it takes, 0: it is none. */
static size_t
read_variable(const char *text, struct template_part *part)
{
	bool has_braces = text[1] == '{';
	const char *name = text + 1 + has_braces;
	size_t bytes = strspn(name, "abcdefghijklmnopqrstuvwxyz_");

	if (*name >= '0' && *name <= '9')
		bytes = 1;              /* "$10" is "$1" and "0" */
	if (!find_variable(name, bytes, part) || (has_braces && name[bytes] != '}'))
		return 0;
	return 1 + bytes + 2 * has_braces;
}

/* Behind the parts there are; a text grows when one is there already. */
static int
add_text(struct template *template, const char *text, size_t bytes)
{
	struct template_part *last = &template->parts[template->part_count];
	size_t old_bytes = 0;
	char *grown;

	if (template->part_count > 0 && last[-1].kind == TEMPLATE_TEXT) {
		last--;
		old_bytes = strlen(last->text);
	}
	grown = realloc(last->text, old_bytes + bytes + 1);
	if (grown == NULL)
		return -1;
	memcpy(grown + old_bytes, text, bytes);
	grown[old_bytes + bytes] = '\0';
	last->text = grown;
	last->kind = TEMPLATE_TEXT;
	template->part_count = (size_t)(last - template->parts) + 1;
	return 0;
}

/* "https://", "//", or "$scheme" with "://" behind it. */
static bool
has_scheme(const struct template *template)
{
	const struct template_part *part = template->parts;
	size_t bytes;

	if (template->part_count > 1 && part[0].kind == TEMPLATE_SCHEME &&
	    part[1].kind == TEMPLATE_TEXT)
		return strncmp(part[1].text, "://", 3) == 0;
	if (template->part_count == 0 || part[0].kind != TEMPLATE_TEXT)
		return false;
	bytes = strspn(part[0].text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
	return bytes > 0 ? strncmp(part[0].text + bytes, "://", 3) == 0 :
	    strncmp(part[0].text, "//", 2) == 0;
}

/* Parts are there for each '$' and what is around it. -1: no memory, or errbuf is filled. */
static int
take_apart(struct template *template, const char *text, char *errbuf, size_t errbuf_bytes)
{
	while (*text != '\0') {
		struct template_part *part = &template->parts[template->part_count];
		bool is_dollar = strncmp(text, "$$", 2) == 0;
		size_t bytes = is_dollar ? 2 : strcspn(text, "$");

		if (bytes > 0) {
			if (add_text(template, text, is_dollar ? 1 : bytes) < 0)
				return -1;
			text += bytes;
			continue;
		}
		bytes = read_variable(text, part);
		if (bytes == 0) {
			snprintf(errbuf, errbuf_bytes, "%s", EXPECTED);
			return -1;
		}
		if (part->kind == TEMPLATE_CAPTURE && part->capture > template->capture_max)
			template->capture_max = part->capture;
		template->part_count++;
		text += bytes;
	}
	return 0;
}

struct template *
template_compile(const char *text, char *errbuf, size_t errbuf_bytes)
{
	struct template *template = calloc(1, sizeof(*template));
	size_t part_max = 1;

	for (const char *dollar = text; (dollar = strchr(dollar, '$')) != NULL; dollar++)
		part_max += 2;
	snprintf(errbuf, errbuf_bytes, "less: there is not enough memory");
	if (template != NULL)
		template->parts = calloc(part_max, sizeof(*template->parts));
	if (template == NULL || template->parts == NULL ||
	    take_apart(template, text, errbuf, errbuf_bytes) < 0) {
		template_free(&template);
		return NULL;
	}
	for (size_t i = 0; i < template->part_count; i++)
		template->has_query |= template->parts[i].kind == TEMPLATE_TEXT &&
		    strchr(template->parts[i].text, '?') != NULL;
	template->is_absolute = has_scheme(template);
	return template;
}

void
template_free(struct template **template)
{
	if (*template == NULL)
		return;
	for (size_t i = 0; (*template)->parts != NULL && i < (*template)->part_count; i++)
		free((*template)->parts[i].text);
	free((*template)->parts);
	free(*template);
	*template = NULL;
}
