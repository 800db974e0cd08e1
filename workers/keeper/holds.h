/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections that a keeper holds: what is known of each, and in which order their time is
 * over. By descriptor, which is small and dense; no memory is asked for once it is made. */
#ifndef MUSTER_KEEPER_HOLDS_H
#define MUSTER_KEEPER_HOLDS_H

#include <stdint.h>

#include "workers/conn/parcel.h"

#define HOLD_CLIENT_BYTES 64

enum hold_state {
	HOLD_NONE,                  /* not held */
	HOLD_IDLE,                  /* between requests */
	HOLD_READING,               /* part of a request head has come, or none of the first one */
	HOLD_GREETING,              /* of its TLS hello nothing has come, or a part */
	HOLD_SENDING,               /* the client takes an answer slowly */
	HOLD_RUNNABLE,              /* more requests are there than were answered in its turn */
	HOLD_WAITING,               /* a whole request, or one that was STALLED, and no worker has
	                             * room */
	HOLD_CLOSING,               /* all is said; what still comes is read away */
	HOLD_STALLED,               /* a file that a worker sends, and the client takes slowly */
	HOLD_STATE_COUNT,
};

struct partial;                     /* bytes of a request, keeper.c */
struct pending;                     /* the rest of an answer, pending.h */

struct hold {
	enum hold_state state;
	uint32_t serial;            /* another one for each connection of the same descriptor */
	unsigned sent_window_bytes; /* SENDING: since its deadline was set */
	int newer, older;           /* descriptors of the same state, by deadline; -1: none */
	int64_t deadline_mono_ms;
	struct parcel parcel;       /* all that belongs to the connection itself */
	char client[HOLD_CLIENT_BYTES]; /* its address as text */
	struct partial *partial;    /* NULL: none; of a stalled one its message (unsent.h) */
	int file_fd;                /* of a stalled one; -1: it is none */
	struct pending *pending;    /* SENDING; else NULL */
};

struct holds {                      /* caller's storage */
	struct hold *all;
	int cap;                    /* descriptors below it can be held */
	int oldest[HOLD_STATE_COUNT], newest[HOLD_STATE_COUNT]; /* -1: none */
	unsigned counts[HOLD_STATE_COUNT];
	unsigned count;             /* of all */
};

/* 0, or -1 and errno. */
int holds_init(struct holds *holds, int cap);
/* NULL: cannot be held. Its state may be HOLD_NONE. */
struct hold *holds_get(const struct holds *holds, int fd);
/* Into a state (HOLD_NONE: it is not held any more), with its time limit. Connections of a state
 * mostly have the same time: going in behind the newest is cheap, before it less so. */
void holds_move(struct holds *holds, int fd, enum hold_state state, int64_t deadline_mono_ms);
/* The descriptor whose time is over first, of a state; -1: none. */
int holds_oldest(const struct holds *holds, enum hold_state state);
/* When the first time limit of all is; INT64_MAX: there is none. */
int64_t holds_next_deadline(const struct holds *holds);

#endif
