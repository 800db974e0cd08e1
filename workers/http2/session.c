/* SPDX-License-Identifier: BSD-2-Clause */
/* nghttp2 behind session.h. Leaves what a request is to request.c, and what it gets to
 * workers/conn. Workers, unprivileged, on bytes that clients sent. Rules: all that nghttp2 takes
 * comes out of one bounded heap; DATA goes from its source into the caller's output with no copy
 * in between; every frame that is no work is paid for (budget.h), and a header list that does not
 * end has a limit. Each byte goes past watch.c first.
 * nghttp2 itself refuses what RFC 9113 does, streams beyond the limit, and answers to PING and
 * SETTINGS that nobody takes; it knows priorities (RFC 9218) by the field and by PRIORITY_UPDATE.
 * Shown by test_session.c, test_floods.c and tests/integration/75-http2. */
#include "workers/http2/session.h"

#include <errno.h>
#include <stdlib.h>

#include "workers/http2/budget.h"
#include "workers/http2/memory.h"
#include "workers/http2/watch.h"

#ifdef HAVE_NGHTTP2

#include <nghttp2/nghttp2.h>

#define HEAP_BYTES ((size_t)2 * 1024 * 1024)
#define FRAME_HEAD_BYTES 9
#define DATA_MAX_BYTES 16384        /* of a DATA frame: what nghttp2 has room for */
#define ROOM_MIN_BYTES 1024         /* a shorter DATA frame is not worth its head */
#define WINDOW_BYTES 262144         /* content is counted and let go of: nothing fills up */
#define CONNECTION_WINDOW_BYTES 1048576
#define ACKS_MAX 256                /* answers to PING and SETTINGS that wait to be sent */
#define LIST_READ_BYTES 262144      /* of what a list stands for, beyond what may be in it */
#define LIST_SPARE_BYTES 65536      /* of a header list on the wire, beyond what may be in it */

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

static void *
stream_of(const struct h2_session *own, int32_t stream_id)
{
	return nghttp2_session_get_stream_user_data(own->session, stream_id);
}

void
h2_session_terminate(struct h2_session *own, enum h2_error error)
{
	own->is_terminated = true;
	own->is_in_head = false;    /* nothing of it is looked at any more */
	(void)nghttp2_session_terminate_session(own->session, error);
}

static void
charge(struct h2_session *own, unsigned cost)
{
	if (!own->is_terminated && !h2_budget_spend(&own->budget, cost, own->now_mono_ms))
		h2_session_terminate(own, H2_ENHANCE_YOUR_CALM);
}

/* Input ------------------------------------------------------------------------------------- */

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
	void *stream = own->list_stream != NULL ? own->list_stream : stream_of(own, id);

	own->is_in_head = false;
	own->list_stream = NULL;
	if (stream == NULL)
		return;
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		own->functions->content(own->owner, stream, 0, is_end);
	} else if (!own->functions->head(own->owner, stream, !is_end)) {
		charge(own, H2_COST_RESET);
		(void)nghttp2_submit_rst_stream(own->session, NGHTTP2_FLAG_NONE, id,
		    H2_PROTOCOL_ERROR);
	}
}

static void
take_data(struct h2_session *own, const nghttp2_frame *frame)
{
	bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	void *stream = stream_of(own, frame->hd.stream_id);

	if (frame->hd.length <= frame->data.padlen && !is_end)
		charge(own, H2_COST_FRAME);
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
		charge(own, H2_COST_RESET);
	else if (head->type != NGHTTP2_HEADERS && head->type != NGHTTP2_DATA)
		charge(own, H2_COST_FRAME);
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
	charge(own, H2_COST_RESET); /* now: what it makes us send may have to wait */
	return 0;
}

static int
on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
    size_t bytes, void *context)
{
	struct h2_session *own = context;
	void *stream = stream_of(own, stream_id);

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
	void *stream = stream_of(own, stream_id);

	(void)session;
	(void)error;
	if (stream != NULL && stream == own->list_stream)
		own->list_stream = NULL;
	if (stream != NULL)
		own->functions->closed(own->owner, stream);
	return 0;
}

