/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a worker waits for a client by itself, and giving the connection to a keeper. Workers,
 * unprivileged. Rule: a connection whose queue is full stays here and is served as if there were
 * no keepers. Shown by tests/integration/40-pool/test_keepers.py. */
#include "workers/conn/wait_h1.h"

#include "server/base/clock.h"
#include "workers/conn/idle.h"
#include "workers/conn/parcel.h"

bool
wait_h1_may_linger(const struct conn *conn)
{
	uint32_t line = conn->own->socket_index;

	return atomic_load_explicit(&conn->header->is_crowded[line], memory_order_relaxed) == 0 &&
	    atomic_load_explicit(&scoreboard_socket(conn->own->scoreboard, line)->idle_count_hint,
	    memory_order_relaxed) > 0 && !conn_worker_should_leave(conn);
}

/* How long this worker waits for the next request by itself. With keepers only while others are
 * idle, and not where a keeper would answer it anyway: who is hot gathers there. */
static unsigned
idle_wait_ms(const struct conn *conn)
{
	const struct config_keepalive *keepalive = &conn->config->keepalive;
	bool is_crowded = atomic_load_explicit(
	    &conn->header->is_crowded[conn->own->socket_index], memory_order_relaxed);

	if (conn_has_keepers(conn))
		return conn->was_cheap || !wait_h1_may_linger(conn) ? 0 : keepalive->linger_ms;
	/* Who serves keepers, and has none any more, is the last of its configuration; but one with
	 * TLS has none in any case. */
	return (is_crowded || (conn->own->takes_handover && conn->stream.tls == NULL)) &&
	    keepalive->linger_ms < keepalive->timeout_ms ?
	    keepalive->linger_ms : keepalive->timeout_ms;
}

/* The last keepers may have left since conn_has_keepers() was looked at: nobody takes it in then,
 * until others come, and its client waits. They drain the queue after the word is changed and
 * before they leave, so whoever comes too late for that sees it here. Their count of the client
 * stands until then as well; where the server stops, all ends soon enough by itself. */
void
wait_h1_end_if_nobody_is_left(const struct conn *conn)
{
	const struct scoreboard_header *header = conn->header;

	if (atomic_load_explicit(&header->takes_parked, memory_order_acquire) == 0 &&
	    atomic_load_explicit(&header->is_draining, memory_order_relaxed) == 0)
		(void)shutdown(conn->stream.fd, SHUT_RDWR);
}

bool
wait_h1_park(struct conn *conn)
{
	struct parcel parcel;

	if (!conn_has_keepers(conn))
		return false;
	pace_set(&conn->pace, &conn->stream, 0);
	if (conn->pace.rate_bytes_s != 0)
		return false;       /* what is still to be sent is to go at its pace */
	conn_pack(conn, &parcel);
	if (parcel_send(conn->own->park_fd, &parcel, conn->in, conn->in_len,
	    (struct parcel_fds){ conn->stream.fd, -1 }) < 0)
		return false;
	crowd_give_away(&conn->crowd);
	wait_h1_end_if_nobody_is_left(conn);
	return true;
}

enum io_result
wait_h1_next(struct conn *conn, size_t *got_out, bool *is_parked)
{
	unsigned wait_ms = idle_wait_ms(conn);
	enum io_result result = IO_TIMEOUT;

	if (wait_ms > 0 || !conn_has_keepers(conn))
		result = idle_wait(conn, wait_ms, got_out);
	if (result != IO_TIMEOUT || !conn_has_keepers(conn))
		return result;
	*is_parked = wait_h1_park(conn);
	/* The queue is full: no worker is spared by waiting in it. */
	return *is_parked ? IO_OK : idle_wait(conn, conn->config->keepalive.timeout_ms, got_out);
}

enum io_result
wait_h1_head(struct conn *conn, size_t *got_out, bool *is_parked)
{
	char *at = conn->in + conn->in_len;
	size_t cap = conn->in_cap - conn->in_len;
	enum io_result result;

	if (conn->head_deadline_mono_ms == 0)
		conn->head_deadline_mono_ms = clock_mono_ms() +
		    conn->config->limits.header_timeout_ms;
	if (conn_has_keepers(conn)) {
		result = stream_read(&conn->stream, at, cap, 0, got_out);
		if (result != IO_TIMEOUT)
			return result;
		*is_parked = wait_h1_park(conn);
		if (*is_parked)
			return IO_OK;
	}
	return stream_read(&conn->stream, at, cap, conn->head_deadline_mono_ms, got_out);
}
