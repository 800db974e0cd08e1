/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of an answer that a client does not take at once: what is still to be sent, and
 * what its log record will tell. Bounded all together. */
#ifndef MUSTER_KEEPER_PENDING_H
#define MUSTER_KEEPER_PENDING_H

#include <sys/uio.h>

#include "workers/conn/turn.h"
#include "workers/handler/answer_cache.h"

struct pending;

/* sent_bytes of the pieces have gone. kept: the answer whose memory the last of them lies in, is
 * held from now on; NULL: all is copied. The request stands at the front of conn->in. NULL:
 * there is no memory for it. */
struct pending *pending_new(struct conn *conn, const struct turn *turn,
    const struct iovec *pieces, unsigned piece_count, size_t sent_bytes,
    struct cached_answer *kept, uint64_t head_bytes, bool lingers);
/* Sends on. IO_OK: all is out; IO_TIMEOUT: the client takes no more for now. *moved_out: bytes
 * that went. */
enum io_result pending_send(struct pending *pending, int fd, size_t *moved_out);
/* The connection is at hand in conn (conn->in is overwritten): counts and logs the request. */
void pending_log(struct pending *pending, struct conn *conn, bool is_aborted);
bool pending_keeps_alive(const struct pending *pending);
/* Not kept alive: whether the client may still be sending, and must be listened to. */
bool pending_lingers(const struct pending *pending);
/* Accepts NULL, leaves NULL. */
void pending_free(struct pending **pending, struct answer_cache *cache);

#endif
