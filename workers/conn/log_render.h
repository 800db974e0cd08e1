/* SPDX-License-Identifier: BSD-2-Clause */
/* Access log records as text. Pure: no descriptor, no clock, no allocation. Client bytes
 * come out escaped, so that no request can forge a record (test_log_render.c). */
#ifndef MUSTER_CONN_LOG_RENDER_H
#define MUSTER_CONN_LOG_RENDER_H

#include <stdint.h>

#include "config/log_format.h"
#include "workers/conn/log_clock.h"
#include "workers/handler/answer.h"
#include "workers/http/parse.h"

/* What a record tells. Empty slices come out as "-" (JSON: ""). */
struct log_record {
	struct slice client;        /* address text, no port; as a trusted proxy names it */
	struct slice peer;          /* of the connection itself */
	struct slice user;          /* who has proved to be it */
	unsigned port;              /* that the client came to; 0: a Unix socket */
	uint64_t id_seed, id_count; /* together unique among requests */
	int64_t started_wall_s;     /* when the request head was complete */
	unsigned started_wall_ms;   /* 0..999 */
	int utc_offset_min;         /* local time zone east of UTC, minutes */
	struct log_clock *clock;    /* kept from record to record, zeroed at first; NULL: none */
	uint64_t duration_us;
	struct slice method;        /* as sent */
	struct slice target;        /* as sent */
	struct slice request_line;  /* as sent, also when it was not understood */
	struct slice protocol;      /* "HTTP/1.1" */
	struct slice host;          /* effective host as sent */
	struct slice tls_protocol;  /* "TLSv1.3"; NULL data: the connection is not TLS */
	struct slice tls_cipher;    /* OpenSSL's name */
	struct slice tls_client_subject; /* of the client's certificate; empty: it has none */
	struct slice tls_server_name; /* as sent; empty: the client sent none */
	unsigned status;
	uint64_t body_sent_bytes;   /* without the head */
	uint64_t sent_bytes;        /* with it */
	uint64_t received_bytes;
	uint64_t connection_request_count; /* 1: first on its connection */
	int pid;
	bool is_aborted;            /* the client went away before the whole answer was sent */
	bool is_kept_alive;
	const struct http_request *request; /* for %{Name}i; NULL when none was parsed */
	const struct answer *answer; /* for %{Name}o; NULL: none, or it was ready-made: */
	struct slice answer_head;   /* the lines of its head then, each with CRLF */
};

#define LOG_RECORD_MIN 1024     /* least cap */

/* Renders one record with its newline; returns its bytes, never more than cap: long
 * values are cut so that the record stays whole (JSON stays valid JSON). */
size_t log_render(const struct log_format *format, const struct log_record *record,
    char *out, size_t cap);

/* The same uncut; 0: it does not fit. */
size_t log_render_whole(const struct log_format *format, const struct log_record *record,
    char *out, size_t cap);

#endif
