/* SPDX-License-Identifier: BSD-2-Clause */
/* When a worker gives up a client that takes a file slowly, and how it goes on with one. Leaves the
 * waiting to workers/keeper, the message to unsent.c. Workers and keepers, unprivileged. Rules:
 * each byte is sent once, whoever sends it, and the request is counted and logged once, by who
 * comes to its end; the time limit of sending goes on while nobody tries. A beat (heartbeat.h)
 * tells of a blocked send, so that one that is not blocked costs nothing; only while no other
 * worker is idle it is looked for at once. Shown by tests/integration/40-pool/test_stalled.py. */
#include "workers/conn/stall.h"

#include <poll.h>
#include <sys/stat.h>

#include "server/base/clock.h"
#include "workers/conn/handle.h"
#include "workers/conn/parcel.h"
#include "workers/conn/wait_h1.h"

#define CROWDED_WAIT_MS 2           /* in which a fast client takes what a socket holds */
#define RETRY_MS 1000               /* while no keeper can be had */
#define PAUSE_MS 20                 /* where the system has room, and no memory for it */

enum io_result
stall_send(struct conn *conn)
{
	enum io_result result;

	conn->file.may_stall = conn_has_keepers(conn) && conn->pace.rate_bytes_s == 0;
	if (conn->file.may_stall && !wait_h1_may_linger(conn))
		stream_set_nonblocking(&conn->stream, true);
	result = stream_send_file(&conn->stream, &conn->file, conn->pace.timeout_ms);
	if (result != IO_STALLED)
		stream_set_nonblocking(&conn->stream, false);
	return result;
}

/* Takes the request's content out from between its head and what follows. */
static void
close_gap(struct conn *conn, struct stall *stall)
{
	size_t head_bytes = conn->request.head_bytes, gap_bytes = stall->used_bytes - head_bytes;

	if (gap_bytes == 0)
		return;
	memmove(conn->in + head_bytes, conn->in + stall->used_bytes,
	    conn->in_len - stall->used_bytes);
	conn->in_len -= gap_bytes;
	stall->used_bytes = head_bytes;
}

size_t
stall_pack(struct conn *conn, const struct turn *turn, struct stall *stall)
{
	const struct stream_file *file = &conn->file;
	const struct unsent_texts texts = { stall->answer_head, turn->exchange.user };
	struct unsent unsent;
	size_t bytes;

	close_gap(conn, stall);
	unsent = (struct unsent){ .offset = file->offset, .left_bytes = file->left_bytes,
		.sent_bytes = conn->stream.sent_bytes - turn->sent_before,
		.body_sent_bytes = turn->body_sent_bytes, .content_bytes = conn->content_bytes,
		.progress_bytes = file->progress.bytes,
		.progress_since_mono_ms = file->progress.since_mono_ms,
		.parked_mono_ms = clock_mono_ms(), .start_wall_us = turn->start_wall_us,
		.start_mono_us = turn->start_mono_us,
		.head_bytes = (uint32_t)conn->request.head_bytes,
		.ahead_bytes = (uint32_t)(conn->in_len - conn->request.head_bytes),
		.status = (uint16_t)turn->status, .port = (uint16_t)conn->port,
		.keeps_alive = turn->keeps_alive, .must_close = stall->must_close,
		.is_logged = stall->is_logged };
	bytes = unsent_pack(&unsent, &texts, conn->in + conn->in_len,
	    conn->in_room - conn->in_len);
	return bytes == 0 ? 0 : conn->in_len + bytes;
}

/* Gives it to a keeper. False: none can have it. */
static bool
park(struct conn *conn, struct turn *turn, struct stall *stall)
{
	const struct parcel_fds fds = { conn->stream.fd, conn->file.fd };
	struct parcel parcel;
	size_t bytes;

	if (stall->must_stay || !conn_has_successors(conn))
		return false;
	bytes = stall_pack(conn, turn, stall);
	if (bytes == 0)
		return false;
	conn_pack(conn, &parcel);
	parcel.kind = PARCEL_STALLED;
	parcel.head_deadline_mono_ms = conn->file.progress.since_mono_ms + conn->pace.timeout_ms;
	if (parcel_send(conn->own->park_fd, &parcel, conn->in, bytes, fds) < 0)
		return false;
	crowd_give_away(&conn->crowd);
	wait_h1_end_if_nobody_is_left(conn);
	turn->is_parked = true;
	return true;
}

/* How long this worker waits by itself. Who took longer in a keeper will do so again. */
static unsigned
patience_ms(const struct conn *conn, const struct stall *stall)
{
	unsigned linger_ms = conn->config->keepalive.linger_ms;

	if (stall->parked_mono_ms > 0 &&
	    clock_mono_ms() - stall->parked_mono_ms >= (int64_t)linger_ms)
		return 0;
	return wait_h1_may_linger(conn) || linger_ms < CROWDED_WAIT_MS ? linger_ms :
	    CROWDED_WAIT_MS;
}

