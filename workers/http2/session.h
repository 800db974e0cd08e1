/* SPDX-License-Identifier: BSD-2-Clause */
/* One HTTP/2 connection (RFC 9113) as bytes: what the client sent goes in, events come out, and
 * what is to be sent is asked for. Over nghttp2, which is seen nowhere else. Pure: no descriptor,
 * no clock, and no memory but what was mapped before. */
#ifndef MUSTER_HTTP2_SESSION_H
#define MUSTER_HTTP2_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workers/mem/slice.h"

#define H2_PREFACE SLICE_LITERAL("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
#define H2_FIELDS_MAX 80            /* of an answer, with its status */
#define H2_OUT_MIN_BYTES 32768      /* least room for h2_session_produce() */

/* Of RFC 9113 7; those that are used here. */
enum h2_error {
	H2_NO_ERROR = 0,
	H2_PROTOCOL_ERROR = 1,
	H2_INTERNAL_ERROR = 2,
	H2_STREAM_CLOSED = 5,
	H2_FRAME_SIZE_ERROR = 6,
	H2_REFUSED_STREAM = 7,
	H2_CANCEL = 8,
	H2_ENHANCE_YOUR_CALM = 11,
};

struct h2_session;                  /* one a process: for one connection after the other */

/* What the session tells its owner. `stream` is what begin() returned for it. None of these may
 * call a function of the session but where it says so. */
struct h2_owner {
	/* A request begins. NULL: it is refused, REFUSED_STREAM. */
	void *(*begin)(void *owner, int32_t stream_id);
	/* The next field of its header list, valid during the call. */
	void (*field)(void *owner, void *stream, struct slice name, struct slice value);
	/* The list is whole. has_content: DATA will follow. False: it is malformed, and the
	 * stream is reset; who finds out later says so with h2_session_refuse(). */
	bool (*head)(void *owner, void *stream, bool has_content);
	/* Content came, or its end, maybe with none. */
	void (*content)(void *owner, void *stream, size_t bytes, bool is_end);
	/* Up to cap bytes of the answer's content to out, at least 1. 0: the end when
	 * *is_end_out is set, which may be said with the last bytes, too; else nothing for now,
	 * see h2_session_resume(). -1: it cannot go on: the stream is reset, INTERNAL_ERROR. */
	long (*read)(void *owner, void *stream, char *out, size_t cap, bool *is_end_out);
	/* So many bytes of frames of the stream are in the output. */
	void (*sent)(void *owner, void *stream, size_t bytes);
	/* The stream has ended, whole or not; nothing will be told of it any more. */
	void (*closed)(void *owner, void *stream);
};

struct h2_settings {
	unsigned stream_count;      /* at the same time; at least 1 */
	size_t header_bytes;        /* of a request: more is not looked at */
};

struct h2_field {
	struct slice name;          /* lower case */
	struct slice value;
};

/* Whether there is HTTP/2 in this build. */
bool h2_session_is_built(void);
/* functions and owner are used as long as the session. NULL: errno; ENOTSUP: built without
 * nghttp2. Freed with the process. */
struct h2_session *h2_session_new(const struct h2_owner *functions, void *owner);

/* A connection begins; its preface is part of what is fed. False: no memory. */
bool h2_session_begin(struct h2_session *session, const struct h2_settings *settings,
    int64_t now_mono_ms);
/* It has ended; closed() is not called for streams that are left. */
void h2_session_end(struct h2_session *session);

/* All bytes are used. False: nothing more is understood; what h2_session_produce() still has is to
 * be sent, and the connection ends. */
bool h2_session_feed(struct h2_session *session, const char *in, size_t bytes,
    int64_t now_mono_ms);
/* What is to be sent, as much as there is room for: cap is at least H2_OUT_MIN_BYTES. Less than
 * fits is all there is for now. */
size_t h2_session_produce(struct h2_session *session, char *out, size_t cap, int64_t now_mono_ms);
/* The last produce stopped for want of room: there may be more. */
bool h2_session_has_more(const struct h2_session *session);
/* Neither side has anything to say any more. */
bool h2_session_is_over(const struct h2_session *session);
/* A header list has begun and is not whole yet. */
bool h2_session_is_in_head(const struct h2_session *session);
/* The client keeps the stream from being sent: its window is used up. */
bool h2_session_is_shut(struct h2_session *session, int32_t stream_id);

/* The answer's head; its content is asked for with read() then. fields: ":status" first; their
 * texts have to live until closed(). False: the stream is not there any more, or no memory. */
bool h2_session_answer(struct h2_session *session, int32_t stream_id,
    const struct h2_field *fields, size_t count, bool has_content);
/* An interim answer (1xx), before that one; the same goes for its fields. */
void h2_session_inform(struct h2_session *session, int32_t stream_id,
    const struct h2_field *fields, size_t count);
/* read() had nothing, and now has. */
void h2_session_resume(struct h2_session *session, int32_t stream_id);
void h2_session_reset(struct h2_session *session, int32_t stream_id, enum h2_error error);
/* As if head() had found it malformed. */
void h2_session_refuse(struct h2_session *session, int32_t stream_id);

/* The connection is about to end: streams that the client has begun by now are still answered.
 * An end without loss takes both, in this order, with a round trip in between (RFC 9113 6.8). */
void h2_session_give_notice(struct h2_session *session);
/* The client has answered since then: it knows. */
bool h2_session_is_noticed(const struct h2_session *session);
void h2_session_go_away(struct h2_session *session);
/* At once: GOAWAY with that error, and no stream goes on. */
void h2_session_terminate(struct h2_session *session, enum h2_error error);

#endif
