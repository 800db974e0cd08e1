/* SPDX-License-Identifier: BSD-2-Clause */
/* Parses and compares listen addresses. Binding them is server/priv/listen.c.
 * Pure; runs wherever a configuration is read. No look-up of any name ever.
 * Shown by tests/unit/config/test_address.c. */
#include "config/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "config/units.h"

static bool
parse_port(const char *text, in_port_t *port_out)
{
	uint64_t port;

	if (strlen(text) > 5 || !units_parse_count(text, &port) || port > 65535)
		return false;
	*port_out = htons((uint16_t)port);
	return true;
}

static const char *
parse_unix(const char *path, struct address *address)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&address->storage;
	size_t path_bytes = strlen(path);

	if (path[0] != '/' || path[path_bytes - 1] == '/')
		return "an absolute path of a socket after \"unix:\"";
	if (path_bytes >= sizeof(un->sun_path))
		return "a path of at most 107 bytes after \"unix:\"";
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, path_bytes + 1);
	address->bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_bytes + 1);
	return NULL;
}

static const char *
parse_ipv6(const char *host, in_port_t port, struct address *address)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->storage;

	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		return "an IPv6 address in the brackets";
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return "an IPv4 address as \"192.0.2.1:80\"";
	in6->sin6_family = AF_INET6;
	in6->sin6_port = port;
	address->bytes = sizeof(*in6);
	return NULL;
}

static const char *
parse_ipv4(const char *host, in_port_t port, struct address *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;

	if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		return ADDRESS_EXPECTED;
	in->sin_family = AF_INET;
	in->sin_port = port;
	address->bytes = sizeof(*in);
	return NULL;
}

const char *
address_parse(const char *text, struct address *address_out)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	in_port_t port;
	size_t host_bytes;

	memset(address_out, 0, sizeof(*address_out));
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, address_out);
	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return ADDRESS_EXPECTED;
	if (text[0] != '[' && memchr(text, ':', (size_t)(colon - text)) != NULL)
		return "an IPv6 address in brackets: \"[2001:db8::1]:80\"";
	if (text[0] == '[' && colon[-1] != ']')
		return "a port after the bracket: \"[2001:db8::1]:80\"";
	if (!parse_port(colon + 1, &port))
		return "a port from 0 to 65535 after the last colon";
	host_bytes = (size_t)(colon - text);
	memcpy(host, text, host_bytes);
	host[host_bytes] = '\0';
	if (strcmp(host, "*") == 0) {
		address_out->is_dual_stack = true;
		return parse_ipv6("::", port, address_out);
	}
	if (host[0] == '[') {
		host[host_bytes - 1] = '\0';
		return parse_ipv6(host + 1, port, address_out);
	}
	return parse_ipv4(host, port, address_out);
}

static bool
is_wildcard(const struct address *address)
{
	if (address->storage.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&address->storage;

		return in->sin_addr.s_addr == htonl(INADDR_ANY);
	}
	return IN6_IS_ADDR_UNSPECIFIED(
	    &((const struct sockaddr_in6 *)&address->storage)->sin6_addr);
}

/* The same place in both, sockaddr_in and sockaddr_in6. */
static in_port_t
port_of(const struct address *address)
{
	return ((const struct sockaddr_in *)&address->storage)->sin_port;
}

bool
address_is_same(const struct address *a, const struct address *b)
{
	return a->bytes == b->bytes && a->is_dual_stack == b->is_dual_stack &&
	    memcmp(&a->storage, &b->storage, a->bytes) == 0;
}

bool
address_collides(const struct address *a, const struct address *b)
{
	_Static_assert(offsetof(struct sockaddr_in, sin_port) ==
	    offsetof(struct sockaddr_in6, sin6_port), "port_of() reads both");
	bool is_same_family = a->storage.ss_family == b->storage.ss_family;

	if (a->storage.ss_family == AF_UNIX || b->storage.ss_family == AF_UNIX)
		return address_is_same(a, b);
	if (port_of(a) != port_of(b) || port_of(a) == 0)
		return false;
	if (!is_same_family)
		return a->is_dual_stack || b->is_dual_stack;
	return is_wildcard(a) || is_wildcard(b) || memcmp(&a->storage, &b->storage, a->bytes) == 0;
}

unsigned
address_port(const struct sockaddr_storage *storage)
{
	return storage->ss_family == AF_INET || storage->ss_family == AF_INET6 ?
	    ntohs(((const struct sockaddr_in *)storage)->sin_port) : 0;
}
