/* SPDX-License-Identifier: BSD-2-Clause */
/* Pool policy of one listening socket: how many workers to start or retire. Pure: no
 * fork, no signal, no clock, no shared memory; the master counts, asks, acts.
 * See test_pool.c. */
#ifndef MUSTER_MASTER_POOL_H
#define MUSTER_MASTER_POOL_H

#include "server/priv/guard.h"

#include <stdbool.h>

#define POOL_BATCH_MAX_COUNT 64u /* forks between two looks: some 20 ms */
#define POOL_WINDOW_MS 20u       /* of turnover_count: a wait that nobody notices */

struct pool_limits {
	unsigned min_idle, max_idle;  /* min <= max, config's validate.c */
};
struct pool_census {              /* of this socket; retiring workers are not counted */
	unsigned starting, idle, busy;
	unsigned queued_count;        /* connections that wait in the kernel */
	unsigned turnover_count;      /* connections that its workers took up in a window */
	bool turnover_is_known;       /* false: it was not watched just now */
	unsigned room_count;          /* workers that may still be started, all sockets */
	bool is_tick;                 /* the regular look, once a second */
};
struct pool_plan {                /* one of the counts is 0 */
	unsigned spawn_count, retire_count;
	bool is_holding;              /* short, but the present ones keep up: look again soon */
	bool is_short;                /* more is wanted than spawn_count gives */
};
struct pool {                     /* caller's storage, private to pool.c */
	struct pool_limits limits;
	unsigned batch_count;
};

void pool_init(struct pool *pool, const struct pool_limits *limits); /* copies */
/* At each look. Shortage doubles the next batch; a calm look resets it. A shortage that
 * the present workers work off within a window by themselves starts none: on busy
 * processors more processes only make each request dearer. So that this can be judged, the
 * first look at a shortage only starts the watch, and the next, a few ms later, decides.
 * Twice min_idle workers are kept in any case. */
struct pool_plan pool_next_plan(struct pool *pool, const struct pool_census *now);

#endif
