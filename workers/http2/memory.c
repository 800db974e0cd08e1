/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc(3) over mem/heap.c. Workers, unprivileged. Rules: no system call but in init and trim, and
 * what does not fit is refused: a client cannot make a worker larger than the area.
 * Every stream takes and frees the same few sizes. Such a piece is not joined with its neighbours
 * but laid on a shelf for the next one, as long as there is room without it.
 * Shown by test_memory.c. */
#include "workers/http2/memory.h"

#include <stdint.h>
#include <string.h>

#define KEEP_BYTES ((size_t)128 * 1024)
#define SHELF_STEP_BYTES 64         /* what the cost of small pieces is a multiple of */

int
h2_memory_init(struct h2_memory *memory, size_t bytes)
{
	if (arena_init(&memory->area, bytes) < 0)
		return -1;
	memory->heap = heap_init(memory->area.base, bytes);
	return memory->heap == NULL ? -1 : 0;
}

/* For arena_trim(): how much of the area was ever in use. */
static void *
note(struct h2_memory *memory, char *piece)
{
	size_t end;

	if (piece == NULL)
		return NULL;
	end = (size_t)(piece - memory->area.base) + heap_room(piece);
	if (end > memory->area.peak)
		memory->area.peak = end;
	return piece;
}

/* Where pieces of that cost lie; NULL: nowhere. */
static void **
shelf_of(struct h2_memory *memory, size_t bytes)
{
	size_t i = heap_cost(bytes) / SHELF_STEP_BYTES;

	return i < H2_MEMORY_SHELF_COUNT ? &memory->shelves[i] : NULL;
}

static void *
next_of(const void *piece)
{
	void *next;

	memcpy(&next, piece, sizeof next);
	return next;
}

/* All shelves, so that what lies on them makes larger pieces again. */
static void
clear_shelves(struct h2_memory *memory)
{
	struct heap_hole hole;
	unsigned i;

	for (i = 0; i < H2_MEMORY_SHELF_COUNT; i++) {
		while (memory->shelves[i] != NULL) {
			void *piece = memory->shelves[i];

			memory->shelves[i] = next_of(piece);
			heap_free(memory->heap, piece, &hole);
		}
	}
}

void
h2_memory_trim(struct h2_memory *memory)
{
	clear_shelves(memory);
	arena_trim(&memory->area, KEEP_BYTES);
}

void *
h2_memory_malloc(size_t bytes, void *context)
{
	struct h2_memory *memory = context;
	void **shelf = shelf_of(memory, bytes), *piece;

	if (shelf != NULL && *shelf != NULL) {
		piece = *shelf;
		*shelf = next_of(piece);
		return piece;
	}
	piece = heap_alloc(memory->heap, bytes);
	if (piece == NULL) {
		clear_shelves(memory);
		piece = heap_alloc(memory->heap, bytes);
	}
	return note(memory, piece);
}

void
h2_memory_free(void *piece, void *context)
{
	struct h2_memory *memory = context;
	struct heap_hole hole;
	void **shelf;

	if (piece == NULL)
		return;
	shelf = shelf_of(memory, heap_room(piece));
	if (shelf == NULL) {
		heap_free(memory->heap, piece, &hole);
		return;
	}
	memcpy(piece, shelf, sizeof *shelf);
	*shelf = piece;
}

void *
h2_memory_calloc(size_t count, size_t bytes, void *context)
{
	void *piece;

	if (bytes > 0 && count > SIZE_MAX / bytes)
		return NULL;
	piece = h2_memory_malloc(count * bytes, context);
	if (piece != NULL)
		memset(piece, 0, count * bytes);
	return piece;
}

void *
h2_memory_realloc(void *piece, size_t bytes, void *context)
{
	size_t room = piece == NULL ? 0 : heap_room(piece);
	void *other;

	if (piece != NULL && bytes <= room)
		return piece;
	other = h2_memory_malloc(bytes, context);
	if (other != NULL && piece != NULL) {
		memcpy(other, piece, room);
		h2_memory_free(piece, context);
	}
	return other;
}
