/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration in force with everything opened for it: sockets, roots, logs, the ids
 * that workers take. A reload opens the next one whole before the present one is given
 * up; listening sockets of the same address move over, so no queued connection is lost. */
#ifndef MUSTER_MASTER_GENERATION_H
#define MUSTER_MASTER_GENERATION_H

#include "server/priv/guard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "server/base/log.h"
#include "server/master/pool.h"
#include "server/priv/drop.h"
#include "server/priv/listen.h"

struct listener {
	const struct config_listener *wanted; /* into the configuration */
	int fd;
	bool is_borrowed;             /* fd is still the previous generation's */
	bool is_tcp;
	uint32_t socket_index;        /* line in the scoreboard; stable while it is open */
	char text[LISTEN_TEXT_BYTES]; /* actual address */
	struct pool pool;
	/* turnover, see master.c */
	int64_t window_start_mono_ms;
	uint64_t window_count;
	unsigned turnover_count;
	bool turnover_is_known;
	bool is_crowded;              /* no idle worker, no room, clients wait */
};

struct generation {
	uint32_t number;              /* 1 at start */
	struct config *config;        /* owned */
	struct drop_target drop;
	int *root_fds;                /* owned; config->root_count of them */
	struct listener *listeners;   /* owned; config->listener_count of them */
	struct log_sink error_log, access_log; /* owned; for the workers */
	struct log_sink own_log;      /* owned; the error log as the master writes it: an open
	                               * file description of its own, which no worker can make
	                               * block, and on which nothing waits for a reader */
};

/* Opens all for config, which it takes over in any case. previous: the one in force or
 * NULL; its sockets are borrowed, it stays whole. used_lines: scoreboard lines that
 * workers of older generations still use. NULL and errbuf: nothing is changed. */
struct generation *generation_open(struct config *config, struct generation *previous,
    const bool used_lines[], char *errbuf, size_t errbuf_bytes);
/* After a switch: what next borrowed is next's now; the rest of previous is closed and
 * freed. *previous becomes NULL. */
void generation_retire(struct generation **previous, struct generation *next);
/* Closes what listens and is its own (borrowed sockets stay); removes socket files. */
void generation_close_listeners(struct generation *generation);
/* Closes and frees all. */
void generation_close(struct generation **generation);
/* USR1: opens both logs anew; on an error the old one stays. 0, or -1 and errbuf. */
int generation_reopen_logs(struct generation *generation, char *errbuf, size_t errbuf_bytes);

#endif
