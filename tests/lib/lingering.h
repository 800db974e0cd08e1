/* SPDX-License-Identifier: BSD-2-Clause */
/* A TCP connection whose close(2) would wait for an hour: its client takes nothing, and SO_LINGER
 * is set. What a hostile process would give to others. */
#ifndef MUSTER_TESTS_LINGERING_H
#define MUSTER_TESTS_LINGERING_H

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* client_out: to be kept open meanwhile. */
static inline int
lingering_open(int *client_out)
{
	const struct linger linger = { 1, 3600 };
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof address;
	int listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char text[4096] = "";

	ck_assert_int_eq(bind(listen_fd, (void *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listen_fd, 1), 0);
	ck_assert_int_eq(getsockname(listen_fd, (void *)&address, &bytes), 0);
	*client_out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(*client_out, (void *)&address, sizeof address), 0);
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	close(listen_fd);
	while (send(fd, text, sizeof text, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
	return fd;
}

#endif
