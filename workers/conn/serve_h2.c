/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop of an HTTP/2 connection: read what is there, act on requests, gather frames, send, wait.
 * Leaves frames to workers/http2, requests to h2_answer.c, content to h2_content.c, time limits to
 * h2_limits.c. Workers, unprivileged. Rules: never waits in writing while input lies unread, since
 * the client may be waiting for us to read it; all frames of a round go in one send; a connection
 * that is to end says so in time for the client not to lose a request.
 * Shown by tests/integration/75-http2.
 *
 *   wait and read --> act on what is due --> gather --> send --all of it, and no more--> wait
 *     ^                                        ^          |
 *     +--input, meanwhile----------------------+--room----+
 */
#include "workers/conn/serve_h2.h"

#include <errno.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/signals.h"
#include "workers/conn/h2_limits.h"
#include "workers/conn/h2_parts.h"
#include "workers/conn/idle.h"


#define IDLE_ROUND_MS 20            /* so much longer may a connection be idle */

/* What the session tells ------------------------------------------------------------------- */

static void *
begin_stream(void *owner, int32_t id)
{
	struct h2 *h2 = owner;
	const struct config_limits *limits = &h2->conn->config->limits;
	const struct http_limits parse_limits = { limits->request_line_bytes,
		limits->header_bytes, limits->header_field_count };
	struct h2_stream *stream = h2_stream_new(h2, id);

	if (stream != NULL)
		h2_request_begin(&stream->head, &parse_limits, &stream->arena,
		    &stream->request);
	return stream;
}

static void
take_field(void *owner, void *of, struct slice name, struct slice value)
{
	struct h2_stream *stream = of;

	(void)owner;
	(void)h2_request_field(&stream->head, name, value);
}

static bool
take_head(void *owner, void *of, bool has_content)
{
	struct h2_stream *stream = of;

	stream->has_content = has_content; /* whether it is malformed is found out later */
	stream->is_ended = !has_content;
	h2_stream_queue(owner, stream);
	return true;
}

static void
take_content(void *owner, void *of, size_t bytes, bool is_end)
{
	struct h2_stream *stream = of;
	struct h2 *h2 = owner;

	stream->content_bytes += bytes;
	stream->is_ended |= is_end;
	if (stream->content_bytes > h2->conn->config->limits.body_bytes)
		stream->content_status = 413;
	if (stream->phase == H2_CONTENT && (is_end || stream->content_status != 0))
		h2_stream_queue(h2, stream);
}

static void
count_sent(void *owner, void *of, size_t bytes)
{
	(void)owner;
	((struct h2_stream *)of)->turn.frame_bytes += bytes;
}

static void
close_stream(void *owner, void *of)
{
	struct h2_stream *stream = of;
	struct h2 *h2 = owner;

	if (stream->phase == H2_DUE)
		h2_stream_unqueue(h2, stream);
	h2_answer_close(h2, stream);
	h2_stream_free(h2, stream);
	if (h2->active_count == 0)
		h2->idle_since_mono_ms = h2->now_mono_us / 1000;
}

static const struct h2_owner functions = { begin_stream, take_field, take_head, take_content,
	h2_content_read, count_sent, close_stream };

/* The loop --------------------------------------------------------------------------------- */

/* Requests that came with the same read began at the same time. */
static void
note_feed(struct h2 *h2)
{
	h2->fed_wall_us = clock_wall_us();
	h2->fed_mono_us = h2->now_mono_us = clock_mono_us();
}

/* All bytes of conn->in. */
static void
feed(struct h2 *h2, size_t bytes)
{
	struct conn *conn = h2->conn;
	int64_t now_ms;

	note_feed(h2);
	now_ms = h2->now_mono_us / 1000;
	(void)h2_session_feed(h2->session, conn->in, bytes, now_ms);
	conn->in_len = 0;
	if (!h2_session_is_in_head(h2->session))
		h2->head_since_mono_ms = 0;
	else if (h2->head_since_mono_ms == 0)
		h2->head_since_mono_ms = now_ms;
}

static void
gather(struct h2 *h2)
{
	if (h2->out_at < h2->out_bytes || !h2_limits_may_send(h2))
		return;
	h2->out_at = 0;
	h2->now_mono_us = clock_mono_us();
	h2->out_bytes = h2_session_produce(h2->session, h2->out, H2_OUT_BYTES,
	    h2->now_mono_us / 1000);
}

