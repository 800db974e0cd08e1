/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files behind session.h share: the session itself. Seen by session.c, session_in.c and
 * session_out.c only, where nghttp2 is there. */
#ifndef MUSTER_HTTP2_SESSION_PARTS_H
#define MUSTER_HTTP2_SESSION_PARTS_H

#include "workers/http2/budget.h"
#include "workers/http2/memory.h"
#include "workers/http2/session.h"
#include "workers/http2/watch.h"

#ifdef HAVE_NGHTTP2

#include <nghttp2/nghttp2.h>

struct h2_session {
	const struct h2_owner *functions;
	void *owner;
	struct h2_memory memory;
	nghttp2_mem allocator;
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *options;
	nghttp2_session *session;   /* NULL: no connection */
	struct h2_budget budget;
	struct h2_watch watch;
	int64_t untold_count;       /* frames that nghttp2 has ignored, until they are paid for */
	int64_t now_mono_ms;        /* of the call at hand */
	size_t header_bytes;        /* limit */
	size_t list_bytes;          /* fed since the list at hand began */
	size_t field_bytes;         /* of the list at hand, as they are read */
	void *list_stream;          /* of the request whose list is at hand; NULL: of none */
	bool is_in_head;
	bool has_more;
	bool is_noticed;            /* a PING was answered */
	bool is_terminated;         /* GOAWAY is in the output, or will be next */
	char *out;                  /* of h2_session_produce() */
	size_t out_cap, out_len;
	const uint8_t *rest;        /* of a frame that did not fit, nghttp2's until it is asked
	                             * again */
	size_t rest_bytes;
};

static inline void *
h2_session_stream(const struct h2_session *own, int32_t stream_id)
{
	return nghttp2_session_get_stream_user_data(own->session, stream_id);
}

/* session.c */
/* The client has done what is no work; the connection ends when it has done too much of that. */
void h2_session_charge(struct h2_session *own, unsigned cost);
/* session_in.c and session_out.c: nghttp2 calls them from then on. */
void h2_session_set_input(nghttp2_session_callbacks *all);
void h2_session_set_output(nghttp2_session_callbacks *all);

#endif

#endif
