/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing and reading of a ring of records. Leaves when to wake the reader to access_log.c of the
 * workers, order between rings to server/logger. Workers and keepers write, the logger reads;
 * no rights needed. Rules: the writer never waits and asks nothing of the system; the reader
 * believes nothing, and reads only inside of the ring whatever it says.
 *
 * Why this order of loads and stores is enough: a record's bytes come before the store of head
 * (release), and the reader loads head (acquire) before it reads them. The reader's copying
 * comes before its exchange of tail (release), and the writer loads tail (acquire) before it
 * writes over what was read. origin moves only when the writer has seen tail at its head:
 * then the reader holds no span, and it reads the new origin after the head that follows it.
 * Shown by test_logring.c. */
#include "server/base/logring.h"

#include <string.h>

#define MARK 0x676cu                /* "lg" */
#define UNIT 8u

static uint64_t
whole_units(uint64_t bytes)
{
	return (bytes + UNIT - 1) & ~(uint64_t)(UNIT - 1);
}

static uint64_t
record_bytes(size_t text_bytes)
{
	return sizeof(struct logring_record) + whole_units(text_bytes);
}

static size_t
offset_of(uint64_t position, uint64_t origin)
{
	return (size_t)((position - origin) & (LOGRING_BYTES - 1));
}

static void
copy_in(char *data, size_t offset, const void *from, size_t bytes)
{
	size_t first = LOGRING_BYTES - offset;

	if (bytes <= first) {
		memcpy(data + offset, from, bytes);
		return;
	}
	memcpy(data + offset, from, first);
	memcpy(data, (const char *)from + first, bytes - first);
}

static void
copy_out(const char *data, size_t offset, void *to, size_t bytes)
{
	size_t first = LOGRING_BYTES - offset;

	if (bytes <= first) {
		memcpy(to, data + offset, bytes);
		return;
	}
	memcpy(to, data + offset, first);
	memcpy((char *)to + first, data, bytes - first);
}

static bool
can_be(uint64_t tail, uint64_t head)
{
	return head - tail <= LOGRING_BYTES && ((head | tail) & (UNIT - 1)) == 0;
}

/* The reader may look in between, and then finds the ring broken once more: that costs what is
 * published in that moment, behind a process that has spoilt its own ring. */
void
logring_adopt(const struct logring *ring)
{
	struct logring_shared *shared = ring->shared;
	uint64_t head = atomic_load_explicit(&shared->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&shared->tail, memory_order_acquire);

	if (!can_be(tail, head)) {
		head = whole_units(head);
		atomic_store_explicit(&shared->tail, head, memory_order_relaxed);
		atomic_store_explicit(&shared->head, head, memory_order_release);
	}
}

size_t
logring_put(const struct logring *ring, const char *text, size_t bytes,
    uint32_t log_generation, int64_t mono_us)
{
	struct logring_shared *shared = ring->shared;
	uint64_t head = atomic_load_explicit(&shared->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&shared->tail, memory_order_acquire);
	uint64_t origin, used = head - tail, need = record_bytes(bytes);
	struct logring_record record = { (uint16_t)bytes, MARK, log_generation, mono_us };

	if (bytes == 0 || bytes > LOGRING_RECORD_MAX || used > LOGRING_BYTES ||
	    need > LOGRING_BYTES - used)
		return 0;
	if (used == 0)
		atomic_store_explicit(&shared->origin, head, memory_order_relaxed);
	origin = atomic_load_explicit(&shared->origin, memory_order_relaxed);
	copy_in(ring->data, offset_of(head, origin), &record, sizeof record);
	copy_in(ring->data, offset_of(head + sizeof record, origin), text, bytes);
	atomic_store_explicit(&shared->head, head + need, memory_order_release);
	return (size_t)(used + need);
}

void
logring_count_lost(const struct logring *ring)
{
	uint64_t count = atomic_load_explicit(&ring->shared->lost_count, memory_order_relaxed);

	atomic_store_explicit(&ring->shared->lost_count, count + 1, memory_order_relaxed);
}

enum logring_state
logring_look(const struct logring *ring, struct logring_span *span)
{
	struct logring_shared *shared = ring->shared;

	span->end = atomic_load_explicit(&shared->head, memory_order_acquire);
	span->tail = atomic_load_explicit(&shared->tail, memory_order_relaxed);
	span->origin = atomic_load_explicit(&shared->origin, memory_order_relaxed);
	span->at = span->tail;
	if (span->at == span->end)
		return LOGRING_EMPTY;
	return can_be(span->at, span->end) ? LOGRING_FILLED : LOGRING_BROKEN;
}

bool
logring_peek(const struct logring *ring, const struct logring_span *span,
    struct logring_record *record)
{
	uint64_t left = span->end - span->at;

	if (left < sizeof *record)
		return false;
	copy_out(ring->data, offset_of(span->at, span->origin), record, sizeof *record);
	return record->mark == MARK && record->bytes > 0 && record->bytes <= LOGRING_RECORD_MAX &&
	    record_bytes(record->bytes) <= left;
}

void
logring_take(const struct logring *ring, struct logring_span *span,
    const struct logring_record *record, char *text)
{
	copy_out(ring->data, offset_of(span->at + sizeof *record, span->origin), text,
	    record->bytes);
	span->at += record_bytes(record->bytes);
}

/* An exchange and no store: when somebody else has moved it, logring_adopt() was here, and to
 * set it back would break the ring again. */
void
logring_advance(const struct logring *ring, struct logring_span *span, uint64_t to)
{
	uint64_t tail = span->tail;

	(void)atomic_compare_exchange_strong_explicit(&ring->shared->tail, &tail, to,
	    memory_order_release, memory_order_relaxed);
	span->tail = to;
}

uint64_t
logring_take_lost(const struct logring *ring)
{
	uint64_t count = atomic_load_explicit(&ring->shared->lost_count, memory_order_relaxed);
	uint64_t told = atomic_load_explicit(&ring->shared->told_count, memory_order_relaxed);
	uint64_t lost = count - told;

	atomic_store_explicit(&ring->shared->told_count, count, memory_order_relaxed);
	return lost <= UINT32_MAX ? lost : 0; /* more than that was never counted */
}
