/* SPDX-License-Identifier: BSD-2-Clause */
/* One element of a list: what it looks like and what it becomes, by the kind of the
 * directive. Inside config/ only. */
#ifndef MUSTER_CONFIG_ELEMENT_H
#define MUSTER_CONFIG_ELEMENT_H

#include <stdio.h>

#include "config/config.h"
#include "config/schema.h"
#include "config/value.h"

enum element_order {
	ELEMENT_INNER_FIRST,        /* the inner scope's stand before the outer one's */
	ELEMENT_INNER_LAST,
	ELEMENT_INNER_ONLY,         /* an order of preference: the inner scope says it all */
};

struct element {
	const struct config *config;
	const struct schema_directive *row;
	const char *text;
	unsigned depth;             /* of the scope */
	bool is_last;               /* of those in this scope */
	char expected[128];         /* for the parser to fill; "": what the table says */
};

struct element_kind {
	size_t item_bytes;
	enum element_order order;
	bool is_unique;             /* a text that is there already is not taken again */
	/* Fills the zeroed item; all it points to is kept by the configuration. */
	enum value_outcome (*parse)(struct element *element, void *item);
};
#define ELEMENT_ITEM_BYTES_MAX 64

const struct element_kind *element_kind_of(const struct schema_directive *row);
/* As it was written, but for media ranges, which have lost their asterisk. */
const char *element_text(const struct schema_directive *row, const void *item);

#endif