/* Output ------------------------------------------------------------------------------------ */

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
		charge(own, H2_COST_RESET);
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	/* Not when a stream is closed: a client's reset can say NO_ERROR, too. */
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		h2_budget_earn(&own->budget, H2_GAIN_ANSWER);
	if (frame->hd.type == NGHTTP2_DATA)
		return 0;
	stream = stream_of(own, frame->hd.stream_id);
	if (stream != NULL)
		own->functions->sent(own->owner, stream, FRAME_HEAD_BYTES + frame->hd.length);
	return 0;
}

/* Once a process ---------------------------------------------------------------------------- */

static int
set_callbacks(struct h2_session *own)
{
	nghttp2_session_callbacks *all;

	if (nghttp2_session_callbacks_new(&own->callbacks) != 0)
		return -1;
	all = own->callbacks;
	nghttp2_session_callbacks_set_on_begin_frame_callback(all, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(all, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(all, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(all, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(all, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(all, on_invalid_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(all, on_stream_close);
	nghttp2_session_callbacks_set_data_source_read_length_callback(all, data_bytes);
	nghttp2_session_callbacks_set_send_data_callback(all, send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(all, on_frame_sent);
	return 0;
}

static int
set_options(struct h2_session *own)
{
	if (nghttp2_option_new(&own->options) != 0)
		return -1;
	nghttp2_option_set_no_closed_streams(own->options, 1);
	nghttp2_option_set_max_outbound_ack(own->options, ACKS_MAX);
	nghttp2_option_set_builtin_recv_extension_type(own->options, NGHTTP2_PRIORITY_UPDATE);
	return 0;
}

bool
h2_session_is_built(void)
{
	return true;
}

struct h2_session *
h2_session_new(const struct h2_owner *functions, void *owner)
{
	struct h2_session *own = calloc(1, sizeof *own);

	if (own == NULL)
		return NULL;
	own->functions = functions;
	own->owner = owner;
	own->allocator = (nghttp2_mem){ &own->memory, h2_memory_malloc, h2_memory_free,
		h2_memory_calloc, h2_memory_realloc };
	if (h2_memory_init(&own->memory, HEAP_BYTES) == 0 && set_callbacks(own) == 0 &&
	    set_options(own) == 0)
		return own;
	nghttp2_session_callbacks_del(own->callbacks);
	arena_fini(&own->memory.area);
	free(own);
	errno = ENOMEM;
	return NULL;
}

/* Each connection --------------------------------------------------------------------------- */

static bool
send_settings(struct h2_session *own, const struct h2_settings *settings)
{
	const nghttp2_settings_entry entries[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings->stream_count },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings->header_bytes > UINT32_MAX ?
		    UINT32_MAX : (uint32_t)settings->header_bytes },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};

	return nghttp2_submit_settings(own->session, NGHTTP2_FLAG_NONE, entries,
	    sizeof entries / sizeof entries[0]) == 0 &&
	    nghttp2_session_set_local_window_size(own->session, NGHTTP2_FLAG_NONE, 0,
	    CONNECTION_WINDOW_BYTES) == 0;
}

bool
h2_session_begin(struct h2_session *own, const struct h2_settings *settings, int64_t now_ms)
{
	if (nghttp2_session_server_new3(&own->session, own->callbacks, own, own->options,
	    &own->allocator) != 0) {
		own->session = NULL;
		return false;
	}
	own->now_mono_ms = now_ms;
	own->header_bytes = settings->header_bytes;
	own->list_stream = NULL;
	own->is_in_head = own->has_more = own->is_terminated = own->is_noticed = false;
	own->rest = NULL;
	own->rest_bytes = 0;
	h2_budget_init(&own->budget, now_ms);
	h2_watch_init(&own->watch);
	own->untold_count = 0;
	if (send_settings(own, settings))
		return true;
	h2_session_end(own);
	return false;
}

void
h2_session_end(struct h2_session *own)
{
	nghttp2_session_del(own->session);
	own->session = NULL;
	h2_memory_trim(&own->memory);
}

/* What has gone wrong beyond what nghttp2 says to the client by itself. */
static enum h2_error
error_of(ssize_t code)
{
	switch (code) {
	case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
		return H2_PROTOCOL_ERROR;
	case NGHTTP2_ERR_NOMEM:
	case NGHTTP2_ERR_CALLBACK_FAILURE:
		return H2_INTERNAL_ERROR;
	default:
		return H2_ENHANCE_YOUR_CALM;
	}
}

/* Frames of unknown types, and what still comes for streams that are no more. */
static void
pay_for_untold(struct h2_session *own)
{
	if (own->untold_count <= 0) /* below: one of which we have not seen enough */
		return;
	charge(own, own->untold_count < UINT16_MAX ?
	    (unsigned)own->untold_count * H2_COST_FRAME : UINT16_MAX);
	own->untold_count = 0;
}

bool
h2_session_feed(struct h2_session *own, const char *in, size_t bytes, int64_t now_ms)
{
	struct h2_watch_verdict verdict;
	ssize_t used;

	own->now_mono_ms = now_ms;
	if (own->is_terminated)
		return false;
	if (own->is_in_head) {
		own->list_bytes += bytes;
		if (own->list_bytes > own->header_bytes + LIST_SPARE_BYTES) {
			h2_session_terminate(own, H2_ENHANCE_YOUR_CALM);
			return false;
		}
	}
	verdict = h2_watch_input(&own->watch, in, bytes);
	own->untold_count += (int64_t)verdict.frame_count;
	used = nghttp2_session_mem_recv(own->session, (const uint8_t *)in, verdict.good_bytes);
	if (used < 0) {
		h2_session_terminate(own, error_of(used));
		return false;
	}
	pay_for_untold(own);
	if (verdict.error != H2_NO_ERROR) /* unless there was another one before */
		h2_session_terminate(own, verdict.error);
	return !own->is_terminated && nghttp2_session_want_read(own->session) != 0;
}

static bool
take_rest(struct h2_session *own)
{
	size_t room = own->out_cap - own->out_len;
	size_t part = own->rest_bytes < room ? own->rest_bytes : room;

	if (part > 0)
		memcpy(own->out + own->out_len, own->rest, part);
	own->out_len += part;
	own->rest += part;
	own->rest_bytes -= part;
	own->has_more |= own->rest_bytes > 0;
	return own->rest_bytes == 0;
}

size_t
h2_session_produce(struct h2_session *own, char *out, size_t cap, int64_t now_ms)
{
	own->now_mono_ms = now_ms;
	own->has_more = false;
	own->out = out;
	own->out_cap = cap;
	own->out_len = 0;
	while (take_rest(own)) {
		ssize_t n = nghttp2_session_mem_send(own->session, &own->rest);

		if (n <= 0)
			break;
		own->rest_bytes = (size_t)n;
	}
	return own->out_len;
}

bool
h2_session_has_more(const struct h2_session *own)
{
	return own->has_more;
}

bool
h2_session_is_over(const struct h2_session *own)
{
	return own->rest_bytes == 0 && !nghttp2_session_want_read(own->session) &&
	    !nghttp2_session_want_write(own->session);
}

bool
h2_session_is_in_head(const struct h2_session *own)
{
	return own->is_in_head;
}

bool
h2_session_is_shut(struct h2_session *own, int32_t stream_id)
{
	return nghttp2_session_get_stream_remote_window_size(own->session, stream_id) <= 0;
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
	nghttp2_data_provider content = { { .ptr = stream_of(own, stream_id) }, read_data };
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

	if (stream_of(own, stream_id) == NULL || count > H2_FIELDS_MAX)
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
	charge(own, H2_COST_RESET);
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
