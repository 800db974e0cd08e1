/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads requests of held connections and has them answered. Leaves answers to quick.c. Keepers,
 * unprivileged. Rule: a request is answered once or handed over once; what follows it in the
 * buffer waits for that. Shown by tests/integration/40-pool/test_keepers.py. */
#include "workers/keeper/keep.h"

#include <errno.h>
#include <sys/socket.h>

#define ANSWERS_AT_ONCE 32          /* to one client; then the others get their turn */

static int64_t
head_deadline(struct keeper *keeper)
{
	struct conn *conn = &keeper->conn;

	if (conn->head_deadline_mono_ms == 0)
		conn->head_deadline_mono_ms = keeper->now_ms +
		    conn->config->limits.header_timeout_ms;
	return conn->head_deadline_mono_ms;
}

void
keep_rest_idle(struct keeper *keeper, int fd)
{
	struct conn *conn = &keeper->conn;

	conn->head_deadline_mono_ms = 0;
	conn->paid_rate_count = 0;
	partial_free(&holds_get(&keeper->holds, fd)->partial);
	keep_store(keeper, fd);
	holds_move(&keeper->holds, fd, HOLD_IDLE, keeper->now_ms +
	    conn->config->keepalive.timeout_ms);
}

/* More of the request is to come. */
void
keep_rest_reading(struct keeper *keeper, int fd)
{
	int64_t deadline_ms = head_deadline(keeper);

	if (!keep_rest(keeper, fd))
		return;
	keep_store(keeper, fd);
	holds_move(&keeper->holds, fd, HOLD_READING, deadline_ms);
}

/* The request at the front of conn->in is done with. */
static void
use_up(struct conn *conn, size_t bytes)
{
	conn->in_len -= bytes;
	if (conn->in_len > 0)
		memmove(conn->in, conn->in + bytes, conn->in_len);
	conn->head_deadline_mono_ms = 0;
	conn->paid_rate_count = 0;
	slot_clear_request(conn->slot);
}

/* True: look at what follows in conn->in. */
static bool
act_on(struct keeper *keeper, int fd, enum quick_result result, size_t used,
    struct pending *pending)
{
	switch (result) {
	case QUICK_GOES_ON:
		use_up(&keeper->conn, used);
		return true;
	case QUICK_PENDING:
		use_up(&keeper->conn, used);
		keep_rest_sending(keeper, fd, pending);
		return false;
	case QUICK_DECLINED:
		slot_clear_request(keeper->conn.slot); /* it is not to blame for what comes */
		keep_hand_over(keeper, fd);
		return false;
	case QUICK_LINGERS:
		use_up(&keeper->conn, used);
		keep_linger(keeper, fd);
		return false;
	case QUICK_ENDS:
	case QUICK_BROKEN:
		break;
	}
	slot_clear_request(keeper->conn.slot);
	keep_drop(keeper, fd);
	return false;
}

/* Others have their turn before it goes on. */
static void
rest_runnable(struct keeper *keeper, int fd)
{
	if (!keep_rest(keeper, fd))
		return;
	keep_store(keeper, fd);
	holds_move(&keeper->holds, fd, HOLD_RUNNABLE, keeper->now_ms);
}

/* All whole requests that conn->in holds. */
void
keep_serve(struct keeper *keeper, int fd)
{
	struct conn *conn = &keeper->conn;
	struct pending *pending = NULL;
	enum quick_result result;
	unsigned left = ANSWERS_AT_ONCE;

	while (conn->in_len > 0) {
		if (left-- == 0) {
			rest_runnable(keeper, fd);
			return;
		}
		conn_expect_head(conn);
		switch (http_parse_request(&conn->parser, conn->in, conn->in_len,
		    &conn->request)) {
		case HTTP_COMPLETE:
			result = quick_answer(conn, &keeper->may_make, &pending);
			if (!act_on(keeper, fd, result, conn->request.head_bytes, pending))
				return;
			break;
		case HTTP_BAD:
			result = quick_refuse(conn, http_parser_error_status(&conn->parser),
			    &pending);
			(void)act_on(keeper, fd, result, conn->in_len, pending);
			return;
		case HTTP_NEED_MORE:
			keep_rest_reading(keeper, fd);
			return;
		}
	}
	keep_rest_idle(keeper, fd);
}

