/* SPDX-License-Identifier: BSD-2-Clause */
/* One client connection of a worker: memory, limits and bookkeeping shared by all that
 * serves it, whatever the version of HTTP. */
#ifndef MUSTER_CONN_CONN_H
#define MUSTER_CONN_CONN_H

#include <stdalign.h>
#include <sys/socket.h>

#include "server/base/inherit.h"
#include "server/base/scoreboard.h"
#include "workers/conn/access_log.h"
#include "workers/conn/crowd.h"
#include "workers/conn/pace.h"
#include "workers/http/parse.h"
#include "workers/io/stream.h"
#include "workers/io/tls.h"
#include "workers/mem/arena.h"

#define CONN_CLIENT_BYTES 64
#define CONN_LINE_BYTES 64          /* of the processor's cache */
#define CONN_IN_SPARE_BYTES 16384   /* behind the largest head: for content to read away */
#define CONN_OUT_BYTES 32768        /* response head, and a small body behind it */
#define CONN_UNSENT_BYTES CONN_OUT_BYTES /* of an answer that another process goes on with */

struct answer_cache;
struct parcel;

/* All that a worker or keeper has for its whole life; the connection at hand is in it. What is
 * written to for every request is as close together as can be: each page of it is one for every
 * process. */
struct conn {
	struct http_request request; /* two pages, the second of which few requests need */
	alignas(CONN_LINE_BYTES) const struct inheritance *own; /* so this is in another one */
	const struct config *config;
	struct scoreboard_slot *slot;
	const struct scoreboard_header *header;
	struct access_log access_log;
	struct log_clock log_clock;
	uint32_t log_generation;    /* of the two log sinks */
	int64_t log_retry_mono_ms;  /* the master did not answer: not before this */

	struct arena arena;         /* of the request at hand */
	struct arena scratch;       /* the same for what only some requests need: large */
	char *in;                   /* received, not yet used: in[0..in_len) */
	size_t in_cap, in_len;
	size_t in_room;             /* CONN_UNSENT_BYTES more than in_cap; memory when it is used */
	char *out;                  /* CONN_OUT_BYTES */
	struct http_parser parser;
	struct answer_cache *cache; /* NULL: none */

	uint32_t socket_index;      /* scoreboard line of the socket that it came to */
	unsigned listener_index;    /* the same in config.listeners */
	bool is_tcp;
	struct crowd crowd;         /* how it is counted */
	unsigned paid_rate_count;   /* limits that the request at hand was counted for by who gave
	                             * it to us */
	bool was_cheap;             /* a keeper would have answered the last request itself */
	int64_t head_deadline_mono_ms; /* of the request under way; 0: none has begun */
	bool awaits_hello;          /* TLS is to begin; head_deadline_mono_ms is the handshake's */
	struct stream stream;
	struct stream_file file;    /* of the answer that is being sent */
	struct pace pace;           /* of sending */
	struct sockaddr_storage peer; /* the client, or the last proxy before us */
	char client[CONN_CLIENT_BYTES]; /* its address as text, or "unix:" */
	char real_client[CONN_CLIENT_BYTES]; /* whom a trusted proxy names */
	bool is_https;              /* it is TLS, or a PROXY header says so */
	struct tls_facts tls;       /* protocol NULL: it is not TLS */
	unsigned port;              /* that it came to; 0: a Unix socket */
	uint64_t request_count;     /* of this connection */
	uint64_t content_bytes;     /* of the request at hand, with its framing, as received */
	uint64_t taken_count;       /* connections of this worker */
	uint64_t served_count;      /* requests of this worker, all connections */
	uint64_t max_served_count;  /* then the worker leaves; 0: never */
	uint64_t boundary_seed;
	uint64_t id_seed;           /* of request ids: another one for each worker */
	int pid;                    /* of this worker */

	bool is_sending;            /* a time limit of sending may need the heartbeat */

	int64_t date_s;             /* second that date_text is for */
	char date_text[32];
	int64_t zone_checked_s;     /* when utc_offset_min was looked up */
	int utc_offset_min;
};

/* Maps all memory that the process will ever have, once; it ends with the process. bytes: of a
 * struct that begins with a struct conn, the rest of which is zero. NULL and errno: no memory. */
struct conn *conn_new(const struct inheritance *own, size_t bytes);
/* Begins with an accepted socket; the address is the client's. */
void conn_begin(struct conn *conn, int fd, const struct sockaddr_storage *address);
/* Goes on with one that another process has begun; in_len bytes came along, of which conn->in
 * has what it could take. client_text may be NULL: it is made of the parcel. False: it came to a
 * socket that this configuration does not have, or with more than its limits allow; it can be
 * refused, and nothing else. But an answer that is on its way may always go on, see
 * conn_has_listener(). */
bool conn_resume(struct conn *conn, int fd, const struct parcel *parcel, size_t in_len,
    const char *client_text);
/* What another process has to know to go on. */
void conn_pack(const struct conn *conn, struct parcel *parcel_out);
/* Whether it may go on with another request. */
bool conn_has_listener(const struct conn *conn);
/* The client is another one than the socket says: a PROXY header came. */
void conn_set_peer(struct conn *conn, const struct sockaddr_storage *address);
/* An address as text: "192.0.2.1", "2001:db8::1", "unix:". */
void conn_write_address(char out[CONN_CLIENT_BYTES], const struct sockaddr_storage *address);
/* Whether this worker should take no further request: told to go, or has served enough. */
bool conn_worker_should_leave(const struct conn *conn);
/* The parser begins anew, and nothing is known of a request. */
void conn_expect_head(struct conn *conn);
/* Whether there is somebody to hold the connection when it is between requests. One with TLS stays
 * where its keys are. */
bool conn_has_keepers(const struct conn *conn);
/* The same, and others will come when those have gone: the master lives. Costs a system call. */
bool conn_has_successors(const struct conn *conn);
/* The same for the request at hand, which is not counted yet: its connection ends. */
bool conn_is_last_request(const struct conn *conn);
/* Fetches reopened logs when the master has announced them. */
void conn_follow_logs(struct conn *conn);
/* After a signal has interrupted a wait: writes records that have waited long enough,
 * follows reopened logs. */
void conn_look_around(struct conn *conn);
/* The Date field's text, made once a second. */
struct slice conn_date(struct conn *conn, int64_t now_wall_s);
/* Minutes east of UTC, looked up once a minute. */
int conn_utc_offset_min(struct conn *conn, int64_t now_wall_s);

#endif
