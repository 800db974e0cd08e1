/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client's frames must not do although nghttp2 lets them, most of it about streams that are
 * no more. Looks at the bytes before nghttp2 gets them. Pure: bytes in, verdict out. */
#ifndef MUSTER_HTTP2_WATCH_H
#define MUSTER_HTTP2_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "workers/http2/session.h"

#define H2_WATCH_START_BYTES 13     /* the head of a frame, and a number behind it */
#define H2_WATCH_ENDED_COUNT 64     /* streams that are known to have ended; a power of two */
#define H2_WATCH_GAP_COUNT 8        /* known gaps between streams; a power of two */

struct h2_watch {                   /* caller's storage; fields are private to watch.c */
	size_t skip_bytes;          /* before the next frame */
	size_t start_bytes;         /* of the frame at hand, in start */
	unsigned char start[H2_WATCH_START_BYTES];
	uint32_t last_id;           /* the highest stream that was opened */
	uint32_t ended_ids[H2_WATCH_ENDED_COUNT]; /* the client ended or reset them; a ring */
	unsigned ended_count;
	struct { uint32_t first_id, last_id; } gaps[H2_WATCH_GAP_COUNT]; /* never opened; a ring */
	unsigned gap_count;
};

struct h2_watch_verdict {
	enum h2_error error;        /* of the connection; H2_NO_ERROR: none */
	size_t good_bytes;          /* come before the frame that is the error; all without one */
	size_t frame_count;         /* that began among them */
};

/* A connection begins, with its preface. */
void h2_watch_init(struct h2_watch *watch);
/* The next bytes of it. After an error nothing more may be asked. */
struct h2_watch_verdict h2_watch_input(struct h2_watch *watch, const char *in, size_t bytes);

#endif