/* IO_STALLED: try to send again. */
static enum io_result
wait_or_park(struct conn *conn, struct turn *turn, struct stall *stall, unsigned wait_ms)
{
	enum io_result result = IO_TIMEOUT;

	if (wait_ms > 0)
		result = stream_wait_for_room(&conn->stream, wait_ms);
	if (result == IO_TIMEOUT && park(conn, turn, stall))
		return IO_OK;
	if (result == IO_TIMEOUT)
		result = stream_wait_for_room(&conn->stream, RETRY_MS);
	return result == IO_STOPPED ? IO_STOPPED : IO_STALLED;
}

enum io_result
stall_go_on(struct conn *conn, struct turn *turn, struct stall *stall)
{
	unsigned wait_ms = patience_ms(conn, stall);
	bool had_room = stall->parked_mono_ms > 0;
	enum io_result result;

	conn->file.may_stall = true;
	stream_set_nonblocking(&conn->stream, true);
	do {
		uint64_t before = conn->stream.sent_bytes;

		result = stream_send_file(&conn->stream, &conn->file, conn->pace.timeout_ms);
		turn->body_sent_bytes += conn->stream.sent_bytes - before;
		if (result != IO_STALLED)
			break;
		if (had_room && conn->stream.sent_bytes == before)
			(void)poll(NULL, 0, PAUSE_MS);
		result = wait_or_park(conn, turn, stall, wait_ms);
		had_room = true;
	} while (result == IO_STALLED);
	if (!turn->is_parked)
		stream_set_nonblocking(&conn->stream, false);
	if (result == IO_FILE_SHORT)
		log_error("a file was truncated while it was sent, or cannot be read: the "
		    "connection is closed");
	return result;
}

static int64_t
not_after(int64_t time, int64_t now)
{
	return time < now ? time : now;
}

/* It is read again, as keeping what was understood of it would take more. */
static bool
parse_request(struct conn *conn, const struct unsent *unsent)
{
	/* It was let in once; the limits may be others now. */
	const struct http_limits limits = { unsent->head_bytes, unsent->head_bytes,
		HTTP_FIELD_MAX };

	conn->in_len = (size_t)unsent->head_bytes + unsent->ahead_bytes;
	if (conn->in_len > conn->in_cap)
		return false;
	http_parser_init(&conn->parser, &limits);
	return http_parse_request(&conn->parser, conn->in, conn->in_len, &conn->request) ==
	    HTTP_COMPLETE && conn->request.head_bytes == unsent->head_bytes;
}

static void
fill_turn(struct conn *conn, struct turn *turn, const struct unsent *unsent)
{
	conn->request_count--;      /* turn_begin() counts it once more */
	turn_begin(conn, turn, true);
	turn->start_wall_us = unsent->start_wall_us;
	turn->start_mono_us = not_after(unsent->start_mono_us, turn->start_mono_us);
	handle_prepare(conn, turn);
	turn->status = unsent->status;
	turn->keeps_alive = unsent->keeps_alive && conn_has_listener(conn);
	turn->body_sent_bytes = unsent->body_sent_bytes;
	turn->sent_before = conn->stream.sent_bytes;
	conn->stream.sent_bytes += unsent->sent_bytes;
	conn->content_bytes = unsent->content_bytes;
	conn->head_deadline_mono_ms = 0; /* in the parcel it is another one's */
	conn->paid_rate_count = 0;
	conn->port = unsent->port;
}

bool
stall_load(struct conn *conn, int file_fd, struct turn *turn, struct stall *stall)
{
	struct unsent_texts texts;
	struct unsent unsent;
	struct stat st;
	int64_t now_ms = clock_mono_ms();

	/* Whoever has written it must not make this process wait for a pipe. */
	if (fstat(file_fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    !unsent_unpack(conn->in, conn->in_len, &unsent, &texts) ||
	    !parse_request(conn, &unsent))
		return false;
	fill_turn(conn, turn, &unsent);
	turn->exchange.user = texts.user;
	turn->ready_head = texts.answer_head;
	conn->file = (struct stream_file){ .fd = file_fd, .offset = unsent.offset,
		.left_bytes = unsent.left_bytes, .progress = {
		not_after(unsent.progress_since_mono_ms, now_ms), unsent.progress_bytes } };
	*stall = (struct stall){ .answer_head = texts.answer_head,
		.used_bytes = unsent.head_bytes, .must_close = unsent.must_close,
		.is_logged = unsent.is_logged,
		.parked_mono_ms = not_after(unsent.parked_mono_ms, now_ms) };
	return true;
}

void
stall_finish(struct conn *conn, struct turn *turn, const struct stall *stall,
    enum io_result result)
{
	if (result != IO_OK) {
		turn->is_aborted = true;
		turn->keeps_alive = false;
	}
	turn_count(conn, turn);
	if (stall->is_logged)
		turn_log(conn, turn, NULL);
}
