/* SPDX-License-Identifier: BSD-2-Clause */
/* Inheritance: a host starts as a copy of the global settings, a location as a copy of its
 * host's or of the location around it. Then `reset` takes some of them back to the default,
 * then the scope's own are applied: plain values win, lists add up. Sections are left to
 * headers.c, error_pages.c and rules.c. Runs wherever a configuration is read. The order of
 * directives within a scope never matters, and an inner scope changes nothing of an outer one.
 * Shown by tests/unit/config/test_settings.c. */
#include "config/settings.h"

#include <stdio.h>
#include <string.h>

#include "config/features.h"
#include "config/folder.h"
#include "config/keep.h"
#include "config/list.h"
#include "config/network.h"
#include "config/statuses.h"
#include "config/value.h"

static int
store_default(struct config *config, const struct schema_directive *row,
    struct config_settings *settings)
{
	struct config_file *file = (struct config_file *)(void *)((char *)settings +
	    row->field_offset);
	char *empty = keep_text(config->keep, "");

	if (schema_is_list(row))
		return list_store_default(config, row, settings);
	if (schema_is_plain(row))
		return value_store(row, row->default_text, config->keep, settings) ==
		    VALUE_STORED ? 0 : -1;
	/* The others are empty by default. */
	if (row->kind == SCHEMA_ROOT) {
		settings->root_index = CONFIG_NO_ROOT;
	} else if (row->kind == SCHEMA_FILE) {
		*file = (struct config_file){ empty, CONFIG_NO_ROOT, empty };
	} else if (row->kind == SCHEMA_USER_DIR) {
		settings->user_dir = settings->user_dir_below = empty;
		settings->user_dir_root_index = CONFIG_NO_ROOT;
	}
	return empty == NULL ? -1 : 0;
}

int
settings_init_default(struct config *config, struct config_settings *settings)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count; i++) {
		if (rows[i].is_inheritable && store_default(config, &rows[i], settings) < 0)
			return -1;
	}
	settings->headers = keep_alloc(config->keep, 0);
	settings->error_pages = keep_alloc(config->keep, 0);
	settings->access_log_statuses = statuses_of(NULL, 0);
	return settings->headers == NULL || settings->error_pages == NULL ? -1 : 0;
}

static int
apply_plain(const struct scope *scope, struct tree_value *value,
    struct config_settings *settings)
{
	const char *missing = features_missing(value->row->name, value->text);
	char expected[64];

	switch (value_store(value->row, value->text, scope->config->keep, settings)) {
	case VALUE_STORED:
		return 0;
	case VALUE_WRONG:
		snprintf(expected, sizeof(expected), "another: this muster is built without %s",
		    missing != NULL ? missing : "it");
		scope_complain(scope, value, missing != NULL ? expected : NULL);
		return 0;
	default:
		return -1;
	}
}

static int
apply_value(const struct scope *scope, struct tree_value *value,
    struct config_settings *settings)
{
	char *field = (char *)settings + value->row->field_offset;

	switch (value->row->kind) {
	case SCHEMA_ROOT:
		return folder_apply_root(scope, value, settings);
	case SCHEMA_FILE:
		return folder_apply_file(scope, value, (struct config_file *)(void *)field);
	case SCHEMA_USER_DIR:
		return folder_apply_user_dir(scope, value, settings);
	default:
		return apply_plain(scope, value, settings);
	}
}

static int
apply_row(struct scope *scope, const struct schema_directive *row,
    struct config_settings *settings)
{
	struct tree_value *value = tree_find_value(scope->section, row->name);
	/* What is set in the outermost scope, or after a reset, replaces the default. */
	bool is_first = scope->depth == 0 || scope_resets(scope, row->name);

	if (scope->depth > 0 && is_first && store_default(scope->config, row, settings) < 0)
		return -1;
	if (value == NULL)
		return 0;
	return schema_is_list(row) ?
	    list_apply(scope, row, settings, is_first ? LIST_ALONE : LIST_WITH_INHERITED) :
	    apply_value(scope, value, settings);
}

static bool
is_same_network(const struct network *a, const struct network *b)
{
	return a->kind == b->kind && a->prefix_bits == b->prefix_bits &&
	    memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static bool
is_allowed_here(const struct scope *scope, const struct config_settings *settings,
    const struct config_access *denied)
{
	for (size_t i = 0; i < settings->allow_count; i++) {
		const struct config_access *allowed = &settings->allow[i];

		if (allowed->depth == scope->depth && denied->depth < scope->depth &&
		    is_same_network(allowed->network, denied->network))
			return true;
	}
	return false;
}

/* An outer scope's deny of a network that this one allows has no effect any more. It goes, so
 * that a dump, in which both stand in one scope, means the same. The reverse needs nothing:
 * within one scope deny wins. */
static int
drop_overruled(const struct scope *scope, struct config_settings *settings)
{
	struct config_access *kept = keep_alloc(scope->config->keep,
	    settings->deny_count * sizeof(*kept));
	size_t kept_count = 0;

	if (kept == NULL)
		return -1;
	for (size_t i = 0; i < settings->deny_count; i++) {
		if (!is_allowed_here(scope, settings, &settings->deny[i]))
			kept[kept_count++] = settings->deny[i];
	}
	settings->deny = kept;
	settings->deny_count = kept_count;
	return 0;
}

int
settings_apply(struct scope *scope, struct config_settings *settings)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count; i++) {
		if (rows[i].is_inheritable && apply_row(scope, &rows[i], settings) < 0)
			return -1;
	}
	settings->access_log_statuses = statuses_of(settings->access_log_status.items,
	    settings->access_log_status.count);
	return tree_find_value(scope->section, "allow") == NULL ? 0 :
	    drop_overruled(scope, settings);
}
