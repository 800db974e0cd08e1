/* SPDX-License-Identifier: BSD-2-Clause */
/* The request loop of a connection: wait, parse, read content away, handle, send, log.
 * Leaves sending to send_h1.c, content to body.c, files to workers/handler. Workers,
 * unprivileged. Rule: after anything doubtful about where the next request begins, the
 * connection ends. Shown by tests/integration/10-protocol and 20-static.
 *
 *   wait --head complete--> content --> handle --> send --keep-alive--> wait
 *     | 400 408 414 431 501 505  | 400 408 413       | | else
 *     +---------------> error answer ----------------|-+-> end
 *                                                    +--slow client--> a keeper, and send again
 */
#include "workers/conn/serve_h1.h"

#include "server/base/clock.h"
#include "server/base/signals.h"
#include "workers/conn/body.h"
#include "workers/conn/handle.h"
#include "workers/conn/ready.h"
#include "workers/conn/send_h1.h"
#include "workers/conn/send_ready.h"
#include "workers/conn/stall.h"
#include "workers/conn/turn.h"
#include "workers/conn/wait_h1.h"
#include "workers/handler/fields.h"
#include "workers/handler/site.h"

#define LINGER_MS 2000
#define LINGER_BYTES (1024 * 1024)

enum head_result {
	HEAD_COMPLETE,
	HEAD_BAD,                   /* *status says why */
	HEAD_NONE,                  /* the connection ends without an answer */
	HEAD_PARKED,                /* a keeper waits for the rest */
};

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
	conn_expect_head(conn);
	for (;;) {
		enum io_result result;
		bool is_parked = false;
		size_t got = 0;

		if (conn->in_len > 0) {
			switch (http_parse_request(&conn->parser, conn->in, conn->in_len,
			    &conn->request)) {
			case HTTP_COMPLETE:
				conn->head_deadline_mono_ms = 0;
				return HEAD_COMPLETE;
			case HTTP_BAD:
				*status = http_parser_error_status(&conn->parser);
				return HEAD_BAD;
			case HTTP_NEED_MORE:
				break;
			}
		}
		if (conn->in_len == 0 && conn->request_count > 0)
			result = wait_h1_next(conn, &got, &is_parked);
		else
			result = wait_h1_head(conn, &got, &is_parked);
		if (is_parked)
			return HEAD_PARKED;
		if (result != IO_OK)
			return judge_missing_bytes(conn, result, status);
		conn->in_len += got;
	}
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
send_answer(struct conn *conn, struct answer *answer, struct turn *turn, struct stall *stall)
{
	struct send_options options = {
		/* By name: what is no request as a whole can still be known to be HEAD. */
		.is_head = slice_equal(conn->request.method_name, SLICE_LITERAL("HEAD")),
		.keeps_alive = turn->keeps_alive,
		.names_keep_alive = turn->has_request && conn->request.version_minor == 0,
		.now_wall_s = turn->start_wall_us / 1000000,
		.rate_bytes_s = send_rate(conn, turn),
		.may_stall = turn->has_request,
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
	turn->status = answer->status;
	if (result == IO_STALLED) {
		stall->answer_head = send_h1_head_lines(conn);
		stall->must_close = answer->must_close;
		stall->is_logged = turn_is_logged(turn);
		result = stall_go_on(conn, turn, stall);
	}
	conn->is_sending = false;
	if (result != IO_OK) {
		turn->is_aborted = true;
		turn->keeps_alive = false;
	}
}

/* The answer to a whole head; reads the content on the way. *used_out: bytes of conn->in
 * that the request took. */
static void
answer_request(struct conn *conn, struct answer *answer, struct turn *turn, size_t *used_out)
{
	bool is_admitted, has_content = conn->request.body_kind != HTTP_BODY_NONE;
	unsigned status;

	*used_out = conn->request.head_bytes;
	is_admitted = handle_admit(turn, answer);
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

/* What the connection does when the answer is out. True: it goes on. */
static bool
finish_request(struct conn *conn, const struct turn *turn, bool must_close, size_t used)
{
	if (turn->is_aborted)
		return false;
	/* A client that asked for the end has sent all, as a rule; any other may send more, and
	 * must not lose the answer to a reset. */
	if (!turn->keeps_alive &&
	    (conn->request.is_persistent || must_close || conn->in_len > used)) {
		slot_set_phase(conn->slot, SLOT_CLOSING, clock_mono_ms());
		stream_linger(&conn->stream, LINGER_MS, LINGER_BYTES);
	}
	conn->in_len -= used;
	if (conn->in_len > 0)
		memmove(conn->in, conn->in + used, conn->in_len);
	return turn->keeps_alive;
}

/* A request whose answer is ready. True: the connection goes on. */
static bool
serve_ready(struct conn *conn, struct turn *turn, const struct ready *ready)
{
	struct stall stall = { .used_bytes = conn->request.head_bytes,
		.is_logged = turn_is_logged(turn) };

	turn->keeps_alive = handle_may_keep_alive(conn);
	conn->was_cheap = ready->answer->fd < 0;
	send_ready(conn, turn, ready, &stall);
	if (turn->is_parked)
		return false;
	turn_count(conn, turn);
	turn_log(conn, turn, NULL);
	return finish_request(conn, turn, false, stall.used_bytes);
}

/* Whether the next request for the same is one that a keeper would have answered. */
static bool
is_cheap(const struct turn *turn, const struct answer *answer)
{
	return !turn->is_routed || (answer->source.read == NULL && answer->file_fd < 0 &&
	    turn->exchange.route.settings->auth_type == CONFIG_AUTH_OFF &&
	    turn->exchange.route.settings->limit_rate_bytes_s == 0);
}

/* One whole request. True: the connection goes on. */
static bool
serve_request(struct conn *conn)
{
	struct ready ready;
	struct stall stall = { .used_bytes = 0 };
	struct answer answer;
	struct turn turn;
	bool must_close, goes_on = false;

	turn_begin(conn, &turn, true);
	handle_prepare(conn, &turn);
	if (ready_find(conn, &turn, &ready))
		return serve_ready(conn, &turn, &ready);
	answer_init(&answer);
	answer_request(conn, &answer, &turn, &stall.used_bytes);
	must_close = answer.must_close;
	if (turn.is_aborted) {
		turn.status = 400;
	} else {
		site_finish(&turn.exchange, &answer, turn.is_routed);
		if (ready_keep(conn, &turn, &ready, &answer)) {
			answer_fini(&answer);
			goes_on = serve_ready(conn, &turn, &ready);
			turn_end(conn);
			return goes_on;
		}
		turn.keeps_alive = !must_close && handle_may_keep_alive(conn) &&
		    !send_h1_ends_connection(conn, &answer);
		conn->was_cheap = is_cheap(&turn, &answer);
		send_answer(conn, &answer, &turn, &stall);
	}
	if (!turn.is_parked) {
		turn_count(conn, &turn);
		turn_log(conn, &turn, &answer);
	}
	answer_fini(&answer);
	turn_end(conn);
	return !turn.is_parked && finish_request(conn, &turn, must_close, stall.used_bytes);
}

/* A head that is none: the answer is an error page and the end. reason: NULL: what the status
 * says. */
static void
refuse(struct conn *conn, unsigned status, const char *reason)
{
	struct stall none = { .used_bytes = 0 };
	struct answer answer;
	struct turn turn;

	turn_begin(conn, &turn, false);
	answer_init(&answer);
	if (reason == NULL)
		answer_error(&answer, &conn->arena, status);
	else
		answer_error_because(&answer, &conn->arena, status, reason);
	site_finish(&turn.exchange, &answer, false);
	send_answer(conn, &answer, &turn, &none);
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
serve_h1_refuse(struct conn *conn, unsigned status)
{
	slot_set_phase(conn->slot, SLOT_SENDING, clock_mono_ms());
	conn_expect_head(conn);
	/* What is wrong with it anyway is said rather. */
	if (conn->in_len > 0 && http_parse_request(&conn->parser, conn->in, conn->in_len,
	    &conn->request) == HTTP_BAD)
		status = http_parser_error_status(&conn->parser);
	refuse(conn, status, NULL);
	slot_clear_request(conn->slot);
}

void
serve_h1(struct conn *conn)
{
	unsigned status = 0;
	bool goes_on = true;

	slot_set_phase(conn->slot, SLOT_READING, clock_mono_ms());
	while (goes_on) {
		switch (read_head(conn, &status)) {
		case HEAD_COMPLETE:
			goes_on = serve_request(conn);
			break;
		case HEAD_BAD:
			refuse(conn, status, NULL);
			return;
		case HEAD_NONE:
		case HEAD_PARKED:
			return;
		}
		conn->paid_rate_count = 0;
		slot_clear_request(conn->slot);
	}
}

void
serve_h1_stalled(struct conn *conn, int file_fd, bool must_stay)
{
	enum io_result result;
	bool goes_on = false;
	struct stall stall;
	struct turn turn;

	if (!stall_load(conn, file_fd, &turn, &stall)) {
		log_error("hand-over: a connection was lost: what it was sent does not make "
		    "sense");
		return;
	}
	stall.must_stay = must_stay;
	slot_set_phase(conn->slot, SLOT_SENDING, turn.start_mono_us / 1000);
	conn->is_sending = true;
	result = stall_go_on(conn, &turn, &stall);
	conn->is_sending = false;
	if (!turn.is_parked) {
		stall_finish(conn, &turn, &stall, result);
		goes_on = finish_request(conn, &turn, stall.must_close, stall.used_bytes);
	}
	slot_clear_request(conn->slot);
	if (goes_on)
		serve_h1(conn);
}

void
serve_h1_refuse_plain(struct conn *conn)
{
	conn_expect_head(conn);
	/* For HEAD, and for the log: as far as it has come, and whatever it is. */
	(void)http_parse_request(&conn->parser, conn->in, conn->in_len, &conn->request);
	refuse(conn, 400, "This port is for HTTPS: the address has to begin with https://.");
}
