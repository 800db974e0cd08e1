/* SPDX-License-Identifier: BSD-2-Clause */
/* A section on its way from tree to configuration: what every function that applies a part
 * of it needs. Inside config/ only. */
#ifndef MUSTER_CONFIG_SCOPE_H
#define MUSTER_CONFIG_SCOPE_H

#include "config/config.h"
#include "config/errors.h"
#include "config/source.h"
#include "config/tree.h"

struct scope {
	struct config *config;
	struct errors *errors;
	struct tree_section *section;
	unsigned depth;             /* 0 global, 1 host, 2 location, 3 location in it ... */
	struct config_texts reset;  /* names of directives, or "all" */
};

/* A section within outer, one deeper. */
struct scope scope_inner(const struct scope *outer, struct tree_section *section);
/* Reads the list `reset`. -1: no memory. */
int scope_read_reset(struct scope *scope);
/* What outer scopes say about this directive is dropped. */
bool scope_resets(const struct scope *scope, const char *name);

/* Defaults of what nobody inherits and is stored in base: plain values and lists. */
int scope_store_defaults(struct config *config, enum schema_scope scope, void *base);
/* The section's own ones over them. A wrong one costs a message, is marked, and keeps its
 * default. -1: no memory. */
int scope_store(struct scope *scope, void *base);

/* "host.root is "x", expected ..."; expected NULL: what the table says. Marks the value. */
void scope_complain(const struct scope *scope, struct tree_value *value, const char *expected);
/* "location "x": ..." or "location is "x", expected ..." at the section's line. */
void scope_complain_title(const struct scope *scope, const char *expected);
struct source_place scope_place(const struct scope *scope);

#endif
