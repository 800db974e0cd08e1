/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared memory by which the children tell the master what they do, and the logger what to
 * write. A child is a worker, a keeper or the logger.
 *
 * Layout, every part a page or more of its own:
 *   header     the master writes, and the logger its one word; the others can only read
 *              (memfd_create(2), sealed)
 *   sockets    a cache line for each socket that connections come from, its workers write:
 *              hints
 *   slots      for each child a page, and behind it the pages of its log ring; it keeps only
 *              its own mapped. The logger keeps all.
 * so of this memory a fully hostile worker or keeper can spoil its own slot and the hints
 * (which cost at most one late look of the master, see scoreboard_socket) and nothing else, as
 * long as it cannot stretch its mapping (mremap(2)): that is for a system call filter to
 * forbid. The logger meets no client; what it could write in the header, the master never reads
 * back. To the master all of it is hearsay: pids and indexes it acts on come from its private
 * table. Pages that nobody has touched take no memory. */
#ifndef MUSTER_BASE_SCOREBOARD_H
#define MUSTER_BASE_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/logring.h"

#define SCOREBOARD_SLOT_MAX 131072u /* two generations of the most workers there can be */
#define SCOREBOARD_SOCKET_MAX 256u
#define SCOREBOARD_HANDOVER_LINE (SCOREBOARD_SOCKET_MAX - 1) /* what keepers hand on; never a
                                                              * listening socket's */
#define SCOREBOARD_SLOT_NONE UINT32_MAX

enum slot_phase {
	SLOT_FREE,
	SLOT_STARTING,              /* forked, not yet ready */
	SLOT_IDLE,                  /* in accept4(2), or waits for what keepers hand on */
	SLOT_READING,               /* waits for a request head or body */
	SLOT_SENDING,               /* acts on a request and sends the answer */
	SLOT_KEEPALIVE,             /* waits for the next request of a kept-alive connection */
	SLOT_CLOSING,               /* the last bytes of a connection that ends */
	SLOT_HOLDING,               /* keeper, logger: ready and at work */
	SLOT_LEAVING,               /* about to exit */
	SLOT_PHASE_COUNT,
};

struct slot_request {               /* for logs; NUL-terminated, cut where too long */
	char method[16];
	char target[256];
	char client[64];
};

/* One child. Single writer: "master" before fork, "child", or the kind that has it, after. */
struct scoreboard_slot {
	_Atomic uint32_t phase;     /* master: FREE, STARTING; child: the others. Relaxed:
	                             * nothing is read on the strength of it */
	uint32_t generation;        /* master: of the configuration */
	uint32_t socket_index;      /* master: its line in sockets, of a worker */
	_Atomic uint32_t held_count;         /* keeper: connections it holds; relaxed */
	_Atomic int64_t phase_since_mono_ms; /* child; relaxed */
	_Atomic uint64_t connection_count;   /* worker: accepted so far; relaxed */
	_Atomic uint64_t request_count;      /* worker: answered so far; relaxed */
	_Atomic uint64_t sent_bytes;         /* worker; relaxed */
	_Atomic uint64_t client_key;         /* worker: whose connection it has counted, see
	                                      * clients.h; 0: nobody's. Relaxed: the master
	                                      * looks when the worker has ended */
	_Atomic uint32_t request_sequence;   /* worker: odd while request changes (seqlock) */
	struct slot_request request;         /* worker */
	/* Child and logger, see logring.h. Outlives the child: what one that was killed has
	 * published is read later, and the next one in the slot goes on behind it. */
	struct logring_shared ring;
};

/* A socket that workers wait on. idle_count_hint is changed by all its workers and set right by the
 * master when it differs from what the slots say. A worker that leaves accept and finds it
 * at its end wakes the master; a wrong hint delays that to the master's next tick. */
struct scoreboard_socket {
	_Alignas(64) _Atomic int32_t idle_count_hint;
};

struct scoreboard_header {          /* master writes; workers and keepers: read-only page */
	uint32_t magic, version;
	_Atomic uint32_t log_generation; /* raised when the logs were opened anew */
	_Atomic uint32_t slot_high; /* slots that were ever claimed: the first so many. Relaxed:
	                             * raised before the fork of who gets the next one */
	_Atomic uint32_t is_draining; /* the server stops when requests are done: no connection
	                               * is kept for another one. Set before any QUIT */
	_Atomic uint32_t takes_parked; /* generation of the keepers that take what is parked; 0:
	                                * nobody does, close it */
	_Atomic uint32_t line_since[SCOREBOARD_SOCKET_MAX]; /* generation that opened the socket:
	                                * keepers of an earlier one do not know it */
	_Atomic uint8_t is_crowded[SCOREBOARD_SOCKET_MAX]; /* every worker is taken and no more
	                                                    * may start: do not linger */
	_Atomic uint8_t wants_wake[SCOREBOARD_SOCKET_MAX]; /* wake the master for the last idle */
	_Alignas(64) _Atomic uint32_t logger_sleeps; /* logger: wake it, see logring.h */
};

struct scoreboard;                  /* private memory of the process */

/* Master, before it forks. NULL: no memory, errno set. */
struct scoreboard *scoreboard_new(void);
void scoreboard_free(struct scoreboard **scoreboard);

/* Master. SCOREBOARD_SLOT_NONE and errno when none can be had. The slot is STARTING, all of it
 * is zero but the ring, which is as it was left. */
uint32_t scoreboard_claim(struct scoreboard *scoreboard, uint32_t generation,
    uint32_t socket_index);
/* Master, when the child is reaped. */
void scoreboard_release(struct scoreboard *scoreboard, uint32_t slot_index);

struct scoreboard_slot *scoreboard_slot(struct scoreboard *scoreboard, uint32_t slot_index);
struct scoreboard_socket *scoreboard_socket(struct scoreboard *scoreboard, uint32_t socket_index);
struct scoreboard_header *scoreboard_header(struct scoreboard *scoreboard);
/* The ring of a slot: to write in its own process, to read in the logger. */
void scoreboard_ring(struct scoreboard *scoreboard, uint32_t slot_index,
    struct logring *ring_out);
/* How many slots were ever claimed: those below are all there is to look at. */
uint32_t scoreboard_slot_count(struct scoreboard *scoreboard);

/* Worker, keeper, first thing after fork: gives up every page but its own slot with its ring,
 * the hints and the read-only header. Returns what it has from now on instead of the board, and
 * never frees; NULL and errno. */
struct scoreboard *scoreboard_keep_only(struct scoreboard *scoreboard, uint32_t slot_index);
/* Logger: gives up the hints only. */
int scoreboard_keep_for_logger(struct scoreboard *scoreboard);

/* Child: notes of its own slot. */
void slot_set_phase(struct scoreboard_slot *slot, enum slot_phase phase, int64_t now_mono_ms);
void slot_set_client(struct scoreboard_slot *slot, const char *client);
void slot_set_request(struct scoreboard_slot *slot, const char *method, size_t method_bytes,
    const char *target, size_t target_bytes);
void slot_clear_request(struct scoreboard_slot *slot);
void slot_set_client_key(struct scoreboard_slot *slot, uint64_t key);

/* Master: hearsay. */
uint64_t slot_get_client_key(const struct scoreboard_slot *slot);
/* Master: a copy of hearsay, always terminated, phase always < SLOT_PHASE_COUNT. */
enum slot_phase slot_get_phase(const struct scoreboard_slot *slot);
void slot_copy_request(const struct scoreboard_slot *slot, struct slot_request *request_out);

const char *slot_phase_name(enum slot_phase phase); /* "sending" */

#endif
