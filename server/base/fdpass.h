/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors on their way with a message over a Unix socket: unix(7), SCM_RIGHTS, cmsg(3). The
 * message itself is the caller's, and what it means that too many or too few came. */
#ifndef MUSTER_BASE_FDPASS_H
#define MUSTER_BASE_FDPASS_H

#include <stddef.h>
#include <sys/socket.h>

/* With one message; more are closed by the system, which says so (MSG_CTRUNC). */
#define FDPASS_MAX 4

union fdpass_room {                 /* has to live as long as the message */
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDPASS_MAX * sizeof(int))];
};

/* Before sendmsg(2): 1 to FDPASS_MAX go along, and stay open here, too. */
void fdpass_attach(struct msghdr *message, union fdpass_room *room, const int *fds, size_t count);
/* Before recvmsg(2): some may come. */
void fdpass_expect(struct msghdr *message, union fdpass_room *room);
/* After it, if it did not fail: how many came; all of them are the caller's now. */
size_t fdpass_take(struct msghdr *message, int fds_out[FDPASS_MAX]);

#endif
