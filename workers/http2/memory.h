/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of an HTTP/2 session, with the functions that a library wants to have for it: a
 * bounded heap, mapped once, so that no connection asks the system for any. */
#ifndef MUSTER_HTTP2_MEMORY_H
#define MUSTER_HTTP2_MEMORY_H

#include <stddef.h>

#include "workers/mem/arena.h"
#include "workers/mem/heap.h"

#define H2_MEMORY_SHELF_COUNT 16

struct h2_memory {                  /* caller's storage */
	struct arena area;
	struct heap *heap;
	void *shelves[H2_MEMORY_SHELF_COUNT]; /* pieces that were freed, by cost; each has the
	                             * next one in its first bytes */
};

/* 0, or -1 and errno. */
int h2_memory_init(struct h2_memory *memory, size_t bytes);
/* When every piece is freed: an idle worker keeps no more of it than it mostly needs. */
void h2_memory_trim(struct h2_memory *memory);

/* As malloc(3) has them; context is the struct h2_memory. NULL: it is used up. */
void *h2_memory_malloc(size_t bytes, void *context);
void h2_memory_free(void *piece, void *context);
void *h2_memory_calloc(size_t count, size_t bytes, void *context);
void *h2_memory_realloc(void *piece, size_t bytes, void *context);

#endif
