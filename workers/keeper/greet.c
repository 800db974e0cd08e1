/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections on which TLS is to begin, until their hello is there. Leaves the handshake to workers
 * (workers/conn/secure.c), and how much is enough to workers/io/tls_first.c. Keepers, unprivileged.
 * Rules: nothing is ever said to them; the limit is handshake_timeout, from when they came.
 * Shown by tests/integration/70-tls/test_silence.py. */
#include "workers/keeper/keep.h"

#include "workers/conn/secure.h"
#include "workers/io/tls_first.h"

/* No longer than handshake_timeout from now, whatever the parcel says. */
static void
rest_greeting(struct keeper *keeper, int fd)
{
	struct conn *conn = &keeper->conn;
	int64_t most_ms = keeper->now_ms + conn->config->limits.handshake_timeout_ms;

	if (conn->head_deadline_mono_ms > most_ms)
		conn->head_deadline_mono_ms = most_ms;
	if (!keep_rest(keeper, fd))
		return;
	keep_store(keeper, fd);
	holds_move(&keeper->holds, fd, HOLD_GREETING, conn->head_deadline_mono_ms);
}

void
keep_greet(struct keeper *keeper, int fd)
{
	const struct conn *conn = &keeper->conn;

	if (tls_first_is_enough(conn->in, conn->in_len))
		keep_hand_over(keeper, fd);
	else
		rest_greeting(keeper, fd);
}

void
keep_end_greeting(struct keeper *keeper, int fd)
{
	if (keep_load(keeper, fd))
		secure_log_silence(&keeper->conn);
	keep_drop(keeper, fd);
}
