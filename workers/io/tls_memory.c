/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSL's memory. A worker inherits what the master has loaded of OpenSSL, and the holes between
 * it: if it filled those, each small piece would be a page of its own that is no longer shared. So
 * what a connection needs lies close together in areas of the worker: small pieces, most of which
 * last as long as the connection, and apart from them large ones, which are buffers. While the
 * client is quiet, pages without a piece in use are given back. Which pieces are freed and when is
 * OpenSSL's and tls.c's business. Master (before it forks) and workers. Rules: nothing is asked of
 * the system for a piece as long as it fits; what does not fit comes from malloc(3).
 * Shown by test_tls_memory.c. */
#include "workers/io/tls_memory.h"

#ifdef HAVE_OPENSSL

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "workers/mem/heap.h"
#include "workers/mem/pages.h"

/* A sanitizer knows only what malloc(3) gives. */
#ifdef __SANITIZE_ADDRESS__
#define TLS_MEMORY_IS_CHECKED true
#else
#define TLS_MEMORY_IS_CHECKED false
#endif

#define PAGE_BYTES 4096
#define SMALL_BYTES (256 * 1024)    /* of the area; a connection takes 20 KiB */
#define LARGE_BYTES (512 * 1024)    /* a connection takes 70 KiB, 300 with client certificates */
#define LARGE_FROM_BYTES 8000       /* the struct of a connection is just below */

#define LOCKS_MAX 1024              /* OpenSSL has some 420 of them, more with many certificates */
#define UNIT_BYTES ((size_t)64)     /* sizes of pieces differ by that (heap.c) */
#define SPARE_UNITS 16              /* and are all there up to so many */

struct area {
	struct heap *heap;          /* NULL: not in use */
	char *start;
	size_t bytes;
};

static _Alignas(PAGE_BYTES) struct {
	/* Small pieces that were freed, by their size in units, one behind the other: most of what
	 * OpenSSL takes it frees at once, and takes again. Here, for a page less to be written. */
	_Alignas(UNIT_BYTES) void *spares[SPARE_UNITS];
	_Alignas(UNIT_BYTES) char pieces[SMALL_BYTES];
} small_memory;
static _Alignas(PAGE_BYTES) char large_pieces[LARGE_BYTES];
static struct area small = { NULL, small_memory.pieces, sizeof small_memory.pieces };
static struct area large = { NULL, large_pieces, sizeof large_pieces };

/* Locks of what the master has loaded: also who only reads writes to them, and each would cost a
 * worker the page that it is in. They are known by their size. */
union lock {
	union lock *next;           /* while it is not in use */
	pthread_rwlock_t lock;
};
static _Alignas(PAGE_BYTES) union lock locks[LOCKS_MAX];
static union lock *free_locks;
static size_t used_lock_count;      /* since the start: locks[] from there on are untouched */

static bool
is_in(const struct area *area, const void *piece)
{
	return (uintptr_t)piece - (uintptr_t)area->start < area->bytes;
}

static struct area *
area_of(const void *piece)
{
	if (is_in(&small, piece))
		return &small;
	return is_in(&large, piece) ? &large : NULL;
}

static bool
is_lock(const void *piece)
{
	return (uintptr_t)piece - (uintptr_t)locks < sizeof locks;
}

/* NULL: there is none left. */
static void *
take_lock(void)
{
	union lock *lock = free_locks;

	if (lock != NULL)
		free_locks = lock->next;
	else if (used_lock_count < LOCKS_MAX)
		lock = &locks[used_lock_count++];
	return lock;
}

static void
give_lock(union lock *lock)
{
	lock->next = free_locks;
	free_locks = lock;
}

/* NULL: there is none of that size. */
static void *
take_spare(size_t bytes)
{
	size_t units = heap_cost(bytes) / UNIT_BYTES;
	void *piece = units < SPARE_UNITS ? small_memory.spares[units] : NULL;

	if (piece != NULL)
		memcpy(&small_memory.spares[units], piece, sizeof piece);
	return piece;
}

/* False: it is too large. */
static bool
give_spare(void *piece)
{
	size_t units = heap_cost(heap_room(piece)) / UNIT_BYTES;

	if (units >= SPARE_UNITS)
		return false;
	memcpy(piece, &small_memory.spares[units], sizeof piece);
	small_memory.spares[units] = piece;
	return true;
}

static void *
take(size_t bytes, const char *file, int line)
{
	struct area *area = bytes < LARGE_FROM_BYTES ? &small : &large;
	void *piece;

	(void)file;
	(void)line;
	if (bytes == 0)
		return NULL;
	if (area->heap != NULL) {
		piece = take_spare(bytes);
		if (piece == NULL)
			piece = heap_alloc(area->heap, bytes);
	} else
		piece = bytes == sizeof(pthread_rwlock_t) ? take_lock() : NULL;
	return piece != NULL ? piece : malloc(bytes);
}

static void
give(void *piece, const char *file, int line)
{
	struct area *area = area_of(piece);
	struct heap_hole hole;

	(void)file;
	(void)line;
	if (area == NULL) {
		if (is_lock(piece))
			give_lock(piece);
		else
			free(piece);
		return;
	}
	if (area == &small && give_spare(piece))
		return;
	heap_free(area->heap, piece, &hole);
}

static void *
resize(void *piece, size_t bytes, const char *file, int line)
{
	size_t old_bytes;
	void *other;

	if (piece == NULL)
		return take(bytes, file, line);
	if (area_of(piece) == NULL && !is_lock(piece))
		return realloc(piece, bytes);
	if (bytes == 0) {
		give(piece, file, line);
		return NULL;
	}
	old_bytes = is_lock(piece) ? sizeof(union lock) : heap_room(piece);
	if (bytes <= old_bytes)
		return piece;
	other = take(bytes, file, line);
	if (other == NULL)
		return NULL;
	memcpy(other, piece, old_bytes);
	give(piece, file, line);
	return other;
}

void
tls_memory_init(void)
{
	(void)CRYPTO_set_mem_functions(take, resize, give);
}

void
tls_memory_use_own(void)
{
	if (small.heap != NULL || TLS_MEMORY_IS_CHECKED)
		return;
	small.heap = heap_init(small.start, small.bytes);
	large.heap = heap_init(large.start, large.bytes);
}

static void
give_spares_back(void)
{
	struct heap_hole hole;

	for (size_t units = 0; units < SPARE_UNITS; units++) {
		while (small_memory.spares[units] != NULL) {
			void *piece = small_memory.spares[units];

			memcpy(&small_memory.spares[units], piece, sizeof piece);
			heap_free(small.heap, piece, &hole);
		}
	}
}

void
tls_memory_trim(void)
{
	if (small.heap == NULL)
		return;
	give_spares_back();
	heap_tell_holes(small.heap, pages_give_back);
	heap_tell_holes(large.heap, pages_give_back);
}

#endif
