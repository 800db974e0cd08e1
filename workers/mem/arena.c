/* SPDX-License-Identifier: BSD-2-Clause */
/* The bump allocator of a worker. Rule: in steady state it makes no system call, which
 * tests/integration/20-static shows with strace. Shown by test_arena.c. */
#include "workers/mem/arena.h"

#include <stdalign.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE_BYTES (2 * 1024 * 1024)

int
arena_init(struct arena *arena, size_t cap)
{
	void *base = mmap(NULL, cap, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	arena->base = base == MAP_FAILED ? NULL : base;
	arena->cap = arena->base == NULL ? 0 : cap;
	arena->used = arena->peak = 0;
	if (arena->base == NULL)
		return -1;
	/* The first byte would cost each worker 2 MiB where the system gives huge pages unasked. */
	if (cap >= HUGE_PAGE_BYTES)
		(void)madvise(arena->base, cap, MADV_NOHUGEPAGE);
	return 0;
}

void
arena_fini(struct arena *arena)
{
	if (arena->base != NULL)
		(void)munmap(arena->base, arena->cap);
	arena->base = NULL;
	arena->cap = arena->used = arena->peak = 0;
}

int
arena_carve(struct arena *whole, size_t cap, struct arena *part_out)
{
	void *base = arena_alloc(whole, cap);

	*part_out = (struct arena){ base, base == NULL ? 0 : cap, 0, 0 };
	return base == NULL ? -1 : 0;
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
	if (arena->used > arena->peak)
		arena->peak = arena->used;
	return got;
}

void
arena_reset(struct arena *arena)
{
	arena->used = 0;
}

void
arena_trim(struct arena *arena, size_t keep_bytes)
{
	size_t page, keep;

	if (arena->peak <= keep_bytes)
		return;
	page = (size_t)sysconf(_SC_PAGESIZE);
	keep = (keep_bytes + page - 1) / page * page;
	if (arena->peak > keep)
		(void)madvise(arena->base + keep, arena->peak - keep, MADV_DONTNEED);
	arena->peak = keep_bytes;
}

size_t
arena_left(const struct arena *arena)
{
	return arena->cap - arena->used;
}
