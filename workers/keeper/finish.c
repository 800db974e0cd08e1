/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that take longer, and the last bytes of a connection. Keepers, unprivileged. Rule: a
 * client that takes less than 64 KiB in send_timeout is given up, and so is one that goes on
 * sending after all was said. Shown by tests/integration/40-pool/test_keepers.py. */
#include "workers/keeper/keep.h"

#include <errno.h>
#include <sys/socket.h>

#include "workers/conn/stall.h"

#define CLOSING_MS 2000
#define SPILL_MAX_BYTES (1024 * 1024) /* that a client may send after all was said */

void
keep_linger(struct keeper *keeper, int fd)
{
	if (shutdown(fd, SHUT_WR) < 0) {
		keep_drop(keeper, fd);
		return;
	}
	partial_free(&holds_get(&keeper->holds, fd)->partial);
	holds_get(&keeper->holds, fd)->parcel.in_bytes = 0;
	holds_move(&keeper->holds, fd, HOLD_CLOSING, keeper->now_ms + CLOSING_MS);
	keep_spill(keeper, fd);     /* what is there already is told no more */
}

/* The client takes no more for now: what has come meanwhile waits with the rest of the answer. */
void
keep_rest_sending(struct keeper *keeper, int fd, struct pending *pending)
{
	struct hold *hold = holds_get(&keeper->holds, fd);
	struct conn *conn = &keeper->conn;

	hold->pending = pending;
	if (!partial_keep(&hold->partial, conn->in, conn->in_len) ||
	    keep_watch(keeper, EPOLL_CTL_MOD, fd, KEEP_OUTPUT) < 0) {
		pending_log(pending, conn, true);
		keep_drop(keeper, fd);
		return;
	}
	conn->head_deadline_mono_ms = 0;
	keep_store(keeper, fd);
	hold->sent_window_bytes = 0;
	holds_move(&keeper->holds, fd, HOLD_SENDING, keeper->now_ms +
	    conn->config->limits.send_timeout_ms);
}

void
keep_send_more(struct keeper *keeper, int fd)
{
	struct hold *hold = holds_get(&keeper->holds, fd);
	struct conn *conn = &keeper->conn;
	bool keeps_alive, lingers;
	size_t moved;

	switch (pending_send(hold->pending, fd, &moved)) {
	case IO_OK:
		break;
	case IO_TIMEOUT:
		hold->sent_window_bytes += (unsigned)moved;
		if (hold->sent_window_bytes < STREAM_PROGRESS_BYTES)
			return;
		hold->sent_window_bytes = 0;
		holds_move(&keeper->holds, fd, HOLD_SENDING, keeper->now_ms +
		    conn->config->limits.send_timeout_ms);
		return;
	default:
		if (keep_load(keeper, fd))
			pending_log(hold->pending, conn, true);
		keep_drop(keeper, fd);
		return;
	}
	keeps_alive = pending_keeps_alive(hold->pending);
	lingers = pending_lingers(hold->pending);
	if (!keep_load(keeper, fd)) {
		keep_drop(keeper, fd);
		return;
	}
	pending_log(hold->pending, conn, false);
	pending_free(&hold->pending, conn->cache);
	if (keep_watch(keeper, EPOLL_CTL_MOD, fd, KEEP_INPUT) < 0 || (!keeps_alive && !lingers)) {
		keep_drop(keeper, fd);
	} else if (!keeps_alive) {
		keep_linger(keeper, fd);
	} else if (keep_load(keeper, fd)) { /* pending_log() has used conn->in */
		partial_free(&hold->partial);
		keeper->may_make = true;
		keep_serve(keeper, fd);
	}
}

void
keep_spill(struct keeper *keeper, int fd)
{
	struct hold *hold = holds_get(&keeper->holds, fd);
	ssize_t n;

	/* What is of no use otherwise now counts the bytes. */
	while ((n = recv(fd, keeper->conn.in, keeper->conn.in_cap, MSG_DONTWAIT)) > 0 &&
	    hold->parcel.in_bytes <= SPILL_MAX_BYTES)
		hold->parcel.in_bytes += (uint32_t)n;
	if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		keep_drop(keeper, fd);
}

void
keep_break_off(struct keeper *keeper, int fd)
{
	struct hold *hold = holds_get(&keeper->holds, fd);
	struct conn *conn = &keeper->conn;
	struct stall stall;
	struct turn turn;

	if (!keep_load(keeper, fd))
		;
	else if (hold->pending != NULL)
		pending_log(hold->pending, conn, true);
	else if (keep_is_stalled(hold) && stall_load(conn, hold->file_fd, &turn, &stall))
		stall_finish(conn, &turn, &stall, IO_TIMEOUT);
	slot_clear_request(conn->slot);
	keep_drop(keeper, fd);
}
