/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of requests that have not come whole, kept while their connections wait. Bounded all
 * together: slow clients could fill any memory else. */
#ifndef MUSTER_KEEPER_PARTIAL_H
#define MUSTER_KEEPER_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>

struct partial {
	size_t bytes, cap;
	size_t parse_at;            /* so many bytes are worth another look for a whole head */
	char data[];
};

/* Keeps a copy of in[0..bytes), in place of what *partial held; bytes 0: nothing. False: there is
 * no memory for it; what was kept before still is. */
bool partial_keep(struct partial **partial, const char *in, size_t bytes);
/* Whether the bytes from `from` on may have made a whole request, or one too large, of it: heads
 * that come a byte at a time must not cost a look at all of them each time. */
bool partial_is_worth_parsing(const struct partial *partial, const char *in, size_t from,
    size_t bytes);
void partial_free(struct partial **partial);

#endif
