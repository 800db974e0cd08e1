/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree between the parser (load.c fills it) and what it means (build.c and
 * validate.c read it). Runs wherever a configuration is read; nobody else sees it.
 * Order is the order of the text. Shown by tests/unit/config/test_load.c. */
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>

static bool
is_power_of_two(size_t count)
{
	return (count & (count - 1)) == 0;
}

static int
add_child(struct tree_section *parent, struct tree_section *child)
{
	if (is_power_of_two(parent->child_count)) {
		struct tree_section **grown = realloc(parent->children,
		    (parent->child_count * 2 + 1) * sizeof(struct tree_section *));

		if (grown == NULL)
			return -1;
		parent->children = grown;
	}
	parent->children[parent->child_count++] = child;
	return 0;
}

struct tree_section *
tree_add_section(struct tree_section *parent, enum schema_scope scope, const char *title,
    unsigned position)
{
	struct tree_section *section = calloc(1, sizeof(*section));

	if (section == NULL)
		return NULL;
	section->scope = scope;
	section->position = position;
	if (title != NULL)
		section->title = strdup(title);
	if ((title != NULL && section->title == NULL) ||
	    (parent != NULL && add_child(parent, section) < 0))
		tree_free(&section);
	return section;
}

int
tree_add_value(struct tree_section *section, const struct schema_directive *row,
    const char *text, unsigned position)
{
	char *copy = NULL;

	if (is_power_of_two(section->value_count)) {
		struct tree_value *grown = realloc(section->values,
		    (section->value_count * 2 + 1) * sizeof(*grown));

		if (grown == NULL)
			return -1;
		section->values = grown;
	}
	if (text != NULL && (copy = strdup(text)) == NULL)
		return -1;
	section->values[section->value_count++] = (struct tree_value){ .row = row, .text = copy,
	    .position = position };
	return 0;
}

struct tree_value *
tree_find_value(const struct tree_section *section, const char *name)
{
	for (size_t i = 0; i < section->value_count; i++) {
		if (strcmp(section->values[i].row->name, name) == 0)
			return &section->values[i];
	}
	return NULL;
}

struct tree_section *
tree_find_child(const struct tree_section *section, enum schema_scope scope)
{
	for (size_t i = 0; i < section->child_count; i++) {
		if (section->children[i]->scope == scope)
			return section->children[i];
	}
	return NULL;
}

void
tree_free(struct tree_section **section)
{
	struct tree_section *gone = *section;

	if (gone == NULL)
		return;
	for (size_t i = 0; i < gone->value_count; i++)
		free(gone->values[i].text);
	for (size_t i = 0; i < gone->child_count; i++)
		tree_free(&gone->children[i]);
	free(gone->values);
	free(gone->children);
	free(gone->title);
	free(gone);
	*section = NULL;
}
