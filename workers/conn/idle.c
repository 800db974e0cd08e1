/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting between requests, where the client has this process for itself: over TLS, over HTTP/2,
 * and without keepers. One that is quiet for a moment is not in the middle of anything, and
 * thousands of them are what fills a machine: so what only a busy connection needs goes back to
 * the system. Leaves to the callers how long is waited. Workers, unprivileged. Rule: nothing is
 * given back between two requests of a busy client.
 * Shown by tests/integration/70-tls/test_quiet.py. */
#include "workers/conn/idle.h"

#include <stdint.h>

#include "server/base/clock.h"
#include "server/base/signals.h"
#include "workers/mem/pages.h"

#define QUIET_MS 1000
#define OWN_BYTES ((uintptr_t)4096) /* what is called from here needs much less */
#define STACK_BYTES ((uintptr_t)65536) /* more than requests have used */

/* Below this function nothing is in use, but what it calls; as a part of another one it would have
 * that one's frame. Some of it was never memory, which is no fault. */
__attribute__((noinline)) static void
give_stack_back(void)
{
	uintptr_t end = (uintptr_t)__builtin_frame_address(0) - OWN_BYTES;

	pages_give_back((void *)(end - STACK_BYTES), STACK_BYTES);
}

/* Arena, in and out lie one behind the other, up to the struct itself (conn_new()). False: the
 * client is in the middle of something. */
static bool
give_memory_back(struct conn *conn)
{
	if (!stream_rest(&conn->stream))
		return false;
	pages_give_back(conn->arena.base, (size_t)((char *)conn - conn->arena.base));
	give_stack_back();
	return true;
}

enum io_result
idle_wait(struct conn *conn, unsigned timeout_ms, size_t *got_out)
{
	unsigned first_ms = timeout_ms < QUIET_MS ? timeout_ms : QUIET_MS;
	enum io_result result;

	slot_set_phase(conn->slot, SLOT_KEEPALIVE, clock_mono_ms());
	signals_guard_idle(true);
	result = stream_wait(&conn->stream, conn->in, conn->in_cap, first_ms, got_out);
	if (result == IO_TIMEOUT && first_ms < timeout_ms && give_memory_back(conn))
		result = stream_wait(&conn->stream, conn->in, conn->in_cap, timeout_ms - first_ms,
		    got_out);
	signals_guard_idle(false);
	return result;
}
