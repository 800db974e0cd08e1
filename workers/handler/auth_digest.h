/* SPDX-License-Identifier: BSD-2-Clause */
/* Digest authentication (RFC 7616), SHA-256 and qop=auth only. The password does not come over
 * the line; of a request that somebody listened to no second one can be made. */
#ifndef MUSTER_HANDLER_AUTH_DIGEST_H
#define MUSTER_HANDLER_AUTH_DIGEST_H

#include "workers/handler/auth.h"
#include "workers/handler/text.h"

#define AUTH_DIGEST_CHALLENGE_BYTES 192 /* of a challenge, without the realm */

/* credentials: what stands behind "Digest". */
enum auth_verdict auth_digest_check(const struct exchange *exchange, struct slice credentials,
    struct auth_attempt *attempt);
/* Appends the challenge with a new nonce. False: none can be made, logged. */
bool auth_digest_ask(const struct exchange *exchange, bool is_stale, struct text *text);

#endif
