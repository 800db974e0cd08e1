/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the master's loop share: master.c (loop and signals), crew.c (fork,
 * reap, retire), tend.c (pools), aides.c (keepers, logger), signers.c, tickets.c (keys of TLS
 * sessions), switch.c (configurations), renewals.c (certificates), mend.c (sockets that children
 * share), census.c (counting), remember.c (clients). Nobody else includes this. */
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
#include "server/master/watch.h"

#define MASTER_TICK_MS 1000          /* from one regular look to the next */

enum master_phase {
	MASTER_STARTING,            /* until the first children are ready */
	MASTER_RUNNING,
	MASTER_DRAINING,            /* QUIT: workers finish, none is started */
	MASTER_STOPPING,            /* TERM, or a failed start: workers end now */
};

/* What lies between workers, keepers and logger. The master holds both ends of both pairs as
 * long as it lives: a connection in the queue outlives the process that sent it, and those of
 * all generations meet here. */
struct aides {
	int park_fd, parked_fd;       /* to a keeper: where it is given, where it arrives */
	int handover_fd, handed_fd;   /* to a worker: the same */
	int log_wake_fd;              /* eventfd(2): wakes the logger */
	pid_t logger_pid;             /* 0: there is none */
	bool logger_is_told_last;     /* to go, when all others had ended */
	bool logger_is_done;          /* and then it went */
	int64_t logger_deadline_mono_ms; /* for it to be done, once no child is left; 0: not yet */
	bool has_kept_back;           /* some worker's is_kept_back is set */
};

struct census {
	struct pool_census pools[GENERATION_POOLS_MAX]; /* as the generation's listeners */
	struct child *longest_idle[GENERATION_POOLS_MAX]; /* NULL: none is idle */
	unsigned phase_counts[SLOT_PHASE_COUNT]; /* of workers that are not retiring */
	unsigned active_count, retiring_count;
	unsigned starting_count;    /* of active_count: not yet once in accept */
	/* None of the above: */
	unsigned keeper_count;      /* of this generation, not retiring */
	unsigned keeper_ready_count; /* of keeper_count */
	bool logger_is_ready;
	bool signer_is_ready;       /* that of this generation */
};

struct tickets {                  /* all zero: no key was made yet */
	bool are_from_files;
	int64_t next_mono_ms;         /* when the next key is made */
};

struct master {
	const struct master_options *options;
	const struct child_programs *programs;
	struct aides aides;
	struct generation *generation;
	struct scoreboard *scoreboard;
	struct clients *clients;      /* as large as the generation in force wants it */
	struct nonces *nonces;        /* of all generations: a reload ends no login */
	struct child_table table;
	struct reload reload;
	struct backoff spawn_backoffs[CHILD_ROLE_COUNT]; /* failed forks, children that die
	                                                  * before they were of use */
	enum master_phase phase;
	bool has_failed;              /* exit status 1 */
	struct tickets tickets;
	struct watch watch;
	bool wants_reload;            /* HUP while a reload, or a renewal, is under way; or what the
	                               * reload has tried is not what is there now */
	unsigned moved_count;         /* the latter, in a row */
	bool is_full_noted;           /* the "all workers in use" line is out */
	bool is_forgetting_noted;     /* the line about too many clients is out */
	uint32_t log_generation;
	int wake_fd, null_fd;
	struct logpass logpass;
	int64_t reopen_again_mono_ms; /* USR1 is passed on once more then; 0: it is not */
	bool retires_old;             /* a reload's new children are not ready yet */
	bool is_mending;              /* it is no reload, see mend.c */
	struct backoff mend_backoff;
	bool mend_is_due;             /* it was begun, and could not be finished */
	uint32_t line_generations[SCOREBOARD_SOCKET_MAX]; /* the last that a line was used in */
	int64_t next_tick_mono_ms;
	int64_t start_deadline_mono_ms;
	struct census census;         /* the last one: not on the stack, which children copy */
};

/* census.c: reads all slots (hearsay, bounded) and sets hints right. */
void census_take(struct master *master, int64_t now_ms, bool is_tick, struct census *census_out);

/* tend.c: acts on a census, all sockets. Returns how long to wait for the next look, in ms. */
int tend_pools(struct master *master, struct census *census, int64_t now_ms);

/* crew.c */
/* Up to count workers for a listener; fewer when the system refuses. Returns how many. */
unsigned crew_spawn(struct master *master, size_t listener_position, unsigned count,
    int64_t now_ms);
/* The same for one child that is no worker. */
bool crew_spawn_aide(struct master *master, enum inherit_role role, int64_t now_ms);
/* The signer of a generation, which has none. */
void crew_spawn_signer(struct master *master, struct generation *generation, int64_t now_ms);
/* Tells a child to go when it is done, at the latest by the deadline. */
void crew_ask_to_go(struct child *child, int64_t deadline_ms);
/* A worker, a keeper: within drain_timeout. */
void crew_retire(struct master *master, struct child *child, int64_t now_ms);
/* Every worker and keeper of a generation before `number`; 0: all of them. */
void crew_retire_before(struct master *master, uint32_t number, int64_t now_ms);
/* Logger and signers excepted. */
void crew_stop_all(struct master *master, int64_t now_ms);
/* Reaps all that have ended; acts on what that means. */
void crew_reap(struct master *master, int64_t now_ms);
/* Those whose patience is over: TERM, then KILL. */
void crew_enforce_deadlines(struct master *master, int64_t now_ms);
/* Idle kept-alive connections make room: signals at most `count` of a socket's workers. */
void crew_shed_idle(struct master *master, uint32_t socket_index, unsigned count);

