/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries out what the pools' policy plans, and says when to look again. Leaves the policy
 * to pool.c, forking to crew.c. Master only. Rule: it looks again soon only while that can
 * change something. Shown by tests/integration/40-pool. */
#include "server/master/state.h"

#define HOLD_MS 3
#define CROWDED_LOOK_MS 20

static void
note_full(struct master *master, const struct census *census)
{
	const unsigned *counts = census->phase_counts;

	if (master->is_full_noted)
		return;
	master->is_full_noted = true;
	log_warn("pool: all %u workers are in use (max_workers): %u reading, %u sending, "
	    "%u keep-alive, %u closing, %u idle on another socket, %u starting",
	    census->active_count, counts[SLOT_READING], counts[SLOT_SENDING],
	    counts[SLOT_KEEPALIVE], counts[SLOT_CLOSING], counts[SLOT_IDLE],
	    counts[SLOT_STARTING]);
}

/* No worker is idle and none may be started: kept-alive clients that say nothing make
 * room for those that wait. */
static void
handle_crowd(struct master *master, struct listener *listener, const struct pool_census *pool)
{
	struct scoreboard_header *header = scoreboard_header(master->scoreboard);
	bool is_crowded = pool->idle + pool->starting == 0 && pool->room_count == 0;

	listener->is_crowded = is_crowded;
	atomic_store_explicit(&header->is_crowded[listener->socket_index], is_crowded,
	    memory_order_relaxed);
	if (is_crowded && pool->queued_count > 0)
		crew_shed_idle(master, listener->socket_index, pool->queued_count);
}

/* While nothing may be started, looking sooner is in vain; when it may again is the time. */
static int
wait_for_backoff(const struct master *master, int64_t now_ms, int wait_ms)
{
	int role;

	if (backoff_is_waiting(&master->spawn_backoffs[INHERIT_WORKER], now_ms) &&
	    wait_ms < HOLD_MS)
		wait_ms = HOLD_MS;
	for (role = 0; role < CHILD_ROLE_COUNT; role++) {
		const struct backoff *backoff = &master->spawn_backoffs[role];

		if (backoff_is_waiting(backoff, now_ms) &&
		    backoff->until_mono_ms - now_ms < wait_ms)
			wait_ms = (int)(backoff->until_mono_ms - now_ms);
	}
	return wait_ms;
}

/* One socket. Returns how long it lets the master wait, in ms; *spawned_out: started now. */
static int
tend_pool(struct master *master, const struct census *census, size_t position, int64_t now_ms,
    unsigned *spawned_out)
{
	struct scoreboard_header *header = scoreboard_header(master->scoreboard);
	struct listener *listener = &master->generation->listeners[position];
	const struct pool_census *pool = &census->pools[position];
	struct pool_plan plan = pool_next_plan(&listener->pool, pool);
	unsigned done = crew_spawn(master, position, plan.spawn_count, now_ms);
	/* Where the system refuses, the regular look is soon enough. */
	bool looks_soon = plan.is_holding ||
	    (plan.is_short && done > 0 && done == plan.spawn_count);

	*spawned_out = done;
	if (plan.retire_count > 0 && census->longest_idle[position] != NULL)
		crew_retire(master, census->longest_idle[position], now_ms);
	handle_crowd(master, listener, pool);
	/* While we look again soon anyway, workers need not wake us for each client. */
	atomic_store_explicit(&header->wants_wake[listener->socket_index],
	    !looks_soon && !listener->is_crowded, memory_order_relaxed);
	/* Nobody in accept tells of who comes to a full pool; it matters while a kept-alive
	 * client can make room. */
	if (listener->is_crowded)
		return pool->queued_count > 0 || census->phase_counts[SLOT_KEEPALIVE] > 0 ?
		    CROWDED_LOOK_MS : MASTER_TICK_MS;
	if (!looks_soon)
		return MASTER_TICK_MS;
	return plan.is_holding ? HOLD_MS : 0;
}

int
tend_pools(struct master *master, struct census *census, int64_t now_ms)
{
	const struct config *config = master->generation->config;
	unsigned spawned_count = 0;
	int wait_ms = MASTER_TICK_MS;
	bool is_crowded = false;
	size_t i;

	for (i = 0; i < master->generation->pool_count; i++) {
		unsigned *room_count = &census->pools[i].room_count;
		unsigned spawned;
		int pool_wait_ms;

		/* Room is shared: what other sockets took at this look is gone. */
		*room_count = *room_count > spawned_count ? *room_count - spawned_count : 0;
		pool_wait_ms = tend_pool(master, census, i, now_ms, &spawned);
		spawned_count += spawned;
		if (pool_wait_ms < wait_ms)
			wait_ms = pool_wait_ms;
		is_crowded |= master->generation->listeners[i].is_crowded;
	}
	if (is_crowded)
		note_full(master, census);
	else if (census->active_count < config->pool.max_worker_count)
		master->is_full_noted = false;
	return wait_for_backoff(master, now_ms, wait_ms);
}
