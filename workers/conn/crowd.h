/* SPDX-License-Identifier: BSD-2-Clause */
/* How many connections a client may have at the same time, and how often it may begin one with
 * TLS: connections_per_client, handshake_rate. */
#ifndef MUSTER_CONN_CROWD_H
#define MUSTER_CONN_CROWD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct clients;
struct config;
struct scoreboard_slot;

struct crowd {                  /* caller's storage, one a worker; private but for crowd.c */
	const struct config *config;
	struct clients *clients;
	struct scoreboard_slot *slot;
	uint64_t key;           /* of the connection at hand; 0: it is not counted */
};

void crowd_init(struct crowd *crowd, const struct config *config, struct clients *clients,
    struct scoreboard_slot *slot);

/* Before the handshake of a new connection, and once for it. False: the client comes too often,
 * which is logged now and then; the connection ends without a word. client_text is for the log. */
bool crowd_allows_handshake(const struct crowd *crowd, const struct sockaddr_storage *client,
    const char *client_text);

/* As soon as the client of a connection is known: on accept, or when its PROXY header is read.
 * True: go on, and crowd_leave() at the end, whether it was counted or not. False: it has
 * enough connections without this one, crowd_refuse() it; it is not counted. */
bool crowd_enter(struct crowd *crowd, const struct sockaddr_storage *client);
/* When the connection ends. May be called again, and without crowd_enter(). */
void crowd_leave(struct crowd *crowd);
/* The connection goes on in another process, which has its key and counts it off. */
void crowd_give_away(struct crowd *crowd);
/* That other process: it is counted already. key 0: it is not. */
void crowd_take_over(struct crowd *crowd, uint64_t key);

/* Answers 429, without content and without waiting for a request, and waits a moment for the
 * client to take it; with TLS the connection just ends, since an answer would cost a handshake.
 * The descriptor stays the caller's to close. client_text is for the log. */
void crowd_refuse(const struct crowd *crowd, int fd, const char *client_text, bool is_tls);

#endif
