/* SPDX-License-Identifier: BSD-2-Clause */
/* Duplicate names of hosts and locations. What makes two names the same, the caller says by
 * what it has compared. Pure; runs wherever a configuration is read. Sorting makes duplicates
 * neighbours, so that many names take no long time.
 * Shown by tests/unit/config/test_validate.c. */
#include "config/duplicates.h"

#include <stdlib.h>
#include <string.h>

#include "config/source.h"

static int
compare_texts(const struct duplicates_name *a, const struct duplicates_name *b)
{
	size_t least = a->compared_bytes < b->compared_bytes ? a->compared_bytes :
	    b->compared_bytes;
	int order = memcmp(a->compared, b->compared, least);

	if (order == 0)
		order = (a->compared_bytes > b->compared_bytes) -
		    (a->compared_bytes < b->compared_bytes);
	return order != 0 ? order : (a->class > b->class) - (a->class < b->class);
}

static int
compare(const void *left, const void *right)
{
	const struct duplicates_name *a = left, *b = right;
	int order = compare_texts(a, b);

	return order != 0 ? order : (a->position > b->position) - (a->position < b->position);
}

static void
complain(struct errors *errors, const char *what, const struct duplicates_name *first,
    const struct duplicates_name *again)
{
	struct source_place place = source_place(errors->source, first->position);

	errors_add(errors, again->position,
	    "%s \"%s\" is there already, expected another name than at %s:%u", what, again->text,
	    place.file, place.line);
}

void
duplicates_find(struct errors *errors, const char *what, struct duplicates_name *names,
    size_t name_count)
{
	size_t first = 0;
	uint64_t taken_bits = 0;

	qsort(names, name_count, sizeof(*names), compare);
	for (size_t i = 0; i < name_count; i++) {
		size_t earlier;

		if (i == 0 || names[i].text[0] == '\0' ||
		    compare_texts(&names[i], &names[first]) != 0) {
			first = i;
			taken_bits = 0;
		}
		for (earlier = first; (taken_bits & names[i].listener_bits) != 0; earlier++) {
			if ((names[earlier].listener_bits & names[i].listener_bits) == 0)
				continue;
			complain(errors, what, &names[earlier], &names[i]);
			break;
		}
		taken_bits |= names[i].listener_bits;
	}
}
