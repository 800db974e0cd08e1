/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of one request: a block mapped before the request came, handed out from its
 * start and taken back whole. No system call after arena_init(). */
#ifndef MUSTER_MEM_ARENA_H
#define MUSTER_MEM_ARENA_H

#include <stddef.h>

struct arena {                  /* caller's storage */
	char *base;
	size_t cap, used;           /* bytes */
};

/* Maps cap bytes, touched only where used. 0, or -1 and errno. */
int arena_init(struct arena *arena, size_t cap);
void arena_fini(struct arena *arena);
/* Aligned for any type, not zeroed. NULL when it does not fit: an answer of 500, never a
 * longer life. Valid until arena_reset(). */
void *arena_alloc(struct arena *arena, size_t bytes);
void arena_reset(struct arena *arena);
size_t arena_left(const struct arena *arena);

#endif
