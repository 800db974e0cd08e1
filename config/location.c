/* SPDX-License-Identifier: BSD-2-Clause */
/* Locations, from the outside in: each starts with what the one around it has. Which one
 * serves a path is the router's. Runs wherever a configuration is read. What lies within a
 * location can only match paths that the location matches, where that can be told.
 * Shown by tests/unit/config/test_location.c. */
#include "config/location.h"

#include <string.h>

#include "config/alias.h"
#include "config/error_pages.h"
#include "config/headers.h"
#include "config/keep.h"
#include "config/matcher.h"
#include "config/settings.h"

static void
check_place(const struct scope *scope, const struct location_outer *outer,
    const struct config_matcher *matcher)
{
	size_t bytes = outer->prefix == NULL ? 0 : matcher_prefix_bytes(outer->prefix);
	const char *path = matcher->path;

	if (outer->location != NULL && outer->location->matcher.match == CONFIG_MATCH_EXACT)
		errors_add(scope->errors, scope->section->position, "location \"%s\" is within "
		    "\"%s\", expected none within an exact location", matcher->title,
		    outer->location->matcher.title);
	else if (path[0] != '\0' && matcher->match != CONFIG_MATCH_PATTERN &&
	    outer->prefix != NULL && (strncmp(path, outer->prefix->path, bytes) != 0 ||
	    (path[bytes] != '/' && path[bytes] != '\0')))
		errors_add(scope->errors, scope->section->position, "location \"%s\" is within "
		    "\"%s\", expected a path that begins with it", matcher->title,
		    outer->prefix->title);
}

static int
build_location(struct scope *scope, const struct location_outer *outer,
    struct config_location *location)
{
	struct source_place place = scope_place(scope);
	struct location_outer inner = { .settings = &location->settings, .location = location };

	location->line = place.line;
	location->file = keep_text(scope->config->keep, place.file);
	location->settings = *outer->settings;
	if (location->file == NULL || matcher_build(scope, &location->matcher) < 0)
		return -1;
	check_place(scope, outer, &location->matcher);
	if (scope_read_reset(scope) < 0 ||
	    settings_apply(scope, &location->settings) < 0 ||
	    alias_apply(scope, outer->location, location) < 0 ||
	    headers_apply(scope, &location->settings) < 0 ||
	    error_pages_apply(scope, &location->settings) < 0 ||
	    rules_build(scope, &outer->rules, &inner.rules) < 0)
		return -1;
	location->rules = inner.rules.items;
	location->rule_count = inner.rules.count;
	location->own_rule_index = inner.rules.own_index;
	inner.prefix = matcher_is_prefix(&location->matcher) ? &location->matcher : outer->prefix;
	return location_build_all(scope, &inner, &location->locations, &location->location_count);
}

int
location_build_all(const struct scope *scope, const struct location_outer *outer,
    struct config_location **locations_out, size_t *count_out)
{
	struct tree_section *section = scope->section;

	*count_out = 0;
	for (size_t i = 0; i < section->child_count; i++)
		*count_out += section->children[i]->scope == SCHEMA_LOCATION;
	*locations_out = keep_alloc(scope->config->keep, *count_out * sizeof(**locations_out));
	if (*locations_out == NULL)
		return -1;
	for (size_t i = 0, index = 0; i < section->child_count; i++) {
		struct scope inner = scope_inner(scope, section->children[i]);

		if (section->children[i]->scope == SCHEMA_LOCATION &&
		    build_location(&inner, outer, &(*locations_out)[index++]) < 0)
			return -1;
	}
	return 0;
}
