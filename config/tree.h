/* SPDX-License-Identifier: BSD-2-Clause */
/* What was written, section by section, before it means anything: texts and the
 * positions (see source.h) they stood at. Inside config/ only. */
#ifndef MUSTER_CONFIG_TREE_H
#define MUSTER_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/schema.h"

struct tree_value {
	const struct schema_directive *row;
	char *text;                 /* one element of a list; NULL: an empty list */
	unsigned position;
	bool is_wrong;              /* an error has been added; the field has its default */
};

struct tree_section {
	enum schema_scope scope;
	char *title;                /* NULL where the scope has none */
	unsigned position;
	struct tree_value *values;
	size_t value_count;
	struct tree_section **children;
	size_t child_count;
};

/* Each takes copies. NULL or -1: no memory. parent NULL: the outermost section. */
struct tree_section *tree_add_section(struct tree_section *parent, enum schema_scope scope,
    const char *title, unsigned position);
int tree_add_value(struct tree_section *section, const struct schema_directive *row,
    const char *text, unsigned position);
/* The first value of that name in the section; NULL: not written. Wrong ones too. */
struct tree_value *tree_find_value(const struct tree_section *section, const char *name);
/* The first child of that scope, or NULL. */
struct tree_section *tree_find_child(const struct tree_section *section,
    enum schema_scope scope);
void tree_free(struct tree_section **section);

#endif
