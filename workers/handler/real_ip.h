/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asks, when it is a proxy that speaks to us. Pure. */
#ifndef MUSTER_HANDLER_REAL_IP_H
#define MUSTER_HANDLER_REAL_IP_H

#include <stdbool.h>
#include <sys/socket.h>

#include "config/config.h"
#include "workers/http/parse.h"

/* Whether the address is one of trusted_proxies. */
bool real_ip_is_trusted(const struct config *config, const struct sockaddr_storage *address);

/* peer: the other end of the connection, or what a PROXY header made of it. *client_out: the
 * peer, unless it is a trusted proxy: then the first one, going away from us along the list in
 * real_ip_header, that is none. Where the list ends, or cannot be read, the last trusted one.
 * *is_https_out: what the farthest trusted one says of how its client came to it; left as it
 * is when none says anything. */
void real_ip_find(const struct config *config, const struct http_request *request,
    const struct sockaddr_storage *peer, struct sockaddr_storage *client_out,
    bool *is_https_out);

#endif
