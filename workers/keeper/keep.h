/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a keeper share: keep.c (the table, the epoll set, who comes), serve.c
 * (requests), greet.c (TLS that is to begin), finish.c (slow clients and last bytes), stalled.c
 * (slow clients of workers), give.c (who goes to another process).
 * workers/keeper.c is the loop around them; nobody else includes this. */
#ifndef MUSTER_KEEPER_KEEP_H
#define MUSTER_KEEPER_KEEP_H

#include <signal.h>
#include <sys/epoll.h>

#include "workers/conn/conn.h"
#include "workers/keeper/holds.h"
#include "workers/keeper/partial.h"
#include "workers/keeper/quick.h"

struct keeper {
	struct conn conn;           /* the connection at hand; first, see conn_new() */
	const struct inheritance *own;
	struct holds holds;
	unsigned max_count;         /* of holds and their files together */
	unsigned file_count;        /* that holds have */
	int epoll_fd;
	sigset_t wait_mask;
	int64_t now_ms;
	int64_t signals_mono_ms;    /* when they were let in last */
	bool may_make;              /* no answer was made for the client at hand in this turn: each
	                             * takes a while, and a second one is a worker's */
	bool retries;               /* there is no room for what is given away, and nobody tells
	                             * when there is */
	bool is_leaving;            /* another generation's keepers go on, */
	bool has_successors;        /* if there are any */
	bool listens_for_room;      /* handover_fd is in the epoll set */
	bool listens_for_park;      /* the same of park_fd */
	int64_t quiet_until_ms;
};

/* What is asked of the epoll set about a client: each change is told once. */
#define KEEP_INPUT (EPOLLIN | EPOLLRDHUP | EPOLLET)
#define KEEP_OUTPUT (EPOLLOUT | EPOLLET)

static inline bool
keep_is_stalled(const struct hold *hold)
{
	return hold->file_fd >= 0;
}

/* keep.c. fd is a held connection in all of them. */
int keep_watch(struct keeper *keeper, int operation, int fd, uint32_t events);
/* Of a socket to other processes: *listens tells whether the epoll set has it. */
void keep_listen_for_room(struct keeper *keeper, int fd, bool *listens, bool wanted);
/* So many places for one more, if need be by closing who has been idle longest. */
bool keep_make_room(struct keeper *keeper, unsigned place_count);
/* A connection is held from now on; who had the descriptor before is forgotten. */
void keep_welcome(struct keeper *keeper, const struct parcel *parcel, struct parcel_fds fds);
/* Takes in what workers have parked. True: there may be more. */
bool keep_adopt_some(struct keeper *keeper);
/* The connection becomes the one at hand. False: this configuration has no such listener. */
bool keep_load(struct keeper *keeper, int fd);
/* What the connection at hand has become is noted. */
void keep_store(struct keeper *keeper, int fd);
/* So are the bytes of conn->in. False: there is no memory for them, and it was closed. */
bool keep_rest(struct keeper *keeper, int fd);
/* It is not held any more: somebody else has it. */
void keep_forget(struct keeper *keeper, int fd);
/* Closes it, without waiting, whoever has made it. */
void keep_drop(struct keeper *keeper, int fd);
/* The same in the middle of an answer, which is logged as such. */
void keep_break_off(struct keeper *keeper, int fd);
void keep_log_once(struct keeper *keeper, const char *text);
/* max_count becomes no more than the limit of open files allows. 0, or -1 and errno. */
int keep_fit_limit(struct keeper *keeper);

/* serve.c: the connection at hand is fd's. */
void keep_serve(struct keeper *keeper, int fd);
void keep_refuse(struct keeper *keeper, int fd, unsigned status);
/* Bytes have come to an IDLE, READING or GREETING one; has_ended: and the end. */
void keep_take_input(struct keeper *keeper, int fd, bool has_ended);
/* A RUNNABLE one has its next turn. */
void keep_run(struct keeper *keeper, int fd);
void keep_rest_idle(struct keeper *keeper, int fd);
void keep_rest_reading(struct keeper *keeper, int fd);

/* finish.c */
void keep_linger(struct keeper *keeper, int fd);
void keep_rest_sending(struct keeper *keeper, int fd, struct pending *pending);
void keep_send_more(struct keeper *keeper, int fd);
void keep_spill(struct keeper *keeper, int fd);

/* stalled.c: files that workers send, and clients take slowly. The message is in the bytes of the
 * connection at hand. */
void keep_adopt_stalled(struct keeper *keeper, struct parcel *parcel, struct parcel_fds fds);
/* There is room in the socket, the client has gone, or its time is over. */
void keep_rouse(struct keeper *keeper, int fd);
/* Nobody else is there to do it any more: as much as goes now. */
void keep_send_alone(struct keeper *keeper, int fd);

/* greet.c: connections that await a TLS hello. */
/* The connection at hand is such a one: it is held, or goes to a worker if its hello is whole. */
void keep_greet(struct keeper *keeper, int fd);
/* Its time is over. */
void keep_end_greeting(struct keeper *keeper, int fd);

/* give.c */
void keep_hand_over(struct keeper *keeper, int fd);
/* One that was STALLED. */
void keep_hand_back(struct keeper *keeper, int fd);
void keep_hand_over_waiting(struct keeper *keeper);
void keep_begin_to_leave(struct keeper *keeper);
void keep_give_all_away(struct keeper *keeper);

#endif
