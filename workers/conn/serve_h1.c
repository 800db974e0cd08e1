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
#include "workers/conn/turn.h"
#include "workers/handler/fields.h"
#include "workers/handler/real_ip.h"
#include "workers/handler/site.h"

#define LINGER_MS 2000
#define LINGER_BYTES (1024 * 1024)
#define PATH_BYTES 4096             /* PATH_MAX: no longer path can be opened */

enum head_result {
	HEAD_COMPLETE,
	HEAD_BAD,                   /* *status says why */
	HEAD_NONE,                  /* the connection ends without an answer */
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

static bool
may_keep_alive(const struct conn *conn)
{
	const struct config_keepalive *keepalive = &conn->config->keepalive;

	return conn->request.is_persistent && keepalive->timeout_ms > 0 &&
	    (keepalive->max_request_count == 0 ||
	    conn->request_count < keepalive->max_request_count) &&
	    !conn_is_last_request(conn);
}

/* The slower of what the connection and the location may; 0: as fast as it goes. */
static uint64_t
send_rate(const struct conn *conn, const struct turn *turn)
{
	uint64_t all = conn->config->limits.connection_rate_bytes_s;
	uint64_t one = turn->is_routed ?
	    turn->exchange.route.settings->limit_rate_bytes_s : 0;

	return all == 0 || (one > 0 && one < all) ? one : all;
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
		.rate_bytes_s = send_rate(conn, turn),
	};
	enum io_result result;

	slot_set_phase(conn->slot, SLOT_SENDING, turn->start_mono_us / 1000);
	conn->is_sending = true;
	result = send_h1(conn, answer, &options, &turn->body_sent_bytes);
	if (result == IO_FILE_SHORT && conn->stream.sent_bytes == turn->sent_before) {
		answer_error(answer, &conn->arena, 500); /* nothing is said yet */
		fields_add_unrouted(answer);
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
prepare_exchange(struct conn *conn, struct turn *turn)
{
	struct exchange *exchange = &turn->exchange;
	const struct inheritance *own = conn->own;

	exchange->request = &conn->request;
	exchange->query = conn->request.query;
	exchange->has_query = conn->request.has_query;
	exchange->config = conn->config;
	exchange->root_fds = own->root_fds;
	exchange->arena = &conn->arena;
	exchange->scratch = &conn->scratch;
	exchange->clients = own->clients;
	exchange->nonces = own->nonces;
	exchange->listener_index = own->listener_index;
	exchange->now_wall_s = turn->start_wall_us / 1000000;
	exchange->now_mono_ms = turn->start_mono_us / 1000;
	exchange->boundary_seed = conn->boundary_seed++;
	exchange->client = conn->peer;
	exchange->is_https = conn->is_https;
	exchange->client_text = slice_from_text(conn->client);
	if (conn->config->trusted_proxy_count == 0)
		return;
	real_ip_find(conn->config, &conn->request, &conn->peer, &exchange->client,
	    &exchange->is_https);
	conn_write_address(conn->real_client, &exchange->client);
	exchange->client_text = slice_from_text(conn->real_client);
}

/* The path that the request names; 0, or the status of an answer without one. */
static unsigned
find_path(struct conn *conn, struct exchange *exchange)
{
	char *path;

	if (conn->request.target_form == HTTP_TARGET_ASTERISK ||
	    conn->request.target_form == HTTP_TARGET_AUTHORITY) {
		exchange->path = SLICE_LITERAL("/"); /* the server itself */
		exchange->path_info = (struct uri_path){ 1, false, true };
		return 0;
	}
	path = arena_alloc(&conn->arena, PATH_BYTES);
	if (path == NULL)
		return 500;
	switch (uri_normalize_path(conn->request.path, path, PATH_BYTES,
	    &exchange->path_info)) {
	case URI_BAD:
		return 400;
	case URI_ENCODED_SLASH:
		return 404;
	case URI_TOO_LONG:          /* understood, but no file's (RFC 9112 3) */
		return 404;
	case URI_OK:
		break;
	}
	exchange->path = slice_make(path, exchange->path_info.len);
	return 0;
}

/* What the head says is decided before the content is read: who asks before sending it is
 * spared it when the answer is no. True: the content is wanted, site_answer() comes next. */
static bool
admit(struct conn *conn, struct turn *turn, struct answer *answer)
{
	unsigned status;

	if (conn->request.has_unknown_expectation) {
		answer_error(answer, &conn->arena, 417);
		return false;
	}
	status = find_path(conn, &turn->exchange);
	if (status == 0 && conn->request.is_https && !turn->exchange.is_https)
		status = 421;       /* not over a connection that is not secured (RFC 9110 7.4) */
	if (status != 0) {
		answer_error(answer, &conn->arena, status);
		return false;
	}
	turn->is_routed = true;
	return site_admit(&turn->exchange, answer);
}

/* The answer to a whole head; reads the content on the way. *used_out: bytes of conn->in
 * that the request took. */
static void
answer_request(struct conn *conn, struct answer *answer, struct turn *turn, size_t *used_out)
{
	bool is_admitted, has_content = conn->request.body_kind != HTTP_BODY_NONE;
	unsigned status;

	prepare_exchange(conn, turn);
	*used_out = conn->request.head_bytes;
	is_admitted = admit(conn, turn, answer);
	if (!is_admitted && has_content && (conn->request.expects_continue ||
	    conn->request.has_unknown_expectation)) {
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
	if (is_admitted)
		site_answer(&turn->exchange, answer);
}

/* One whole request. True: the connection goes on. */
static bool
serve_request(struct conn *conn)
{
	struct answer answer;
	struct turn turn;
	bool must_close;
	size_t used;

	turn_begin(conn, &turn, true);
	answer_init(&answer);
	answer_request(conn, &answer, &turn, &used);
	must_close = answer.must_close;
	if (turn.is_aborted) {
		turn.status = 400;
	} else {
		site_finish(&turn.exchange, &answer, turn.is_routed);
		turn.keeps_alive = !must_close && may_keep_alive(conn) &&
		    !send_h1_ends_connection(conn, &answer);
		send_answer(conn, &answer, &turn);
	}
	turn_count(conn, &turn);
	turn_log(conn, &turn, &answer);
	answer_fini(&answer);
	turn_end(conn);
	if (turn.is_aborted)
		return false;
	/* A client that asked for the end has sent all, as a rule; any other may send more, and
	 * must not lose the answer to a reset. */
	if (!turn.keeps_alive &&
	    (conn->request.is_persistent || must_close || conn->in_len > used)) {
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

	turn_begin(conn, &turn, false);
	answer_init(&answer);
	answer_error(&answer, &conn->arena, status);
	site_finish(&turn.exchange, &answer, false);
	send_answer(conn, &answer, &turn);
	turn_count(conn, &turn);
	turn_log(conn, &turn, &answer);
	answer_fini(&answer);
	turn_end(conn);
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
