/* SPDX-License-Identifier: BSD-2-Clause */
/* What nghttp2 tells of the client's frames, to the owner of the session (session.h). Workers,
 * unprivileged, on bytes that clients sent. Rules: every frame that is no work is paid for; nothing
 * is told of a stream that the owner does not know. Shown by test_session.c, test_floods.c and
 * tests/integration/75-http2. */
#include "workers/http2/session_parts.h"

#ifdef HAVE_NGHTTP2

#define LIST_READ_BYTES 262144      /* of what a list stands for, beyond what may be in it */

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct h2_session *own = context;
	int32_t id = frame->hd.stream_id;
	void *stream;

	own->is_in_head = true;
	own->list_bytes = own->field_bytes = 0;
	own->list_stream = NULL;
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	stream = own->functions->begin(own->owner, id);
	if (stream == NULL) {
		(void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
		    H2_REFUSED_STREAM);
		return 0;           /* without user data: nothing is told of it */
	}
	(void)nghttp2_session_set_stream_user_data(session, id, stream);
	own->list_stream = stream;
	return 0;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_bytes, const uint8_t *value, size_t value_bytes, uint8_t flags, void *context)
{
	struct h2_session *own = context;
	bool is_request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;

	(void)session;
	(void)flags;
	/* A field of the table takes a byte on the wire: what is far beyond all limits is not
	 * even looked at, but reset. Nobody wants trailers. */
	own->field_bytes += name_bytes + value_bytes;
	if (own->field_bytes > own->header_bytes + (is_request ? LIST_READ_BYTES : 0))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (is_request && own->list_stream != NULL)
		own->functions->field(own->owner, own->list_stream,
		    slice_make((const char *)name, name_bytes),
		    slice_make((const char *)value, value_bytes));
	return 0;
}

/* A field that nghttp2 would leave out otherwise: the whole request is malformed. */
static int
on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_bytes, const uint8_t *value, size_t value_bytes, uint8_t flags, void *context)
{
	(void)name;
	(void)name_bytes;
	(void)value;
	(void)value_bytes;
	(void)flags;
	(void)context;
	(void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
	    H2_PROTOCOL_ERROR);
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void
take_headers(struct h2_session *own, const nghttp2_frame *frame)
{
	bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	int32_t id = frame->hd.stream_id;
	void *stream = own->list_stream != NULL ? own->list_stream : h2_session_stream(own, id);

	own->is_in_head = false;
	own->list_stream = NULL;
	if (stream == NULL)
		return;
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		own->functions->content(own->owner, stream, 0, is_end);
	} else if (!own->functions->head(own->owner, stream, !is_end)) {
		h2_session_charge(own, H2_COST_RESET);
		(void)nghttp2_submit_rst_stream(own->session, NGHTTP2_FLAG_NONE, id,
		    H2_PROTOCOL_ERROR);
	}
}

static void
take_data(struct h2_session *own, const nghttp2_frame *frame)
{
	bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	void *stream = h2_session_stream(own, frame->hd.stream_id);

	if (frame->hd.length <= frame->data.padlen && !is_end)
		h2_session_charge(own, H2_COST_FRAME);
	if (stream != NULL && is_end)
		own->functions->content(own->owner, stream, 0, true);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct h2_session *own = context;

	(void)session;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		take_headers(own, frame);
		break;
	case NGHTTP2_DATA:
		take_data(own, frame);
		break;
	case NGHTTP2_PING:
		own->is_noticed |= (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
		break;
	default:
		break;
	}
	return 0;
}

/* Of PRIORITY, too, but not of each frame that is ignored: see pay_for_untold(). What belongs to a
 * request is counted with that. */
static int
on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *context)
{
	struct h2_session *own = context;

	(void)session;
	own->untold_count--;
	if (head->type != NGHTTP2_CONTINUATION)
		own->is_in_head = false; /* nobody says where a list ends that is skipped */
	if (head->type == NGHTTP2_RST_STREAM)
		h2_session_charge(own, H2_COST_RESET);
	else if (head->type != NGHTTP2_HEADERS && head->type != NGHTTP2_DATA)
		h2_session_charge(own, H2_COST_FRAME);
	return 0;
}

static int
on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error, void *context)
{
	struct h2_session *own = context;

	(void)session;
	(void)error;
	if (frame->hd.type == NGHTTP2_HEADERS)
		own->is_in_head = false;
	h2_session_charge(own, H2_COST_RESET); /* now: what it makes us send may have to wait */
	return 0;
}

static int
on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
    size_t bytes, void *context)
{
	struct h2_session *own = context;
	void *stream = h2_session_stream(own, stream_id);

	(void)session;
	(void)flags;
	(void)data;
	if (stream != NULL)
		own->functions->content(own->owner, stream, bytes, false);
	return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error, void *context)
{
	struct h2_session *own = context;
	void *stream = h2_session_stream(own, stream_id);

	(void)session;
	(void)error;
	if (stream != NULL && stream == own->list_stream)
		own->list_stream = NULL;
	if (stream != NULL)
		own->functions->closed(own->owner, stream);
	return 0;
}

void
h2_session_set_input(nghttp2_session_callbacks *all)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(all, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(all, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(all, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(all, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(all, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(all, on_invalid_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(all, on_stream_close);
}

#endif
