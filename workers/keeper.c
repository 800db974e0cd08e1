/* SPDX-License-Identifier: BSD-2-Clause */
/* A keeper: holds connections between requests, reads the next one, and answers it if that needs
 * no waiting; all others go to workers. This is its loop; the steps are in workers/keeper.
 * Unprivileged. Rules: it never waits but in epoll_pwait(2), and for a disk only when it is the
 * last one and has to send files itself; a connection that is given away is taken out of the epoll
 * set, since the other process keeps it open; whatever it cannot do costs one connection; no
 * client has more than its turn. But for a full log, if log.full says so.
 *
 *   parked --> IDLE --bytes--> READING --whole request--> answered --> IDLE
 *               |                 |  408, 4xx    |  |         \--slow client--> SENDING --> IDLE
 *            time out             +-> CLOSING <--+  +--declined--> worker, or WAITING for one
 *   parked without a TLS hello --> GREETING --whole hello--> worker, or WAITING for one
 *   a worker's slow client --> STALLED --room--> worker, or WAITING for one
 *
 * Shown by tests/integration/40-pool/test_keepers.py and test_handover.py. */
#include "workers/keeper.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/signals.h"
#include "workers/handler/resolve.h"
#include "workers/keeper/keep.h"

#define EVENTS_MAX 256
#define TICK_MAX_MS 60000
#define RETRY_MS 20
#define SIGNALS_MS 100

static void
expire(struct keeper *keeper)
{
	enum hold_state state;
	int fd;

	for (state = HOLD_IDLE; state < HOLD_STATE_COUNT; state++) {
		while (state != HOLD_RUNNABLE &&
		    (fd = holds_oldest(&keeper->holds, state)) >= 0 &&
		    holds_get(&keeper->holds, fd)->deadline_mono_ms <= keeper->now_ms) {
			if (state == HOLD_SENDING)
				keep_break_off(keeper, fd);
			else if (state == HOLD_STALLED)
				keep_rouse(keeper, fd);
			else if (state == HOLD_GREETING)
				keep_end_greeting(keeper, fd);
			else if (state == HOLD_WAITING &&
			    keep_is_stalled(holds_get(&keeper->holds, fd)))
				keep_hand_back(keeper, fd); /* it waits on */
			else if ((state == HOLD_READING || state == HOLD_WAITING) &&
			    keep_load(keeper, fd))
				keep_refuse(keeper, fd, state == HOLD_READING ? 408 : 503);
			else
				keep_drop(keeper, fd);
		}
	}
}

