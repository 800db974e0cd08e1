/* SPDX-License-Identifier: BSD-2-Clause */
/* The key of an answer in one row of words, and a hash of it. For answer_cache.c. Pure. */
#ifndef MUSTER_HANDLER_ANSWER_KEY_H
#define MUSTER_HANDLER_ANSWER_KEY_H

#include "workers/handler/answer_cache.h"

#define PACKED_KEY_WORDS_MAX 128    /* longer keys are not kept */

struct packed_key_secret {          /* random bytes, all of it */
	uint64_t words[PACKED_KEY_WORDS_MAX];
	uint64_t multiplier;
};

struct packed_key {                 /* the same words: the same key */
	uint64_t hash;              /* its upper bits are the ones to use */
	unsigned word_count;
	uint64_t words[PACKED_KEY_WORDS_MAX];
};

/* False: it is too long. */
bool packed_key_make(const struct packed_key_secret *secret, const struct answer_key *key,
    struct packed_key *out);

#endif
