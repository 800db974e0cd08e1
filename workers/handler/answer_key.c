/* SPDX-License-Identifier: BSD-2-Clause */
/* Packs and hashes the keys of answers. Workers and keepers, unprivileged.
 *
 * Clients choose what is in a key, and must not be able to choose many that share a chain. The
 * hash is UMAC's NH (Black and others, 1999): for any two keys, there are at most 2 in 2^32
 * secrets that make their sums equal, and then multiplying by an odd secret and taking the
 * upper bits as an index is universal as well (Dietzfelbinger and others, 1997). sip_hash() would
 * also hold where an attacker sees the hashes, which nobody does here; but it takes four times as
 * long, half of what a request that is answered out of the cache spends in the cache. And
 * chains are no more than that: words are compared, and old answers go as new ones come.
 * Shown by test_answer_key.c. */
#include "workers/handler/answer_key.h"

#define LENGTH_BITS 16              /* of a part, in bytes */

/* Each half of a word is added to its half of the secret, and both multiplied. The
 * products do not wait for each other. */
static uint64_t
hash_words(const struct packed_key_secret *secret, const uint64_t *words, unsigned count)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < count; i++) {
		uint32_t low = (uint32_t)words[i] + (uint32_t)secret->words[i];
		uint32_t high = (uint32_t)(words[i] >> 32) + (uint32_t)(secret->words[i] >> 32);

		sum += (uint64_t)low * high;
	}
	return sum * (secret->multiplier | 1);
}

/* The lengths say which byte belongs to which part. */
bool
packed_key_make(const struct packed_key_secret *secret, const struct answer_key *key,
    struct packed_key *out)
{
	const struct slice parts[] = { key->host, key->port, key->target, key->accept_encoding };
	size_t total_bytes = 0;
	uint64_t lengths = 0;
	unsigned i;
	char *at;

	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].len > (PACKED_KEY_WORDS_MAX - 2) * sizeof out->words[0] - total_bytes)
			return false;
		total_bytes += parts[i].len;
		lengths = lengths << LENGTH_BITS | parts[i].len;
	}
	out->words[0] = key->listener_index | (uint64_t)key->is_https << 32 |
	    (uint64_t)(key->accept_encoding.data != NULL) << 33;
	out->words[1] = lengths;
	out->word_count = 2 + (unsigned)((total_bytes + 7) / 8);
	if (total_bytes > 0)        /* no byte of the last word is left as it was */
		out->words[out->word_count - 1] = 0;
	at = (char *)(out->words + 2);
	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].len > 0)
			memcpy(at, parts[i].data, parts[i].len);
		at += parts[i].len;
	}
	out->hash = hash_words(secret, out->words, out->word_count);
	return true;
}
