/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that workers send to clients that take them slowly: they wait here, with the message that
 * came along, until there is room in the socket, and then go to a worker as they came. Keepers,
 * unprivileged. Rules: nothing is sent from here, since that could wait for a disk, but when this
 * keeper leaves and no other one comes: then nobody is left to serve who would have to wait;
 * whoever cannot be held goes back to a worker, which holds it then. Shown by
 * tests/integration/40-pool/test_stalled.py. */
#include "workers/keeper/keep.h"

#include <errno.h>

#include "server/base/clients.h"
#include "server/base/fdpass.h"
#include "workers/conn/parcel.h"
#include "workers/conn/stall.h"

#define PLACE_COUNT 2               /* of descriptors */
#define PIECE_MAX_BYTES (1024 * 1024) /* at once; then the others get their turn */

/* No room, or no memory: a worker holds it. Nothing of it is kept here. */
static void
refuse(struct keeper *keeper, struct parcel *parcel, struct parcel_fds fds)
{
	struct conn *conn = &keeper->conn;
	struct stall stall;
	struct turn turn;

	parcel->kind = PARCEL_REFUSED;
	if (parcel_send(keeper->own->handover_fd, parcel, conn->in, parcel->in_bytes, fds) < 0) {
		conn->in_len = parcel->in_bytes;
		if (stall_load(conn, fds.file, &turn, &stall))
			stall_finish(conn, &turn, &stall, IO_TIMEOUT);
		clients_count_leave(keeper->own->clients, parcel->client_key);
	}
	fdpass_close(fds.conn);
	fdpass_close(fds.file);
}

/* No longer than send_timeout from now, whatever the parcel says. */
static int64_t
deadline_ms(const struct keeper *keeper, const struct parcel *parcel)
{
	int64_t most_ms = keeper->now_ms + keeper->conn.config->limits.send_timeout_ms;

	return parcel->head_deadline_mono_ms < most_ms ? parcel->head_deadline_mono_ms : most_ms;
}

void
keep_adopt_stalled(struct keeper *keeper, struct parcel *parcel, struct parcel_fds fds)
{
	struct hold *hold = holds_get(&keeper->holds, fds.conn);
	struct conn *conn = &keeper->conn;
	struct partial *message = NULL;

	(void)conn_resume(conn, fds.conn, parcel, parcel->in_bytes, NULL);
	parcel->kind = PARCEL_STALLED;
	if (hold == NULL || !keep_make_room(keeper, PLACE_COUNT) ||
	    !partial_keep(&message, conn->in, parcel->in_bytes) ||
	    keep_watch(keeper, EPOLL_CTL_ADD, fds.conn, KEEP_OUTPUT) < 0) {
		partial_free(&message);
		refuse(keeper, parcel, fds);
		return;
	}
	keep_welcome(keeper, parcel, fds);
	hold->partial = message;
	holds_move(&keeper->holds, fds.conn, HOLD_STALLED, deadline_ms(keeper, parcel));
}

/* All of it is sent, or it comes to nothing. What the client asked for meanwhile is answered by
 * nobody: it has to ask again, elsewhere. */
static void
end(struct keeper *keeper, int fd, struct turn *turn, const struct stall *stall,
    enum io_result result)
{
	stall_finish(&keeper->conn, turn, stall, result);
	slot_clear_request(keeper->conn.slot);
	if (result == IO_OK && keep_watch(keeper, EPOLL_CTL_MOD, fd, KEEP_INPUT) == 0)
		keep_linger(keeper, fd);
	else
		keep_drop(keeper, fd);
}

/* As much as the client takes now. */
static enum io_result
send_piece(struct conn *conn, struct turn *turn)
{
	uint64_t left = conn->file.left_bytes, before = conn->stream.sent_bytes;
	enum io_result result;

	conn->file.may_stall = true;
	stream_set_nonblocking(&conn->stream, true);
	if (left > PIECE_MAX_BYTES)
		conn->file.left_bytes = PIECE_MAX_BYTES;
	result = stream_send_file(&conn->stream, &conn->file,
	    conn->config->limits.send_timeout_ms);
	conn->file.left_bytes = left - (conn->stream.sent_bytes - before);
	turn->body_sent_bytes += conn->stream.sent_bytes - before;
	return result == IO_OK && conn->file.left_bytes > 0 ? IO_STALLED : result;
}

void
keep_send_alone(struct keeper *keeper, int fd)
{
	struct hold *hold = holds_get(&keeper->holds, fd);
	struct conn *conn = &keeper->conn;
	enum io_result result;
	struct stall stall;
	struct turn turn;
	size_t bytes;

	if (!keep_load(keeper, fd) || !stall_load(conn, hold->file_fd, &turn, &stall)) {
		keep_drop(keeper, fd);
		return;
	}
	turn.keeps_alive = false;
	result = send_piece(conn, &turn);
	if (result != IO_STALLED) {
		end(keeper, fd, &turn, &stall, result);
		return;
	}
	bytes = stall_pack(conn, &turn, &stall);
	/* Told anew: what is left may be less than was sent, and there still room. */
	if (bytes == 0 || !partial_keep(&hold->partial, conn->in, bytes) ||
	    keep_watch(keeper, EPOLL_CTL_MOD, fd, KEEP_OUTPUT) < 0) {
		end(keeper, fd, &turn, &stall, IO_ERROR);
		return;
	}
	holds_move(&keeper->holds, fd, HOLD_STALLED, conn->file.progress.since_mono_ms +
	    conn->config->limits.send_timeout_ms);
}

void
keep_rouse(struct keeper *keeper, int fd)
{
	if (keeper->is_leaving && !keeper->has_successors)
		keep_send_alone(keeper, fd);
	else
		keep_hand_back(keeper, fd);
}
