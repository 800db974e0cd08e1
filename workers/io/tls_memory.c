/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSL's memory. A worker inherits what the master has loaded of OpenSSL, and the holes between
 * it: if it filled those, each small piece would be a page of its own that is no longer shared. So
 * what a connection needs lies close together in areas of the worker: small pieces, most of which
 * last as long as the connection, and apart from them large ones, which are buffers and can be
 * given back while the client is quiet. Which pieces are freed and when is OpenSSL's and tls.c's
 * business. Master (before it forks) and workers. Rules: nothing is asked of the system for a piece
 * as long as it fits; what does not fit comes from malloc(3).
 * Shown by test_tls_memory.c. */
#include "workers/io/tls_memory.h"

#ifdef HAVE_OPENSSL

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "workers/mem/heap.h"

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

struct area {
	struct heap *heap;          /* NULL: not in use */
	char *start;
	size_t bytes;
	size_t piece_count;
};

static _Alignas(PAGE_BYTES) char small_pieces[SMALL_BYTES], large_pieces[LARGE_BYTES];
static struct area small = { NULL, small_pieces, sizeof small_pieces, 0 };
static struct area large = { NULL, large_pieces, sizeof large_pieces, 0 };

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

static void *
take(size_t bytes, const char *file, int line)
{
	struct area *area = bytes < LARGE_FROM_BYTES ? &small : &large;
	void *piece;

	(void)file;
	(void)line;
	if (bytes == 0)
		return NULL;
	piece = area->heap == NULL ? NULL : heap_alloc(area->heap, bytes);
	if (piece == NULL)
		return malloc(bytes);
	area->piece_count++;
	return piece;
}

static void
give(void *piece, const char *file, int line)
{
	struct area *area = area_of(piece);
	struct heap_hole hole;

	(void)file;
	(void)line;
	if (area == NULL) {
		free(piece);
		return;
	}
	area->piece_count--;
	heap_free(area->heap, piece, &hole);
}

static void *
resize(void *piece, size_t bytes, const char *file, int line)
{
	size_t old_bytes;
	void *other;

	if (piece == NULL)
		return take(bytes, file, line);
	if (area_of(piece) == NULL)
		return realloc(piece, bytes);
	if (bytes == 0) {
		give(piece, file, line);
		return NULL;
	}
	old_bytes = heap_room(piece);
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

void
tls_memory_trim(void)
{
	if (large.heap != NULL && large.piece_count == 0 &&
	    madvise(large.start, large.bytes, MADV_DONTNEED) == 0)
		large.heap = heap_init(large.start, large.bytes);
}

#endif
