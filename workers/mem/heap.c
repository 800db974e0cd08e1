/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces with boundary tags, and a list of holes for each class of sizes. Leaves it to the
 * caller which pieces to free when there is no hole for another. Workers and keepers,
 * unprivileged. Rules: two holes never touch; a piece takes a whole size of its class, so that
 * the hole it leaves serves any other piece of that class.
 *
 * Why this way: slabs of one size each need far more room than a worker's 64 KiB, and those of
 * one size starve when clients turn to another; buddies waste a quarter of all, and just under a
 * half of it for what is as large as a power of two and has a head. Here at most a sixteenth is
 * lost to rounding (and up to a line of the processor's cache). Holes join at once, so nothing
 * lasts of an unlucky order of sizes but what pieces still in use stand for. Taking and freeing
 * look at a few words, however many pieces there are. Shown by test_heap.c. */
#include "workers/mem/heap.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define UNIT_BYTES ((size_t)64)
#define STEP_BITS 4                 /* classes in an octave: 2^4 */
#define STEP_COUNT ((size_t)1 << STEP_BITS)
#define WORD_BITS 64
#define WORD_COUNT 14               /* holds the class of SIZE_MAX */
#define IS_USED ((size_t)1)

struct block {
	size_t before_bytes;        /* of the block before it; 0: this is the first */
	size_t tag;                 /* bytes, with this; whole units, or IS_USED besides */
	/* A hole only, among those of its class. A piece starts here. */
	struct block *next, *previous;
};
#define TAG_BYTES offsetof(struct block, next)

struct heap {
	char *first, *end;          /* of all blocks */
	uint64_t class_bits[WORD_COUNT]; /* which have holes */
	struct block *holes[];      /* by class; as many as the area can need */
};

static size_t
block_bytes(const struct block *block)
{
	return block->tag & ~IS_USED;
}

static bool
is_used(const struct block *block)
{
	return (block->tag & IS_USED) != 0;
}

static struct block *
block_after(const struct heap *heap, struct block *block)
{
	char *after = (char *)block + block_bytes(block);

	return after == heap->end ? NULL : (struct block *)after;
}

static struct block *
block_before(struct block *block)
{
	return block->before_bytes == 0 ? NULL :
	    (struct block *)((char *)block - block->before_bytes);
}

static void *
piece_of(struct block *block)
{
	return block == NULL ? NULL : (char *)block + TAG_BYTES;
}

static void
set_bytes(const struct heap *heap, struct block *block, size_t bytes, size_t used)
{
	struct block *after;

	block->tag = bytes | used;
	after = block_after(heap, block);
	if (after != NULL)
		after->before_bytes = bytes;
}

static unsigned
top_bit(size_t value)
{
	return (unsigned)(sizeof value * CHAR_BIT) - 1 - (unsigned)__builtin_clzl(value);
}

/* The last class whose sizes are not above that: each one up to STEP_COUNT units, and further
 * on STEP_COUNT in each octave. */
static unsigned
class_of(size_t bytes)
{
	size_t units = bytes / UNIT_BYTES;
	unsigned shift;

	if (units < STEP_COUNT)
		return (unsigned)units;
	shift = top_bit(units) - STEP_BITS;
	return (unsigned)(shift * STEP_COUNT + (units >> shift));
}

/* Up to the least size of a class. */
size_t
heap_cost(size_t bytes)
{
	size_t units, step;

	if (bytes > SIZE_MAX / 2)
		return SIZE_MAX;
	units = (bytes + TAG_BYTES + UNIT_BYTES - 1) / UNIT_BYTES;
	if (units < STEP_COUNT)
		return units * UNIT_BYTES;
	step = (size_t)1 << (top_bit(units) - STEP_BITS);
	return (units + step - 1) / step * step * UNIT_BYTES;
}

static void
link_hole(struct heap *heap, struct block *hole)
{
	unsigned class = class_of(block_bytes(hole));

	hole->previous = NULL;
	hole->next = heap->holes[class];
	if (hole->next != NULL)
		hole->next->previous = hole;
	heap->holes[class] = hole;
	heap->class_bits[class / WORD_BITS] |= (uint64_t)1 << class % WORD_BITS;
}

static void
unlink_hole(struct heap *heap, struct block *hole)
{
	unsigned class = class_of(block_bytes(hole));

	if (hole->next != NULL)
		hole->next->previous = hole->previous;
	if (hole->previous != NULL)
		hole->previous->next = hole->next;
	else
		heap->holes[class] = hole->next;
	if (heap->holes[class] == NULL)
		heap->class_bits[class / WORD_BITS] &= ~((uint64_t)1 << class % WORD_BITS);
}

struct heap *
heap_init(void *area, size_t bytes)
{
	struct heap *heap = area;
	size_t head_bytes = sizeof *heap;

	head_bytes += (class_of(bytes) + 1) * sizeof heap->holes[0];
	head_bytes = (head_bytes + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
	if (bytes < head_bytes + UNIT_BYTES)
		return NULL;
	heap->first = (char *)area + head_bytes;
	heap->end = heap->first + (bytes - head_bytes) / UNIT_BYTES * UNIT_BYTES;
	set_bytes(heap, (struct block *)heap->first, (size_t)(heap->end - heap->first), 0);
	link_hole(heap, (struct block *)heap->first);
	return heap;
}

/* The smallest class from that one on that has a hole. */
static struct block *
first_hole(const struct heap *heap, unsigned class)
{
	unsigned word = class / WORD_BITS;
	uint64_t bits = heap->class_bits[word] & UINT64_MAX << class % WORD_BITS;

	while (bits == 0) {
		if (++word == WORD_COUNT)
			return NULL;
		bits = heap->class_bits[word];
	}
	return heap->holes[word * WORD_BITS + (unsigned)__builtin_ctzll(bits)];
}

void *
heap_alloc(struct heap *heap, size_t bytes)
{
	size_t cost = heap_cost(bytes), rest;
	struct block *block, *left;

	if (cost > (size_t)(heap->end - heap->first))
		return NULL;
	block = first_hole(heap, class_of(cost));
	if (block == NULL)
		return NULL;
	unlink_hole(heap, block);
	rest = block_bytes(block) - cost;
	set_bytes(heap, block, cost, IS_USED);
	if (rest > 0) {
		left = block_after(heap, block);
		left->before_bytes = cost;
		set_bytes(heap, left, rest, 0);
		link_hole(heap, left);
	}
	return piece_of(block);
}

size_t
heap_room(const void *piece)
{
	const struct block *block = (const void *)((const char *)piece - TAG_BYTES);

	return block_bytes(block) - TAG_BYTES;
}

void
heap_free(struct heap *heap, void *piece, struct heap_hole *hole_out)
{
	struct block *block = (struct block *)((char *)piece - TAG_BYTES), *before, *after;
	size_t bytes = block_bytes(block);

	before = block_before(block);
	after = block_after(heap, block);
	if (before != NULL && !is_used(before)) {
		unlink_hole(heap, before);
		bytes += block_bytes(before);
		block = before;
	}
	if (after != NULL && !is_used(after)) {
		unlink_hole(heap, after);
		bytes += block_bytes(after);
	}
	set_bytes(heap, block, bytes, 0);
	link_hole(heap, block);
	hole_out->bytes = bytes;
	hole_out->before = piece_of(block_before(block));
	hole_out->after = piece_of(block_after(heap, block));
}

void
heap_tell_holes(struct heap *heap, void (*tell)(void *start, size_t bytes))
{
	struct block *block;

	for (block = (struct block *)heap->first; block != NULL; block = block_after(heap, block))
		if (!is_used(block))
			tell(block + 1, block_bytes(block) - sizeof *block);
}
