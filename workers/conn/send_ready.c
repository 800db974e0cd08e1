/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends what is ready as it is, in one call if it is small. Workers, unprivileged.
 * Shown by tests/integration/20-static/test_cache.py. */
#include "workers/conn/send_ready.h"

static enum io_result
send_piece(struct conn *conn, const struct iovec *piece, bool has_more, bool keeps_alive)
{
	unsigned timeout_ms = conn->pace.timeout_ms;

	return has_more || keeps_alive ?
	    stream_write(&conn->stream, piece->iov_base, piece->iov_len, has_more, timeout_ms) :
	    stream_write_last(&conn->stream, piece->iov_base, piece->iov_len, timeout_ms);
}

void
send_ready(struct conn *conn, struct turn *turn, const struct ready *ready, struct stall *stall)
{
	const struct cached_answer *kept = ready->answer;
	bool has_file = ready->has_content && kept->fd >= 0;
	struct iovec pieces[READY_PIECES_MAX];
	unsigned i, count = ready_pieces(conn, turn, ready, turn->keeps_alive, pieces);
	enum io_result result = IO_OK;
	uint64_t head_bytes = 0, gone;

	slot_set_phase(conn->slot, SLOT_SENDING, turn->start_mono_us / 1000);
	conn->is_sending = true;
	for (i = 0; i < count; i++)
		head_bytes += pieces[i].iov_len;
	if (count > 1 && head_bytes <= CONN_OUT_BYTES) {
		size_t at = 0;

		for (i = 0; i < count; at += pieces[i++].iov_len)
			memcpy(conn->out + at, pieces[i].iov_base, pieces[i].iov_len);
		pieces[0] = (struct iovec){ conn->out, at };
		count = 1;
	}
	if (ready->has_content)
		head_bytes -= kept->content_bytes;
	for (i = 0; i < count && result == IO_OK; i++)
		result = send_piece(conn, &pieces[i], i + 1 < count || has_file,
		    turn->keeps_alive);
	if (result == IO_OK && has_file) {
		conn->file = (struct stream_file){ .fd = kept->fd,
			.left_bytes = kept->file_bytes };
		result = stall_send(conn);
	}
	gone = conn->stream.sent_bytes - turn->sent_before;
	turn->body_sent_bytes = gone > head_bytes ? gone - head_bytes : 0;
	if (result == IO_STALLED) {
		stall->answer_head = turn->ready_head;
		result = stall_go_on(conn, turn, stall);
	} else if (result == IO_FILE_SHORT) {
		log_error("a file was truncated while it was sent, or cannot be read: the "
		    "connection is closed");
	}
	conn->is_sending = false;
	if (result != IO_OK) {
		turn->is_aborted = true;
		turn->keeps_alive = false;
	}
}
