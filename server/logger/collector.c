/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings to batches. Leaves the ring itself to server/base/logring.c, writing to sink.c. Logger,
 * unprivileged. Rules: a record leaves its ring when the batch is committed and not before; a
 * ring that a hostile process has spoilt costs its own records and one line in the error log; all
 * memory is asked for at the start. Shown by test_collector.c. */
#include "server/logger/collector.h"

#include <stdlib.h>

#include "server/base/logring.h"
#include "server/logger/merge.h"

#define ENTRY_MAX 4096u             /* records in a batch */
#define FUTURE_US 1000000           /* no honest record is so far ahead of a look */

/* A ring's numbers when it was last found empty: as long as they stay, there is nothing new, and
 * only one cache line of it is looked at. */
struct seen {
	uint64_t head, lost_count;
};

struct cursor {                     /* a ring with records */
	struct logring ring;
	struct logring_span span;
	struct logring_record record; /* the next one */
	uint64_t done;              /* committed up to here */
	uint32_t slot_index;
};

struct entry {                      /* a record of the batch */
	uint32_t cursor;
	uint32_t text_end;          /* in the batch */
	uint64_t ring_end;          /* in its ring */
};

struct collector {
	struct scoreboard *board;
	struct seen *seen;          /* by slot */
	struct cursor *cursors;
	uint32_t cursor_count;
	int64_t look_mono_us;       /* when the look began */
	struct merge merge;         /* sources are cursors */
	size_t fullest_bytes;
	struct collector_losses losses;

	char *text;                 /* the batch */
	size_t text_bytes;
	struct entry *entries;
	size_t entry_count;
};

/* Memory for as many slots as there can be: what is never touched is only address space. */
struct collector *
collector_new(struct scoreboard *board)
{
	struct collector *collector = calloc(1, sizeof *collector);

	if (collector == NULL)
		return NULL;
	collector->board = board;
	collector->seen = calloc(SCOREBOARD_SLOT_MAX, sizeof *collector->seen);
	collector->cursors = malloc(SCOREBOARD_SLOT_MAX * sizeof *collector->cursors);
	collector->merge.entries = malloc(SCOREBOARD_SLOT_MAX *
	    sizeof *collector->merge.entries);
	collector->text = malloc(COLLECTOR_BATCH_BYTES);
	collector->entries = malloc(ENTRY_MAX * sizeof *collector->entries);
	if (collector->seen == NULL || collector->cursors == NULL ||
	    collector->merge.entries == NULL || collector->text == NULL ||
	    collector->entries == NULL)
		collector_free(&collector);
	return collector;
}

void
collector_free(struct collector **at)
{
	struct collector *collector = *at;

	if (collector == NULL)
		return;
	free(collector->seen);
	free(collector->cursors);
	free(collector->merge.entries);
	free(collector->text);
	free(collector->entries);
	free(collector);
	*at = NULL;
}

static void
note_broken(struct collector *collector, uint32_t slot_index)
{
	collector->losses.broken_count++;
	collector->losses.broken_slot = slot_index;
}

/* The record at the cursor. A time that is a lie must not hold the ring, which the next process in
 * the slot has to use, too. */
static bool
peek(const struct collector *collector, struct cursor *cursor)
{
	if (!logring_peek(&cursor->ring, &cursor->span, &cursor->record))
		return false;
	if (cursor->record.mono_us > collector->look_mono_us + FUTURE_US)
		cursor->record.mono_us = collector->look_mono_us;
	return true;
}

static void
advance(struct collector *collector, struct cursor *cursor, uint64_t to)
{
	logring_advance(&cursor->ring, &cursor->span, to);
	if (to == cursor->span.end)
		collector->seen[cursor->slot_index].head = to;
}

/* Adds a ring to those that have something. */
static void
open_ring(struct collector *collector, uint32_t slot_index, const struct logring *ring)
{
	struct cursor *cursor = &collector->cursors[collector->cursor_count];
	enum logring_state state = logring_look(ring, &cursor->span);
	size_t filled = (size_t)(cursor->span.end - cursor->span.at);

	cursor->ring = *ring;
	cursor->slot_index = slot_index;
	cursor->done = cursor->span.at;
	if (state == LOGRING_EMPTY) {
		collector->seen[slot_index].head = cursor->span.end;
		return;
	}
	if (state == LOGRING_BROKEN || !peek(collector, cursor)) {
		note_broken(collector, slot_index);
		advance(collector, cursor, cursor->span.end);
		return;
	}
	if (filled > collector->fullest_bytes)
		collector->fullest_bytes = filled;
	merge_add(&collector->merge, cursor->record.mono_us, collector->cursor_count++);
}

