/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to tls*.c: the kernel's TLS, for what goes to the client. */
#ifndef MUSTER_IO_TLS_KERNEL_H
#define MUSTER_IO_TLS_KERNEL_H

#include "workers/io/tls_pipe.h"

/* Looks whether this system has it, and has the system load it if it can. Before any fork, as who
 * may do that. NULL: it is there; else why not, as long as the process lives. Connections have it
 * only after it was found. */
const char *tls_kernel_look(void);

/* Before a handshake, for an SSL that tls_pipe_connect() has connected: where all sides can,
 * OpenSSL hands the key for what is sent to the kernel. From then on until tls->ssl is freed
 * tls->kernel_socket is set, out[] stays empty, and nothing may be written by SSL_write(3). */
void tls_kernel_offer(struct tls *tls);
/* During a handshake, before keys are made: not on this connection. */
void tls_kernel_decline(SSL *ssl);

/* All of it, with the limits in tls. has_more: only whole records, or what continues this one
 * comes at once. */
enum io_result tls_kernel_write(struct tls *tls, const void *data, size_t bytes, bool has_more);
/* As tls_send_file(). */
enum io_result tls_kernel_send_file(struct tls *tls, struct stream_file *file,
    unsigned timeout_ms);
/* The client has asked for something that the kernel cannot do, and nothing more may be sent to
 * it but the end. */
bool tls_kernel_must_end(const struct tls *tls);

#endif
