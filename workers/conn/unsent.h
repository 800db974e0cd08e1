/* SPDX-License-Identifier: BSD-2-Clause */
/* What another process has to know to go on with an answer whose file is sent in part, in a form
 * that goes from process to process with a parcel (parcel.h). Pure. */
#ifndef MUSTER_CONN_UNSENT_H
#define MUSTER_CONN_UNSENT_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/mem/slice.h"

struct unsent {                 /* fixed width: it is sent as it is */
	uint64_t offset, left_bytes; /* of the file: more than 0 */
	uint64_t sent_bytes;        /* of this answer, its head included */
	uint64_t body_sent_bytes;   /* without the head; not more */
	uint64_t content_bytes;     /* of the request, with its framing, as received */
	uint64_t progress_bytes;    /* as in struct stream_progress */
	int64_t progress_since_mono_ms;
	int64_t parked_mono_ms;     /* since then nobody has tried to send */
	int64_t start_wall_us, start_mono_us; /* of the request */
	uint32_t head_bytes;        /* of the request, at the front of the bytes that go along */
	uint32_t ahead_bytes;       /* of what the client sent behind it */
	uint32_t answer_head_bytes; /* of the answer's lines for the log */
	uint32_t user_bytes;        /* of the name of who has proved to be it */
	uint16_t status;
	uint16_t port;              /* that the client came to; 0: a Unix socket */
	uint8_t keeps_alive, must_close; /* as the answer said; as the handler did */
	uint8_t is_logged;          /* whether the location wants a record of it */
	uint8_t unused;
};

/* The bytes of a message: the request's head, what was read behind it, the lines of the answer's
 * head, the user, and then struct unsent. */
struct unsent_texts { struct slice answer_head, user; };

/* Behind the head_bytes and ahead_bytes that are in the buffer already; the lengths of the texts
 * are filled in here, and they may lie where they are to go. The bytes added; 0: there is no
 * room. */
size_t unsent_pack(struct unsent *unsent, const struct unsent_texts *texts, char *out, size_t cap);
/* False: no process of ours has written it. The texts point into in. */
bool unsent_unpack(const char *in, size_t bytes, struct unsent *unsent_out,
    struct unsent_texts *texts_out);

#endif
