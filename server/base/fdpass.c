/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes with a message besides its bytes. Leaves the message to who sends or receives it. Every
 * process, whatever its rights. Rule: whoever sends, hostile or not, no descriptor that has come is
 * forgotten. Shown by test_fdpass.c. */
#include "server/base/fdpass.h"

#include <string.h>
#include <unistd.h>

#include "server/base/log.h"

void
fdpass_attach(struct msghdr *message, union fdpass_room *room, const int *fds, size_t count)
{
	struct cmsghdr *header;

	bug_if(count == 0 || count > FDPASS_MAX, "so many descriptors cannot go with a message");
	message->msg_control = room->bytes;
	message->msg_controllen = CMSG_SPACE(count * sizeof *fds);
	memset(room->bytes, 0, message->msg_controllen); /* it may end with a gap */
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof *fds);
	memcpy(CMSG_DATA(header), fds, count * sizeof *fds);
}

void
fdpass_expect(struct msghdr *message, union fdpass_room *room)
{
	message->msg_control = room->bytes;
	message->msg_controllen = sizeof room->bytes;
}

#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

/* A descriptor for the sender, in each message to a socket for which whoever has it open has asked
 * for that (SO_PASSPIDFD, since Linux 6.5). */
static void
drop_sender(const struct cmsghdr *header)
{
	int fd;

	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	fdpass_close(fd);
}

/* Linux puts all that come into one header; that is nothing to rely on. */
size_t
fdpass_take(struct msghdr *message, int fds_out[FDPASS_MAX])
{
	struct cmsghdr *header;
	size_t count = 0, here;

	for (header = CMSG_FIRSTHDR(message); header != NULL;
	    header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_PIDFD)
			drop_sender(header);
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		here = (header->cmsg_len - CMSG_LEN(0)) / sizeof *fds_out;
		bug_if(here > FDPASS_MAX - count, "more descriptors than there was room for");
		memcpy(fds_out + count, CMSG_DATA(header), here * sizeof *fds_out);
		count += here;
	}
	return count;
}

void
fdpass_close(int fd)
{
	const struct linger off = { 0, 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off); /* or it is no socket */
	(void)close(fd);
}

void
fdpass_discard(const int *fds, size_t count)
{
	while (count > 0)
		fdpass_close(fds[--count]);
}