static enum io_result
push(struct h2 *h2)
{
	enum io_result result;
	size_t sent;

	if (h2->out_at == h2->out_bytes)
		return IO_OK;
	result = stream_try_write(&h2->conn->stream, h2->out + h2->out_at,
	    h2->out_bytes - h2->out_at, &sent);
	h2->out_at += sent;
	h2_limits_note_sent(h2, sent);
	return result;
}

/* Between requests: as HTTP/1.1 waits, so that the worker can be had back. */
static enum io_result
wait_idle(struct h2 *h2, int64_t deadline_ms, size_t *got_out)
{
	struct conn *conn = h2->conn;
	int64_t left_ms = deadline_ms - clock_mono_ms();
	unsigned whole_ms = conn->config->keepalive.timeout_ms;

	/* Mostly a request has just been: the same limit as last time takes no system call. */
	if (left_ms < whole_ms && left_ms + IDLE_ROUND_MS >= whole_ms)
		left_ms = whole_ms;
	slot_clear_request(conn->slot);
	return idle_wait(conn, left_ms > 0 ? (unsigned)left_ms : 0, got_out);
}

/* More input, if there is any within that time. IO_TIMEOUT: there was none, which is no fault by
 * itself; limits are looked at next. */
static enum io_result
receive(struct h2 *h2, size_t *got_out)
{
	bool has_output = h2->out_at < h2->out_bytes;
	bool has_more = h2_session_has_more(h2->session) && h2_limits_may_send(h2);
	struct conn *conn = h2->conn;
	int64_t deadline_ms = has_more && !has_output ? 0 : h2_limits_deadline(h2);
	enum io_result result;

	*got_out = 0;
	if (h2->active_count == 0 && !has_output && !has_more && h2->drain == H2_OPEN &&
	    h2->head_since_mono_ms == 0)
		return wait_idle(h2, deadline_ms, got_out);
	if (h2->active_count > 0)
		slot_set_phase(conn->slot, SLOT_SENDING, clock_mono_ms());
	result = stream_read(&conn->stream, conn->in, conn->in_cap, 0, got_out);
	if (result != IO_TIMEOUT || deadline_ms == 0)
		return result;
	result = stream_wait_both(&conn->stream, has_output, deadline_ms);
	if (result != IO_OK)
		return result;
	return stream_read(&conn->stream, conn->in, conn->in_cap, 0, got_out);
}

/* The next step of an end without loss, when there is a reason for it. */
static void
drain(struct h2 *h2)
{
	int64_t now_ms;

	if (h2->drain == H2_OPEN && h2_limits_should_end(h2)) {
		h2_session_give_notice(h2->session);
		h2->noticed_mono_ms = clock_mono_ms();
		h2->drain = H2_NOTICED;
	}
	if (h2->drain != H2_NOTICED)
		return;
	now_ms = clock_mono_ms();
	if (h2_session_is_noticed(h2->session) ||
	    now_ms - h2->noticed_mono_ms >= H2_NOTICE_MS) {
		h2_session_go_away(h2->session);
		h2->drain = H2_GONE;
	}
}

/* One round. False: the connection ends. */
static bool
go_round(struct h2 *h2)
{
	enum io_result result;
	size_t got;

	h2_answer_due(h2);
	drain(h2);
	gather(h2);
	result = push(h2);
	if (result != IO_OK)
		return false;
	if (h2->out_at == h2->out_bytes && h2_session_is_over(h2->session))
		return false;
	/* A stream that has ended may have left what others wait for. */
	if (h2->due_first != NULL && h2_scratch_is_free(h2))
		return true;
	result = receive(h2, &got);
	if (result == IO_OK && got > 0)
		feed(h2, got);
	else if (result != IO_OK && result != IO_TIMEOUT)
		return false;
	return h2_limits_keep(h2);
}

/* Once, when the first such connection comes. */
static struct h2 *
h2_of(struct conn *conn)
{
	static struct h2 h2;

	if (h2.session != NULL)
		return &h2;
	h2.conn = conn;
	if (h2.blocks == NULL && h2_streams_init(&h2) < 0) {
		log_error("HTTP/2: no memory: %s", strerror(errno));
		return NULL;
	}
	h2.session = h2_session_new(&functions, &h2);
	if (h2.session == NULL)
		log_error("HTTP/2: %s", strerror(errno));
	return h2.session == NULL ? NULL : &h2;
}

