/* SPDX-License-Identifier: BSD-2-Clause */
/* Becoming a daemon the classic way, with an honest exit status for who started it. */
#ifndef MUSTER_MASTER_DAEMON_H
#define MUSTER_MASTER_DAEMON_H

#include "server/priv/guard.h"

#include <stdbool.h>

enum daemon_side {
	DAEMON_MASTER,              /* go on: detached, ready_fd_out is set */
	DAEMON_STARTED,             /* the command: the daemon is ready */
	DAEMON_FAILED,              /* the command: it is not, the reason is on stderr */
};

/* Forks twice around setsid(2). The command waits until the daemon reports or dies. */
enum daemon_side daemon_detach(int *ready_fd_out);
/* Daemon: reports "ready" and gives up the terminal; stdout and stderr stay open when a
 * log goes there. */
void daemon_ready(int *ready_fd, int null_fd, bool keeps_stdout, bool keeps_stderr);

#endif
