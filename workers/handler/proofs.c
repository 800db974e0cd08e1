/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache of proved credentials. Workers, unprivileged. Rules: an entry says nothing about
 * another password, user or hash; looking takes as long whatever is in the cache.
 * Shown by test_users.c. */
#include "workers/handler/proofs.h"

#include <stddef.h>
#include <sys/random.h>

#define PROOF_COUNT 64

static struct {
	bool was_tried, has_key;
	uint8_t key[SECRET_KEY_BYTES];
	struct {
		uint8_t mac[SECRET_HASH_BYTES];
		int64_t until_mono_ms;  /* 0: none */
	} entries[PROOF_COUNT];
} cache;

/* Made by the process itself: a key from before fork would be every worker's. */
static bool
has_key(void)
{
	if (!cache.was_tried) {
		cache.was_tried = true;
		cache.has_key = getrandom(cache.key, sizeof cache.key, GRND_NONBLOCK) ==
		    (ssize_t)sizeof cache.key;
	}
	return cache.has_key;
}

void
proof_make(struct slice user, struct slice password, struct slice hash,
    struct proof *proof_out)
{
	const struct slice nul = { "", 1 };
	const struct slice parts[] = { user, nul, password, nul, hash };

	proof_out->is_made = secret_can_hash() && has_key() && secret_mac(cache.key, parts,
	    sizeof parts / sizeof parts[0], proof_out->mac);
}

bool
proofs_hold(const struct proof *proof, int64_t now_mono_ms)
{
	bool is_held = false;

	for (size_t i = 0; i < PROOF_COUNT; i++)
		is_held |= secret_is_equal(cache.entries[i].mac, proof->mac, sizeof proof->mac) &
		    (cache.entries[i].until_mono_ms > now_mono_ms);
	return is_held && proof->is_made;
}

void
proofs_add(const struct proof *proof, int64_t now_mono_ms)
{
	size_t oldest = 0;

	if (!proof->is_made)
		return;
	for (size_t i = 1; i < PROOF_COUNT; i++) {
		if (cache.entries[i].until_mono_ms < cache.entries[oldest].until_mono_ms)
			oldest = i;
	}
	memcpy(cache.entries[oldest].mac, proof->mac, sizeof proof->mac);
	cache.entries[oldest].until_mono_ms = now_mono_ms + PROOFS_LIFE_MS;
}
