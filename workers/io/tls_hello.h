/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to tls*.c: what a client's first message decides. */
#ifndef MUSTER_IO_TLS_HELLO_H
#define MUSTER_IO_TLS_HELLO_H

#include "workers/io/tls_pipe.h"

/* Makes a context ask here, with the struct tls that is an SSL's app data. */
void tls_hello_attend(SSL_CTX *context);
/* The context to begin with, of the listener's default host. */
SSL_CTX *tls_hello_first_context(const struct tls_wish *wish);

#endif
