/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the table of config/schema.c for tests/lint/directives.sh, a line for each directive:
 * scope.name, default, range and effect of a reload, with tabs between. What global, host and
 * location share is in the scope "inherited"; a section has no more than its name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/schema.h"

static const char *
scope_name(const struct schema_directive *row)
{
	enum schema_scope scope = SCHEMA_GLOBAL;

	if (row->is_inheritable)
		return "inherited";
	while ((row->scopes & SCHEMA_IN(scope)) == 0)
		scope++;
	return schema_scope_name(scope);
}

/* Elements have spaces between them in the table. */
static void
print_list(const char *elements)
{
	printf("{");
	for (const char *mark = " \""; *elements != '\0'; mark = "\", \"") {
		size_t bytes = strcspn(elements, " ");

		printf("%s%.*s", mark, (int)bytes, elements);
		elements += bytes + (elements[bytes] == ' ');
		if (*elements == '\0')
			printf("\" ");
	}
	printf("}");
}

/* As it would be written in a configuration. */
static void
print_default(const struct schema_directive *row)
{
	if (schema_is_list(row))
		print_list(row->default_text);
	else if (row->kind == SCHEMA_COUNT || row->kind == SCHEMA_BOOLEAN ||
	    row->kind == SCHEMA_CODE)
		printf("%s", row->default_text);
	else
		printf("\"%s\"", row->default_text);
}

int
main(void)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count; i++) {
		const struct schema_directive *row = &rows[i];
		char range[64];

		printf("%s.%s", scope_name(row), row->name);
		if (row->kind != SCHEMA_SECTION && row->kind != SCHEMA_INCLUDE) {
			schema_range(row, range, sizeof(range));
			printf("\t");
			print_default(row);
			printf("\t%s\t%s", range[0] != '\0' ? range : "-",
			    row->reload == SCHEMA_AT_ONCE ? "at once" : "at restart");
		}
		printf("\n");
	}
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
