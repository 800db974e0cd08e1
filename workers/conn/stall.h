/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that a client takes slowly. What is left of one waits in a keeper, which has two
 * descriptors and a message (unsent.h), and comes back to any worker when there is room in the
 * socket again. */
#ifndef MUSTER_CONN_STALL_H
#define MUSTER_CONN_STALL_H

#include "workers/conn/turn.h"
#include "workers/conn/unsent.h"

/* What belongs to an answer whose file is being sent, besides conn->file and the turn. */
struct stall {
	struct slice answer_head;   /* its lines for the log, each with CRLF; lives as long */
	size_t used_bytes;          /* of conn->in that are done with after it; what lies between
	                             * the request's head and their end may be taken out */
	bool must_close;            /* as the handler said */
	bool is_logged;             /* whether it gets a record */
	bool must_stay;             /* no keeper has room for it */
	int64_t parked_mono_ms;     /* a keeper had it since then; 0: none, or it was a moment */
};

/* Sends conn->file, the rest of an answer. IO_STALLED: the client takes no more for now, and
 * stall_go_on() is to follow; that is never said where no keeper could have it. */
enum io_result stall_send(struct conn *conn);
/* After IO_STALLED, or with what came out of a keeper: sends as long as the client takes it
 * readily. IO_OK: all of it is sent, or turn->is_parked. Else what is wrong, logged if it is the
 * file. */
enum io_result stall_go_on(struct conn *conn, struct turn *turn, struct stall *stall);

/* The answer that a message in conn->in is about, after conn_resume(): conn->file is what is left
 * of it. The descriptor stays the caller's to close. False: it is no such message. */
bool stall_load(struct conn *conn, int file_fd, struct turn *turn_out, struct stall *stall_out);
/* The message for what is left now, in conn->in. Its bytes; 0: there is no room. */
size_t stall_pack(struct conn *conn, const struct turn *turn, struct stall *stall);
/* What was loaded is sent (IO_OK), or nobody goes on with it: counts and logs it. */
void stall_finish(struct conn *conn, struct turn *turn, const struct stall *stall,
    enum io_result result);

#endif
