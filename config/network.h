/* SPDX-License-Identifier: BSD-2-Clause */
/* Networks as in allow, deny and trusted_proxies: "192.0.2.0/24", "2001:db8::/32", a single
 * address, "all", or "unix:" for clients of Unix sockets. Pure. */
#ifndef MUSTER_CONFIG_NETWORK_H
#define MUSTER_CONFIG_NETWORK_H

#include <stdbool.h>
#include <sys/socket.h>

#define NETWORK_EXPECTED "an address, a network such as \"192.0.2.0/24\", \"all\" or \"unix:\""

enum network_kind { NETWORK_ALL, NETWORK_IPV4, NETWORK_IPV6, NETWORK_UNIX };
struct network {
	enum network_kind kind;
	unsigned char address[16];  /* host bits are 0; IPv4 in the first 4 */
	unsigned prefix_bits;       /* 0 .. 32 or 128 */
};

/* NULL: parsed; else what was expected, static. Host bits beyond the prefix must be 0;
 * "::ffff:192.0.2.1" is IPv4. */
const char *network_parse(const char *text, struct network *network_out);
/* IPv4-mapped IPv6 addresses are taken as IPv4. AF_UNIX and AF_UNSPEC: a Unix socket. */
bool network_holds(const struct network *network, const struct sockaddr_storage *address);
/* How close a fit it is, comparable over families: ALL 0, others 1 + prefix length (IPv4 counts
 * as the last 32 bits of 128). */
unsigned network_rank(const struct network *network);

#endif
