/* SPDX-License-Identifier: BSD-2-Clause */
/* Bookkeeping of a request: times, counts, its access log record. Leaves the record's
 * text to log_render.c. Workers, unprivileged. Rule: every request that got an answer
 * comes by here once. Shown by tests/integration/20-static/test_access_log.py. */
#include "workers/conn/turn.h"

#include "server/base/clock.h"

#define SCRATCH_KEEP_BYTES (256 * 1024) /* what an idle worker may keep of it */

static struct slice
protocol_text(const struct turn *turn)
{
	if (turn->request->is_http2)
		return SLICE_LITERAL("HTTP/2.0");
	if (!turn->has_request)
		return slice_make(NULL, 0);
	return turn->request->version_minor == 0 ? SLICE_LITERAL("HTTP/1.0") :
	    SLICE_LITERAL("HTTP/1.1");
}

/* The first line as it came, also when it was not understood. */
static struct slice
request_line(const struct conn *conn)
{
	const char *at = conn->in, *end = conn->in + conn->in_len, *stop;

	while (at < end && (*at == '\r' || *at == '\n'))
		at++;
	for (stop = at; stop < end && *stop != '\r' && *stop != '\n'; stop++)
		continue;
	return slice_make(at, (size_t)(stop - at));
}

/* The same where it was understood: " HTTP/1.x" stands behind the target, or " HTTP/2.0". */
static struct slice
whole_request_line(const struct http_request *request)
{
	const char *start = request->method_name.data;

	return slice_make(start, (size_t)(request->target.data - start) + request->target.len +
	    sizeof " HTTP/1.1" - 1);
}

/* "http://user:password@host/" is refused, and then written to the log: without them. */
static void
mask_userinfo(struct conn *conn)
{
	struct slice line = request_line(conn);
	char *scheme_end = memmem(line.data, line.len, "://", 3), *at, *end, *sign = NULL;

	if (scheme_end == NULL)
		return;
	end = conn->in + (line.data - conn->in) + line.len;
	for (at = scheme_end + 3; at < end && strchr("/?# ", *at) == NULL; at++) {
		if (*at == '@')
			sign = at;
	}
	if (sign != NULL)
		memset(scheme_end + 3, '*', (size_t)(sign - scheme_end - 3));
}

static struct slice
first_line(const struct conn *conn, const struct turn *turn)
{
	if (turn->has_request || (turn->request->is_http2 && turn->request->target.len > 0))
		return whole_request_line(turn->request);
	return turn->request->is_http2 ? slice_make(NULL, 0) : request_line(conn);
}

static uint64_t
sent_bytes(const struct conn *conn, const struct turn *turn)
{
	return turn->request->is_http2 ? turn->frame_bytes :
	    conn->stream.sent_bytes - turn->sent_before;
}

static uint64_t
received_bytes(const struct conn *conn, const struct turn *turn)
{
	if (turn->request->is_http2)
		return turn->request->head_bytes + turn->content_bytes;
	/* Not what follows it: the next request has a record of its own. */
	return turn->has_request ? turn->request->head_bytes + conn->content_bytes : conn->in_len;
}

bool
turn_is_logged(const struct turn *turn)
{
	const struct config_settings *settings;

	if (!turn->is_routed)
		return true;
	settings = turn->exchange.route.settings;
	return settings->access_log &&
	    config_statuses_hold(&settings->access_log_statuses, turn->status);
}

void
turn_log(struct conn *conn, const struct turn *turn, const struct answer *answer)
{
	int64_t now_us = turn->end_mono_us != 0 ? turn->end_mono_us : clock_mono_us();
	int64_t start_s = turn->start_wall_us / 1000000;
	struct log_record record;

	conn_follow_logs(conn);
	if (access_log_is_off(&conn->access_log) || !turn_is_logged(turn))
		return;
	memset(&record, 0, sizeof record);
	record.client = turn->has_request ? turn->exchange.client_text :
	    slice_from_text(conn->client);
	record.peer = slice_from_text(conn->client);
	record.user = turn->exchange.user;
	record.port = conn->port;
	record.id_seed = conn->id_seed;
	record.id_count = conn->served_count;
	record.started_wall_s = start_s;
	record.started_wall_ms = (unsigned)(turn->start_wall_us / 1000 % 1000);
	record.utc_offset_min = conn_utc_offset_min(conn, start_s);
	record.duration_us = (uint64_t)(now_us - turn->start_mono_us);
	record.request_line = first_line(conn, turn);
	record.method = turn->request->method_name;
	record.target = turn->request->target;
	record.protocol = protocol_text(turn);
	if (turn->has_request) {
		record.host = turn->request->host;
		record.request = turn->request;
	}
	if (conn->tls.protocol != NULL) {
		record.tls_protocol = slice_from_text(conn->tls.protocol);
		record.tls_cipher = slice_from_text(conn->tls.cipher);
		if (conn->tls.client_subject != NULL)
			record.tls_client_subject = slice_from_text(conn->tls.client_subject);
		if (conn->tls.server_name != NULL)
			record.tls_server_name = slice_from_text(conn->tls.server_name);
	}
	record.answer = answer;
	record.answer_head = turn->ready_head;
	record.clock = &conn->log_clock;
	record.status = turn->status;
	record.body_sent_bytes = turn->body_sent_bytes;
	record.sent_bytes = sent_bytes(conn, turn);
	record.received_bytes = received_bytes(conn, turn);
	record.connection_request_count = turn->connection_request_count;
	record.pid = conn->pid;
	record.is_aborted = turn->is_aborted;
	record.is_kept_alive = turn->keeps_alive;
	access_log_record(&conn->access_log, &record, now_us);
}

void
turn_count(struct conn *conn, const struct turn *turn)
{
	struct scoreboard_slot *slot = conn->slot;

	conn->served_count++;
	atomic_store_explicit(&slot->request_count, conn->served_count, memory_order_relaxed);
	atomic_store_explicit(&slot->sent_bytes,
	    atomic_load_explicit(&slot->sent_bytes, memory_order_relaxed) +
	    sent_bytes(conn, turn), memory_order_relaxed);
}

void
turn_end(struct conn *conn)
{
	if (conn->scratch.used == 0)
		return;
	arena_trim(&conn->scratch, SCRATCH_KEEP_BYTES);
	arena_reset(&conn->scratch);
}

void
turn_begin_stream(struct conn *conn, struct turn *turn, bool has_request,
    struct http_request *request, struct arena *arena, int64_t now_wall_us, int64_t now_mono_us)
{
	memset(turn, 0, sizeof *turn);
	turn->start_wall_us = now_wall_us;
	turn->start_mono_us = now_mono_us;
	turn->has_request = has_request;
	turn->sent_before = conn->stream.sent_bytes;
	turn->request = request;
	turn->arena = arena;
	turn->connection_request_count = ++conn->request_count;
	slot_set_request(conn->slot, request->method_name.data, request->method_name.len,
	    request->target.data, request->target.len);
}

void
turn_begin(struct conn *conn, struct turn *turn, bool has_request)
{
	if (!has_request)
		mask_userinfo(conn);
	turn_begin_stream(conn, turn, has_request, &conn->request, &conn->arena, clock_wall_us(),
	    clock_mono_us());
	turn->scratch = &conn->scratch;
	conn->content_bytes = 0;
	arena_reset(&conn->arena);
}
