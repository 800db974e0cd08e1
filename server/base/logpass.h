/* SPDX-License-Identifier: BSD-2-Clause */
/* How running children get the logs that the master has opened anew (USR1), without being able to
 * open files themselves and without being restarted.
 *
 * The scoreboard's header carries a generation number; a child that sees it raised writes a byte
 * into a pipe, which says what it is, and the master answers with descriptors (unix(7),
 * SCM_RIGHTS). Workers and keepers all read one socket and get the error log; these answers are all
 * alike, so it does not matter who takes which. The logger has a socket of its own and gets both
 * logs: to ask in its name wins a hostile worker nothing. An old answer is known by its number. No
 * descriptor ever comes from a child: closing one that a hostile worker has prepared could block
 * the master. */
#ifndef MUSTER_BASE_LOGPASS_H
#define MUSTER_BASE_LOGPASS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/base/log.h"

struct logpass {                  /* the master's; caller's storage */
	int request_read_fd;          /* for poll(2): somebody asks */
	int answer_fd;                /* see logpass_poll_fd() */
	unsigned pending_count;       /* asked for by workers and not yet sent */
	bool logger_is_pending;       /* the logger has asked; answered at once */
	int logger_send_fd;           /* never polled: the logger's only answer fits */
	/* The children's ends, on the list of what they inherit: the request end for all,
	 * worker_answer_fd for workers and keepers, logger_answer_fd for the logger alone. */
	int worker_request_fd, worker_answer_fd, logger_answer_fd;
};

#define LOGPASS_CLOSED { .request_read_fd = -1, .answer_fd = -1, .logger_send_fd = -1, \
	.worker_request_fd = -1, .worker_answer_fd = -1, .logger_answer_fd = -1 }

/* 0, or -1 and errno, and all descriptors are -1. */
int logpass_open(struct logpass *pass);
void logpass_close(struct logpass *pass);
/* The logs were opened anew: takes back answers that nobody has read; they are pending
 * again. */
void logpass_restart(struct logpass *pass);
/* For poll(2), POLLOUT: answers are pending; -1: none. */
int logpass_poll_fd(const struct logpass *pass);
/* Counts requests and answers some, never blocking. */
void logpass_serve(struct logpass *pass, uint32_t log_generation,
    const struct log_sink *error_log, const struct log_sink *access_log);

/* Child: asks and waits at most timeout_ms for an answer of at least the wanted generation, then
 * replaces the descriptors of the sinks (closing the old ones). access_log is the logger's; NULL
 * or of kind NONE: a worker or keeper asks, who get none. 0, or -1 and errno, and the sinks are
 * as before. */
int logpass_fetch(int request_fd, int answer_fd, uint32_t wanted_generation, int timeout_ms,
    uint32_t *log_generation_out, struct log_sink *error_log, struct log_sink *access_log);

#endif
