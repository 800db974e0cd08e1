/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts an answer on the wire as HTTP/1.1. */
#ifndef MUSTER_CONN_SEND_H1_H
#define MUSTER_CONN_SEND_H1_H

#include "workers/conn/conn.h"
#include "workers/handler/answer.h"
#include "workers/http/response.h"

struct send_options {
	bool is_head;               /* the head as for GET, and no body */
	bool keeps_alive;
	bool names_keep_alive;      /* to HTTP/1.0, which expects to be told */
	int64_t now_wall_s;
	uint64_t rate_bytes_s;      /* no faster; 0: as fast as it goes */
	bool may_stall;             /* another process can go on with it: there is a request */
};

/* True: nothing but the end of the connection can mark the end of this answer's body. That is
 * so for content of unknown length and a client that knows no chunks (HTTP/1.0). */
bool send_h1_ends_connection(const struct conn *conn, const struct answer *answer);

/* The head alone, into conn->out, with its empty line. is_bad: it does not fit, which is logged. */
void send_h1_write_head(struct conn *conn, const struct answer *answer,
    const struct send_options *options, struct response_head *head_out);

/* The lines of the head of the answer at hand, as long as nothing else was sent. */
struct slice send_h1_head_lines(const struct conn *conn);

/* IO_OK: all of it is sent. *body_sent_out: bytes of the body that were, without what frames
 * them. IO_FILE_SHORT with nothing sent yet: the head does not fit, or the content cannot be
 * read; the caller may answer otherwise. IO_STALLED: see stall_send(). */
enum io_result send_h1(struct conn *conn, const struct answer *answer,
    const struct send_options *options, uint64_t *body_sent_out);

#endif
