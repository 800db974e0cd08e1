/* SPDX-License-Identifier: BSD-2-Clause */
/* The first bytes of a connection that is to be TLS, before OpenSSL sees them. */
#ifndef MUSTER_IO_TLS_FIRST_H
#define MUSTER_IO_TLS_FIRST_H

#include <stdbool.h>
#include <stddef.h>

/* Whether there is something to act on: a whole ClientHello (RFC 8446 4.1.2, 5.1), or something
 * that will never be one; some 16 KiB are enough in any case. False: more has to come first. */
bool tls_first_is_enough(const char *in, size_t bytes);

#endif