static void
dispatch(struct keeper *keeper, const struct epoll_event *event)
{
	int fd = (int)(uint32_t)event->data.u64;
	const struct hold *hold = holds_get(&keeper->holds, fd);

	if (fd == keeper->own->parked_fd) {
		if (!keeper->is_leaving) /* else keep_give_all_away() does */
			(void)keep_adopt_some(keeper);
		return;
	}
	if (fd == keeper->own->handover_fd) {
		keep_hand_over_waiting(keeper);
		return;
	}
	if (fd == keeper->own->park_fd)
		return;             /* keep_give_all_away() goes on */
	if (hold == NULL || hold->serial != event->data.u64 >> 32)
		return;             /* of who had the number before, in the same batch */
	switch (hold->state) {
	case HOLD_IDLE:
	case HOLD_READING:
	case HOLD_GREETING:
		keep_take_input(keeper, fd, (event->events &
		    (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
		break;
	case HOLD_SENDING:
		keep_send_more(keeper, fd);
		break;
	case HOLD_CLOSING:
		keep_spill(keeper, fd);
		break;
	case HOLD_STALLED:
		keep_rouse(keeper, fd);
		break;
	default:                    /* an event from before it changed */
		break;
	}
}

static int
wait_ms(const struct keeper *keeper)
{
	int64_t left_ms = holds_next_deadline(&keeper->holds) - keeper->now_ms;
	int most_ms = keeper->retries ? RETRY_MS : TICK_MAX_MS;

	return left_ms < 0 ? 0 : left_ms > most_ms ? most_ms : (int)left_ms;
}

/* Each of those that were not done with at the start. */
static void
run_turns(struct keeper *keeper)
{
	unsigned left = keeper->holds.counts[HOLD_RUNNABLE];

	while (left-- > 0 && keeper->holds.counts[HOLD_RUNNABLE] > 0)
		keep_run(keeper, holds_oldest(&keeper->holds, HOLD_RUNNABLE));
}

/* While there are always events, epoll_pwait(2) lets no signal in. */
static void
let_signals_in(struct keeper *keeper)
{
	sigset_t blocked;

	if (keeper->now_ms - keeper->signals_mono_ms < SIGNALS_MS)
		return;
	keeper->signals_mono_ms = keeper->now_ms;
	(void)sigprocmask(SIG_SETMASK, &keeper->wait_mask, &blocked);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static void
loop(struct keeper *keeper)
{
	static struct epoll_event events[EVENTS_MAX];

	while (!signals_is_set(SIGNAL_STOP)) {
		int i, n;

		if (signals_is_set(SIGNAL_DRAIN) && !keeper->is_leaving)
			keep_begin_to_leave(keeper);
		if (keeper->is_leaving)
			keep_give_all_away(keeper);
		if (keeper->is_leaving && keeper->holds.count == 0)
			return;
		n = epoll_pwait(keeper->epoll_fd, events, EVENTS_MAX, wait_ms(keeper),
		    &keeper->wait_mask);
		keeper->now_ms = clock_mono_ms();
		for (i = 0; i < n; i++)
			dispatch(keeper, &events[i]);
		run_turns(keeper);
		if (keeper->retries)
			keep_hand_over_waiting(keeper);
		expire(keeper);
		if (n > 0)
			let_signals_in(keeper);
		conn_follow_logs(&keeper->conn);
	}
}

/* Told to stop at once: what is not sent whole is logged as such. */
static void
break_off_all(struct keeper *keeper)
{
	static const enum hold_state states[] = { HOLD_SENDING, HOLD_STALLED, HOLD_WAITING };
	size_t i;
	int fd;

	for (i = 0; i < sizeof states / sizeof states[0]; i++)
		while ((fd = holds_oldest(&keeper->holds, states[i])) >= 0)
			keep_break_off(keeper, fd);
}

/* As many as the configuration says, and descriptors allow. */
static int
open_holds(struct keeper *keeper)
{
	keeper->max_count = (unsigned)keeper->own->config->keepalive.max_parked_count;
	if (keep_fit_limit(keeper) < 0)
		return -1;
	return holds_init(&keeper->holds, (int)(keeper->max_count + INHERIT_SPARE_FDS));
}

static void
give_up(const char *what)
{
	log_error("keeper: %s: %s", what, strerror(errno));
	_exit(1);
}

void
keeper_main(const struct inheritance *own)
{
	const struct sched_param none = { 0 };
	struct keeper *keeper = (struct keeper *)(void *)conn_new(own, sizeof *keeper);

	if (keeper == NULL)
		give_up("no memory");
	keeper->own = own;
	keeper->now_ms = clock_mono_ms();
	signals_install_waiter(&keeper->wait_mask);
	resolve_never_wait();
	if (open_holds(keeper) < 0)
		give_up("no memory");
	keeper->conn.max_served_count = 0;
	keeper->conn.access_log.wait_mask = &keeper->wait_mask;
	keeper->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (keeper->epoll_fd < 0 || keep_watch(keeper, EPOLL_CTL_ADD, own->parked_fd,
	    EPOLLIN | EPOLLEXCLUSIVE) < 0)
		give_up("epoll");
	log_set_stderr_copy(false);
	inherit_leave_terminal(own);
	(void)sched_setscheduler(0, SCHED_BATCH, &none);
	slot_set_phase(keeper->conn.slot, SLOT_HOLDING, keeper->now_ms);
	inherit_wake_master(own);
	loop(keeper);
	break_off_all(keeper);
	slot_set_phase(keeper->conn.slot, SLOT_LEAVING, clock_mono_ms());
	_exit(0);
}
