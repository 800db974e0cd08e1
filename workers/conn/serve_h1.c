/* SPDX-License-Identifier: BSD-2-Clause */
/* The request loop of a connection: wait, parse, read content away, handle, send, log.
 * Leaves sending to send_h1.c, content to body.c, files to workers/handler. Workers,
 * unprivileged. Rule: after anything doubtful about where the next request begins, the
 * connection ends. Shown by tests/integration/10-protocol and 20-static.
 *
 *   wait --head complete--> content --> handle --> send --keep-alive--> wait
 *     | 400 408 414 431 501 505  | 400 408 413         | else
 *     +---------------> error answer -----------------> end
 */
#include "workers/conn/serve_h1.h"


#include "server/base/clock.h"
#include "server/base/signals.h"
#include "workers/conn/body.h"
#include "workers/conn/send_h1.h"
#include "workers/handler/static.h"

#define LINGER_MS 2000
#define LINGER_BYTES (1024 * 1024)
#define PATH_BYTES 4096             /* PATH_MAX: no longer path can be opened */

enum head_result {
	HEAD_COMPLETE,
	HEAD_BAD,                   /* *status says why */
	HEAD_NONE,                  /* the connection ends without an answer */
};

/* One request under way, for its log record. */
struct turn {
	int64_t start_wall_us, start_mono_us;
	uint64_t sent_before;
	unsigned status;
	uint64_t body_sent_bytes;
	bool has_request;           /* conn->request is whole */
	bool keeps_alive;
	bool is_aborted;
};

static unsigned
idle_wait_ms(const struct conn *conn)
{
	const struct config_keepalive *keepalive = &conn->config->keepalive;
	bool is_crowded = atomic_load_explicit(
	    &conn->header->is_crowded[conn->own->socket_index], memory_order_relaxed);

	return is_crowded && keepalive->linger_ms < keepalive->timeout_ms ?
	    keepalive->linger_ms : keepalive->timeout_ms;
}

/* The wait between requests: most of a kept-alive connection's life. */
static enum io_result
wait_for_next(struct conn *conn, size_t *got_out)
{
	enum io_result result;

	slot_set_phase(conn->slot, SLOT_KEEPALIVE, clock_mono_ms());
	signals_guard_idle(true);
	result = stream_wait(&conn->stream, conn->in, conn->in_cap, idle_wait_ms(conn), got_out);
	signals_guard_idle(false);
	return result;
}

static enum head_result
judge_missing_bytes(const struct conn *conn, enum io_result result, unsigned *status)
{
	if (result == IO_ERROR || result == IO_STOPPED ||
	    !http_parser_has_started(&conn->parser, conn->in, conn->in_len))
		return HEAD_NONE;
	*status = result == IO_TIMEOUT ? 408 : 400;
	return HEAD_BAD;
}

static enum head_result
read_head(struct conn *conn, unsigned *status)
{
	const struct config_limits *limits = &conn->config->limits;
	const struct http_limits parse_limits = { limits->request_line_bytes,
		limits->header_bytes, limits->header_field_count };
	int64_t deadline_ms = 0;

	http_parser_init(&conn->parser, &parse_limits);
	for (;;) {
		enum io_result result;
		size_t got = 0;

		if (conn->in_len > 0) {
			switch (http_parse_request(&conn->parser, conn->in, conn->in_len,
			    &conn->request)) {
			case HTTP_COMPLETE:
				return HEAD_COMPLETE;
			case HTTP_BAD:
				*status = http_parser_error_status(&conn->parser);
				return HEAD_BAD;
			case HTTP_NEED_MORE:
				break;
			}
		}
		if (conn->in_len == 0 && conn->request_count > 0 && deadline_ms == 0) {
			result = wait_for_next(conn, &got);
		} else {
			if (deadline_ms == 0)
				deadline_ms = clock_mono_ms() + limits->header_timeout_ms;
			result = stream_read(&conn->stream, conn->in + conn->in_len,
			    conn->in_cap - conn->in_len, deadline_ms, &got);
		}
		if (result != IO_OK)
			return judge_missing_bytes(conn, result, status);
		conn->in_len += got;
	}
}

