/* SPDX-License-Identifier: BSD-2-Clause */
/* The one list of what a child process inherits from the master. Every other descriptor is
 * close-on-exec and closed right after fork. */
#ifndef MUSTER_BASE_INHERIT_H
#define MUSTER_BASE_INHERIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/log.h"

enum inherit_role {
	INHERIT_WORKER,                /* serves one connection at a time */
	INHERIT_KEEPER,                /* holds those that are between requests */
	INHERIT_LOGGER,                /* writes the access log */
	INHERIT_SIGNER,                /* holds the private keys of TLS */
};

struct clients;
struct nonces;
struct config;
struct scoreboard;
struct ticket_keys;
struct tls_site;

struct inherit_key {                   /* of a certificate */
	int fd;                        /* the private key's file, open for reading (pread(2)) */
	const unsigned char *public_key; /* of the certificate, SubjectPublicKeyInfo as DER */
	size_t public_key_bytes;
};

#define INHERIT_NO_LISTENER UINT32_MAX
#define INHERIT_SPARE_FDS 64           /* of a keeper, besides those of its connections */

/* The master owns all of it; after fork the child's copies are the child's. A descriptor that
 * the role does not need is -1. */
struct inheritance {
	enum inherit_role role;
	const struct config *config;   /* immutable */
	struct scoreboard *scoreboard;
	struct clients *clients;       /* what all workers together know about clients */
	struct nonces *nonces;         /* of digest logins */
	const struct tls_site *tls;    /* certificates and what goes with them; NULL: no TLS */
	struct ticket_keys *ticket_keys; /* of TLS sessions, for all generations; the master's
	                                * to write */
	uint32_t slot_index;           /* the child's own */
	uint32_t socket_index;         /* WORKER: line of the socket it takes connections from */
	uint32_t listener_index;       /* WORKER: the same socket in config->listeners;
	                                * INHERIT_NO_LISTENER: the hand-over socket */
	/* By line: into config->listeners, INHERIT_NO_LISTENER for a line that is none of this
	 * configuration's; SCOREBOARD_SOCKET_MAX of them. */
	const uint32_t *listener_indexes;
	const uint16_t *listener_ports; /* as many, by line, too: what they are really bound to; 0:
	                                * no port */
	uint32_t generation;           /* of the configuration */
	uint32_t log_generation;       /* of the two log sinks below */
	int64_t master_pid;

	int listen_fd;                 /* WORKER: the one socket to accept on, or the end of the
	                                * hand-over socket to receive from */
	bool takes_handover;           /* WORKER: the latter */
	bool is_tcp;                   /* WORKER: what it accepts */
	const char *listen_text;       /* "*:80", "hand-over", for messages and ps(1) */
	int park_fd;                   /* WORKER, KEEPER: gives a connection to some keeper; -1:
	                                * there are none */
	int parked_fd;                 /* KEEPER: where it arrives */
	int handover_fd;               /* KEEPER: gives a connection to some worker */
	/* KEEPER: the client keys (clients.h) of the connections it holds, for the master to count
	 * off when it dies; shared memory, only written. NULL: connections are not counted. */
	_Atomic uint64_t *parked_keys;
	size_t parked_key_count;       /* by descriptor: max_parked and INHERIT_SPARE_FDS */
	int sign_fd;                   /* WORKER: where the signer of its generation is asked,
	                                * SIGNER: where that arrives (sign_wire.h) */
	const struct inherit_key *keys; /* SIGNER: one for each config.certificates; the others:
	                                * NULL */
	size_t key_count;
	int log_wake_fd;               /* eventfd(2), written to wake the logger, LOGGER: read */
	int wake_fd;                   /* eventfd(2), written to wake the master */
	int log_request_fd;            /* see server/base/logpass.h: the workers' ends */
	int log_answer_fd;
	struct log_sink error_log;
	struct log_sink access_log;    /* LOGGER; the others: kind only, fd is -1 */
	const int *root_fds;           /* O_PATH, one for each config.roots */
	size_t root_count;
	int null_fd;                   /* /dev/null; becomes stderr when start-up is over, -1:
	                                * stderr stays (foreground) */
};

/* Closes every descriptor above 2 that is not on the list. 0, or -1 and errno. */
int inherit_close_others(const struct inheritance *inheritance);

/* Something has changed that the master is to look at now: somebody is ready, or short of
 * others. Never waits. */
void inherit_wake_master(const struct inheritance *inheritance);

/* Start-up is over: gives who started the daemon its terminal back. */
void inherit_leave_terminal(const struct inheritance *inheritance);

#endif
