/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of any size out of one area of memory, for who has a fixed amount of it and lets go of
 * something else when it is full. Needs no more memory than the area, and makes no system call.
 * All that an empty one writes to is at the start of the area. */
#ifndef MUSTER_MEM_HEAP_H
#define MUSTER_MEM_HEAP_H

#include <stddef.h>

struct heap;                        /* lies in the area itself */

/* What freeing a piece has left: a hole, and the pieces that bound it. */
struct heap_hole {
	size_t bytes;               /* a piece fits in when its heap_cost() is not more */
	void *before, *after;       /* NULL: the end of the area */
};

/* area: zeroed, aligned for any type, and as long as the heap is used. NULL: too small for
 * a single piece. */
struct heap *heap_init(void *area, size_t bytes);
/* Aligned for any type, not zeroed. NULL: no hole is large enough. */
void *heap_alloc(struct heap *heap, size_t bytes);
void heap_free(struct heap *heap, void *piece, struct heap_hole *hole_out);
/* How many bytes the piece may be used for: at least those asked for. */
size_t heap_room(const void *piece);
/* Tells of the inside of each hole, whose bytes mean nothing: its memory may be given back. */
void heap_tell_holes(struct heap *heap, void (*tell)(void *start, size_t bytes));
/* What a piece of so many bytes takes of the area. SIZE_MAX: more than any area has. */
size_t heap_cost(size_t bytes);

#endif
