/* SPDX-License-Identifier: BSD-2-Clause */
/* One request under way, from its first byte to its log record. */
#ifndef MUSTER_CONN_TURN_H
#define MUSTER_CONN_TURN_H

#include "workers/conn/conn.h"
#include "workers/handler/answer.h"

struct turn {
	struct http_request *request; /* conn->request, or a stream's */
	struct arena *arena, *scratch; /* of it */
	int64_t start_wall_us, start_mono_us;
	int64_t end_mono_us;        /* 0: when its record is written */
	uint64_t sent_before;
	unsigned status;
	uint64_t body_sent_bytes;
	struct slice ready_head;    /* of an answer out of the cache; empty: it was made */
	uint64_t frame_bytes;       /* HTTP/2: sent and */
	uint64_t content_bytes;     /* received for it alone */
	uint64_t connection_request_count; /* 1: first on its connection */
	bool has_request;           /* request is whole */
	bool is_routed;             /* exchange.route is filled */
	bool keeps_alive;
	bool is_aborted;
	bool is_parked;             /* another process goes on with it, and does the rest */
	struct exchange exchange;   /* what the handlers know */
};

/* Whether the configuration of its location wants a record of it. */
bool turn_is_logged(const struct turn *turn);
/* Takes the time, and forgets what the arena held for the request before. */
void turn_begin(struct conn *conn, struct turn *turn, bool has_request);
/* The same for one of several at a time, with the time at which they came; the arena keeps what it
 * holds. */
void turn_begin_stream(struct conn *conn, struct turn *turn, bool has_request,
    struct http_request *request, struct arena *arena, int64_t now_wall_us, int64_t now_mono_us);
/* Counts it in the scoreboard. */
void turn_count(struct conn *conn, const struct turn *turn);
/* Writes its record, unless the configuration of its location does not want one. answer: as
 * it was sent. */
void turn_log(struct conn *conn, const struct turn *turn, const struct answer *answer);

/* The answer is done with: gives back what a large one took, since the worker may be idle for
 * long. */
void turn_end(struct conn *conn);

#endif
