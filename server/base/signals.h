/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: one table names each, its flag and its meaning (signals.c). Handlers set a
 * flag and return; a worker's stop handlers also take from under a blocking call what
 * it waits for, so that a stop between a test and the call cannot be missed. */
#ifndef MUSTER_BASE_SIGNALS_H
#define MUSTER_BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

enum signal_flag {
	SIGNAL_STOP,                /* TERM, INT: now */
	SIGNAL_DRAIN,               /* QUIT: when what is under way is done */
	SIGNAL_RELOAD,              /* HUP */
	SIGNAL_REOPEN,              /* USR1 */
	SIGNAL_CHILD,               /* CHLD */
	SIGNAL_TICK,                /* ALRM: a worker's, or keeper's, heartbeat */
	SIGNAL_SHED,                /* USR2: a worker gives up an idle connection */
	SIGNAL_FLAG_COUNT,
};

/* Master: installs handlers and blocks them all; *wait_mask_out is for ppoll(2), the only
 * place where they are let in. */
void signals_install_master(sigset_t *wait_mask_out);

/* Worker: installs handlers and unblocks. Until it is called signals stay blocked. */
void signals_install_worker(void);
/* Keeper, logger: installs the same handlers, and blocks what they handle; *wait_mask_out is
 * for ppoll(2) or epoll_pwait(2), the only place where they are let in. */
void signals_install_waiter(sigset_t *wait_mask_out);
/* What the worker's handlers act on; -1: nothing. listen_fd is closed by STOP and DRAIN.
 * conn_fd: shut down both ways by STOP; DRAIN and SHED take away the time limit of a
 * receive on it, but only while is_idle: nothing is lost then if a request comes after all. */
void signals_guard_listener(int listen_fd);
void signals_guard_connection(int conn_fd);
void signals_guard_idle(bool is_idle);
/* True when the handler has closed the guarded listener. */
bool signals_listener_is_closed(void);

/* Is it set? take also clears it. */
bool signals_is_set(enum signal_flag flag);
bool signals_take(enum signal_flag flag);
/* Back to the defaults, all unblocked: for a child that is none of these. */
void signals_reset(void);

const char *signals_name(int number); /* "SIGSEGV"; "signal" for an unknown one */

#endif