bool
collector_look(struct collector *collector, int64_t now_mono_us)
{
	uint32_t count = scoreboard_slot_count(collector->board), i;

	collector->look_mono_us = now_mono_us;
	collector->cursor_count = 0;
	collector->merge.count = 0;
	collector->fullest_bytes = 0;
	collector->entry_count = 0;
	for (i = 0; i < count; i++) {
		struct seen *seen = &collector->seen[i];
		struct logring ring;
		uint64_t lost_count;

		scoreboard_ring(collector->board, i, &ring);
		lost_count = atomic_load_explicit(&ring.shared->lost_count, memory_order_relaxed);
		if (lost_count != seen->lost_count) {
			collector->losses.lost_count += logring_take_lost(&ring);
			seen->lost_count = lost_count;
		}
		if (atomic_load_explicit(&ring.shared->head, memory_order_relaxed) != seen->head)
			open_ring(collector, i, &ring);
	}
	return collector->merge.count > 0;
}

size_t
collector_fullest_bytes(const struct collector *collector)
{
	return collector->fullest_bytes;
}

/* The first source's record into the batch. Its last byte is its newline, and if a hostile
 * process has left that out, the next record must not pay for it. */
static void
take_first(struct collector *collector, uint32_t source)
{
	struct cursor *cursor = &collector->cursors[source];
	struct entry *entry = &collector->entries[collector->entry_count++];
	bool is_last;

	logring_take(&cursor->ring, &cursor->span, &cursor->record,
	    collector->text + collector->text_bytes);
	collector->text_bytes += cursor->record.bytes;
	collector->text[collector->text_bytes - 1] = '\n';
	is_last = cursor->span.at == cursor->span.end;
	*entry = (struct entry){ source, (uint32_t)collector->text_bytes, cursor->span.at };
	if (!is_last && !peek(collector, cursor)) {
		note_broken(collector, cursor->slot_index);
		entry->ring_end = cursor->span.end;
		is_last = true;
	}
	if (is_last)
		merge_drop_first(&collector->merge);
	else
		merge_renew_first(&collector->merge, cursor->record.mono_us);
}

size_t
collector_fill(struct collector *collector, uint32_t log_generation, bool stops_at_newer,
    const char **text, bool *is_newer)
{
	const struct merge_entry *first;

	collector->text_bytes = 0;
	collector->entry_count = 0;
	*text = collector->text;
	*is_newer = false;
	while (collector->entry_count < ENTRY_MAX &&
	    (first = merge_first(&collector->merge)) != NULL &&
	    first->mono_us <= collector->look_mono_us) {
		const struct logring_record *record = &collector->cursors[first->source].record;

		if (stops_at_newer && (int32_t)(record->log_generation - log_generation) > 0) {
			*is_newer = collector->text_bytes == 0;
			break;
		}
		if (record->bytes > COLLECTOR_BATCH_BYTES - collector->text_bytes)
			break;
		take_first(collector, first->source);
	}
	return collector->text_bytes;
}

void
collector_commit(struct collector *collector, size_t bytes)
{
	size_t count = 0, i;

	for (; count < collector->entry_count && collector->entries[count].text_end <= bytes;
	    count++)
		collector->cursors[collector->entries[count].cursor].done =
		    collector->entries[count].ring_end;
	/* A ring's many records are one change of its tail. */
	for (i = 0; i < count; i++) {
		struct cursor *cursor = &collector->cursors[collector->entries[i].cursor];

		if (cursor->span.tail != cursor->done)
			advance(collector, cursor, cursor->done);
	}
	collector->entry_count = 0;
}

void
collector_take_losses(struct collector *collector, struct collector_losses *losses)
{
	*losses = collector->losses;
	collector->losses = (struct collector_losses){ 0 };
}
