/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of many sources has the oldest record: a heap of their next times. Pure: no clock, no
 * memory of its own beyond what the caller gives. */
#ifndef MUSTER_LOGGER_MERGE_H
#define MUSTER_LOGGER_MERGE_H

#include <stddef.h>
#include <stdint.h>

struct merge_entry {
	int64_t mono_us;            /* of the source's next record */
	uint32_t source;            /* the caller's number; the lower first when times are equal */
};

struct merge {                      /* caller's storage */
	struct merge_entry *entries; /* caller's, room for all sources */
	size_t count;
};

void merge_add(struct merge *merge, int64_t mono_us, uint32_t source);
/* The oldest; NULL: there is none. Valid until the next call that changes the heap. */
const struct merge_entry *merge_first(const struct merge *merge);
/* The first source has another record next, or none any more. */
void merge_renew_first(struct merge *merge, int64_t mono_us);
void merge_drop_first(struct merge *merge);

#endif