/* switch.c */
/* Room in the table of children for the generation in force. 0, or -1 and errno. */
int switch_reserve(struct master *master);
/* The master's own log from now on. */
void switch_use_logs(const struct master *master);
/* Names those that previous, or NULL, did not have. */
void switch_note_listeners(const struct generation *generation,
    const struct generation *previous);
/* Takes config over and opens it, as a reload does; the one in force stays. keeps: NULL, or it is
 * the same configuration, and these pairs stay as they are. NULL and errbuf. */
struct generation *switch_open(struct master *master, struct config *config, const bool keeps[],
    char *errbuf, size_t errbuf_bytes);
/* In place of the one in force: everything of it is open. */
void switch_to(struct master *master, struct generation *next, int64_t now_ms);
/* It is the one in force from now on; nothing is started yet. */
void switch_adopt(struct master *master, struct generation *generation);
void switch_start_children(struct master *master, int64_t now_ms);
/* The generation in force has got another number: other children in the place of all. */
void switch_again(struct master *master, int64_t now_ms);
/* The reload's child has ended: the switch, if all is well. */
void switch_finish_reload(struct master *master, int wait_status, int64_t now_ms);
/* Its new children are ready. */
void switch_retire_old(struct master *master, int64_t now_ms);

/* aides.c: keepers, logger, and what lies between children. */
int aides_open(struct master *master); /* 0, or -1 and errno */
/* Others in the place of those: what is still on its way there the old children have. 0, or -1 and
 * errno, and nothing is changed. */
int aides_open_again(struct master *master, bool parks, bool hands_over);
void aides_close(struct master *master);
/* Sets the descriptors between children that its role has, the others -1. */
void aides_fill(const struct master *master, struct inheritance *own);
/* Tells all children, in the header, what the phase and the configuration mean to them. */
void aides_announce(struct master *master);
/* All keepers of the generation in force, which has none yet. */
void aides_start_keepers(struct master *master, int64_t now_ms);
/* Starts those that are missing. */
void aides_tend_keepers(struct master *master, const struct census *census, int64_t now_ms);
/* Starts, replaces and ends the logger, in every phase. Only one ever reads the rings. */
void aides_tend_logger(struct master *master, int64_t now_ms);
/* Whether a worker has to stay until the last keeper has gone. */
bool aides_keep_back(const struct master *master, const struct child *child);
/* Tells those to go that were kept back, if it is time. */
void aides_let_go(struct master *master, int64_t now_ms);
bool aides_are_ready(const struct master *master, const struct census *census);
/* Connections that wait on the hand-over socket. */
unsigned aides_queue_length(const struct master *master);
/* A child was reaped, and is not in the table any more. */
void aides_note_end(struct master *master, const struct child *child);
/* No child is left, and the master is to end: whether all is written, or never will be. */
bool aides_are_done(struct master *master, int64_t now_ms);

/* signers.c */
/* Starts, replaces and ends them, in every phase. */
void signers_tend(struct master *master, int64_t now_ms);
/* A child was reaped. */
void signers_note_end(struct master *master, const struct child *child);

/* renewals.c */
/* Looks at the files of certificates, if it is time, and has others tried. */
void renewals_tend(struct master *master, int64_t now_ms);
/* The child that tried them has ended: they come into force, if all is well. */
void renewals_finish(struct master *master, int wait_status, int64_t now_ms);

/* mend.c */
/* Looks whether sockets that children share were shut down, and mends them. */
void mend_tend(struct master *master, int64_t now_ms);

/* tickets.c */
/* A configuration has come into force. */
void tickets_follow(struct master *master, int64_t now_ms);
/* A new key, if it is time. */
void tickets_tend(struct master *master, int64_t now_ms);

/* remember.c: the table of clients that all workers share. */
int remember_open(struct master *master); /* 0, or -1 and errno */
void remember_close(struct master *master);
/* After a reload: another table if the configuration wants another size. */
void remember_follow(struct master *master);
/* Says once that the table is too small. */
void remember_note(struct master *master);
/* A child has ended: the connections that it had open are none of its clients' any more. */
void remember_leave_for(struct master *master, struct child *child);
/* Where a keeper notes whose connections it holds, see inherit.h: made before its fork, NULL
 * where connections are not counted; 0, or -1 and errno. */
int remember_map_keys(const struct master *master, _Atomic uint64_t **keys_out,
    size_t *count_out);
/* After the fork: no other child gets them. 0, or -1 and errno. */
int remember_hide_keys(_Atomic uint64_t *keys, size_t count);
void remember_forget_keys(_Atomic uint64_t **keys, size_t count);

/* master.c: called by crew_reap() when the reload's child has ended. */
void master_finish_reload(struct master *master, int wait_status, int64_t now_ms);

#endif
