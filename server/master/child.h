/* SPDX-License-Identifier: BSD-2-Clause */
/* The master's private table of its workers: the only source of pids it signals and of
 * slot indexes it uses. Never shared. */
#ifndef MUSTER_MASTER_CHILD_H
#define MUSTER_MASTER_CHILD_H

#include "server/priv/guard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/base/inherit.h"
#include "server/priv/drop.h"

struct child {
	pid_t pid;
	uint32_t slot_index;
	uint32_t socket_index;
	uint32_t generation;
	uint64_t seen_connection_count; /* of its slot, at the last look */
	int64_t deadline_mono_ms;     /* when its patience ends; 0: none */
	bool is_retiring;             /* was told to go */
	bool was_told_to_stop;        /* SIGTERM sent: the next step is SIGKILL */
	bool has_been_idle;           /* reached accept once */
};

struct child_table {              /* caller's storage */
	struct child *children;       /* dense, in no order */
	size_t count, cap;
};

/* Room for cap children; keeps what is there. 0, or -1 and errno. */
int child_table_reserve(struct child_table *table, size_t cap);
void child_table_fini(struct child_table *table);
/* NULL: no such pid. Valid until the next remove. */
struct child *child_table_find(struct child_table *table, pid_t pid);
void child_table_remove(struct child_table *table, struct child *child);

typedef void worker_function(const struct inheritance *inheritance);

/* Forks a worker: in the child, closes what is not inherited, gives up root and calls
 * worker, which ends the process. In the master: the new entry, or NULL and errno (table
 * full: ENOSPC). The scoreboard slot is claimed before. */
struct child *child_spawn(struct child_table *table, const struct inheritance *inheritance,
    const struct drop_target *drop, worker_function *worker);

#endif
