/* SPDX-License-Identifier: BSD-2-Clause */
/* What is the same for all sections: their own plain values and lists go into a struct,
 * mistakes are told with line and expectation. What a section means is left to build.c,
 * location.c, rules.c, headers.c and error_pages.c. Runs wherever a configuration is read.
 * Every wrong value is told, and none ends the reading.
 * Shown by tests/unit/config/test_load.c and test_build.c. */
#include "config/scope.h"

#include <stdio.h>
#include <string.h>

#include "config/features.h"
#include "config/list.h"
#include "config/value.h"

struct scope
scope_inner(const struct scope *outer, struct tree_section *section)
{
	return (struct scope){ .config = outer->config, .errors = outer->errors,
	    .section = section, .depth = outer->depth + 1 };
}

int
scope_read_reset(struct scope *scope)
{
	const struct schema_directive *row = schema_find(scope->section->scope, "reset");

	return row == NULL ? 0 : list_apply(scope, row, scope, LIST_ALONE);
}

bool
scope_resets(const struct scope *scope, const char *name)
{
	for (size_t i = 0; i < scope->reset.count; i++) {
		if (strcmp(scope->reset.items[i], name) == 0 ||
		    strcmp(scope->reset.items[i], "all") == 0)
			return true;
	}
	return false;
}

/* Rows of the scope that have a field in its struct and that nobody inherits. */
static bool
is_own(const struct schema_directive *row, enum schema_scope scope)
{
	return (row->scopes & SCHEMA_IN(scope)) != 0 && !row->is_inheritable &&
	    (schema_is_plain(row) || schema_is_list(row)) && row->kind != SCHEMA_DIRECTIVES;
}

int
scope_store_defaults(struct config *config, enum schema_scope scope, void *base)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count; i++) {
		const struct schema_directive *row = &rows[i];

		if (!is_own(row, scope))
			continue;
		if (schema_is_list(row) ? list_store_default(config, row, base) < 0 :
		    value_store(row, row->default_text, config->keep, base) != VALUE_STORED)
			return -1;
	}
	return 0;
}

static int
store_list(struct scope *scope, const struct schema_directive *row, void *base)
{
	return tree_find_value(scope->section, row->name) == NULL ? 0 :
	    list_apply(scope, row, base, LIST_ALONE);
}

int
scope_store(struct scope *scope, void *base)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < scope->section->value_count; i++) {
		struct tree_value *value = &scope->section->values[i];

		if (!is_own(value->row, scope->section->scope) || !schema_is_plain(value->row))
			continue;
		switch (value_store(value->row, value->text, scope->config->keep, base)) {
		case VALUE_STORED: break;
		case VALUE_WRONG: scope_complain(scope, value, NULL); break;
		case VALUE_NO_MEMORY: return -1;
		}
	}
	for (size_t i = 0; i < row_count; i++) {
		if (is_own(&rows[i], scope->section->scope) && schema_is_list(&rows[i]) &&
		    store_list(scope, &rows[i], base) < 0)
			return -1;
	}
	return 0;
}

void
scope_complain(const struct scope *scope, struct tree_value *value, const char *expected)
{
	enum schema_scope where = scope->section->scope;
	bool is_global = where == SCHEMA_GLOBAL;
	char quoted[ERRORS_QUOTE_BYTES], text[256];

	if (!value_is_text(value->text, true))
		snprintf(text, sizeof(text), "at most %d bytes without control characters",
		    VALUE_BYTES_MAX - 1);
	else if (expected == NULL)
		schema_expected(value->row, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", expected);
	value->is_wrong = true;
	errors_add(scope->errors, value->position, "%s%s%s is %s, expected %s",
	    is_global ? "" : schema_scope_name(where), is_global ? "" : ".", value->row->name,
	    errors_quote(value->text, quoted, sizeof(quoted)), text);
}

void
scope_complain_title(const struct scope *scope, const char *expected)
{
	const struct tree_section *section = scope->section;
	char quoted[ERRORS_QUOTE_BYTES];

	errors_add(scope->errors, section->position, "%s is %s, expected %s",
	    schema_scope_name(section->scope),
	    errors_quote(section->title, quoted, sizeof(quoted)), expected);
}

struct source_place
scope_place(const struct scope *scope)
{
	return source_place(scope->errors->source, scope->section->position);
}
