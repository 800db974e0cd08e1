/* SPDX-License-Identifier: BSD-2-Clause */
/* The content of an answer whose length is not known before it is made: appended to, in
 * blocks of an arena. Listings and server-side includes. */
#ifndef MUSTER_HANDLER_CONTENT_H
#define MUSTER_HANDLER_CONTENT_H

#include "workers/handler/answer.h"

struct content {                    /* caller's storage; fields but len and is_bad: content.c */
	struct arena *arena;
	uint64_t limit_bytes;
	uint64_t len;               /* bytes so far */
	bool is_bad;                /* limit or arena did not suffice; stays so */
	struct slice *pieces;       /* all but the open block */
	unsigned piece_count, piece_cap;
	char *block;                /* the open one */
	size_t block_len, block_cap;
};

/* Both arena and content are the caller's; what is appended lives as long as the arena's
 * present content. */
void content_init(struct content *content, struct arena *arena, uint64_t limit_bytes);
/* A copy. */
void content_add(struct content *content, struct slice s);
/* Without a copy where s is large: it has to live as long as the arena's content. */
void content_refer(struct content *content, struct slice s);
void content_decimal(struct content *content, uint64_t value);
void content_grouped(struct content *content, uint64_t value); /* "1,234,567" */
/* All of it in one piece; data is NULL when it is bad or there is no room for a copy. Nothing
 * may be appended afterwards. */
struct slice content_whole(struct content *content);
/* The content as segments of the answer, which must have none; answer->lacks_room says that
 * the arena did not suffice. Nothing may be appended afterwards. */
void content_deliver(struct content *content, struct answer *answer);

#endif
