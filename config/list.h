/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of a directive: from the tree into their field and back. Inside config/ only. */
#ifndef MUSTER_CONFIG_LIST_H
#define MUSTER_CONFIG_LIST_H

#include <stdio.h>

#include "config/scope.h"

enum list_merge {
	LIST_ALONE,                 /* in place of what base holds */
	LIST_WITH_INHERITED,        /* beside it, as the kind of the list wants it */
};

/* The section's elements of this row, which it has, into the field of base. A wrong element
 * is left out, and told. -1: no memory. */
int list_apply(struct scope *scope, const struct schema_directive *row, void *base,
    enum list_merge merge);
/* What is not built in is left out. -1: no memory. */
int list_store_default(struct config *config, const struct schema_directive *row, void *base);
size_t list_count(const struct schema_directive *row, const void *base);
/* In the configuration's syntax: { "a", "b" }. */
void list_print(const struct schema_directive *row, const void *base, FILE *out);
/* An inner scope's list adds to the outer one's; else it stands in its place. */
bool list_adds_up(const struct schema_directive *row);

#endif
