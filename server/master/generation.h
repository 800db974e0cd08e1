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
#include "server/base/scoreboard.h"
#include "server/master/credentials.h"
#include "server/master/pool.h"
#include "server/priv/drop.h"
#include "server/priv/listen.h"

#define GENERATION_POOLS_MAX (CONFIG_LISTENERS_MAX + 1)

/* A socket that workers wait on: one of the configuration's, or the hand-over socket, on which
 * keepers hand on connections. */
struct listener {
	const struct config_listener *wanted; /* into the configuration; hand-over: NULL */
	int fd;                       /* hand-over: the receiving end, the master's */
	bool is_borrowed;             /* fd is still the previous generation's */
	bool is_tcp;
	uint32_t socket_index;        /* line in the scoreboard; stable while it is open */
	char text[LISTEN_TEXT_BYTES]; /* actual address, or "hand-over" */
	struct pool pool;
	/* turnover, see census.c */
	int64_t window_start_mono_ms;
	uint64_t window_count;
	unsigned turnover_count;
	bool turnover_is_known;
	bool is_crowded;              /* no idle worker, no room, clients wait */
};

struct generation {
	uint32_t number;              /* 1 at start; of its children, see generation_renumber() */
	const struct tls_means *means;
	struct config *config;        /* owned, perhaps not by it alone: see config_share() */
	bool is_renewal;              /* the one before it has the same configuration */
	uint64_t fingerprint;         /* of certificates' files, before they were read */
	uint64_t *pair_fingerprints;  /* owned; by pair, as it was when it was read */
	struct drop_target drop;
	int *root_fds;                /* owned; config->root_count of them */
	struct listener *listeners;   /* owned; pool_count of them, as in config->listeners */
	size_t pool_count;            /* config->listener_count, and where there are keepers one
	                               * more, behind them: the hand-over socket */
	/* By line: into listeners, INHERIT_NO_LISTENER for a line that is none of theirs. */
	uint32_t listener_indexes[SCOREBOARD_SOCKET_MAX];
	uint16_t listener_ports[SCOREBOARD_SOCKET_MAX]; /* by line; 0: none, or unknown */
	struct log_sink error_log, access_log; /* owned; for the workers */
	struct log_sink own_log;      /* owned; the error log as the master writes it: an open
	                               * file description of its own, which no worker can make
	                               * block, and on which nothing waits for a reader */
	struct credentials credentials; /* owned */
	pid_t signer_pid;             /* 0: there is none */
	struct generation *older;     /* owned; those before it whose workers may still ask their
	                               * signers, see generation_retire() */
};

/* Opens all for config, which it takes over in any case. previous: the one in force or
 * NULL; its sockets are borrowed, it stays whole. used_lines: scoreboard lines that
 * children of older generations may still use. keeps: NULL, or which pairs of previous, of the
 * same configuration, are not read anew. means: for TLS, and to be kept as long as it.
 * Without a previous one private keys are tried; a running master leaves that to the reload's
 * child, and to the signer. NULL and errbuf: nothing is changed. The hand-over socket has no
 * descriptor yet. */
struct generation *generation_open(struct config *config, struct generation *previous,
    const bool keeps[], const bool used_lines[], const struct tls_means *means, char *errbuf,
    size_t errbuf_bytes);
/* True and its listener, when there is a hand-over socket. */
bool generation_handover(struct generation *generation, struct listener **listener_out);
/* After a switch: what next borrowed is next's now; the rest of previous is closed and
 * freed, unless it has TLS: then it becomes one of next's older ones, with its configuration and
 * what a signer needs. *previous becomes NULL. */
void generation_retire(struct generation **previous, struct generation *next);
/* The same for other children than those of before, who keep the old number, and their signer as
 * long as they are there; if that dies they have none. 0, or -1 and errno: nothing is changed. */
int generation_renumber(struct generation *generation);
/* Closes what listens and is its own (borrowed sockets stay); removes socket files. */
void generation_close_listeners(struct generation *generation);
/* Closes and frees all, older ones too. Accepts NULL. */
void generation_close(struct generation **generation);
/* USR1: opens both logs anew; on an error the old one stays. 0, or -1 and errbuf. */
int generation_reopen_logs(struct generation *generation, char *errbuf, size_t errbuf_bytes);

#endif
