/* SPDX-License-Identifier: BSD-2-Clause */
/* The pool policy: numbers in, plan out. Runs in the master. Rules: never more than the
 * room there is; growth at once, shrinking one a tick. Shown by test_pool.c. */
#include "server/master/pool.h"

static unsigned
min_u(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned
max_u(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

void
pool_init(struct pool *pool, const struct pool_limits *limits)
{
	pool->limits = *limits;
	pool->batch_count = 1;
}

struct pool_plan
pool_next_plan(struct pool *pool, const struct pool_census *now)
{
	const struct pool_limits *lim = &pool->limits;
	unsigned ready = now->starting + now->idle; /* starting ones help soon */
	unsigned wanted = lim->min_idle + now->queued_count;
	struct pool_plan plan = { 0, 0, false, false };
	unsigned kept = lim->min_idle * 2; /* so few are never held at */
	unsigned missing;

	if (ready >= wanted) {
		pool->batch_count = 1;
		plan.retire_count = now->is_tick && now->idle > lim->max_idle ? 1 : 0;
		return plan;
	}
	missing = wanted - ready;
	if (!now->turnover_is_known || now->turnover_count >= missing) {
		/* Those that leave after max_requests are replaced all the same. */
		if (ready + now->busy >= kept) {
			plan.is_holding = true;
			return plan;
		}
		missing = min_u(missing, kept - ready - now->busy);
	}
	/* Those in the queue are known to wait, so they need no careful doubling. */
	plan.spawn_count = min_u(missing, max_u(pool->batch_count, now->queued_count));
	plan.spawn_count = min_u(plan.spawn_count, POOL_BATCH_MAX_COUNT);
	plan.spawn_count = min_u(plan.spawn_count, now->room_count);
	plan.is_short = plan.spawn_count < missing;
	pool->batch_count = now->room_count > 0 ?
	    min_u(pool->batch_count * 2, POOL_BATCH_MAX_COUNT) : 1;
	return plan;
}
