/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers requests without ever waiting: from the cache, or by the same steps as a worker, of
 * which those that would wait decline. Leaves connections to workers/keeper.c. Keepers,
 * unprivileged. Rule: nothing has been sent or logged of a request that is declined.
 * Shown by tests/integration/40-pool/test_keepers.py. */
#include "workers/keeper/quick.h"

#include <errno.h>
#include <sys/socket.h>

#include "workers/conn/handle.h"
#include "workers/conn/ready.h"
#include "workers/conn/send_h1.h"
#include "workers/handler/fields.h"
#include "workers/handler/resolve.h"
#include "workers/handler/site.h"

/* What is to be sent of an answer. */
struct outgoing {
	struct iovec pieces[READY_PIECES_MAX];
	unsigned count;
	uint64_t head_bytes;
	struct cached_answer *kept; /* that the last piece lies in; NULL: none */
	bool must_close;
};

static size_t
total_bytes(const struct outgoing *outgoing)
{
	size_t bytes = 0;
	unsigned i;

	for (i = 0; i < outgoing->count; i++)
		bytes += outgoing->pieces[i].iov_len;
	return bytes;
}

static ssize_t
send_now(int fd, struct outgoing *outgoing)
{
	struct msghdr message = { .msg_iov = outgoing->pieces, .msg_iovlen = outgoing->count };
	ssize_t n;

	do {
		n = outgoing->count == 1 ? send(fd, outgoing->pieces[0].iov_base,
		    outgoing->pieces[0].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL) :
		    sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

/* A client that asked for the end has sent all, as a rule; any other may send more. */
static bool
must_linger(const struct conn *conn, const struct turn *turn, const struct outgoing *outgoing)
{
	return !turn->has_request || conn->request.is_persistent || outgoing->must_close ||
	    conn->in_len > conn->request.head_bytes;
}

static void
close_books(struct conn *conn, struct turn *turn, const struct answer *answer)
{
	turn_count(conn, turn);
	turn_log(conn, turn, answer);
}

/* answer: that it was made of, or NULL. */
static enum quick_result
deliver(struct conn *conn, struct turn *turn, struct outgoing *outgoing,
    const struct answer *answer, struct pending **pending)
{
	size_t all = total_bytes(outgoing);
	ssize_t n = send_now(conn->stream.fd, outgoing);
	bool lingers = must_linger(conn, turn, outgoing);

	if (n >= 0 && (size_t)n < all) {
		*pending = pending_new(conn, turn, outgoing->pieces, outgoing->count, (size_t)n,
		    outgoing->kept, outgoing->head_bytes, lingers);
		if (*pending != NULL)
			return QUICK_PENDING;
	}
	if (n > 0)
		conn->stream.sent_bytes += (uint64_t)n;
	turn->body_sent_bytes = n > 0 && (uint64_t)n > outgoing->head_bytes ?
	    (uint64_t)n - outgoing->head_bytes : 0;
	if (n < 0 || (size_t)n < all) {
		turn->is_aborted = true;
		turn->keeps_alive = false;
	}
	close_books(conn, turn, answer);
	if (turn->is_aborted)
		return QUICK_BROKEN;
	return turn->keeps_alive ? QUICK_GOES_ON : lingers ? QUICK_LINGERS : QUICK_ENDS;
}

static enum quick_result
deliver_ready(struct conn *conn, struct turn *turn, const struct ready *ready,
    struct pending **pending)
{
	struct outgoing outgoing = { .kept = ready->answer };

	turn->keeps_alive = handle_may_keep_alive(conn);
	outgoing.count = ready_pieces(conn, turn, ready, turn->keeps_alive, outgoing.pieces);
	outgoing.head_bytes = total_bytes(&outgoing) -
	    (ready->has_content ? ready->answer->content_bytes : 0);
	return deliver(conn, turn, &outgoing, NULL, pending);
}

/* The content behind the head in conn->out. False: there is no room, or it is not in memory. */
static bool
append_content(struct conn *conn, const struct answer *answer, size_t *at)
{
	unsigned i;

	for (i = 0; i < answer->segment_count; i++) {
		const struct answer_segment *segment = &answer->segments[i];

		if (segment->len > CONN_OUT_BYTES - *at)
			return false;
		if (segment->kind == ANSWER_MEMORY)
			memcpy(conn->out + *at, segment->data.data, segment->len);
		else if (resolve_read(answer->file_fd, conn->out + *at, segment->len,
		    (off_t)segment->offset) != (ssize_t)segment->len)
			return false;
		*at += segment->len;
	}
	return true;
}

/* Puts a made answer together in conn->out. False: it cannot be sent from here. */
static bool
assemble(struct conn *conn, const struct turn *turn, const struct answer *answer,
    struct outgoing *outgoing)
{
	const struct send_options options = {
		.is_head = slice_equal(conn->request.method_name, SLICE_LITERAL("HEAD")),
		.keeps_alive = turn->keeps_alive,
		.names_keep_alive = turn->has_request && conn->request.version_minor == 0,
		.now_wall_s = turn->start_wall_us / 1000000,
	};
	struct response_head head;
	size_t at;

	if (answer->source.read != NULL)
		return false;
	send_h1_write_head(conn, answer, &options, &head);
	if (head.is_bad)
		return false;
	at = head.len;
	if (answer->has_content && !options.is_head && !append_content(conn, answer, &at))
		return false;
	outgoing->pieces[0] = (struct iovec){ conn->out, at };
	outgoing->count = 1;
	outgoing->head_bytes = head.len;
	return true;
}

/* A rate is kept by waiting. */
static bool
has_rate(const struct conn *conn, const struct turn *turn)
{
	return conn->config->limits.connection_rate_bytes_s > 0 ||
	    (turn->is_routed && turn->exchange.route.settings != NULL &&
	    turn->exchange.route.settings->limit_rate_bytes_s > 0);
}

static enum quick_result
decline(struct conn *conn, const struct turn *turn)
{
	/* The worker makes the same steps again, but for these. */
	conn->paid_rate_count = turn->exchange.counted_rate_count;
	conn->request_count--;
	return QUICK_DECLINED;
}

/* By the same steps as a worker. */
static enum quick_result
make_answer(struct conn *conn, struct turn *turn, struct ready *ready, struct answer *answer,
    struct pending **pending)
{
	struct outgoing outgoing = { .must_close = false };

	if (handle_admit(turn, answer))
		site_answer(&turn->exchange, answer);
	outgoing.must_close = answer->must_close;
	site_finish(&turn->exchange, answer, turn->is_routed);
	if (answer->is_declined || resolve_take_refusal() || has_rate(conn, turn))
		return decline(conn, turn);
	if (ready_keep(conn, turn, ready, answer))
		return deliver_ready(conn, turn, ready, pending);
	turn->keeps_alive = !outgoing.must_close && handle_may_keep_alive(conn);
	turn->status = answer->status;
	if (resolve_take_refusal() || !assemble(conn, turn, answer, &outgoing)) {
		(void)resolve_take_refusal();
		return decline(conn, turn);
	}
	return deliver(conn, turn, &outgoing, answer, pending);
}

enum quick_result
quick_answer(struct conn *conn, bool *may_make, struct pending **pending)
{
	enum quick_result result;
	struct answer answer;
	struct ready ready;
	struct turn turn;

	if (conn->request.body_kind != HTTP_BODY_NONE)
		return QUICK_DECLINED;
	slot_set_client(conn->slot, conn->client);
	turn_begin(conn, &turn, true);
	handle_prepare(conn, &turn);
	if (ready_find(conn, &turn, &ready))
		return deliver_ready(conn, &turn, &ready, pending);
	if (!*may_make)
		return decline(conn, &turn);
	*may_make = false;
	answer_init(&answer);
	(void)resolve_take_refusal();
	result = make_answer(conn, &turn, &ready, &answer, pending);
	answer_fini(&answer);
	turn_end(conn);
	return result;
}

enum quick_result
quick_refuse(struct conn *conn, unsigned status, struct pending **pending)
{
	struct outgoing outgoing = { .must_close = true };
	enum quick_result result = QUICK_BROKEN;
	struct answer answer;
	struct turn turn;

	turn_begin(conn, &turn, false);
	answer_init(&answer);
	answer_error(&answer, &conn->arena, status);
	site_finish(&turn.exchange, &answer, false);
	turn.status = status;
	if (assemble(conn, &turn, &answer, &outgoing))
		result = deliver(conn, &turn, &outgoing, &answer, pending);
	answer_fini(&answer);
	turn_end(conn);
	return result;
}
