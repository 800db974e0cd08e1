/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that are on their way for longer. Leaves when to send to workers/keeper.c. Keepers,
 * unprivileged. Rules: what is sent later is what was to be sent, byte for byte; all of them
 * together take no more than PENDING_ALL_BYTES, slow clients could fill any memory else.
 * Shown by test_pending.c and tests/integration/40-pool/test_keepers.py. */
#include "workers/keeper/pending.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "workers/conn/handle.h"

#define PENDING_ALL_BYTES (64u * 1024 * 1024)

struct pending {
	struct cached_answer *kept; /* NULL: none */
	const char *rest;           /* in kept */
	size_t rest_bytes;
	size_t block_bytes;
	int64_t start_wall_us, start_mono_us;
	const struct config_settings *settings; /* NULL: not routed */
	unsigned status;
	bool has_request, keeps_alive, lingers;
	uint64_t head_bytes, all_sent_bytes;
	size_t request_bytes;       /* at the front of bytes */
	size_t copy_at, copy_end;   /* what is to be sent first, in bytes */
	char bytes[];
};

static size_t all_bytes;            /* of the process */

/* Up to where the answer is copied: all of it, or its head, since another request may change
 * the Date in a kept one. */
static size_t
copy_end(const struct iovec *pieces, unsigned count, bool has_kept, uint64_t head_bytes)
{
	size_t bytes = 0;
	unsigned i;

	for (i = 0; i < count; i++)
		bytes += pieces[i].iov_len;
	return has_kept ? (size_t)head_bytes : bytes;
}

/* From `sent` on: a copy up to `end`, and the rest where it lies, which is in the last piece. */
static void
copy_rest(struct pending *pending, const struct iovec *pieces, unsigned count, size_t sent,
    size_t end)
{
	size_t at = 0;
	unsigned i;

	for (i = 0; i < count; at += pieces[i++].iov_len) {
		const char *data = pieces[i].iov_base;
		size_t from = sent > at ? sent - at : 0, to = end > at ? end - at : 0;

		from = from < pieces[i].iov_len ? from : pieces[i].iov_len;
		to = to < pieces[i].iov_len ? to : pieces[i].iov_len;
		if (to > from) {
			memcpy(pending->bytes + pending->copy_end, data + from, to - from);
			pending->copy_end += to - from;
		}
		from = to > from ? to : from;
		if (from < pieces[i].iov_len) {
			pending->rest = data + from;
			pending->rest_bytes = pieces[i].iov_len - from;
		}
	}
}

struct pending *
pending_new(struct conn *conn, const struct turn *turn, const struct iovec *pieces,
    unsigned count, size_t sent, struct cached_answer *kept, uint64_t head_bytes, bool lingers)
{
	size_t request_bytes = turn->has_request ? conn->request.head_bytes : conn->in_len;
	size_t end = copy_end(pieces, count, kept != NULL, head_bytes);
	size_t block_bytes = sizeof(struct pending) + request_bytes +
	    (end > sent ? end - sent : 0);
	struct pending *pending;

	if (all_bytes + block_bytes > PENDING_ALL_BYTES)
		return NULL;
	pending = malloc(block_bytes);
	if (pending == NULL)
		return NULL;
	*pending = (struct pending){ .kept = kept, .block_bytes = block_bytes,
		.start_wall_us = turn->start_wall_us, .start_mono_us = turn->start_mono_us,
		.settings = turn->is_routed ? turn->exchange.route.settings : NULL,
		.status = turn->status, .has_request = turn->has_request,
		.keeps_alive = turn->keeps_alive, .lingers = lingers, .head_bytes = head_bytes,
		.all_sent_bytes = sent, .request_bytes = request_bytes,
		.copy_at = request_bytes, .copy_end = request_bytes };
	memcpy(pending->bytes, conn->in, request_bytes);
	copy_rest(pending, pieces, count, sent, end);
	if (kept != NULL)
		answer_cache_hold(kept);
	all_bytes += block_bytes;
	return pending;
}

enum io_result
pending_send(struct pending *pending, int fd, size_t *moved)
{
	struct iovec pieces[2] = {
		{ pending->bytes + pending->copy_at, pending->copy_end - pending->copy_at },
		{ (void *)(uintptr_t)pending->rest, pending->rest_bytes } };
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 2 };
	ssize_t n;
	size_t copied;

	*moved = 0;
	do {
		n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? IO_TIMEOUT : IO_ERROR;
	*moved = (size_t)n;
	pending->all_sent_bytes += (uint64_t)n;
	copied = *moved < pieces[0].iov_len ? *moved : pieces[0].iov_len;
	pending->copy_at += copied;
	pending->rest += *moved - copied;
	pending->rest_bytes -= *moved - copied;
	return pending->copy_at == pending->copy_end && pending->rest_bytes == 0 ? IO_OK :
	    IO_TIMEOUT;
}

/* The request is read again for it: keeping what was understood of it would take more. */
void
pending_log(struct pending *pending, struct conn *conn, bool is_aborted)
{
	struct turn turn;

	memcpy(conn->in, pending->bytes, pending->request_bytes);
	conn->in_len = pending->request_bytes;
	conn_expect_head(conn);
	(void)http_parse_request(&conn->parser, conn->in, conn->in_len, &conn->request);
	conn->request_count--;      /* turn_begin() counts it once more */
	turn_begin(conn, &turn, pending->has_request);
	turn.start_wall_us = pending->start_wall_us;
	turn.start_mono_us = pending->start_mono_us;
	if (pending->has_request)
		handle_prepare(conn, &turn);
	turn.is_routed = pending->settings != NULL;
	turn.exchange.route.settings = pending->settings;
	turn.status = pending->status;
	turn.keeps_alive = pending->keeps_alive && !is_aborted;
	turn.is_aborted = is_aborted;
	turn.body_sent_bytes = pending->all_sent_bytes > pending->head_bytes ?
	    pending->all_sent_bytes - pending->head_bytes : 0;
	conn->stream.sent_bytes = turn.sent_before + pending->all_sent_bytes;
	turn_count(conn, &turn);
	if (pending->kept != NULL)
		turn.ready_head = slice_make(pending->kept->head.text, pending->kept->head.bytes);
	turn_log(conn, &turn, NULL);
}

bool
pending_keeps_alive(const struct pending *pending)
{
	return pending->keeps_alive;
}

bool
pending_lingers(const struct pending *pending)
{
	return pending->lingers;
}

void
pending_free(struct pending **pending, struct answer_cache *cache)
{
	struct pending *old = *pending;

	if (old == NULL)
		return;
	if (old->kept != NULL)
		answer_cache_release(cache, old->kept);
	all_bytes -= old->block_bytes;
	free(old);
	*pending = NULL;
}
