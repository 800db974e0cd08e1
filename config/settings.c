/* SPDX-License-Identifier: BSD-2-Clause */
/* Inheritance: a host starts as a copy of the global settings, a location as a copy
 * of its host's. Scalars of an inner scope win; names of an index are put in front
 * of the outer ones. Sections themselves are build.c's. Runs wherever a configuration
 * is read. The order of directives within a scope never matters.
 * Shown by tests/unit/config/test_build.c. */
#include "config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "config/path.h"
#include "config/value.h"

#define INDEX_NAMES_MAX 64      /* set in one scope */

static int
copy_string(char **copy, const char *text)
{
	*copy = strdup(text);
	return *copy == NULL ? -1 : 0;
}

static int
append_name(struct config_settings *settings, const char *name)
{
	char **grown;

	for (size_t i = 0; i < settings->index_count; i++) {
		if (strcmp(settings->index[i], name) == 0)
			return 0;
	}
	grown = realloc(settings->index, (settings->index_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -1;
	settings->index = grown;
	if (copy_string(&grown[settings->index_count], name) < 0)
		return -1;
	settings->index_count++;
	return 0;
}

static void
fini_index(struct config_settings *settings)
{
	for (size_t i = 0; i < settings->index_count; i++)
		free(settings->index[i]);
	free(settings->index);
	settings->index = NULL;
	settings->index_count = 0;
}

int
settings_init_default(struct config_settings *settings)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	settings->root_index = CONFIG_NO_ROOT;
	for (size_t i = 0; i < row_count; i++) {
		if (!rows[i].is_inheritable || rows[i].kind == SCHEMA_ROOT)
			continue;
		if (rows[i].kind == SCHEMA_FILE_NAMES) {
			if (append_name(settings, rows[i].default_text) < 0)
				return -1;
		} else if (value_store(&rows[i], rows[i].default_text, settings) != VALUE_STORED) {
			return -1;
		}
	}
	return 0;
}

int
settings_inherit(struct config_settings *inner, const struct config_settings *outer)
{
	*inner = *outer;
	inner->index = NULL;
	inner->index_count = 0;
	inner->default_type = inner->charset = NULL;
	for (size_t i = 0; i < outer->index_count; i++) {
		if (append_name(inner, outer->index[i]) < 0)
			return -1;
	}
	if (copy_string(&inner->default_type, outer->default_type) < 0 ||
	    copy_string(&inner->charset, outer->charset) < 0)
		return -1;
	return 0;
}

void
settings_fini(struct config_settings *settings)
{
	fini_index(settings);
	free(settings->default_type);
	free(settings->charset);
	settings->default_type = settings->charset = NULL;
}

void
settings_add_wrong(struct errors *errors, const struct tree_section *section,
    struct tree_value *value)
{
	bool is_global = section->scope == SCHEMA_GLOBAL;
	char quoted[ERRORS_QUOTE_BYTES], expected[256];

	value->is_wrong = true;
	schema_expected(value->row, expected, sizeof(expected));
	if (!value_is_text(value->text, true))
		snprintf(expected, sizeof(expected), "at most %d bytes without control characters",
		    VALUE_BYTES_MAX - 1);
	errors_add(errors, value->position, "%s%s%s is %s, expected %s",
	    is_global ? "" : schema_scope_name(section->scope), is_global ? "" : ".",
	    value->row->name, errors_quote(value->text, quoted, sizeof(quoted)), expected);
}

int
settings_add_root(struct config *config, const char *path, struct source_place place,
    unsigned *index_out)
{
	struct config_root *grown, *added;

	for (size_t i = 0; i < config->root_count; i++) {
		if (strcmp(config->roots[i].path, path) == 0) {
			*index_out = (unsigned)i;
			return 0;
		}
	}
	grown = realloc(config->roots, (config->root_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -1;
	config->roots = grown;
	added = &grown[config->root_count];
	memset(added, 0, sizeof(*added));
	*index_out = (unsigned)config->root_count++;
	added->line = place.line;
	return copy_string(&added->path, path) < 0 || copy_string(&added->file, place.file) < 0 ?
	    -1 : 0;
}

static int
apply_root(struct config *config, struct config_settings *settings,
    const struct tree_section *section, struct tree_value *value, struct errors *errors)
{
	bool is_wrong = !value_is_text(value->text, false);
	char *path;
	int outcome;

	if (value->text[0] == '\0') {
		settings->root_index = CONFIG_NO_ROOT;
		return 0;
	}
	path = is_wrong ? NULL : path_clean(value->text, &is_wrong);
	if (is_wrong) {
		settings_add_wrong(errors, section, value);
		return 0;
	}
	if (path == NULL)
		return -1;
	outcome = settings_add_root(config, path, source_place(errors->source, value->position),
	    &settings->root_index);
	free(path);
	return outcome;
}

static bool
is_file_name(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0 && value_is_text(name, false);
}

/* The section's names in front of the inherited ones; the default goes when the outermost
 * scope has its own. */
static int
apply_index(struct config_settings *settings, struct tree_section *section,
    struct errors *errors)
{
	struct config_settings merged = { 0 };
	bool is_set = false;
	int outcome = 0;

	for (size_t i = 0; i < section->value_count; i++) {
		struct tree_value *value = &section->values[i];

		if (value->row->kind != SCHEMA_FILE_NAMES)
			continue;
		is_set = true;
		if (merged.index_count == INDEX_NAMES_MAX) {
			errors_add(errors, value->position, "index has too many names, expected at "
			    "most %d", INDEX_NAMES_MAX);
			break;
		}
		if (value->text != NULL && !is_file_name(value->text))
			settings_add_wrong(errors, section, value);
		else if (value->text != NULL && append_name(&merged, value->text) < 0)
			outcome = -1;
	}
	if (!is_set)
		return 0;
	for (size_t i = 0; section->scope != SCHEMA_GLOBAL && i < settings->index_count; i++) {
		if (append_name(&merged, settings->index[i]) < 0)
			outcome = -1;
	}
	fini_index(settings);
	settings->index = merged.index;
	settings->index_count = merged.index_count;
	return outcome;
}

int
settings_apply(struct config *config, struct config_settings *settings,
    struct tree_section *section, struct errors *errors)
{
	for (size_t i = 0; i < section->value_count; i++) {
		struct tree_value *value = &section->values[i];
		enum value_outcome outcome;

		if (!value->row->is_inheritable || value->row->kind == SCHEMA_FILE_NAMES)
			continue;
		if (value->row->kind == SCHEMA_ROOT) {
			if (apply_root(config, settings, section, value, errors) < 0)
				return -1;
			continue;
		}
		outcome = value_store(value->row, value->text, settings);
		if (outcome == VALUE_WRONG)
			settings_add_wrong(errors, section, value);
		else if (outcome == VALUE_NO_MEMORY)
			return -1;
	}
	return apply_index(settings, section, errors);
}
