/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that go on in another process: requests for workers, and all of them when this keeper
 * leaves. Keepers, unprivileged. Rule: the epoll set loses what is given away, since the other
 * process keeps it open. Shown by tests/integration/40-pool/test_handover.py. */
#include "workers/keeper/keep.h"

#include <errno.h>

#include "workers/conn/parcel.h"

#define GIVE_AWAY_MAX 64            /* at once; then the others get their turn */

/* No room for now, of whatever kind. The socket tells only when its own queue has some. */
static bool
must_wait(struct keeper *keeper, int error)
{
	bool is_short = error == ENOBUFS || error == ENOMEM || error == ETOOMANYREFS;

	keeper->retries |= is_short;
	return is_short || error == EAGAIN;
}

/* 0: another process has it; -1 and errno. */
static int
give_away(struct keeper *keeper, int fd, int socket_fd)
{
	struct hold *hold = holds_get(&keeper->holds, fd);
	const struct partial *partial = hold->partial;

	if (parcel_send(socket_fd, &hold->parcel, partial == NULL ? NULL : partial->data,
	    partial == NULL ? 0 : partial->bytes,
	    (struct parcel_fds){ fd, hold->file_fd }) < 0)
		return -1;
	keep_forget(keeper, fd);
	return 0;
}

/* Nobody can have it, now or later. */
static void
give_up(struct keeper *keeper, int fd, int error)
{
	if (keep_is_stalled(holds_get(&keeper->holds, fd))) {
		keep_break_off(keeper, fd);
		return;
	}
	keep_log_once(keeper, error == EMSGSIZE ? "a request is too large to be handed over: "
	    "limits.header_size is beyond what the system's sockets take" :
	    "nothing can be handed over: somebody has shut the socket down");
	if (keep_load(keeper, fd))
		keep_refuse(keeper, fd, error == EMSGSIZE ? 431 : 503);
	else
		keep_drop(keeper, fd);
}

/* No worker takes it any more. All may have left just now, since the master has died: a client that
 * could be sent to at the same moment is seen before the signal that tells of it. */
static void
go_on_without(struct keeper *keeper, int fd, int error)
{
	if (error == EPIPE && keep_is_stalled(holds_get(&keeper->holds, fd)))
		keep_send_alone(keeper, fd);
	else
		give_up(keeper, fd, error);
}

/* A whole request, or the front of a large one, that needs a worker. It stays in the epoll set
 * while it waits: what that tells then is of no interest. */
void
keep_hand_over(struct keeper *keeper, int fd)
{
	struct hold *hold = holds_get(&keeper->holds, fd);
	struct conn *conn = &keeper->conn;

	keep_store(keeper, fd);
	if (keeper->holds.counts[HOLD_WAITING] == 0) {
		if (parcel_send(keeper->own->handover_fd, &hold->parcel, conn->in, conn->in_len,
		    (struct parcel_fds){ fd, -1 }) == 0) {
			keep_forget(keeper, fd);
			return;
		}
		if (!must_wait(keeper, errno)) {
			int error = errno;

			(void)partial_keep(&hold->partial, conn->in, conn->in_len);
			give_up(keeper, fd, error);
			return;
		}
	}
	if (!keep_rest(keeper, fd))
		return;
	holds_move(&keeper->holds, fd, HOLD_WAITING, keeper->now_ms +
	    conn->config->limits.header_timeout_ms);
	keep_listen_for_room(keeper, keeper->own->handover_fd, &keeper->listens_for_room,
	    !keeper->retries);
}

/* It stays in the epoll set, too, and waits behind the others. */
void
keep_hand_back(struct keeper *keeper, int fd)
{
	if (keeper->holds.counts[HOLD_WAITING] == 0) {
		if (give_away(keeper, fd, keeper->own->handover_fd) == 0)
			return;
		if (!must_wait(keeper, errno)) {
			go_on_without(keeper, fd, errno);
			return;
		}
	}
	holds_move(&keeper->holds, fd, HOLD_WAITING, keeper->now_ms +
	    keeper->conn.config->limits.header_timeout_ms);
	keep_listen_for_room(keeper, keeper->own->handover_fd, &keeper->listens_for_room,
	    !keeper->retries);
}

/* There may be room in the queue again: who waits longest comes first. */
void
keep_hand_over_waiting(struct keeper *keeper)
{
	int fd;

	keeper->retries = false;
	while ((fd = holds_oldest(&keeper->holds, HOLD_WAITING)) >= 0) {
		if (give_away(keeper, fd, keeper->own->handover_fd) == 0)
			continue;
		if (must_wait(keeper, errno))
			break;
		go_on_without(keeper, fd, errno);
	}
	keep_listen_for_room(keeper, keeper->own->handover_fd, &keeper->listens_for_room,
	    fd >= 0 && !keeper->retries);
}

/* Who has successors leaves to them what is parked from now on; else it is taken in to the last,
 * since nobody comes after. */
void
keep_begin_to_leave(struct keeper *keeper)
{
	keeper->is_leaving = true;
	keeper->has_successors = conn_has_successors(&keeper->conn);
	if (keeper->has_successors)
		(void)keep_watch(keeper, EPOLL_CTL_DEL, keeper->own->parked_fd, 0);
}

/* Without successors: nobody asks for another request, or for TLS, and who has begun a request is
 * answered, with Connection: close, or times out. */
static void
part_with_idle(struct keeper *keeper)
{
	bool has_more;
	int fd;

	do {
		has_more = keep_adopt_some(keeper);
		while ((fd = holds_oldest(&keeper->holds, HOLD_IDLE)) >= 0 ||
		    (fd = holds_oldest(&keeper->holds, HOLD_GREETING)) >= 0)
			keep_drop(keeper, fd);
	} while (has_more);
}

/* To the keepers of the new configuration; or, when there are none, to nobody. */
void
keep_give_all_away(struct keeper *keeper)
{
	static const enum hold_state states[] = { HOLD_IDLE, HOLD_READING, HOLD_GREETING,
		HOLD_STALLED };
	int fd = -1, left = GIVE_AWAY_MAX;
	size_t i;

	keeper->has_successors = conn_has_successors(&keeper->conn);
	if (!keeper->has_successors) {
		part_with_idle(keeper);
		return;
	}
	for (i = 0; i < sizeof states / sizeof states[0]; i++) {
		while ((fd = holds_oldest(&keeper->holds, states[i])) >= 0 && left-- > 0) {
			if (give_away(keeper, fd, keeper->own->park_fd) == 0)
				continue;
			if (must_wait(keeper, errno))
				left = 0;
			else
				give_up(keeper, fd, errno);
		}
		if (fd >= 0)
			break;
	}
	keep_listen_for_room(keeper, keeper->own->park_fd, &keeper->listens_for_park,
	    fd >= 0 && !keeper->retries);
}
