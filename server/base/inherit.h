/* SPDX-License-Identifier: BSD-2-Clause */
/* The one list of what a worker inherits from the master. Every other descriptor is
 * close-on-exec and closed right after fork. */
#ifndef MUSTER_BASE_INHERIT_H
#define MUSTER_BASE_INHERIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/log.h"

struct clients;
struct nonces;
struct config;
struct scoreboard;

/* The master owns all of it; after fork the worker's copies are the worker's. */
struct inheritance {
	const struct config *config;   /* immutable */
	struct scoreboard *scoreboard;
	struct clients *clients;       /* what all workers together know about clients */
	struct nonces *nonces;         /* of digest logins */
	uint32_t slot_index;           /* the worker's own */
	uint32_t socket_index;         /* line of its listening socket */
	uint32_t listener_index;       /* the same socket in config->listeners */
	uint32_t generation;           /* of the configuration */
	uint32_t log_generation;       /* of the two log sinks below */
	int64_t master_pid;

	int listen_fd;                 /* the one socket to accept on */
	bool is_tcp;
	const char *listen_text;       /* "*:80", for messages and ps(1) */
	int wake_fd;                   /* eventfd(2), written to wake the master */
	int log_request_fd;            /* see server/base/logpass.h: the workers' ends */
	int log_answer_fd;
	struct log_sink error_log;
	struct log_sink access_log;
	const int *root_fds;           /* O_PATH, one for each config.roots */
	size_t root_count;
	int null_fd;                   /* /dev/null; becomes stderr when start-up is over, -1:
	                                * stderr stays (foreground) */
};

/* Closes every descriptor above 2 that is not on the list. 0, or -1 and errno. */
int inherit_close_others(const struct inheritance *inheritance);

#endif
