/* SPDX-License-Identifier: BSD-2-Clause */
/* The PROXY protocol of HAProxy, versions 1 and 2: what a load balancer says of a client, in
 * front of all that the client sends. Pure: bytes in, verdict out. Strict: whatever is not
 * exactly such a header is HTTP_BAD, and the connection ends without an answer, since nobody
 * knows who it is with. */
#ifndef MUSTER_HTTP_PROXY_PROTOCOL_H
#define MUSTER_HTTP_PROXY_PROTOCOL_H

#include <sys/socket.h>

#include "workers/http/parse.h"

/* The longest header that is taken: what fits into any packet, and TLVs behind it. */
#define PROXY_PROTOCOL_MAX_BYTES (536 + 2048)

struct proxy_protocol {
	/* False: the load balancer speaks for itself (LOCAL: it looks whether we live), or does
	 * not know (UNKNOWN, UNSPEC): the connection is with whom the socket says. */
	bool has_addresses;
	/* AF_INET or AF_INET6 with port; AF_UNIX without the path. destination is the address
	 * that the client connected to. */
	struct sockaddr_storage source, destination;
	bool is_https;              /* the client's own connection is a TLS one (version 2) */
	size_t header_bytes;        /* what it takes of the buffer */
	const char *error_reason;   /* after HTTP_BAD: static text */
};

/* buf[0..len) is everything received since the connection began. HTTP_NEED_MORE: call again
 * when there is more; never with PROXY_PROTOCOL_MAX_BYTES or more. HTTP_COMPLETE: what follows
 * header_bytes is the client's. */
enum http_verdict proxy_protocol_parse(const char *buf, size_t len,
    struct proxy_protocol *header_out);

#endif
