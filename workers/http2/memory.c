/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc(3) over mem/heap.c. Workers, unprivileged. Rule: no system call but in init and trim, and
 * what does not fit is refused: a client cannot make a worker larger than the area.
 * Shown by test_memory.c. */
#include "workers/http2/memory.h"

#include <stdint.h>
#include <string.h>

#define KEEP_BYTES ((size_t)128 * 1024)

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

void
h2_memory_trim(struct h2_memory *memory)
{
	arena_trim(&memory->area, KEEP_BYTES);
}

void *
h2_memory_malloc(size_t bytes, void *context)
{
	struct h2_memory *memory = context;

	return note(memory, heap_alloc(memory->heap, bytes));
}

void
h2_memory_free(void *piece, void *context)
{
	struct h2_memory *memory = context;
	struct heap_hole hole;

	if (piece != NULL)
		heap_free(memory->heap, piece, &hole);
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
