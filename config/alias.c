/* SPDX-License-Identifier: BSD-2-Clause */
/* The three forms of alias: a folder for a prefix, a file (or a folder, with a slash at the
 * end) for an exact path, a folder and a text with captures for a pattern. Looking up is the
 * router's. Runs wherever a configuration is read. A location within one with alias goes on
 * where that points, unless it has a root or an alias of its own.
 * Shown by tests/unit/config/test_location.c. */
#include "config/alias.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/folder.h"
#include "config/keep.h"
#include "config/path.h"
#include "config/pattern.h"
#include "config/template.h"
#include "config/value.h"

static void
free_template(void *thing)
{
	struct template *template = thing;

	template_free(&template);
}

/* "$1" and what stands around it, below the folder. */
static int
compile_target(const struct scope *scope, struct tree_value *value, const char *below,
    struct config_location *location)
{
	char expected[256] = "";

	location->alias_target = template_compile(below, expected, sizeof(expected));
	if (location->alias_target == NULL) {
		scope_complain(scope, value, expected);
		return 0;
	}
	if (location->matcher.pattern != NULL && location->alias_target->capture_max >
	    pattern_capture_count(location->matcher.pattern))
		scope_complain(scope, value, "no more captures than the pattern has");
	return keep_call(scope->config->keep, free_template, location->alias_target);
}

/* The folder is what precedes the last slash before the first '$'. */
static int
apply_to_pattern(const struct scope *scope, struct tree_value *value,
    struct config_location *location)
{
	size_t bytes = strcspn(value->text, "$");
	char *folder, *path = NULL;
	bool is_wrong = !value_is_text(value->text, false);
	int outcome = -1;

	while (bytes > 0 && value->text[bytes - 1] != '/')
		bytes--;
	if (is_wrong || bytes == 0 || value->text[bytes] == '\0') {
		scope_complain(scope, value, "an absolute path of a file, or one with captures "
		    "such as \"/srv/img/$1\"");
		return 0;
	}
	folder = strndup(value->text, bytes);
	if (folder != NULL)
		path = path_clean(folder, &is_wrong);
	if (is_wrong) {
		scope_complain(scope, value, NULL);
		outcome = 0;
	} else if (path != NULL) {
		outcome = folder_add(scope, value, path, &location->settings.root_index);
	}
	free(path);
	free(folder);
	return outcome < 0 ? -1 :
	    compile_target(scope, value, value->text + bytes, location);
}

/* An exact location's alias is a file unless it ends in a slash: its folder becomes the root.
 * That of a prefix is the root itself. */
static int
apply_to_path(const struct scope *scope, struct tree_value *value,
    struct config_location *location)
{
	bool is_file = location->matcher.match == CONFIG_MATCH_EXACT &&
	    value->text[strlen(value->text) - 1] != '/';
	bool is_wrong = !value_is_text(value->text, false);
	char *path = is_wrong ? NULL : path_clean(value->text, &is_wrong);
	int outcome = 0;

	if (is_wrong) {
		scope_complain(scope, value, NULL);
		return 0;
	}
	if (path == NULL)
		return -1;
	if (is_file) {
		char *slash = strrchr(path, '/');

		location->alias_file = keep_text(scope->config->keep, slash + 1);
		outcome = location->alias_file == NULL ? -1 : 0;
		slash[slash == path] = '\0';
	} else {
		location->alias_path = location->matcher.path;
	}
	if (outcome == 0)
		outcome = folder_add(scope, value, path, &location->settings.root_index);
	free(path);
	return outcome;
}

static void
inherit(const struct scope *scope, const struct config_location *outer,
    struct config_location *location)
{
	if (outer == NULL || !outer->is_alias ||
	    tree_find_value(scope->section, "root") != NULL || scope_resets(scope, "root"))
		return;
	if (outer->alias_path == NULL) {
		errors_add(scope->errors, scope->section->position, "location \"%s\" is within "
		    "\"%s\", which has an alias with captures, expected a root or an alias of its "
		    "own", location->matcher.title, outer->matcher.title);
		return;
	}
	location->is_alias = true;
	location->alias_path = outer->alias_path;
}

int
alias_apply(const struct scope *scope, const struct config_location *outer,
    struct config_location *location)
{
	struct tree_value *value = tree_find_value(scope->section, "alias");

	if (value == NULL || value->text[0] == '\0') {
		inherit(scope, outer, location);
		return 0;
	}
	location->is_alias = true;
	location->alias_text = keep_text(scope->config->keep, value->text);
	if (location->alias_text == NULL)
		return -1;
	return location->matcher.match == CONFIG_MATCH_PATTERN ?
	    apply_to_pattern(scope, value, location) : apply_to_path(scope, value, location);
}
