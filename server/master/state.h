/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the master's loop share: master.c (loop and signals), crew.c (fork,
 * reap, retire), tend.c (pools), census.c (counting), remember.c (clients). Nobody else
 * includes this. */
#ifndef MUSTER_MASTER_STATE_H
#define MUSTER_MASTER_STATE_H

#include "server/priv/guard.h"

#include "server/base/logpass.h"
#include "server/base/scoreboard.h"
#include "server/master/backoff.h"
#include "server/master/child.h"
#include "server/master/generation.h"
#include "server/master/master.h"
#include "server/master/reload.h"

#define MASTER_TICK_MS 1000          /* from one regular look to the next */

enum master_phase {
	MASTER_STARTING,            /* until the first workers are in accept */
	MASTER_RUNNING,
	MASTER_DRAINING,            /* QUIT: workers finish, none is started */
	MASTER_STOPPING,            /* TERM, or a failed start: workers end now */
};

struct master {
	const struct master_options *options;
	worker_function *worker;
	struct generation *generation;
	struct scoreboard *scoreboard;
	struct clients *clients;      /* as large as the generation in force wants it */
	struct nonces *nonces;        /* of all generations: a reload ends no login */
	struct child_table table;
	struct reload reload;
	struct backoff spawn_backoff; /* failed forks and workers that die unserved */
	enum master_phase phase;
	bool has_failed;              /* exit status 1 */
	bool wants_reload;            /* HUP while a reload is under way */
	bool is_full_noted;           /* the "all workers in use" line is out */
	bool is_forgetting_noted;     /* the line about too many clients is out */
	uint32_t log_generation;
	int wake_fd, null_fd;
	struct logpass logpass;
	int64_t reopen_again_mono_ms; /* USR1 is passed on once more then; 0: it is not */
	bool retires_old;             /* a reload's new workers are not in accept yet */
	int64_t next_tick_mono_ms;
	int64_t start_deadline_mono_ms;
};

struct census {
	struct pool_census pools[CONFIG_LISTENERS_MAX]; /* as the generation's listeners */
	struct child *longest_idle[CONFIG_LISTENERS_MAX]; /* NULL: none is idle */
	unsigned phase_counts[SLOT_PHASE_COUNT]; /* of workers that are not retiring */
	unsigned active_count, retiring_count;
	unsigned starting_count;    /* of active_count: not yet once in accept */
};

/* census.c: reads all slots (hearsay, bounded) and sets hints right. */
void census_take(struct master *master, int64_t now_ms, bool is_tick, struct census *census_out);

/* tend.c: acts on a census, all sockets. Returns how long to wait for the next look, in ms. */
int tend_pools(struct master *master, struct census *census, int64_t now_ms);

/* crew.c */
/* Up to count workers for a listener; fewer when the system refuses. Returns how many. */
unsigned crew_spawn(struct master *master, size_t listener_position, unsigned count,
    int64_t now_ms);
/* Tells a worker to go when its request is done, at the latest by the deadline. */
void crew_retire(struct master *master, struct child *child, int64_t now_ms);
/* Every worker of a generation before `number`; 0: every worker. */
void crew_retire_before(struct master *master, uint32_t number, int64_t now_ms);
void crew_stop_all(struct master *master, int64_t now_ms);
/* Reaps all that have ended; acts on what that means. */
void crew_reap(struct master *master, int64_t now_ms);
/* Those whose patience is over: TERM, then KILL. */
void crew_enforce_deadlines(struct master *master, int64_t now_ms);
/* Idle kept-alive connections make room: signals at most `count` of a socket's workers. */
void crew_shed_idle(struct master *master, uint32_t socket_index, unsigned count);

/* remember.c: the table of clients that all workers share. */
int remember_open(struct master *master); /* 0, or -1 and errno */
void remember_close(struct master *master);
/* After a reload: another table if the configuration wants another size. */
void remember_follow(struct master *master);
/* Says once that the table is too small. */
void remember_note(struct master *master);
/* A worker has ended: the connection that it had open is none of its client's any more. */
void remember_leave_for(struct master *master, const struct child *child);

/* master.c: called by crew_reap() when the reload's child has ended. */
void master_finish_reload(struct master *master, int wait_status, int64_t now_ms);

#endif
