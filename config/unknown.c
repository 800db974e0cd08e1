/* SPDX-License-Identifier: BSD-2-Clause */
/* Helps with a directive that does not exist where it stands: the scope it belongs to,
 * or the name that was probably meant. That it is unknown, load.c found. Pure; runs
 * wherever a configuration is read. Only names of the table are ever suggested.
 * Shown by tests/unit/config/test_load.c. */
#include "config/unknown.h"

#include <string.h>

#include "config/suggest.h"

#define NAMES_MAX 128           /* in one scope; test_schema.c counts them */

static const char *
nearest_name(enum schema_scope scope, const char *name)
{
	const char *names[NAMES_MAX];
	size_t row_count, name_count = 0;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count && name_count < NAMES_MAX; i++) {
		if ((rows[i].scopes & SCHEMA_IN(scope)) != 0)
			names[name_count++] = rows[i].name;
	}
	return suggest_nearest(name, names, name_count);
}

/* SCHEMA_SCOPE_COUNT: it is in none. */
static enum schema_scope
scope_of(const char *name)
{
	enum schema_scope scope = SCHEMA_GLOBAL;

	while (scope < SCHEMA_SCOPE_COUNT && schema_find(scope, name) == NULL)
		scope++;
	return scope;
}

void
unknown_add(struct errors *errors, unsigned position, enum schema_scope scope,
    const char *name)
{
	const struct schema_directive *row = schema_find(scope, name);
	const char *nearest = nearest_name(scope, name);
	const char *here = schema_scope_name(scope);
	enum schema_scope home = scope_of(name);
	char quoted[ERRORS_QUOTE_BYTES];

	errors_quote(name, quoted, sizeof(quoted));
	if (strcmp(name, "include") == 0)
		errors_add(errors, position,
		    "include is not complete, expected include(\"path\")");
	else if (row != NULL && row->kind == SCHEMA_SECTION)
		errors_add(errors, position, "%s is nested too deeply, expected at most %d levels",
		    name, SCHEMA_LOCATION_DEPTH);
	else if (home != SCHEMA_SCOPE_COUNT)
		errors_add(errors, position, "unknown directive %s in %s, expected it in %s",
		    quoted, here, schema_scope_name(home));
	else if (nearest != NULL)
		errors_add(errors, position, "unknown directive %s, did you mean \"%s\"?", quoted,
		    nearest);
	else
		errors_add(errors, position, "unknown directive %s in %s, expected one of "
		    "musterd.conf(5)", quoted, here);
}