static bool
begin(struct h2 *h2)
{
	struct conn *conn = h2->conn;
	const struct h2_settings settings = { h2->stream_count,
		conn->config->limits.header_bytes };

	h2->out_at = h2->out_bytes = 0;
	h2->drain = H2_OPEN;
	h2->has_unwanted = false;
	h2->codec_stream = NULL;
	h2->head_since_mono_ms = 0;
	note_feed(h2);
	h2_limits_begin(h2);
	return h2_session_begin(h2->session, &settings, clock_mono_ms());
}

static void
end(struct h2 *h2)
{
	struct h2_stream *stream = NULL;

	h2->now_mono_us = clock_mono_us();
	/* Nothing is sent any more: these are aborted. */
	while ((stream = h2_stream_next(h2, stream)) != NULL) {
		h2_answer_close(h2, stream);
		h2_stream_free(h2, stream);
	}
	h2_session_end(h2->session);
	h2_streams_reset(h2);
}

/* Reads away what still comes while the client takes the last answers: a socket that is closed
 * would be reset by it. Not for ever: who takes nothing and sends has been told to go. False: the
 * connection is broken, or the worker has to stop. */
static bool
let_take(struct h2 *h2)
{
	struct conn *conn = h2->conn;
	enum io_result result = IO_OK;
	size_t got, left = H2_TAKING_BYTES;

	h2_limits_begin_taking(h2);
	while (result == IO_OK && left > 0 && !signals_is_set(SIGNAL_STOP) &&
	    h2_limits_is_taking(h2)) {
		got = 0;
		result = stream_wait_both(&conn->stream, false,
		    clock_mono_ms() + H2_TAKING_LOOK_MS);
		if (result == IO_OK)
			result = stream_read(&conn->stream, conn->in, conn->in_cap, 0, &got);
		if (result == IO_TIMEOUT)
			result = IO_OK;
		left -= got < left ? got : left;
	}
	return result == IO_OK || result == IO_EOF;
}

/* What is left to say, as far as there is room for it at once; when the client has taken all, the
 * end, without a reset that could cost it what is on the way. */
static void
say_goodbye(struct h2 *h2)
{
	struct conn *conn = h2->conn;

	if (h2->out_at == h2->out_bytes)
		gather(h2);
	if (signals_is_set(SIGNAL_STOP) || push(h2) != IO_OK)
		return;
	slot_set_phase(conn->slot, SLOT_CLOSING, clock_mono_ms());
	if (let_take(h2))
		stream_linger(&conn->stream, H2_LINGER_MS, H2_LINGER_BYTES);
}

void
serve_h2(struct conn *conn)
{
	struct h2 *h2 = h2_of(conn);

	if (h2 == NULL)
		return;
	h2->conn = conn;
	slot_set_phase(conn->slot, SLOT_READING, clock_mono_ms());
	pace_set(&conn->pace, &conn->stream, conn->config->limits.connection_rate_bytes_s);
	conn->head_deadline_mono_ms = 0;
	if (!begin(h2)) {
		log_error("HTTP/2: no memory for a connection");
		return;
	}
	if (conn->in_len > 0)
		feed(h2, conn->in_len);
	while (go_round(h2))
		continue;
	say_goodbye(h2);
	end(h2);
	slot_clear_request(conn->slot);
}

bool
serve_h2_is_wanted(struct conn *conn)
{
	const struct slice preface = H2_PREFACE;
	size_t got = 0;

	conn->head_deadline_mono_ms = clock_mono_ms() + conn->config->limits.header_timeout_ms;
	for (;;) {
		size_t known = conn->in_len < preface.len ? conn->in_len : preface.len;

		if (known > 0 && memcmp(conn->in, preface.data, known) != 0)
			return false;
		if (known == preface.len)
			return true;
		if (stream_read(&conn->stream, conn->in + conn->in_len,
		    conn->in_cap - conn->in_len, conn->head_deadline_mono_ms, &got) != IO_OK)
			return false; /* HTTP/1.1 says what becomes of it */
		conn->in_len += got;
	}
}
