/* SPDX-License-Identifier: BSD-2-Clause */
/* A process's side of the access log: renders records and puts them into its ring, from which
 * the logger writes them. No system call for a record, as long as the logger keeps up. */
#ifndef MUSTER_CONN_ACCESS_LOG_H
#define MUSTER_CONN_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <signal.h>

#include "server/base/inherit.h"
#include "server/base/scoreboard.h"
#include "workers/conn/log_render.h"

struct access_log {                 /* caller's storage */
	const struct log_format *format;
	const struct scoreboard_header *header;
	struct logring ring;
	int wake_fd;                /* the logger's */
	pid_t master_pid;
	bool is_off;                /* nothing is logged */
	bool waits;                 /* for a ring that is full; otherwise records are counted */
	const sigset_t *wait_mask;  /* for the wait, where signals are blocked else; NULL */
	bool is_half_full;          /* the ring was, and the logger was told */
};

/* own and what it refers to must outlive it. */
void access_log_init(struct access_log *log, const struct inheritance *own);
bool access_log_is_off(const struct access_log *log);
void access_log_record(struct access_log *log, const struct log_record *record,
    int64_t now_mono_us);

#endif
