/* SPDX-License-Identifier: BSD-2-Clause */
/* Which credentials this process has seen proved a short while ago, so that a page with twenty
 * pictures costs one crypt(3) and not twenty-one. No password is kept, nor anything that one
 * could be found from outside of this process: only MACs under a key of its own. */
#ifndef MUSTER_HANDLER_PROOFS_H
#define MUSTER_HANDLER_PROOFS_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/handler/secret.h"

#define PROOFS_LIFE_MS (10 * 60 * 1000)

struct proof {
	uint8_t mac[SECRET_HASH_BYTES];
	bool is_made;               /* false: built without hashes, nothing is ever held */
};

/* No NUL in any of them. hash is what the file has: with another one nothing is proved. */
void proof_make(struct slice user, struct slice password, struct slice hash,
    struct proof *proof_out);
bool proofs_hold(const struct proof *proof, int64_t now_mono_ms);
/* For PROOFS_LIFE_MS, or until 64 others have come. */
void proofs_add(const struct proof *proof, int64_t now_mono_ms);

#endif
