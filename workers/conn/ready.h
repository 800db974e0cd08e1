/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that need no making: the process's cache, as a connection uses it. */
#ifndef MUSTER_CONN_READY_H
#define MUSTER_CONN_READY_H

#include <sys/uio.h>

#include "workers/conn/turn.h"
#include "workers/handler/answer_cache.h"

#define READY_PIECES_MAX 3

struct ready {
	bool is_keepable;           /* the request is one that kept answers can be for */
	struct answer_key key;
	struct cached_answer *answer; /* NULL: there is none for it */
	struct answer_head *head;   /* of it, to be sent; NULL: the answer is a 304 whose head is
	                             * not known yet */
	unsigned status;            /* 200 or 304 */
	bool has_content;           /* the content goes with it */
};

/* Looks for an answer; true: ready_out->answer and head can be sent as they are. Fills in
 * turn->exchange.route.settings then, and only then. */
bool ready_find(struct conn *conn, struct turn *turn, struct ready *ready_out);
/* Keeps an answer that was made, if it may be. True: it is to be sent out of the cache now, as
 * if found; the file may have been taken out of answer. */
bool ready_keep(struct conn *conn, struct turn *turn, struct ready *ready,
    struct answer *answer);
/* What is to be sent, with the Date of now and Connection: close unless it goes on; how many
 * pieces. A file (ready->answer->fd) follows them. */
unsigned ready_pieces(struct conn *conn, const struct turn *turn, const struct ready *ready,
    bool keeps_alive, struct iovec pieces_out[READY_PIECES_MAX]);

#endif
