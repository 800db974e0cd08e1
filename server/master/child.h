/* SPDX-License-Identifier: BSD-2-Clause */
/* The master's private table of its children: the only source of pids it signals and of
 * slot indexes it uses. Never shared. */
#ifndef MUSTER_MASTER_CHILD_H
#define MUSTER_MASTER_CHILD_H

#include "server/priv/guard.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/base/inherit.h"
#include "server/priv/drop.h"

#define CHILD_ROLE_COUNT (INHERIT_SIGNER + 1)

struct child {
	pid_t pid;
	enum inherit_role role;
	uint32_t slot_index;
	uint32_t socket_index;        /* of a worker */
	uint32_t generation;
	uint64_t seen_connection_count; /* of its slot, at the last look */
	int64_t started_mono_ms;
	int64_t deadline_mono_ms;     /* when its patience ends; 0: none */
	bool is_kept_back;            /* is told to go when the last keeper has gone */
	bool is_retiring;             /* was told to go */
	bool was_told_to_stop;        /* SIGTERM sent: the next step is SIGKILL */
	bool has_been_ready;          /* reached accept once; the others: their loop */
	_Atomic uint64_t *parked_keys; /* of a keeper, see inherit.h; mapped here, or NULL */
	size_t parked_key_count;
};

struct child_table {              /* caller's storage; all zero: empty, without room */
	struct child *children;       /* dense, in no order */
	size_t count, cap;
	unsigned role_counts[CHILD_ROLE_COUNT]; /* of children */
	/* By pid: positions in children plus 1, 0: free. Open addressing, a power of two, at
	 * most half full. */
	uint32_t *buckets;
	size_t bucket_count;
};

/* Room for cap children; keeps what is there. 0, or -1 and errno. */
int child_table_reserve(struct child_table *table, size_t cap);
void child_table_fini(struct child_table *table);
/* A new entry, zero but for these two; NULL: the table is full. The pid must not be in it. Valid
 * until the next reserve or remove, as all pointers to entries. */
struct child *child_table_add(struct child_table *table, pid_t pid, enum inherit_role role);
/* NULL: no such pid. */
struct child *child_table_find(struct child_table *table, pid_t pid);
/* The last entry takes its place. */
void child_table_remove(struct child_table *table, struct child *child);

typedef void child_function(const struct inheritance *inheritance); /* ends the process */

struct child_programs {           /* what children do, by role */
	child_function *functions[CHILD_ROLE_COUNT];
};

/* Forks: in the child, closes what is not inherited, gives up root and calls the function of
 * inheritance->role with what is left of it. In the master: the new entry, or NULL and errno (table
 * full: ENOSPC). The scoreboard slot is claimed before. */
struct child *child_spawn(struct child_table *table, struct inheritance *inheritance,
    const struct drop_target *drop, const struct child_programs *programs);

const char *child_role_name(enum inherit_role role); /* "worker", for logs */

#endif