static struct slice
protocol_text(const struct conn *conn, const struct turn *turn)
{
	if (!turn->has_request)
		return slice_make(NULL, 0);
	return conn->request.version_minor == 0 ? SLICE_LITERAL("HTTP/1.0") :
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

static void
log_turn(struct conn *conn, const struct turn *turn)
{
	int64_t now_us = clock_mono_us();
	int64_t start_s = turn->start_wall_us / 1000000;
	struct log_record record;

	conn_follow_logs(conn);
	if (access_log_is_off(&conn->access_log))
		return;
	memset(&record, 0, sizeof record);
	record.client = slice_from_text(conn->client);
	record.started_wall_s = start_s;
	record.started_wall_ms = (unsigned)(turn->start_wall_us / 1000 % 1000);
	record.utc_offset_min = conn_utc_offset_min(conn, start_s);
	record.duration_us = (uint64_t)(now_us - turn->start_mono_us);
	record.request_line = request_line(conn);
	record.method = conn->request.method_name;
	record.target = conn->request.target;
	record.protocol = protocol_text(conn, turn);
	if (turn->has_request) {
		record.host = conn->request.host;
		record.request = &conn->request;
	}
	record.status = turn->status;
	record.body_sent_bytes = turn->body_sent_bytes;
	record.sent_bytes = conn->stream.sent_bytes - turn->sent_before;
	/* Not what follows it: the next request has a record of its own. */
	record.received_bytes = turn->has_request ?
	    conn->request.head_bytes + conn->content_bytes : conn->in_len;
	record.connection_request_count = conn->request_count;
	record.pid = conn->pid;
	record.is_aborted = turn->is_aborted;
	record.is_kept_alive = turn->keeps_alive;
	access_log_record(&conn->access_log, &record, now_us / 1000);
}

static void
count_turn(struct conn *conn, const struct turn *turn)
{
	struct scoreboard_slot *slot = conn->slot;

	conn->served_count++;
	atomic_store_explicit(&slot->request_count, conn->served_count, memory_order_relaxed);
	atomic_store_explicit(&slot->sent_bytes,
	    atomic_load_explicit(&slot->sent_bytes, memory_order_relaxed) +
	    conn->stream.sent_bytes - turn->sent_before, memory_order_relaxed);
}

static bool
may_keep_alive(const struct conn *conn)
{
	const struct config_keepalive *keepalive = &conn->config->keepalive;

	return conn->request.is_persistent && keepalive->timeout_ms > 0 &&
	    (keepalive->max_request_count == 0 ||
	    conn->request_count < keepalive->max_request_count) &&
	    !conn_is_last_request(conn);
}

static void
send_answer(struct conn *conn, struct answer *answer, struct turn *turn)
{
	struct send_options options = {
		/* By name: what is no request as a whole can still be known to be HEAD. */
		.is_head = slice_equal(conn->request.method_name, SLICE_LITERAL("HEAD")),
		.keeps_alive = turn->keeps_alive,
		.names_keep_alive = turn->has_request && conn->request.version_minor == 0,
		.now_wall_s = turn->start_wall_us / 1000000,
	};
	enum io_result result;

	slot_set_phase(conn->slot, SLOT_SENDING, turn->start_mono_us / 1000);
	conn->is_sending = true;
	result = send_h1(conn, answer, &options, &turn->body_sent_bytes);
	if (result == IO_FILE_SHORT && conn->stream.sent_bytes == turn->sent_before) {
		answer_error(answer, &conn->arena, 500); /* nothing is said yet */
		result = send_h1(conn, answer, &options, &turn->body_sent_bytes);
	}
	conn->is_sending = false;
	turn->status = answer->status;
	if (result != IO_OK) {
		turn->is_aborted = true;
		turn->keeps_alive = false;
	}
}

static void
prepare_exchange(struct conn *conn, struct exchange *exchange, const struct turn *turn)
{
	exchange->request = &conn->request;
	exchange->config = conn->config;
	exchange->root_fds = conn->own->root_fds;
	exchange->arena = &conn->arena;
	exchange->now_wall_s = turn->start_wall_us / 1000000;
	exchange->boundary_seed = conn->boundary_seed++;
}

/* Path and route of a request. False: the answer says why there are none. */
static bool
find_route(struct conn *conn, struct exchange *exchange, struct answer *answer)
{
	char *path = arena_alloc(&conn->arena, PATH_BYTES);
	unsigned status = 500;

	exchange->path_info.len = 0;
	if (conn->request.target_form == HTTP_TARGET_ASTERISK ||
	    conn->request.target_form == HTTP_TARGET_AUTHORITY) {
		exchange->path = SLICE_LITERAL("/"); /* the server itself */
		exchange->path_info = (struct uri_path){ 1, false, true };
	} else {
		if (path != NULL)
			switch (uri_normalize_path(conn->request.path, path, PATH_BYTES,
			    &exchange->path_info)) {
			case URI_OK:
				status = 0;
				break;
			case URI_BAD:
				status = 400;
				break;
			case URI_ENCODED_SLASH:
				status = 404;
				break;
			case URI_TOO_LONG: /* understood, but no file's (RFC 9112 3) */
				status = 404;
				break;
			}
		if (status != 0) {
			answer_error(answer, &conn->arena, status);
			return false;
		}
		exchange->path = slice_make(path, exchange->path_info.len);
	}
	if (conn->request.is_https) {
		answer_error(answer, &conn->arena, 421);
		return false;
	}
	route_find(conn->config, conn->request.host, exchange->path, &exchange->route);
	return true;
}

/* The answer to a whole head; reads the content on the way. *used_out: bytes of conn->in
 * that the request took. */
static void
answer_request(struct conn *conn, struct answer *answer, struct turn *turn, size_t *used_out)
{
	struct exchange exchange;
	bool is_routed;
	unsigned status;

	prepare_exchange(conn, &exchange, turn);
	*used_out = conn->request.head_bytes;
	if (conn->request.has_unknown_expectation) {
		answer_error(answer, &conn->arena, 417);
		answer->must_close = conn->request.body_kind != HTTP_BODY_NONE;
		return;
	}
	is_routed = find_route(conn, &exchange, answer);
	/* Who asks before sending content is spared it when the answer is no. */
	if (conn->request.expects_continue && conn->request.body_kind != HTTP_BODY_NONE &&
	    (!is_routed || static_refuses_method(&exchange, answer))) {
		answer->must_close = true;
		return;
	}
	slot_set_phase(conn->slot, SLOT_READING, turn->start_mono_us / 1000);
	status = body_discard(conn, used_out);
	if (status == BODY_CONNECTION_IS_GONE) {
		turn->is_aborted = true;
		return;
	}
	if (status != 0) {
		answer_error(answer, &conn->arena, status);
		answer->must_close = true;
		return;
	}
	slot_set_phase(conn->slot, SLOT_SENDING, turn->start_mono_us / 1000);
	if (is_routed)
		static_handle(&exchange, answer);
}

static void
begin_turn(struct conn *conn, struct turn *turn, bool has_request)
{
	memset(turn, 0, sizeof *turn);
	turn->start_wall_us = clock_wall_us();
	turn->start_mono_us = clock_mono_us();
	turn->has_request = has_request;
	turn->sent_before = conn->stream.sent_bytes;
	conn->request_count++;
	conn->content_bytes = 0;
	arena_reset(&conn->arena);
	slot_set_request(conn->slot, conn->request.method_name.data,
	    conn->request.method_name.len, conn->request.target.data,
	    conn->request.target.len);
}

/* One whole request. True: the connection goes on. */
static bool
serve_request(struct conn *conn)
{
	struct answer answer;
	struct turn turn;
	size_t used;

	begin_turn(conn, &turn, true);
	answer_init(&answer);
	answer_request(conn, &answer, &turn, &used);
	if (turn.is_aborted) {
		turn.status = 400;
	} else {
		turn.keeps_alive = !answer.must_close && may_keep_alive(conn);
		send_answer(conn, &answer, &turn);
	}
	answer_fini(&answer);
	count_turn(conn, &turn);
	log_turn(conn, &turn);
	if (turn.is_aborted)
		return false;
	/* A client that asked for the end has sent all, as a rule; any other may send more, and
	 * must not lose the answer to a reset. */
	if (!turn.keeps_alive &&
	    (conn->request.is_persistent || answer.must_close || conn->in_len > used)) {
		slot_set_phase(conn->slot, SLOT_CLOSING, clock_mono_ms());
		stream_linger(&conn->stream, LINGER_MS, LINGER_BYTES);
	}
	conn->in_len -= used;
	if (conn->in_len > 0)
		memmove(conn->in, conn->in + used, conn->in_len);
	return turn.keeps_alive;
}

/* A head that is none: the answer is an error page and the end. */
static void
refuse(struct conn *conn, unsigned status)
{
	struct answer answer;
	struct turn turn;

	begin_turn(conn, &turn, false);
	answer_init(&answer);
	answer_error(&answer, &conn->arena, status);
	send_answer(conn, &answer, &turn);
	answer_fini(&answer);
	count_turn(conn, &turn);
	log_turn(conn, &turn);
	if (!turn.is_aborted) {
		slot_set_phase(conn->slot, SLOT_CLOSING, clock_mono_ms());
		stream_linger(&conn->stream, LINGER_MS, LINGER_BYTES);
	}
}

void
serve_h1(struct conn *conn)
{
	unsigned status = 0;
	bool goes_on = true;

	slot_set_phase(conn->slot, SLOT_READING, clock_mono_ms());
	while (goes_on) {
		conn->request.method_name = conn->request.target = slice_make("", 0);
		switch (read_head(conn, &status)) {
		case HEAD_COMPLETE:
			goes_on = serve_request(conn);
			break;
		case HEAD_BAD:
			refuse(conn, status);
			return;
		case HEAD_NONE:
			return;
		}
		slot_clear_request(conn->slot);
	}
}
