/* SPDX-License-Identifier: BSD-2-Clause */
/* Which worker has which pair. Leaves what is said over them to signer.c. The signer, no rights.
 * Rules: a worker has one pair, so that many of one cannot take the places of others; a message is
 * looked at as if an attacker had made it: any number of descriptors, of any kind, none of which
 * makes the signer wait when it is closed. Shown by test_signer.c. */
#include "server/signer/pairs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/fdpass.h"
#include "server/base/sign_wire.h"

int
pairs_init(struct pairs *pairs, size_t cap, int epoll_fd)
{
	memset(pairs, 0, sizeof *pairs);
	pairs->items = calloc(cap, sizeof *pairs->items);
	pairs->cap = cap;
	pairs->epoll_fd = epoll_fd;
	return pairs->items == NULL ? -1 : 0;
}

static int
option(int fd, int name)
{
	socklen_t bytes = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &bytes) < 0 ? -1 : value;
}

/* Who made it; 0: it is no such pair. */
static pid_t
owner_of(int fd)
{
	struct ucred peer;
	socklen_t bytes = sizeof peer;

	if (option(fd, SO_DOMAIN) != AF_UNIX || option(fd, SO_TYPE) != SOCK_SEQPACKET ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0 || peer.pid <= 0)
		return 0;
	return peer.pid;
}

static int
add(struct pairs *pairs, int fd, pid_t pid)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	size_t i;

	for (i = 0; i < pairs->count; i++)
		if (pairs->items[i].pid == pid) {
			pairs_drop(pairs, pairs->items[i].fd);
			break;
		}
	if (pairs->count == pairs->cap ||
	    epoll_ctl(pairs->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -1;
	pairs->items[pairs->count++] = (struct pair){ fd, pid };
	return 0;
}

int
pairs_take(struct pairs *pairs, int asked_fd, pid_t foreign_pid)
{
	struct sign_hello hello;
	struct iovec iov = { &hello, sizeof hello };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fdpass_room room;
	int fds[FDPASS_MAX];
	size_t count;
	ssize_t n;
	pid_t pid;

	fdpass_expect(&message, &room);
	n = recvmsg(asked_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -1;
	count = fdpass_take(&message, fds);
	if (count == 1 && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
	    sign_hello_is_sound(&hello, (size_t)n)) {
		pid = owner_of(fds[0]);
		if (pid != 0 && pid != foreign_pid && pid != getpid() &&
		    add(pairs, fds[0], pid) == 0)
			return 1;
	}
	fdpass_discard(fds, count);
	return 0;
}

/* -1: nothing is there. *is_bare_out: no control message came with it. */
static ssize_t
receive(int fd, void *out, size_t cap, bool *is_bare_out)
{
	struct iovec iov = { out, cap };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fdpass_room room;
	int fds[FDPASS_MAX];
	ssize_t n;

	fdpass_expect(&message, &room);
	n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -1;
	*is_bare_out = message.msg_controllen == 0;
	fdpass_discard(fds, fdpass_take(&message, fds));
	return n;
}

ssize_t
pairs_receive(int fd, void *out, size_t cap)
{
	bool is_bare;
	ssize_t n = receive(fd, out, cap, &is_bare);

	return n > 0 && !is_bare ? 0 : n;
}

/* What is still on its way there would be closed with it, by the system, whatever it is. */
static void
empty(int fd)
{
	const int on = 1;
	bool is_end = false;
	char byte;

	(void)shutdown(fd, SHUT_RDWR); /* no more comes */
	/* Who sent it comes with every message, be it empty, and not with the end. */
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
		return;
	while (!is_end && receive(fd, &byte, sizeof byte, &is_end) >= 0)
		;
}

void
pairs_drop(struct pairs *pairs, int fd)
{
	size_t i;

	for (i = 0; i < pairs->count; i++) {
		if (pairs->items[i].fd != fd)
			continue;
		(void)epoll_ctl(pairs->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		empty(fd);
		fdpass_close(fd);
		pairs->items[i] = pairs->items[--pairs->count];
		return;
	}
}
