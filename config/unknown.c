/* SPDX-License-Identifier: BSD-2-Clause */
/* Helps with a directive that does not exist where it stands: the scope it belongs to,
 * or the name that was probably meant. That it is unknown, load.c found. Pure; runs
 * wherever a configuration is read. Only names of the table are ever suggested.
 * Shown by tests/unit/config/test_load.c. */
#include "config/unknown.h"

#include <stdio.h>
#include <string.h>

#include "config/suggest.h"

#define NAMES_MAX 128           /* in one scope; test_schema.c counts them */
#define HOMES_BYTES 160         /* the names of all scopes */

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

/* "host or location", all scopes that have it; "": none. */
static void
list_homes(const char *name, char *text, size_t text_bytes)
{
	size_t used = 0, left_count = 0;

	text[0] = '\0';
	for (enum schema_scope scope = SCHEMA_GLOBAL; scope < SCHEMA_SCOPE_COUNT; scope++)
		left_count += schema_find(scope, name) != NULL;
	for (enum schema_scope scope = SCHEMA_GLOBAL; left_count > 0 && used < text_bytes;
	    scope++) {
		if (schema_find(scope, name) == NULL)
			continue;
		left_count--;
		used += (size_t)snprintf(text + used, text_bytes - used, "%s%s",
		    schema_scope_name(scope), left_count > 1 ? ", " : left_count == 1 ? " or " :
		    "");
	}
}

void
unknown_add(struct errors *errors, unsigned position, enum schema_scope scope,
    const char *name)
{
	const struct schema_directive *row = schema_find(scope, name);
	const char *nearest = nearest_name(scope, name);
	const char *here = schema_scope_name(scope);
	char quoted[ERRORS_QUOTE_BYTES], homes[HOMES_BYTES];

	list_homes(name, homes, sizeof(homes));
	errors_quote(name, quoted, sizeof(quoted));
	if (strcmp(name, "include") == 0)
		errors_add(errors, position,
		    "include is not complete, expected include(\"path\")");
	else if (row != NULL && row->kind == SCHEMA_SECTION)
		errors_add(errors, position, "%s is nested too deeply, expected at most %d levels",
		    name, SCHEMA_LOCATION_DEPTH);
	else if (homes[0] != '\0')
		errors_add(errors, position, "unknown directive %s in %s, expected it in %s",
		    quoted, here, homes);
	else if (nearest != NULL)
		errors_add(errors, position, "unknown directive %s, did you mean \"%s\"?", quoted,
		    nearest);
	else
		errors_add(errors, position, "unknown directive %s in %s, expected one of "
		    "musterd.conf(5)", quoted, here);
}
