/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket pairs of the workers, as the signer sees them: its ends, and whose they are. */
#ifndef MUSTER_SIGNER_PAIRS_H
#define MUSTER_SIGNER_PAIRS_H

#include <stddef.h>
#include <sys/types.h>

struct pair {
	int fd;
	pid_t pid;                  /* who made it, by SO_PEERCRED */
};

struct pairs {                      /* caller's storage */
	struct pair *items;         /* in no order */
	size_t count, cap;
	int epoll_fd;               /* the caller's; all are in it for EPOLLIN, by data.fd */
};

/* 0, or -1 and errno. */
int pairs_init(struct pairs *pairs, size_t cap, int epoll_fd);
/* Takes what waits on the shared socket, a message and no more. 1: a pair was added, in place of
 * the one that its process had; 0: something else came, and is gone; -1: nothing is there.
 * foreign_pid: whose pairs are not taken, the master's. */
int pairs_take(struct pairs *pairs, int asked_fd, pid_t foreign_pid);
/* A message of a pair, as recv(2) with MSG_DONTWAIT and MSG_TRUNC; one with descriptors, which are
 * closed, is the end (0). */
ssize_t pairs_receive(int fd, void *out, size_t cap);
/* Closes a pair; what is none is let be. */
void pairs_drop(struct pairs *pairs, int fd);

#endif
