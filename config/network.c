/* SPDX-License-Identifier: BSD-2-Clause */
/* Networks from text, and who belongs to them. Leaves to access control what that means. Pure;
 * no look-up of any name ever. Rule: a client that comes over IPv4 is the same one, however
 * the socket writes its address down. Shown by tests/unit/config/test_network.c. */
#include "config/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "config/units.h"

#define MAPPED_BITS 96              /* "::ffff:0:0/96" holds all of IPv4, RFC 4291 2.5.5.2 */

static bool
parse_prefix(const char *text, unsigned most_bits, unsigned *bits_out)
{
	uint64_t bits;

	if (strlen(text) > 3 || !units_parse_count(text, &bits) || bits > most_bits)
		return false;
	*bits_out = (unsigned)bits;
	return true;
}

static bool
has_host_bits(const struct network *network, unsigned address_bits)
{
	unsigned bit;

	for (bit = network->prefix_bits; bit < address_bits; bit++)
		if ((network->address[bit / 8] >> (7 - bit % 8) & 1) != 0)
			return true;
	return false;
}

/* As IPv4, where it is a part of it. */
static void
unmap(struct network *network)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (network->prefix_bits < MAPPED_BITS ||
	    memcmp(network->address, mapped, sizeof mapped) != 0)
		return;
	network->kind = NETWORK_IPV4;
	network->prefix_bits -= MAPPED_BITS;
	memmove(network->address, network->address + sizeof mapped, 4);
	memset(network->address + 4, 0, sizeof network->address - 4);
}

static const char *
parse_address(const char *text, struct network *network)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned address_bits;

	if (len >= sizeof address)
		return NETWORK_EXPECTED;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, network->address) == 1) {
		network->kind = NETWORK_IPV4;
		address_bits = 32;
	} else if (inet_pton(AF_INET6, address, network->address) == 1) {
		network->kind = NETWORK_IPV6;
		address_bits = 128;
	} else {
		return NETWORK_EXPECTED;
	}
	network->prefix_bits = address_bits;
	if (slash != NULL && !parse_prefix(slash + 1, address_bits, &network->prefix_bits))
		return network->kind == NETWORK_IPV4 ? "a number from 0 to 32 after the slash" :
		    "a number from 0 to 128 after the slash";
	if (has_host_bits(network, address_bits))
		return "an address whose bits beyond the network are 0, "
		    "as in \"192.0.2.0/24\"";
	if (network->kind == NETWORK_IPV6)
		unmap(network);
	return NULL;
}

const char *
network_parse(const char *text, struct network *network_out)
{
	memset(network_out, 0, sizeof *network_out);
	if (strcmp(text, "all") == 0) {
		network_out->kind = NETWORK_ALL;
		return NULL;
	}
	if (strcmp(text, "unix:") == 0) {
		network_out->kind = NETWORK_UNIX;
		network_out->prefix_bits = 128; /* there is no closer fit */
		return NULL;
	}
	return parse_address(text, network_out);
}

static bool
has_prefix(const unsigned char *bytes, const struct network *network)
{
	unsigned whole = network->prefix_bits / 8, rest = network->prefix_bits % 8;

	return memcmp(bytes, network->address, whole) == 0 && (rest == 0 ||
	    (bytes[whole] ^ network->address[whole]) >> (8 - rest) == 0);
}

bool
network_holds(const struct network *network, const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;
	bool is_mapped = address->ss_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);

	switch (network->kind) {
	case NETWORK_ALL:
		return true;
	case NETWORK_UNIX:
		return address->ss_family == AF_UNIX || address->ss_family == AF_UNSPEC;
	case NETWORK_IPV4:
		if (is_mapped)
			return has_prefix(six->sin6_addr.s6_addr + MAPPED_BITS / 8, network);
		return address->ss_family == AF_INET &&
		    has_prefix((const unsigned char *)&four->sin_addr, network);
	case NETWORK_IPV6:
		return address->ss_family == AF_INET6 && !is_mapped &&
		    has_prefix(six->sin6_addr.s6_addr, network);
	}
	return false;
}

unsigned
network_rank(const struct network *network)
{
	switch (network->kind) {
	case NETWORK_ALL:
		return 0;
	case NETWORK_IPV4:
		return 1 + MAPPED_BITS + network->prefix_bits;
	default:
		return 1 + network->prefix_bits;
	}
}
