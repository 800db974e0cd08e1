/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of clients for tests, from text: "192.0.2.1", "2001:db8::1", "unix:". */
#ifndef MUSTER_TESTS_ADDRESSES_H
#define MUSTER_TESTS_ADDRESSES_H

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static inline struct sockaddr_storage
address_of(const char *text)
{
	struct sockaddr_storage address;
	struct sockaddr_in *four = (void *)&address;
	struct sockaddr_in6 *six = (void *)&address;

	memset(&address, 0, sizeof address);
	address.ss_family = AF_UNIX;
	if (strcmp(text, "unix:") == 0)
		return address;
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		address.ss_family = AF_INET;
		return address;
	}
	ck_assert_msg(inet_pton(AF_INET6, text, &six->sin6_addr) == 1, "%s", text);
	address.ss_family = AF_INET6;
	return address;
}

/* The same the other way round, without the port. */
static inline const char *
address_text(const struct sockaddr_storage *address, char out[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	if (address->ss_family == AF_INET)
		return inet_ntop(AF_INET, &four->sin_addr, out, INET6_ADDRSTRLEN);
	if (address->ss_family == AF_INET6)
		return inet_ntop(AF_INET6, &six->sin6_addr, out, INET6_ADDRSTRLEN);
	return address->ss_family == AF_UNIX ? "unix:" : "unspec";
}

/* One of 2^32 IPv4 addresses. */
static inline struct sockaddr_storage
address_number(uint32_t number)
{
	struct sockaddr_storage address;
	struct sockaddr_in *four = (void *)&address;

	memset(&address, 0, sizeof address);
	four->sin_family = AF_INET;
	four->sin_addr.s_addr = htonl(number);
	return address;
}

#endif
