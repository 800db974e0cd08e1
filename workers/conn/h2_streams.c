/* SPDX-License-Identifier: BSD-2-Clause */
/* The streams of an HTTP/2 connection and their memory: one piece of address space for all, each
 * stream with an arena of its own, and a few large arenas for those that need one. Workers,
 * unprivileged. Rule: mapped once, when the first such connection comes; no system call for a
 * stream. Shown by tests/integration/75-http2. */
#include "workers/conn/h2_parts.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_BYTES 131072          /* as an HTTP/1.1 request has it; its header comes on top */
#define HEADERS_SHARE 6             /* a header list is copied, and its lines once more */
#define SCRATCH_BYTES ((size_t)32 * 1024 * 1024) /* of address space */
#define SCRATCH_KEEP_BYTES (256 * 1024)
#define KEEP_COUNT 16               /* blocks that an idle worker keeps */

static size_t
whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static struct h2_stream *
block(const struct h2 *h2, unsigned index)
{
	return (struct h2_stream *)(h2->blocks + index * h2->block_bytes);
}

int
h2_streams_init(struct h2 *h2)
{
	const struct config_limits *limits = &h2->conn->config->limits;
	struct arena all;
	unsigned i;

	h2->stream_count = limits->streams_per_connection;
	h2->arena_bytes = whole_pages(ARENA_BYTES + HEADERS_SHARE * limits->header_bytes);
	h2->block_bytes = whole_pages(sizeof(struct h2_stream)) + h2->arena_bytes;
	if (arena_init(&all, h2->stream_count * h2->block_bytes) < 0)
		return -1;
	h2->blocks = all.base;
	for (i = 0; i < H2_SCRATCH_COUNT; i++) {
		if (arena_init(&h2->scratches[i], SCRATCH_BYTES) < 0)
			return -1;
	}
	h2->out = malloc(H2_OUT_BYTES);
	return h2->out == NULL ? -1 : 0;
}

struct h2_stream *
h2_stream_new(struct h2 *h2, int32_t id)
{
	struct h2_stream *stream = h2->free;

	if (stream != NULL)
		h2->free = stream->next;
	else if (h2->fresh_count < h2->stream_count)
		stream = block(h2, h2->fresh_count++);
	else
		return NULL;
	memset(stream, 0, offsetof(struct h2_stream, head));
	stream->id = id;
	stream->arena.base = (char *)stream + h2->block_bytes - h2->arena_bytes;
	stream->arena.cap = h2->arena_bytes;
	h2->active_count++;
	return stream;
}

void
h2_stream_free(struct h2 *h2, struct h2_stream *stream)
{
	h2_scratch_release(h2, stream, false);
	stream->id = 0;
	stream->next = h2->free;
	h2->free = stream;
	h2->active_count--;
}

struct h2_stream *
h2_stream_next(struct h2 *h2, struct h2_stream *stream)
{
	unsigned i = stream == NULL ? 0 :
	    (unsigned)((size_t)((char *)stream - h2->blocks) / h2->block_bytes) + 1;

	while (i < h2->fresh_count && block(h2, i)->id == 0)
		i++;
	return i < h2->fresh_count ? block(h2, i) : NULL;
}

void
h2_stream_queue(struct h2 *h2, struct h2_stream *stream)
{
	stream->phase = H2_DUE;
	stream->next = NULL;
	if (h2->due_first == NULL)
		h2->due_first = stream;
	else
		h2->due_last->next = stream;
	h2->due_last = stream;
}

void
h2_stream_unqueue(struct h2 *h2, struct h2_stream *stream)
{
	struct h2_stream **link = &h2->due_first, *before = NULL;

	while (*link != NULL && *link != stream) {
		before = *link;
		link = &before->next;
	}
	if (*link == NULL)
		return;
	*link = stream->next;
	if (h2->due_last == stream)
		h2->due_last = before;
}

void
h2_streams_reset(struct h2 *h2)
{
	if (h2->fresh_count > KEEP_COUNT)
		(void)madvise(block(h2, KEEP_COUNT),
		    (h2->fresh_count - KEEP_COUNT) * h2->block_bytes, MADV_DONTNEED);
	h2->fresh_count = h2->active_count = 0;
	h2->free = h2->due_first = h2->due_last = NULL;
}

static unsigned
free_scratch(const struct h2 *h2)
{
	unsigned i = 0;

	while (i < H2_SCRATCH_COUNT && h2->is_scratch_taken[i])
		i++;
	return i;
}

bool
h2_scratch_is_free(const struct h2 *h2)
{
	return free_scratch(h2) < H2_SCRATCH_COUNT;
}

bool
h2_scratch_take(struct h2 *h2, struct h2_stream *stream)
{
	unsigned i;

	if (stream->scratch != NULL)
		return true;
	i = free_scratch(h2);
	if (i == H2_SCRATCH_COUNT)
		return false;
	h2->is_scratch_taken[i] = true;
	stream->scratch = &h2->scratches[i];
	return true;
}

void
h2_scratch_release(struct h2 *h2, struct h2_stream *stream, bool only_if_unused)
{
	struct arena *scratch = stream->scratch;

	if (scratch == NULL || (only_if_unused && scratch->used > 0))
		return;
	if (scratch->used > 0)
		arena_trim(scratch, SCRATCH_KEEP_BYTES);
	arena_reset(scratch);
	h2->is_scratch_taken[scratch - h2->scratches] = false;
	stream->scratch = NULL;
}
