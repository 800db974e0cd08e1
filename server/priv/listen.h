/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets: bound by the master, as root where the port asks for it. */
#ifndef MUSTER_PRIV_LISTEN_H
#define MUSTER_PRIV_LISTEN_H

#include "server/priv/guard.h"

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

#define LISTEN_TEXT_BYTES 128

/* A bound, listening, close-on-exec socket with the options below applied; -1 and text in
 * errbuf. A stale socket file of unix: is removed when nobody answers on it. */
int listen_open_priv(const struct config_listener *wanted, const struct config *config,
    char *errbuf, size_t errbuf_bytes);
/* Options that a reload may change: backlog, deferred accept, send time limit (accepted
 * connections inherit it, which saves a system call each). */
int listen_apply(int listen_fd, const struct config_listener *wanted,
    const struct config *config);
/* A TCP socket that was open and that somebody has shut down, and maybe connected: on the port that
 * it had. What waited in its queue is lost. 0, or -1 and errno. */
int listen_again_priv(int listen_fd, const struct config_listener *wanted, unsigned port,
    const struct config *config);
/* Whether a TCP socket listens: one that was shut down does not, whatever else was done to it. */
bool listen_is_on(int listen_fd);
/* The address it is really bound to ("127.0.0.1:43211"), for the log. */
void listen_describe(int listen_fd, const struct config_listener *wanted,
    char out[LISTEN_TEXT_BYTES]);
/* The port that it is really bound to; 0: it has none. */
unsigned listen_port(int listen_fd);
/* Whether accepted connections are TCP. */
bool listen_is_tcp(const struct config_listener *wanted);
/* Connections that wait to be accepted, from TCP_INFO; a unix socket says 1 for any. */
unsigned listen_queue_length(int listen_fd, bool is_tcp);
/* Removes the socket file of unix:. */
void listen_unlink(const struct config_listener *wanted);

#endif
