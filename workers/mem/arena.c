/* SPDX-License-Identifier: BSD-2-Clause */
/* The bump allocator of a worker. Rule: in steady state it makes no system call, which
 * tests/integration/20-static shows with strace. Shown by test_arena.c. */
#include "workers/mem/arena.h"

#include <stdalign.h>
#include <sys/mman.h>

int
arena_init(struct arena *arena, size_t cap)
{
	void *base = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	arena->base = base == MAP_FAILED ? NULL : base;
	arena->cap = arena->base == NULL ? 0 : cap;
	arena->used = 0;
	return arena->base == NULL ? -1 : 0;
}

void
arena_fini(struct arena *arena)
{
	if (arena->base != NULL)
		(void)munmap(arena->base, arena->cap);
	arena->base = NULL;
	arena->cap = arena->used = 0;
}

void *
arena_alloc(struct arena *arena, size_t bytes)
{
	size_t unit = alignof(max_align_t);
	void *got;

	if (bytes > arena->cap - arena->used)
		return NULL;
	got = arena->base + arena->used;
	/* Rounding stops at the end. */
	bytes = (bytes + unit - 1) / unit * unit;
	arena->used = bytes > arena->cap - arena->used ? arena->cap : arena->used + bytes;
	return got;
}

void
arena_reset(struct arena *arena)
{
	arena->used = 0;
}

size_t
arena_left(const struct arena *arena)
{
	return arena->cap - arena->used;
}
