/* SPDX-License-Identifier: BSD-2-Clause */
/* What another process may write to the sockets between processes: messages of any bytes, with
 * any number of descriptors. Whatever the verdict, no descriptor is left open but the one that
 * is handed out, what is handed out is what came, and the next message is read as if nothing
 * had been.
 * The input is a row of messages: a byte that tells the descriptors, two with the length. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workers/conn/parcel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IN_CAP 512
#define FDS_MAX 9
#define PROBE_FD 200                /* none so high is open unless it is left open */

static void
send_message(int fd, const uint8_t *data, size_t bytes, size_t fd_count)
{
	union {
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { (void *)(uintptr_t)data, bytes };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *header;
	int fds[FDS_MAX];
	size_t i;

	for (i = 0; i < FDS_MAX; i++)
		fds[i] = fd;
	memset(&control, 0, sizeof control);
	if (fd_count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
	}
	if (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)bytes)
		abort();
}

static int
next_fd(void)
{
	int fd = fcntl(0, F_DUPFD, 3);

	if (fd < 0 || fd > PROBE_FD || close(fd) < 0)
		abort();
	return fd;
}

static void
receive_message(int fd, const uint8_t *data, size_t bytes)
{
	char *in = malloc(IN_CAP);
	struct sockaddr_storage client;
	struct parcel parcel;
	struct parcel_fds fds = { -1, -1 };
	int first_free = next_fd();
	int result = parcel_receive(fd, &parcel, in, IN_CAP, &fds, MSG_DONTWAIT);

	if (result == 1) {
		size_t came = parcel.in_bytes < IN_CAP ? parcel.in_bytes : IN_CAP;

		if (fds.conn != first_free || bytes < sizeof parcel + came ||
		    (fds.file >= 0) != (parcel.kind != PARCEL_REQUEST) ||
		    (parcel.in_bytes > IN_CAP && parcel.kind != PARCEL_REQUEST) ||
		    (parcel.in_bytes <= IN_CAP && bytes != sizeof parcel + came) ||
		    memcmp(&parcel, data, sizeof parcel) != 0 ||
		    memcmp(in, data + sizeof parcel, came) != 0)
			abort();
		parcel_get_client(&parcel, &client);
		close(fds.conn);
		if (fds.file >= 0)
			close(fds.file);
	}
	if (next_fd() != first_free)
		abort();
	free(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parcel parcel = { .family = AF_UNIX };
	struct parcel_fds fds;
	char in[IN_CAP];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		abort();
	while (size >= 3) {
		size_t fd_count = data[0] % (FDS_MAX + 1);
		size_t bytes = (size_t)(data[1] | data[2] << 8) % 2048;

		data += 3;
		size -= 3;
		bytes = bytes < size ? bytes : size;
		send_message(pair[0], data, bytes, fd_count);
		receive_message(pair[1], data, bytes);
		data += bytes;
		size -= bytes;
	}
	if (parcel_send(pair[0], &parcel, "GET", 3, (struct parcel_fds){ pair[0], -1 }) < 0 ||
	    parcel_receive(pair[1], &parcel, in, sizeof in, &fds, MSG_DONTWAIT) != 1 ||
	    parcel.in_bytes != 3 || memcmp(in, "GET", 3) != 0)
		abort();
	close(fds.conn);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