/* The client ends, or its time is over, in the middle of a request. */
void
keep_refuse(struct keeper *keeper, int fd, unsigned status)
{
	struct conn *conn = &keeper->conn;
	struct pending *pending = NULL;
	enum http_verdict verdict;
	enum quick_result result;

	if (conn->awaits_hello) {   /* it would not understand */
		keep_drop(keeper, fd);
		return;
	}
	conn_expect_head(conn);
	verdict = conn->in_len == 0 ? HTTP_NEED_MORE : http_parse_request(&conn->parser,
	    conn->in, conn->in_len, &conn->request);
	if (verdict == HTTP_NEED_MORE &&
	    !http_parser_has_started(&conn->parser, conn->in, conn->in_len)) {
		keep_drop(keeper, fd);
		return;
	}
	/* Not every byte was worth a look. */
	if (verdict == HTTP_BAD)
		status = http_parser_error_status(&conn->parser);
	result = quick_refuse(conn, status, &pending);
	(void)act_on(keeper, fd, result, conn->in_len, pending);
}

/* What is too large is refused as soon as it is; a full buffer in any case. */
static bool
exceeds_limit(const struct conn *conn, size_t had)
{
	const struct config_limits *limits = &conn->config->limits;

	return (had <= limits->request_line_bytes && conn->in_len > limits->request_line_bytes) ||
	    (had <= limits->header_bytes && conn->in_len > limits->header_bytes) ||
	    conn->in_len == conn->in_cap;
}

enum taken {
	TAKEN_ALL,                  /* what there was has been read */
	TAKEN_SOME,                 /* the buffer was full */
	TAKEN_NOTHING,              /* there is none, or the connection has ended */
};

static enum taken
take_some(struct keeper *keeper, int fd)
{
	const struct hold *hold = holds_get(&keeper->holds, fd);
	struct conn *conn = &keeper->conn;
	size_t had, cap;
	ssize_t n;

	if (!keep_load(keeper, fd)) {
		keep_drop(keeper, fd);
		return TAKEN_NOTHING;
	}
	had = conn->in_len;
	cap = conn->in_cap - had;
	do {
		n = recv(fd, conn->in + had, cap, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		conn->in_len += (size_t)n;
		if (conn->awaits_hello)
			keep_greet(keeper, fd);
		else if (exceeds_limit(conn, had) ||
		    partial_is_worth_parsing(hold->partial, conn->in, had, conn->in_len))
			keep_serve(keeper, fd);
		else
			keep_rest_reading(keeper, fd);
		return (size_t)n == cap ? TAKEN_SOME : TAKEN_ALL;
	}
	if (n < 0 && errno == EAGAIN)
		return TAKEN_NOTHING;
	if (n == 0 && had > 0)
		keep_refuse(keeper, fd, 400); /* half-closed clients still read the answer */
	else
		keep_drop(keeper, fd);
	return TAKEN_NOTHING;
}

/* The epoll set tells each change once: what is left unread then, and an end that came with it,
 * would be told by nobody. */
void
keep_take_input(struct keeper *keeper, int fd, bool has_ended)
{
	const struct hold *hold = holds_get(&keeper->holds, fd);
	enum taken taken;

	keeper->may_make = true;
	do {
		taken = take_some(keeper, fd);
	} while ((hold->state == HOLD_IDLE || hold->state == HOLD_READING ||
	    hold->state == HOLD_GREETING) &&
	    (taken == TAKEN_SOME || (taken == TAKEN_ALL && has_ended)));
}

void
keep_run(struct keeper *keeper, int fd)
{
	const struct hold *hold = holds_get(&keeper->holds, fd);

	keeper->may_make = true;
	if (!keep_load(keeper, fd)) {
		keep_drop(keeper, fd);
		return;
	}
	keep_serve(keeper, fd);
	/* What came meanwhile was told, and not listened to. */
	if (hold->state == HOLD_IDLE || hold->state == HOLD_READING)
		keep_take_input(keeper, fd, true);
}
