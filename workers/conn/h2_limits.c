/* SPDX-License-Identifier: BSD-2-Clause */
/* Time limits of HTTP/2, made of those of HTTP/1.1: header_timeout for a header list from its first
 * frame, and for the first request; body_timeout and send_timeout for each 64 KiB of a stream;
 * send_timeout for each 64 KiB of the connection; keepalive.timeout without a stream. Workers,
 * unprivileged. Rules: a stream is measured for sending only while its own window holds it up, for
 * else it waits for others, or for the connection, which is measured; whoever takes a byte now and
 * then is too slow. Shown by tests/integration/75-http2/test_h2_time_limits.py. */
#include "workers/conn/h2_limits.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "server/base/clock.h"
#include "server/base/signals.h"

#define NEVER INT64_MAX

void
h2_limits_begin(struct h2 *h2)
{
	h2->idle_since_mono_ms = h2->moved_mono_ms = clock_mono_ms();
	h2->moved_bytes = 0;
	h2->due_mono_us = 0;
	h2->queued_bytes = 0;
}

void
h2_limits_note_sent(struct h2 *h2, size_t bytes)
{
	const struct pace *pace = &h2->conn->pace;

	h2->moved_bytes += bytes;
	if (pace->sleeps && pace->rate_bytes_s > 0 && bytes > 0)
		h2->due_mono_us = clock_mono_us() +
		    (int64_t)(bytes * UINT64_C(1000000) / pace->rate_bytes_s);
}

