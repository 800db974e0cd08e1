/* SPDX-License-Identifier: BSD-2-Clause */
/* A binary heap; what the sources are is the collector's. Logger; no rights. Rule: a source is in
 * it at most once, so it never outgrows the room. Shown by test_merge.c. */
#include "server/logger/merge.h"

#include <stdbool.h>

static bool
is_before(const struct merge_entry *a, const struct merge_entry *b)
{
	return a->mono_us != b->mono_us ? a->mono_us < b->mono_us : a->source < b->source;
}

/* Puts an entry at this free place or deeper, where it belongs. */
static void
sink_down(struct merge *merge, size_t at, struct merge_entry entry)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < merge->count &&
		    is_before(&merge->entries[child + 1], &merge->entries[child]))
			child++;
		if (child >= merge->count || !is_before(&merge->entries[child], &entry))
			break;
		merge->entries[at] = merge->entries[child];
		at = child;
	}
	merge->entries[at] = entry;
}

void
merge_add(struct merge *merge, int64_t mono_us, uint32_t source)
{
	const struct merge_entry entry = { mono_us, source };
	size_t at = merge->count++;

	while (at > 0 && is_before(&entry, &merge->entries[(at - 1) / 2])) {
		merge->entries[at] = merge->entries[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	merge->entries[at] = entry;
}

const struct merge_entry *
merge_first(const struct merge *merge)
{
	return merge->count > 0 ? &merge->entries[0] : NULL;
}

void
merge_renew_first(struct merge *merge, int64_t mono_us)
{
	struct merge_entry entry = { mono_us, merge->entries[0].source };

	sink_down(merge, 0, entry);
}

void
merge_drop_first(struct merge *merge)
{
	merge->count--;
	if (merge->count > 0)
		sink_down(merge, 0, merge->entries[merge->count]);
}
