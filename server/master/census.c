/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts what the children say they do. Runs in the master. Rule: a slot is hearsay: its
 * numbers only ever add up, they are never an index, a length or a pid.
 * Shown by tests/integration/40-pool. */
#include <string.h>

#include "server/master/state.h"

#define TURNOVER_LEAST_MS 2         /* a shorter time is too short to judge by */
#define TURNOVER_MOST_MS 100        /* a longer one says nothing of this moment */
#define TURNOVER_SANE_COUNT 1000000u /* more at one look is a lie */
#define NO_POSITION UINT8_MAX

static void
map_lines(const struct generation *generation, uint8_t positions[SCOREBOARD_SOCKET_MAX])
{
	size_t i;

	memset(positions, NO_POSITION, SCOREBOARD_SOCKET_MAX);
	for (i = 0; i < generation->pool_count; i++)
		positions[generation->listeners[i].socket_index] = (uint8_t)i;
}

/* Notes what a worker did since the last look; a first request ends the backoff. */
static uint64_t
look_at_worker(struct master *master, struct child *child, const struct scoreboard_slot *slot,
    enum slot_phase phase)
{
	uint64_t count = atomic_load_explicit(&slot->connection_count, memory_order_relaxed);
	uint64_t more = count > child->seen_connection_count ?
	    count - child->seen_connection_count : 0;

	if (phase != SLOT_STARTING)
		child->has_been_ready = true;
	if (child->seen_connection_count == 0 && count > 0)
		backoff_succeeded(&master->spawn_backoffs[INHERIT_WORKER]);
	child->seen_connection_count = count;
	return more < TURNOVER_SANE_COUNT ? more : 0;
}

/* All but workers. */
static void
count_aide(struct master *master, struct child *child, struct census *census)
{
	bool is_current = !child->is_retiring &&
	    child->generation == master->generation->number;
	bool is_ready = slot_get_phase(scoreboard_slot(master->scoreboard, child->slot_index)) ==
	    SLOT_HOLDING;

	if (is_ready && !child->has_been_ready) {
		child->has_been_ready = true;
		backoff_succeeded(&master->spawn_backoffs[child->role]);
	}
	if (!is_current)
		return;
	if (child->role == INHERIT_LOGGER) {
		census->logger_is_ready = is_ready;
		return;
	}
	if (child->role == INHERIT_SIGNER) {
		census->signer_is_ready = is_ready;
		return;
	}
	census->keeper_count++;
	census->keeper_ready_count += is_ready;
}

static void
update_turnover(struct listener *listener, uint64_t more, int64_t now_ms)
{
	int64_t elapsed_ms = now_ms - listener->window_start_mono_ms;

	listener->window_count += more;
	if (elapsed_ms < TURNOVER_LEAST_MS)
		return;
	listener->turnover_is_known = elapsed_ms <= TURNOVER_MOST_MS;
	listener->turnover_count =
	    (unsigned)(listener->window_count * POOL_WINDOW_MS / (uint64_t)elapsed_ms);
	listener->window_count = 0;
	listener->window_start_mono_ms = now_ms;
}

/* A worker that is killed, or lies, leaves the hint wrong: what the slots say counts. A
 * difference of the moment is corrected back at the next look. */
static void
mend_hint(struct scoreboard_socket *line, int32_t hint, unsigned idle_count)
{
	if (hint != (int32_t)idle_count)
		(void)atomic_compare_exchange_strong(&line->idle_count_hint, &hint,
		    (int32_t)idle_count);
}

static void
count_children(struct master *master, struct census *census, uint64_t more[])
{
	uint8_t positions[SCOREBOARD_SOCKET_MAX];
	int64_t idle_since_ms[GENERATION_POOLS_MAX];
	size_t i;

	map_lines(master->generation, positions);
	for (i = 0; i < master->table.count; i++) {
		struct child *child = &master->table.children[i];
		const struct scoreboard_slot *slot =
		    scoreboard_slot(master->scoreboard, child->slot_index);
		enum slot_phase phase = slot_get_phase(slot);
		uint8_t position = positions[child->socket_index];
		uint64_t turnover;
		int64_t since_ms;

		if (child->role != INHERIT_WORKER) {
			count_aide(master, child, census);
			continue;
		}
		turnover = look_at_worker(master, child, slot, phase);
		/* After a reload the old ones still serve, but are not counted on. */
		if (child->is_retiring || position == NO_POSITION ||
		    child->generation != master->generation->number) {
			census->retiring_count++;
			continue;
		}
		census->active_count++;
		census->phase_counts[phase]++;
		more[position] += turnover;
		if (phase == SLOT_STARTING) {
			census->pools[position].starting++;
			census->starting_count++;
		} else if (phase == SLOT_IDLE) {
			census->pools[position].idle++;
			since_ms = atomic_load_explicit(&slot->phase_since_mono_ms,
			    memory_order_relaxed);
			if (census->longest_idle[position] == NULL ||
			    since_ms < idle_since_ms[position]) {
				census->longest_idle[position] = child;
				idle_since_ms[position] = since_ms;
			}
		} else {
			census->pools[position].busy++;
		}
	}
}

static bool
is_deserted(const struct pool_census *pool)
{
	return pool->starting + pool->idle + pool->busy == 0;
}

/* The last places are for sockets that have no worker at all: whoever waits there would wait
 * for ever. */
static unsigned
room_for(const struct pool_census *pool, unsigned room_count, unsigned reserved_count)
{
	if (is_deserted(pool))
		return room_count;
	return room_count > reserved_count ? room_count - reserved_count : 0;
}

static unsigned
queue_length(const struct master *master, const struct listener *listener)
{
	return listener->wanted == NULL ? aides_queue_length(master) :
	    listen_queue_length(listener->fd, listener->is_tcp);
}

void
census_take(struct master *master, int64_t now_ms, bool is_tick, struct census *census)
{
	const struct generation *generation = master->generation;
	unsigned max_count = generation->config->pool.max_worker_count, room_count, total;
	uint64_t more[GENERATION_POOLS_MAX] = { 0 };
	int32_t hints[GENERATION_POOLS_MAX]; /* from before the count: what moved meanwhile stays */
	unsigned reserved_count = 0;
	size_t i;

	for (i = 0; i < generation->pool_count; i++)
		hints[i] = atomic_load_explicit(&scoreboard_socket(master->scoreboard,
		    generation->listeners[i].socket_index)->idle_count_hint, memory_order_acquire);
	memset(census, 0, sizeof *census);
	count_children(master, census, more);
	/* Workers of an older generation do not count against max_workers, or a reload of a
	 * busy server could start none; but all together stay below twice as many. */
	total = census->active_count + census->retiring_count;
	room_count = census->active_count < max_count ? max_count - census->active_count : 0;
	if (total + room_count > 2 * max_count)
		room_count = total < 2 * max_count ? 2 * max_count - total : 0;
	for (i = 0; i < generation->pool_count; i++)
		reserved_count += is_deserted(&census->pools[i]);
	for (i = 0; i < generation->pool_count; i++) {
		struct listener *listener = &generation->listeners[i];
		struct pool_census *pool = &census->pools[i];

		update_turnover(listener, more[i], now_ms);
		mend_hint(scoreboard_socket(master->scoreboard, listener->socket_index),
		    hints[i], pool->idle);
		if (pool->idle == 0)
			pool->queued_count = queue_length(master, listener);
		pool->turnover_count = listener->turnover_count;
		pool->turnover_is_known = listener->turnover_is_known;
		pool->room_count = room_for(pool, room_count, reserved_count);
		pool->is_tick = is_tick;
	}
}
