/* SPDX-License-Identifier: BSD-2-Clause */
/* Content through a codec. Leaves to compress.c whether that is to be done, and the fields.
 * Workers, unprivileged. Rules: what is small is compressed before the head is sent, so that its
 * length can be told, and only if it becomes smaller; what is large passes through in pieces
 * while it is sent, and a file that has not got what the head has promised ends it.
 * Shown by test_compress.c and tests/integration/20-static/test_compression.py. */
#include "workers/handler/compressor.h"

#include <errno.h>
#include <unistd.h>

#include "server/base/log.h"
#include "workers/handler/resolve.h"

#define INPUT_BYTES 65536            /* read and compressed at a time */

/* What is left of the content. */
struct input {
	const struct answer_segment *segments;
	unsigned segment_count;
	uint64_t taken_bytes;       /* of the first segment */
	int file_fd;                /* owned; -1: none */
	struct answer_source source; /* owned; read not NULL: in place of the segments */
};

struct compression {            /* context of the answer's source */
	const struct codec *codec;
	struct input input;
	char *buffer;               /* INPUT_BYTES */
	struct codec_io io;
	bool has_all;               /* nothing is left of the input but what io holds */
	bool is_finished;
};

/* The content becomes the input, and the answer has none any more. */
static bool
take_content(const struct exchange *exchange, struct answer *answer, struct input *input_out)
{
	size_t bytes = answer->segment_count * sizeof *answer->segments;
	struct answer_segment *segments = arena_alloc(exchange->scratch, bytes);

	if (segments == NULL)
		return false;
	memcpy(segments, answer->segments, bytes);
	*input_out = (struct input){ segments, answer->segment_count, 0, answer->file_fd,
		answer->source };
	answer->file_fd = -1;
	answer->source.read = NULL;
	answer_drop_content(answer);
	return true;
}

static void
close_input(struct input *input)
{
	if (input->file_fd >= 0)
		(void)close(input->file_fd);
	if (input->source.read != NULL && input->source.close != NULL)
		input->source.close(input->source.context);
}

/* Up to cap bytes of a segment; -1: the file has not got them. */
static long
read_segment(const struct answer_segment *segment, int file_fd, uint64_t from, char *out,
    size_t cap)
{
	size_t bytes = segment->len - from < cap ? (size_t)(segment->len - from) : cap;
	ssize_t n;

	if (bytes == 0)
		return 0;
	if (segment->kind == ANSWER_MEMORY) {
		memcpy(out, segment->data.data + from, bytes);
		return (long)bytes;
	}
	n = resolve_read(file_fd, out, bytes, (off_t)(segment->offset + from));
	if (n > 0)
		return (long)n;
	if (n == 0 || resolve_waits())
		log_error("a file cannot be compressed: %s",
		    n < 0 ? strerror(errno) : "it was truncated meanwhile");
	return -1;
}

/* Fills out as far as there is input; 0: there is none left. */
static long
read_segments(struct input *input, char *out, size_t cap)
{
	size_t used = 0;

	while (input->segment_count > 0 && used < cap) {
		long n = read_segment(input->segments, input->file_fd, input->taken_bytes,
		    out + used, cap - used);

		if (n < 0)
			return -1;
		used += (size_t)n;
		input->taken_bytes += (uint64_t)n;
		if (input->taken_bytes == input->segments->len) {
			input->segments++;
			input->segment_count--;
			input->taken_bytes = 0;
		}
	}
	return (long)used;
}

/* ---- piece by piece, while it is sent ---- */

static bool
refill(struct compression *compression)
{
	struct input *input = &compression->input;
	bool has_source = input->source.read != NULL;
	long n = has_source ?
	    input->source.read(input->source.context, compression->buffer, INPUT_BYTES) :
	    read_segments(input, compression->buffer, INPUT_BYTES);

	if (n < 0)
		return false;
	compression->io.in = compression->buffer;
	compression->io.in_bytes = (size_t)n;
	compression->has_all = has_source ? n == 0 : input->segment_count == 0;
	return true;
}

static long
read_compressed(void *context, char *out, size_t cap)
{
	struct compression *compression = context;
	struct codec_io *io = &compression->io;

	io->out = out;
	io->out_bytes = cap;
	while (!compression->is_finished && io->out_bytes > 0) {
		if (io->in_bytes == 0 && !compression->has_all && !refill(compression))
			return -1;
		switch (compression->codec->run(io, compression->has_all)) {
		case CODEC_GOES_ON:
			break;
		case CODEC_FINISHED:
			compression->is_finished = true;
			break;
		case CODEC_FAILED:
			log_error("an answer cannot be compressed any further");
			return -1;
		}
	}
	return (long)(cap - io->out_bytes);
}

static void
close_compressed(void *context)
{
	struct compression *compression = context;

	compression->codec->end();
	close_input(&compression->input);
}

static bool
compress_by_pieces(const struct exchange *exchange, struct answer *answer,
    const struct codec *codec, unsigned level)
{
	struct compression *compression = arena_alloc(exchange->scratch, sizeof *compression);
	char *buffer = arena_alloc(exchange->scratch, INPUT_BYTES);
	uint64_t bytes = answer->source.read != NULL ? CODEC_BYTES_UNKNOWN : answer->content_bytes;

	if (compression == NULL || buffer == NULL || !codec->begin(level, bytes))
		return false;
	*compression = (struct compression){ .codec = codec, .buffer = buffer };
	if (!take_content(exchange, answer, &compression->input)) {
		codec->end();
		return false;
	}
	answer->source = (struct answer_source){ read_compressed, close_compressed, compression };
	return true;
}

/* ---- at once ---- */

/* All of the content in one piece; empty: it cannot be had, which sending finds out as well. */
static struct slice
gather(const struct exchange *exchange, const struct answer *answer)
{
	struct input input = { answer->segments, answer->segment_count, 0, answer->file_fd,
		{ NULL, NULL, NULL } };
	size_t bytes = (size_t)answer->content_bytes;
	char *all;

	if (answer->segment_count == 1 && answer->segments[0].kind == ANSWER_MEMORY)
		return answer->segments[0].data;
	all = arena_alloc(exchange->scratch, bytes);
	if (all == NULL || read_segments(&input, all, bytes) != (long)bytes)
		return slice_make(NULL, 0);
	return slice_make(all, bytes);
}

/* False: it would not become smaller, or cannot be done. */
static bool
compress_at_once(const struct exchange *exchange, struct answer *answer,
    const struct codec *codec, unsigned level)
{
	struct slice all = gather(exchange, answer);
	char *out = arena_alloc(exchange->scratch, all.len);
	struct codec_io io = { all.data, all.len, out, all.len };
	bool is_smaller;

	if (all.len == 0 || out == NULL || !codec->begin(level, all.len))
		return false;
	is_smaller = codec->run(&io, true) == CODEC_FINISHED && io.out_bytes > 0;
	codec->end();
	if (!is_smaller)
		return false;
	answer_drop_content(answer);
	answer_memory(answer, slice_make(out, all.len - io.out_bytes));
	return true;
}

bool
compressor_run(const struct exchange *exchange, struct answer *answer,
    const struct codec *codec, unsigned level)
{
	bool is_small = answer->source.read == NULL && answer->content_bytes <= CODEC_SMALL_BYTES;

	return is_small ? compress_at_once(exchange, answer, codec, level) :
	    compress_by_pieces(exchange, answer, codec, level);
}
