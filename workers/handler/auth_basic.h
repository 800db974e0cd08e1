/* SPDX-License-Identifier: BSD-2-Clause */
/* Basic authentication (RFC 7617) against a password file. */
#ifndef MUSTER_HANDLER_AUTH_BASIC_H
#define MUSTER_HANDLER_AUTH_BASIC_H

#include "workers/handler/auth.h"

/* credentials: what stands behind "Basic". */
enum auth_verdict auth_basic_check(const struct exchange *exchange, struct slice credentials,
    struct auth_attempt *attempt);

#endif
