/* SPDX-License-Identifier: BSD-2-Clause */
/* The content of an answer over HTTP/2, piece by piece, straight into the output: memory, files and
 * what is made while it is sent. Workers, unprivileged. Rules: exactly what Content-Length says, or
 * the stream is reset; a limited rate is kept for each stream by itself.
 * Shown by tests/integration/75-http2. */
#include "workers/conn/h2_parts.h"

#include <errno.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/log.h"

#define STAGE_BYTES 16384           /* a source is asked for no less than 4096 bytes */
#define RATE_SHARE 8                /* pieces in a second */
#define RATE_PIECE_MIN_BYTES 512

/* What may go now, with a rate; 0: nothing yet. */
static size_t
allowance(struct h2_stream *stream, size_t cap)
{
	uint64_t piece = stream->rate_bytes_s / RATE_SHARE;
	int64_t now_us;

	stream->waits_for_rate = false;
	if (stream->rate_bytes_s == 0)
		return cap;
	now_us = clock_mono_us();
	if (now_us < stream->due_mono_us) {
		stream->waits_for_rate = true;
		return 0;
	}
	piece = piece < RATE_PIECE_MIN_BYTES ? RATE_PIECE_MIN_BYTES : piece;
	cap = piece < cap ? (size_t)piece : cap;
	stream->due_mono_us = now_us + (int64_t)(cap * UINT64_C(1000000) / stream->rate_bytes_s);
	return cap;
}

static long
read_file(int fd, uint64_t offset, char *out, size_t bytes)
{
	ssize_t n;

	do {
		n = pread(fd, out, bytes, (off_t)offset);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		log_error("a file cannot be read: %s",
		    n < 0 ? strerror(errno) : "it was truncated while it was sent");
	return n <= 0 ? -1 : n;
}

static long
read_ready(struct h2_stream *stream, char *out, size_t cap, bool *is_end)
{
	const struct cached_answer *kept = stream->ready.answer;
	uint64_t all = kept->fd >= 0 ? kept->file_bytes : kept->content_bytes;
	uint64_t left = all - stream->segment_at;
	long n = (long)(left < cap ? left : cap);

	if (kept->fd >= 0 && n > 0)
		n = read_file(kept->fd, stream->segment_at, out, (size_t)n);
	else if (n > 0)
		memcpy(out, kept->content + stream->segment_at, (size_t)n);
	if (n > 0)
		stream->segment_at += (uint64_t)n;
	*is_end = stream->segment_at == all;
	return n;
}

static long
read_segment(struct h2_stream *stream, const struct answer_segment *segment, char *out,
    size_t cap)
{
	uint64_t left = segment->len - stream->segment_at;
	long n = (long)(left < cap ? left : cap);

	if (segment->kind == ANSWER_FILE)
		n = read_file(stream->answer.file_fd, segment->offset + stream->segment_at, out,
		    (size_t)n);
	else
		memcpy(out, segment->data.data + stream->segment_at, (size_t)n);
	if (n > 0)
		stream->segment_at += (uint64_t)n;
	return n;
}

static long
read_segments(struct h2_stream *stream, char *out, size_t cap, bool *is_end)
{
	const struct answer *answer = &stream->answer;
	size_t at = 0;

	while (stream->segment_index < answer->segment_count) {
		const struct answer_segment *segment = &answer->segments[stream->segment_index];

		if (stream->segment_at == segment->len) {
			stream->segment_index++;
			stream->segment_at = 0;
		} else if (at == cap) {
			return (long)at;
		} else {
			long n = read_segment(stream, segment, out + at, cap - at);

			if (n < 0)
				return -1;
			at += (size_t)n;
		}
	}
	*is_end = answer->source.read == NULL;
	return (long)at;
}

/* More of what the source makes. False: it cannot go on. */
static bool
fill_stage(struct h2_stream *stream)
{
	const struct answer_source *source = &stream->answer.source;
	long n;

	if (stream->stage == NULL)
		stream->stage = arena_alloc(&stream->arena, STAGE_BYTES);
	if (stream->stage == NULL)
		return false;
	n = source->read(source->context, stream->stage, STAGE_BYTES);
	stream->stage_at = 0;
	stream->stage_bytes = n > 0 ? (size_t)n : 0;
	stream->is_stage_last = n == 0;
	return n >= 0;
}

static long
read_source(struct h2_stream *stream, char *out, size_t cap, bool *is_end)
{
	size_t at = 0;

	for (;;) {
		size_t part = stream->stage_bytes - stream->stage_at;

		part = part < cap - at ? part : cap - at;
		if (part > 0)
			memcpy(out + at, stream->stage + stream->stage_at, part);
		stream->stage_at += part;
		at += part;
		if (stream->stage_at < stream->stage_bytes)
			return (long)at;
		/* Whether that was all is not known before the source is asked again. */
		if (!stream->is_stage_last && !fill_stage(stream))
			return -1;
		if (stream->is_stage_last) {
			*is_end = true;
			return (long)at;
		}
	}
}

long
h2_content_read(void *owner, void *of, char *out, size_t cap, bool *is_end)
{
	struct h2_stream *stream = of;
	struct h2 *h2 = owner;
	long n;

	cap = allowance(stream, cap);
	if (cap == 0)
		return 0;
	if (stream->ready.head != NULL)
		n = read_ready(stream, out, cap, is_end);
	else
		n = read_segments(stream, out, cap, is_end);
	if (n == 0 && !*is_end)     /* what comes behind them */
		n = read_source(stream, out, cap, is_end);
	if (n > 0)
		stream->turn.body_sent_bytes += (uint64_t)n;
	if (n >= 0 && *is_end) {
		stream->is_complete = true;
		if (stream->ready.head == NULL || stream->ready.answer->fd >= 0)
			h2->now_mono_us = clock_mono_us(); /* it may have taken long */
		h2->has_unwanted |= !stream->is_ended;
	}
	return n;
}
