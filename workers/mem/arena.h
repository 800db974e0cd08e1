/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of one request: a block mapped before the request came, handed out from its
 * start and taken back whole. No system call after arena_init(). */
#ifndef MUSTER_MEM_ARENA_H
#define MUSTER_MEM_ARENA_H

#include <stddef.h>

struct arena {                  /* caller's storage */
	char *base;
	size_t cap, used;           /* bytes */
	size_t peak;                /* of used, since arena_init() or arena_trim() */
};

/* Maps cap bytes of address space, which become memory only where they are used. 0, or -1 and
 * errno. */
int arena_init(struct arena *arena, size_t cap);
void arena_fini(struct arena *arena);
/* An arena in a piece of another one, which takes it back with its own reset: never arena_fini()
 * it, and arena_trim() it only if it begins at a page. -1: it does not fit. */
int arena_carve(struct arena *whole, size_t cap, struct arena *part_out);
/* Aligned for any type, not zeroed. NULL when it does not fit: an answer of 500, never a
 * longer life. Valid until arena_reset(). */
void *arena_alloc(struct arena *arena, size_t bytes);
void arena_reset(struct arena *arena);
/* Just before arena_reset(), or while nothing is in use: gives memory beyond keep_bytes back to
 * the system, so that one large request does not hold it for ever. No system call where no
 * more was used. */
void arena_trim(struct arena *arena, size_t keep_bytes);
size_t arena_left(const struct arena *arena);

#endif
