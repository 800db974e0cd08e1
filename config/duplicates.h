/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds names that are given twice. Inside config/ only. */
#ifndef MUSTER_CONFIG_DUPLICATES_H
#define MUSTER_CONFIG_DUPLICATES_H

#include "config/errors.h"

struct duplicates_name {
	const char *text;           /* as shown; an empty one is a duplicate of nothing */
	const char *compared;
	size_t compared_bytes;
	unsigned class;             /* names of different classes are different */
	uint64_t listener_bits;     /* with no bit in common they are different, too */
	unsigned position;
};

/* Adds a message for each name that is there already, at the later one. Sorts the names. */
void duplicates_find(struct errors *errors, const char *what, struct duplicates_name *names,
    size_t name_count);

#endif
