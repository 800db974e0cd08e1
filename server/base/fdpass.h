/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors on their way with a message over a Unix socket: unix(7), SCM_RIGHTS, cmsg(3). The
 * message itself is the caller's, and what it means that too many or too few came. */
#ifndef MUSTER_BASE_FDPASS_H
#define MUSTER_BASE_FDPASS_H

#include <stddef.h>
#include <sys/socket.h>

/* With one message. Linux sends no more (SCM_MAX_FD), and there is room for all of them: those
 * that there is none for the system closes, where it is received, as its sender would have it (see
 * fdpass_close()), and says so (MSG_CTRUNC). */
#define FDPASS_MAX 253

union fdpass_room {                 /* has to live as long as the message */
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDPASS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) +
	    CMSG_SPACE(sizeof(int))];
};

/* Before sendmsg(2): 1 to FDPASS_MAX go along, and stay open here, too. */
void fdpass_attach(struct msghdr *message, union fdpass_room *room, const int *fds, size_t count);
/* Before recvmsg(2): some may come. */
void fdpass_expect(struct msghdr *message, union fdpass_room *room);
/* After it, if it did not fail: how many came; all of them are the caller's now. */
size_t fdpass_take(struct msghdr *message, int fds_out[FDPASS_MAX]);
/* Closes one that came from a process which may be hostile, without waiting: of a TCP socket with
 * SO_LINGER (socket(7)) close(2) waits for the client, for as long as the sender has set, if no
 * other process has it open. A call more than close(2). */
void fdpass_close(int fd);
/* So many of them. */
void fdpass_discard(const int *fds, size_t count);

#endif
