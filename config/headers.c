/* SPDX-License-Identifier: BSD-2-Clause */
/* header sections: fields that the administrator sets, adds or removes. Doing so is
 * workers/handler's. Runs wherever a configuration is read. No section names a field on which
 * the framing of an answer rests, or by which caches compare it.
 * Shown by tests/unit/config/test_sections.c. */
#include "config/headers.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/keep.h"
#include "config/statuses.h"
#include "config/syntax.h"

#define MADE_HERE "another field: muster makes this one itself"
#define OF_CONNECTION "another field: this one is about the connection, which muster looks after"

static const struct {
	const char *name, *expected;
} own_fields[] = {
	{ "Connection", MADE_HERE },
	{ "Content-Encoding", MADE_HERE },
	{ "Content-Length", MADE_HERE },
	{ "Content-Range", MADE_HERE },
	{ "Date", MADE_HERE },
	{ "ETag", MADE_HERE ", unless etag = false" },
	{ "Keep-Alive", OF_CONNECTION },
	{ "Last-Modified", MADE_HERE },
	{ "Proxy-Connection", OF_CONNECTION },
	{ "TE", OF_CONNECTION },
	{ "Trailer", MADE_HERE },
	{ "Transfer-Encoding", MADE_HERE },
	{ "Upgrade", MADE_HERE },
};

static void
check_name(const struct scope *scope)
{
	const char *name = scope->section->title;

	if (!syntax_is_token(name)) {
		scope_complain_title(scope, "the name of a header field");
		return;
	}
	for (size_t i = 0; i < sizeof(own_fields) / sizeof(own_fields[0]); i++) {
		if (strcasecmp(own_fields[i].name, name) == 0)
			scope_complain_title(scope, own_fields[i].expected);
	}
}

/* A value goes with each action but one. */
static void
check_value(const struct scope *scope, const struct config_header *header)
{
	struct tree_value *value = tree_find_value(scope->section, "value");
	struct tree_value *action = tree_find_value(scope->section, "action");
	bool removes = header->action == CONFIG_HEADER_REMOVE;

	if ((value != NULL && value->is_wrong) || (action != NULL && action->is_wrong))
		return;
	if (removes && header->value[0] != '\0')
		scope_complain(scope, value, "none with action \"remove\"");
	if (!removes && header->value[0] == '\0')
		errors_add(scope->errors, scope->section->position, "header has no value, expected "
		    "one unless action is \"remove\"");
}

static int
build_header(struct scope *scope, struct config_header *header)
{
	header->name = keep_text(scope->config->keep, scope->section->title);
	if (header->name == NULL ||
	    scope_store_defaults(scope->config, SCHEMA_HEADER, header) < 0 ||
	    scope_store(scope, header) < 0)
		return -1;
	check_name(scope);
	check_value(scope, header);
	header->statuses = statuses_of(header->status_texts, header->status_text_count);
	return 0;
}

int
headers_apply(const struct scope *scope, struct config_settings *settings)
{
	const struct tree_section *section = scope->section;
	size_t count = scope_resets(scope, "header") ? 0 : settings->header_count, own_count = 0;
	struct config_header *headers;

	for (size_t i = 0; i < section->child_count; i++)
		own_count += section->children[i]->scope == SCHEMA_HEADER;
	if (own_count == 0) {
		settings->header_count = count;
		return 0;
	}
	headers = keep_alloc(scope->config->keep, (count + own_count) * sizeof(*headers));
	if (headers == NULL)
		return -1;
	if (count > 0)
		memcpy(headers, settings->headers, count * sizeof(*headers));
	for (size_t i = 0; i < section->child_count; i++) {
		struct scope inner = scope_inner(scope, section->children[i]);

		if (section->children[i]->scope == SCHEMA_HEADER &&
		    build_header(&inner, &headers[count++]) < 0)
			return -1;
	}
	settings->headers = headers;
	settings->header_count = count;
	return 0;
}
