/* SPDX-License-Identifier: BSD-2-Clause */
/* The client behind proxies. Leaves taking the header fields apart to workers/http/forwarded.c.
 * Workers, unprivileged. Rule: a word counts only if a trusted proxy has said it, or passed it
 * on from another trusted one. Shown by test_real_ip.c and
 * tests/integration/10-protocol/test_forwarded.py. */
#include "workers/handler/real_ip.h"

#include "config/network.h"
#include "workers/http/forwarded.h"

bool
real_ip_is_trusted(const struct config *config, const struct sockaddr_storage *address)
{
	for (size_t i = 0; i < config->trusted_proxy_count; i++)
		if (network_holds(config->trusted_proxies[i].network, address))
			return true;
	return false;
}

void
real_ip_find(const struct config *config, const struct http_request *request,
    const struct sockaddr_storage *peer, struct sockaddr_storage *client, bool *is_https)
{
	bool is_rfc7239 = config->real_ip_header == CONFIG_FORWARDED;
	struct forwarded_walk walk;
	struct forwarded_hop hop;
	unsigned hop_count = 0;

	*client = *peer;
	forwarded_begin(&walk, request, is_rfc7239 ? FORWARDED_RFC7239 : FORWARDED_LIST);
	/* Whoever has written a hop is trusted: the peer, or the hop before. */
	while (real_ip_is_trusted(config, client) && forwarded_next(&walk, &hop)) {
		hop_count++;
		if (hop.has_proto)
			*is_https = hop.is_https;
		if (hop.kind != FORWARDED_ADDRESS)
			break;
		*client = hop.address;
	}
	/* A proxy may say nothing but that. */
	if (!is_rfc7239 && real_ip_is_trusted(config, peer))
		(void)forwarded_is_https(request, hop_count > 0 ? hop_count : 1, is_https);
}
