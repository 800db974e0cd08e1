/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses to listen on, from text: "*:80" (IPv6 and IPv4), "0.0.0.0:80",
 * "[::1]:80", "unix:/path". Numbers only, so that nothing waits for a name server. */
#ifndef MUSTER_CONFIG_ADDRESS_H
#define MUSTER_CONFIG_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#define ADDRESS_EXPECTED \
	"\"*:80\", \"192.0.2.1:80\", \"[2001:db8::1]:80\" or \"unix:/path\""

struct address {
	struct sockaddr_storage storage;  /* all bytes beyond the address are 0 */
	socklen_t bytes;
	bool is_dual_stack;               /* "*": to be bound with IPV6_V6ONLY off */
};

/* NULL: parsed. Else what is wrong, fit to follow "expected ..." (static text). */
const char *address_parse(const char *text, struct address *address_out);
/* However they were written. */
bool address_is_same(const struct address *a, const struct address *b);
/* One of them can't be bound while the other is: the same, or one is the wildcard
 * that covers the other's port. Port 0 never collides. */
bool address_collides(const struct address *a, const struct address *b);
/* 0: it has none, or the system chooses it. */
unsigned address_port(const struct sockaddr_storage *storage);

#endif
