/* SPDX-License-Identifier: BSD-2-Clause */
/* Who sent a request, if it says so and can prove it: Basic (RFC 7617) or Digest (RFC 7616). */
#ifndef MUSTER_HANDLER_AUTH_H
#define MUSTER_HANDLER_AUTH_H

#include "workers/handler/answer.h"

/* What was proved in one request of a client. Its includes and fallbacks share it, so that one
 * Authorization field is looked at once for each realm and counted once. */
struct auth_state {
	const struct config_settings *settings; /* under which user was proved; NULL: not yet */
	struct slice user;
	bool is_nonce_used;         /* digest: by this request itself */
};

enum auth_verdict {
	AUTH_PROVED,
	AUTH_NONE,                  /* nothing that could be right here: ask for it */
	AUTH_WRONG,                 /* no such user, or another password */
	AUTH_STALE,                 /* right, but the nonce is too old or was used: ask again */
	AUTH_WAIT,                  /* too many wrong ones before */
	AUTH_MALFORMED,             /* means another request than it came with */
	AUTH_FAULT,                 /* no file or memory; logged */
};

/* Filled by the schemes for auth.c. */
struct auth_attempt {
	struct slice user;          /* in the exchange's arena */
	bool is_user_known;         /* for the log only */
	unsigned wait_ms;           /* AUTH_WAIT */
};

/* Whether settings->auth_type lets the request in: then exchange->user is set. False: the
 * answer is 401, 429, 400 or 500. */
bool auth_check(struct exchange *exchange, struct answer *answer);
/* Before the first call for a request that may get there, at depth 0. False: no memory. */
bool auth_prepare(struct exchange *exchange);

/* For auth_basic.c and auth_digest.c, before a password is looked at. False: AUTH_WAIT. */
bool auth_may_try(const struct exchange *exchange, struct auth_attempt *attempt);
/* Copies the user's name. False: no memory. */
bool auth_keep_user(const struct exchange *exchange, struct slice user,
    struct auth_attempt *attempt);

#endif