/* Where the kernel does not pace, a whole buffer goes, and then none for as long as that takes. */
bool
h2_limits_may_send(const struct h2 *h2)
{
	return h2->due_mono_us == 0 || clock_mono_us() >= h2->due_mono_us;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The connection has something to send that is held up by nobody but the client. */
static bool
has_pending(struct h2 *h2)
{
	struct h2_stream *stream = NULL;

	if (h2->out_at < h2->out_bytes)
		return true;
	while ((stream = h2_stream_next(h2, stream)) != NULL) {
		if (stream->phase == H2_SENDING && !stream->is_complete &&
		    !stream->waits_for_rate && !h2_session_is_shut(h2->session, stream->id))
			return true;
	}
	return false;
}

/* The last stream has ended when its last frame is gathered; the client has it later. */
static bool
is_idle(const struct h2 *h2)
{
	return h2->active_count == 0 && h2->out_at == h2->out_bytes;
}

/* Without a stream: the next request, or the first, has to come. */
static int64_t
idle_deadline(const struct h2 *h2)
{
	const struct config *config = h2->conn->config;

	return h2->idle_since_mono_ms + (h2->conn->request_count == 0 ?
	    config->limits.header_timeout_ms : config->keepalive.timeout_ms);
}

/* For this stream; NEVER: nothing is measured. */
static int64_t
stream_deadline(const struct h2 *h2, const struct h2_stream *stream)
{
	const struct config_limits *limits = &h2->conn->config->limits;

	if (stream->is_given_up)
		return NEVER;
	if (stream->waits_for_rate)
		return stream->due_mono_us / 1000 + 1;
	if (stream->unwanted_since_mono_ms != 0)
		return stream->unwanted_since_mono_ms + H2_LINGER_MS;
	if (stream->since_mono_ms == 0)
		return NEVER;
	return stream->since_mono_ms + (stream->phase == H2_CONTENT ?
	    limits->body_timeout_ms : limits->send_timeout_ms);
}

/* Starts, goes on with or ends measuring a stream. */
static void
measure(struct h2 *h2, struct h2_stream *stream, int64_t now_ms)
{
	bool is_content = stream->phase == H2_CONTENT;
	uint64_t bytes = is_content ? stream->content_bytes : stream->turn.body_sent_bytes;

	if (!is_content && (stream->phase != H2_SENDING || stream->is_complete ||
	    !h2_session_is_shut(h2->session, stream->id))) {
		/* A window that opens by a byte opens in vain. */
		if (bytes - stream->since_bytes >= STREAM_PROGRESS_BYTES ||
		    stream->phase != H2_SENDING || stream->is_complete)
			stream->since_mono_ms = 0;
		return;
	}
	if (stream->since_mono_ms == 0 || bytes < stream->since_bytes ||
	    bytes - stream->since_bytes >= STREAM_PROGRESS_BYTES) {
		stream->since_mono_ms = now_ms;
		stream->since_bytes = bytes;
	}
}

/* Once: it cannot go as long as the client takes nothing, and is no reason to wake up for then. */
static void
reset(struct h2 *h2, struct h2_stream *stream, enum h2_error error)
{
	stream->is_given_up = true;
	h2_session_reset(h2->session, stream->id, error);
}

/* Streams that are answered while the client still sends: it may stop (RFC 9113 8.1). But some
 * lose the answer then, so it gets a moment. */
static void
linger(struct h2 *h2, int64_t now_ms)
{
	struct h2_stream *stream = NULL;

	if (!h2->has_unwanted)
		return;
	h2->has_unwanted = false;
	while ((stream = h2_stream_next(h2, stream)) != NULL) {
		if (stream->phase != H2_SENDING || !stream->is_complete || stream->is_ended ||
		    stream->is_given_up)
			continue;
		if (stream->unwanted_since_mono_ms == 0) {
			stream->unwanted_since_mono_ms = now_ms;
			stream->unwanted_at_bytes = stream->content_bytes;
		}
		if (now_ms - stream->unwanted_since_mono_ms >= H2_LINGER_MS ||
		    stream->content_bytes - stream->unwanted_at_bytes >= H2_LINGER_BYTES)
			reset(h2, stream, H2_NO_ERROR);
		else
			h2->has_unwanted = true;
	}
}

int64_t
h2_limits_deadline(struct h2 *h2)
{
	int64_t now_ms = clock_mono_ms(), next_ms = NEVER;
	struct h2_stream *stream = NULL;

	linger(h2, now_ms);
	if (is_idle(h2))
		next_ms = idle_deadline(h2);
	if (h2->head_since_mono_ms != 0)
		next_ms = least(next_ms, h2->head_since_mono_ms +
		    h2->conn->config->limits.header_timeout_ms);
	if (h2->drain == H2_NOTICED)
		next_ms = least(next_ms, h2->noticed_mono_ms + H2_NOTICE_MS);
	if (!h2_limits_may_send(h2))
		next_ms = least(next_ms, h2->due_mono_us / 1000 + 1);
	while ((stream = h2_stream_next(h2, stream)) != NULL) {
		measure(h2, stream, now_ms);
		next_ms = least(next_ms, stream_deadline(h2, stream));
	}
	if (has_pending(h2))
		next_ms = least(next_ms, h2->moved_mono_ms + h2->conn->pace.timeout_ms);
	return next_ms;
}

/* The stream is over time. */
static void
give_up(struct h2 *h2, struct h2_stream *stream)
{
	stream->since_mono_ms = 0;
	if (stream->phase == H2_CONTENT)
		h2_answer_error(h2, stream, 408);
	else
		reset(h2, stream, H2_CANCEL);
}

static void
keep_streams(struct h2 *h2, int64_t now_ms)
{
	struct h2_stream *stream = NULL;

	while ((stream = h2_stream_next(h2, stream)) != NULL) {
		if (stream->waits_for_rate) {
			if (clock_mono_us() >= stream->due_mono_us) {
				stream->waits_for_rate = false;
				h2_session_resume(h2->session, stream->id);
			}
			continue;
		}
		measure(h2, stream, now_ms);
		if (stream->unwanted_since_mono_ms == 0 && stream_deadline(h2, stream) <= now_ms)
			give_up(h2, stream);
	}
}

static bool
is_too_slow(struct h2 *h2, int64_t now_ms)
{
	if (h2->moved_bytes >= STREAM_PROGRESS_BYTES || !has_pending(h2)) {
		h2->moved_mono_ms = now_ms;
		h2->moved_bytes = 0;
		return false;
	}
	return now_ms - h2->moved_mono_ms >= h2->conn->pace.timeout_ms;
}

void
h2_limits_begin_taking(struct h2 *h2)
{
	h2->queued_bytes = 0;
}

/* The socket still has some of the last answers, and the client takes it, 64 KiB in each time
 * limit, which is longer where connection_rate is what is slow. It says so by WINDOW_UPDATE, on
 * which a socket that is closed would lose the rest. */
bool
h2_limits_is_taking(struct h2 *h2)
{
	int64_t now_ms = clock_mono_ms();
	int bytes = 0;

	if (ioctl(h2->conn->stream.fd, SIOCOUTQ, &bytes) < 0 || bytes <= 0)
		return false;
	if (h2->queued_bytes == 0 || h2->queued_bytes - bytes >= STREAM_PROGRESS_BYTES) {
		h2->queued_bytes = bytes;
		h2->queued_mono_ms = now_ms;
	}
	return now_ms - h2->queued_mono_ms < h2->conn->pace.timeout_ms;
}

bool
h2_limits_keep(struct h2 *h2)
{
	int64_t now_ms = clock_mono_ms();

	if (signals_is_set(SIGNAL_STOP))
		return false;
	conn_look_around(h2->conn);
	if (h2->head_since_mono_ms != 0 && now_ms - h2->head_since_mono_ms >=
	    h2->conn->config->limits.header_timeout_ms) {
		h2_session_terminate(h2->session, H2_ENHANCE_YOUR_CALM);
		h2->head_since_mono_ms = 0; /* from now on it is about sending */
	}
	if (is_idle(h2)) {
		h2->moved_mono_ms = now_ms;
		h2->moved_bytes = 0;
		if (now_ms < idle_deadline(h2))
			return true;
		if (h2_limits_is_taking(h2)) {
			h2->idle_since_mono_ms = now_ms + H2_TAKING_LOOK_MS;
			return true;
		}
		if (h2->drain != H2_GONE)
			h2_session_go_away(h2->session);
		return false;
	}
	if (h2->active_count == 0)
		h2->idle_since_mono_ms = now_ms;
	h2_limits_begin_taking(h2);
	linger(h2, now_ms);
	keep_streams(h2, now_ms);
	return !is_too_slow(h2, now_ms);
}

bool
h2_limits_should_end(const struct h2 *h2)
{
	const struct conn *conn = h2->conn;
	const struct config_keepalive *keepalive = &conn->config->keepalive;

	return conn_worker_should_leave(conn) ||
	    atomic_load_explicit(&conn->header->is_draining, memory_order_relaxed) != 0 ||
	    (signals_is_set(SIGNAL_SHED) && h2->active_count == 0) ||
	    (keepalive->max_request_count > 0 &&
	    conn->request_count >= keepalive->max_request_count);
}
