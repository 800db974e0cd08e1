/* SPDX-License-Identifier: BSD-2-Clause */
/* What is to be sent: answers go to nghttp2, and come out of it as frames. Workers, unprivileged.
 * Rule: DATA goes from its source into the caller's output with no copy in between. Shown by
 * test_session.c and tests/integration/75-http2. */
#include "workers/http2/session_parts.h"

#ifdef HAVE_NGHTTP2

#define FRAME_HEAD_BYTES 9
#define DATA_MAX_BYTES 16384        /* of a DATA frame: what nghttp2 has room for */
#define ROOM_MIN_BYTES 1024         /* a shorter DATA frame is not worth its head */

/* How long a DATA frame may be: what both windows, the client's frames and the room allow. */
static ssize_t
data_bytes(nghttp2_session *session, uint8_t type, int32_t stream_id, int32_t connection_window,
    int32_t stream_window, uint32_t frame_max, void *context)
{
	const struct h2_session *own = context;
	int64_t most = own->out_cap - own->out_len > FRAME_HEAD_BYTES ?
	    (int64_t)(own->out_cap - own->out_len) - FRAME_HEAD_BYTES : 1;

	(void)session;
	(void)type;
	(void)stream_id;
	most = most > DATA_MAX_BYTES ? DATA_MAX_BYTES : most;
	most = most > frame_max ? frame_max : most;
	most = most > connection_window ? connection_window : most;
	return (ssize_t)(most > stream_window ? stream_window : most);
}

/* The content goes where its frame will be; send_data() writes the head before it, next. */
static ssize_t
read_data(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t bytes,
    uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct h2_session *own = context;
	bool is_end = false;
	long got;

	(void)session;
	(void)stream_id;
	(void)buf;
	if (own->out_cap - own->out_len < ROOM_MIN_BYTES) {
		own->has_more = true;
		return NGHTTP2_ERR_PAUSE;
	}
	got = own->functions->read(own->owner, source->ptr,
	    own->out + own->out_len + FRAME_HEAD_BYTES, bytes, &is_end);
	if (got < 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (got == 0 && !is_end)
		return NGHTTP2_ERR_DEFERRED;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY | (is_end ? NGHTTP2_DATA_FLAG_EOF : 0);
	return (ssize_t)got;
}

static int
send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t bytes,
    nghttp2_data_source *source, void *context)
{
	struct h2_session *own = context;

	(void)session;
	(void)frame;
	memcpy(own->out + own->out_len, head, FRAME_HEAD_BYTES);
	own->out_len += FRAME_HEAD_BYTES + bytes;
	own->functions->sent(own->owner, source->ptr, FRAME_HEAD_BYTES + bytes);
	h2_budget_earn(&own->budget, H2_GAIN_DATA);
	return 0;
}

static int
on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct h2_session *own = context;
	void *stream;

	(void)session;
	if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != H2_NO_ERROR)
		h2_session_charge(own, H2_COST_RESET);
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	/* Not when a stream is closed: a client's reset can say NO_ERROR, too. */
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		h2_budget_earn(&own->budget, H2_GAIN_ANSWER);
	if (frame->hd.type == NGHTTP2_DATA)
		return 0;
	stream = h2_session_stream(own, frame->hd.stream_id);
	if (stream != NULL)
		own->functions->sent(own->owner, stream, FRAME_HEAD_BYTES + frame->hd.length);
	return 0;
}

void
h2_session_set_output(nghttp2_session_callbacks *all)
{
	nghttp2_session_callbacks_set_data_source_read_length_callback(all, data_bytes);
	nghttp2_session_callbacks_set_send_data_callback(all, send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(all, on_frame_sent);
}

/* Answers ----------------------------------------------------------------------------------- */

static uint8_t *
bytes_of(struct slice s)
{
	return (uint8_t *)(uintptr_t)s.data; /* nghttp2 does not write to it */
}

static void
fill_list(nghttp2_nv *list, const struct h2_field *fields, size_t count)
{
	const uint8_t no_copy = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
	size_t i;

	for (i = 0; i < count; i++)
		list[i] = (nghttp2_nv){ bytes_of(fields[i].name), bytes_of(fields[i].value),
			fields[i].name.len, fields[i].value.len, no_copy };
}

bool
h2_session_answer(struct h2_session *own, int32_t stream_id, const struct h2_field *fields,
    size_t count, bool has_content)
{
	nghttp2_data_provider content = { { .ptr = h2_session_stream(own, stream_id) }, read_data };
	nghttp2_nv list[H2_FIELDS_MAX];

	if (content.source.ptr == NULL || count > H2_FIELDS_MAX)
		return false;
	fill_list(list, fields, count);
	return nghttp2_submit_response(own->session, stream_id, list, count,
	    has_content ? &content : NULL) == 0;
}

void
h2_session_inform(struct h2_session *own, int32_t stream_id, const struct h2_field *fields,
    size_t count)
{
	nghttp2_nv list[H2_FIELDS_MAX];

	if (h2_session_stream(own, stream_id) == NULL || count > H2_FIELDS_MAX)
		return;
	fill_list(list, fields, count);
	(void)nghttp2_submit_headers(own->session, NGHTTP2_FLAG_NONE, stream_id, NULL, list,
	    count, NULL);
}

void
h2_session_resume(struct h2_session *own, int32_t stream_id)
{
	(void)nghttp2_session_resume_data(own->session, stream_id);
}

void
h2_session_reset(struct h2_session *own, int32_t stream_id, enum h2_error error)
{
	(void)nghttp2_submit_rst_stream(own->session, NGHTTP2_FLAG_NONE, stream_id, error);
}

void
h2_session_refuse(struct h2_session *own, int32_t stream_id)
{
	h2_session_charge(own, H2_COST_RESET);
	h2_session_reset(own, stream_id, H2_PROTOCOL_ERROR);
}

void
h2_session_give_notice(struct h2_session *own)
{
	own->is_noticed = false;
	(void)nghttp2_submit_shutdown_notice(own->session);
	(void)nghttp2_submit_ping(own->session, NGHTTP2_FLAG_NONE, NULL);
}

bool
h2_session_is_noticed(const struct h2_session *own)
{
	return own->is_noticed;
}

void
h2_session_go_away(struct h2_session *own)
{
	(void)nghttp2_submit_goaway(own->session, NGHTTP2_FLAG_NONE,
	    nghttp2_session_get_last_proc_stream_id(own->session), H2_NO_ERROR, NULL, 0);
}

#endif
