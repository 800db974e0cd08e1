/* SPDX-License-Identifier: BSD-2-Clause */
/* How a running worker gets the logs that the master has opened anew (USR1), without
 * being able to open files itself and without being restarted.
 *
 * The scoreboard's header carries a generation number; a worker that sees it raised
 * writes a byte into a pipe, and the master answers on a socket that all workers read,
 * with both descriptors (unix(7), SCM_RIGHTS). All answers are alike, so it does not
 * matter who takes which; an old one is known by its number. No descriptor ever comes from
 * a worker: closing one that a hostile worker has prepared could block the master. */
#ifndef MUSTER_BASE_LOGPASS_H
#define MUSTER_BASE_LOGPASS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/base/log.h"

struct logpass {                  /* the master's; caller's storage */
	int request_read_fd;          /* for poll(2): somebody asks */
	int answer_fd;                /* for poll(2), POLLOUT, while answers are pending */
	unsigned pending_count;       /* asked for and not yet sent */
	/* The workers' ends, on the list of what they inherit. */
	int worker_request_fd, worker_answer_fd;
};

/* 0, or -1 and errno, and all descriptors are -1. */
int logpass_open(struct logpass *pass);
void logpass_close(struct logpass *pass);
/* The logs were opened anew: takes back answers that nobody has read; they are pending
 * again. */
void logpass_restart(struct logpass *pass);
/* Counts requests and answers some, never blocking: again while pending_count > 0. */
void logpass_serve(struct logpass *pass, uint32_t log_generation,
    const struct log_sink *error_log, const struct log_sink *access_log);

/* Worker: asks and waits at most timeout_ms for an answer of at least the wanted generation,
 * then replaces the descriptors of both sinks (closing the old ones). 0, or -1 and errno,
 * and the sinks are as before. */
int logpass_fetch(int request_fd, int answer_fd, uint32_t wanted_generation, int timeout_ms,
    uint32_t *log_generation_out, struct log_sink *error_log, struct log_sink *access_log);

#endif
