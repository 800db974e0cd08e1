/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdicts of watch.h. Leaves to nghttp2 all that it looks at itself. Workers, unprivileged, on
 * bytes that clients sent; pure. Rules: a client that keeps RFC 9113 never gets an error from
 * here, but for a stream that is to depend on itself (RFC 7540 5.3.1), which nobody asks for; so
 * what is not known for certain is let pass: a stream that we have reset may still get what was on
 * its way, so only the client's own ends count; the memory of them is a ring, and what has fallen
 * out of it is ignored, as nghttp2 does. Shown by test_watch.c, fuzz_h2_watch.c,
 * test_h2_states.py and test_h2_frames.py. */
#include "workers/http2/watch.h"

#include <stdbool.h>
#include <string.h>

#define HEAD_BYTES 9
#define NUMBER_BYTES 4
#define PRIORITY_BYTES 5            /* a number and a weight */
#define FRAME_MAX_BYTES 16384       /* we never say that we take more */
#define ID_MASK 0x7fffffffU         /* the first bit is reserved */
#define END_STREAM 1

enum {
	DATA = 0,
	HEADERS = 1,
	PRIORITY = 2,
	RST_STREAM = 3,
	CONTINUATION = 9,
	PRIORITY_UPDATE = 16,
};

void
h2_watch_init(struct h2_watch *watch)
{
	memset(watch, 0, sizeof *watch);
	watch->skip_bytes = H2_PREFACE.len;
}

static uint32_t
number_at(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool
has_ended(const struct h2_watch *watch, uint32_t id)
{
	unsigned known = watch->ended_count < H2_WATCH_ENDED_COUNT ? watch->ended_count :
	    H2_WATCH_ENDED_COUNT;
	unsigned i;

	for (i = 0; i < known; i++) {
		if (watch->ended_ids[i] == id)
			return true;
	}
	return false;
}

/* It was idle when a higher one was opened, and that has closed it (5.1.1). */
static bool
was_never_opened(const struct h2_watch *watch, uint32_t id)
{
	unsigned known = watch->gap_count < H2_WATCH_GAP_COUNT ? watch->gap_count :
	    H2_WATCH_GAP_COUNT;
	unsigned i;

	for (i = 0; i < known; i++) {
		if (id >= watch->gaps[i].first_id && id <= watch->gaps[i].last_id)
			return true;
	}
	return false;
}

static void
note_open(struct h2_watch *watch, uint32_t id)
{
	uint32_t next_id = watch->last_id == 0 ? 1 : watch->last_id + 2;

	if (id % 2 == 0)
		return;             /* nghttp2 does not let it pass */
	if (id > next_id) {
		watch->gaps[watch->gap_count % H2_WATCH_GAP_COUNT].first_id = next_id;
		watch->gaps[watch->gap_count % H2_WATCH_GAP_COUNT].last_id = id - 2;
		watch->gap_count++;
	}
	watch->last_id = id;
}

static void
note_end(struct h2_watch *watch, uint32_t id)
{
	watch->ended_ids[watch->ended_count % H2_WATCH_ENDED_COUNT] = id;
	watch->ended_count++;
	if (watch->ended_count == 2 * H2_WATCH_ENDED_COUNT)
		watch->ended_count = H2_WATCH_ENDED_COUNT; /* the same place, and full */
}

/* HEADERS and DATA (5.1). */
static enum h2_error
look_at_message(struct h2_watch *watch, unsigned type, unsigned flags, uint32_t id)
{
	if (id > watch->last_id && type == HEADERS) {
		note_open(watch, id);
	} else if (id <= watch->last_id) {
		if (has_ended(watch, id))
			return H2_STREAM_CLOSED;
		if (was_never_opened(watch, id))
			return type == HEADERS ? H2_PROTOCOL_ERROR : H2_STREAM_CLOSED;
	}
	if ((flags & END_STREAM) != 0)
		note_end(watch, id);
	return H2_NO_ERROR;
}

/* A frame of which watch->start has the beginning. */
static enum h2_error
look_at(struct h2_watch *watch, size_t bytes)
{
	unsigned type = watch->start[3], flags = watch->start[4];
	uint32_t id = number_at(watch->start + 5) & ID_MASK;
	uint32_t about_id = number_at(watch->start + HEAD_BYTES) & ID_MASK;

	switch (type) {
	case DATA:
	case HEADERS:
		return look_at_message(watch, type, flags, id);
	case PRIORITY:
		/* On itself: RFC 7540 5.3.1, which clients may still be tested by. */
		return id == 0 || (watch->start_bytes > HEAD_BYTES && about_id == id) ?
		    H2_PROTOCOL_ERROR : H2_NO_ERROR;
	case PRIORITY_UPDATE:
		return watch->start_bytes > HEAD_BYTES && about_id == 0 ? H2_PROTOCOL_ERROR :
		    H2_NO_ERROR;
	case RST_STREAM:
		if (id <= watch->last_id && !has_ended(watch, id))
			note_end(watch, id);
		return H2_NO_ERROR;
	case CONTINUATION:
		return bytes > FRAME_MAX_BYTES ? H2_FRAME_SIZE_ERROR : H2_NO_ERROR;
	default:
		return H2_NO_ERROR;
	}
}

/* Of the start of the frame, as far as it is known. */
static size_t
wanted_bytes(const struct h2_watch *watch, size_t *frame_bytes_out)
{
	unsigned type = watch->start[3];

	if (watch->start_bytes < HEAD_BYTES)
		return HEAD_BYTES;
	*frame_bytes_out = number_at(watch->start) >> 8;
	return (type == PRIORITY && *frame_bytes_out == PRIORITY_BYTES) ||
	    (type == PRIORITY_UPDATE && *frame_bytes_out >= NUMBER_BYTES) ?
	    HEAD_BYTES + NUMBER_BYTES : HEAD_BYTES;
}

/* The start of a frame; false: there is more of it to come. */
static bool
gather(struct h2_watch *watch, const char *in, size_t bytes, size_t *at, size_t *frame_bytes_out)
{
	if (watch->start_bytes == 0 && bytes - *at >= H2_WATCH_START_BYTES) { /* mostly */
		memcpy(watch->start, in + *at, H2_WATCH_START_BYTES);
		watch->start_bytes = HEAD_BYTES;
		watch->start_bytes = wanted_bytes(watch, frame_bytes_out);
		*at += watch->start_bytes;
		return true;
	}
	while (watch->start_bytes < wanted_bytes(watch, frame_bytes_out)) {
		if (*at == bytes)
			return false;
		watch->start[watch->start_bytes++] = (unsigned char)in[(*at)++];
	}
	return true;
}

struct h2_watch_verdict
h2_watch_input(struct h2_watch *watch, const char *in, size_t bytes)
{
	struct h2_watch_verdict verdict = { H2_NO_ERROR, bytes, 0 };
	size_t at = 0, frame_at, frame_bytes = 0;

	for (;;) {
		if (watch->skip_bytes >= bytes - at) {
			watch->skip_bytes -= bytes - at;
			return verdict;
		}
		at += watch->skip_bytes;
		watch->skip_bytes = 0;
		frame_at = watch->start_bytes == 0 ? at : 0;
		if (!gather(watch, in, bytes, &at, &frame_bytes))
			return verdict;
		verdict.error = look_at(watch, frame_bytes);
		if (verdict.error != H2_NO_ERROR) {
			verdict.good_bytes = frame_at;
			return verdict;
		}
		verdict.frame_count++;
		watch->skip_bytes = frame_bytes + HEAD_BYTES - watch->start_bytes;
		watch->start_bytes = 0;
	}
}
