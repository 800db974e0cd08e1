/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections between processes. Leaves who gets them to workers/conn and workers/keeper. Workers
 * and keepers, unprivileged. Rule: nothing of a parcel is used before it was checked, since any
 * worker may have written it; it can lie about its connection, and about nothing else.
 * Shown by test_parcel.c. */
#include "workers/conn/parcel.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server/base/fdpass.h"

#define MAGIC 0x70617263u

_Static_assert(FDPASS_MAX > 2, "that there are too many has to be seen");

void
parcel_set_client(struct parcel *parcel, const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	memset(parcel->address, 0, sizeof parcel->address);
	parcel->port_be = 0;
	parcel->scope_id = 0;
	parcel->family = AF_UNIX;
	if (address->ss_family == AF_INET) {
		parcel->family = AF_INET;
		parcel->port_be = four->sin_port;
		memcpy(parcel->address, &four->sin_addr, sizeof four->sin_addr);
	} else if (address->ss_family == AF_INET6) {
		parcel->family = AF_INET6;
		parcel->port_be = six->sin6_port;
		parcel->scope_id = six->sin6_scope_id;
		memcpy(parcel->address, &six->sin6_addr, sizeof six->sin6_addr);
	}
}

void
parcel_get_client(const struct parcel *parcel, struct sockaddr_storage *address)
{
	struct sockaddr_in *four = (void *)address;
	struct sockaddr_in6 *six = (void *)address;

	memset(address, 0, sizeof *six);
	address->ss_family = parcel->family;
	if (parcel->family == AF_INET) {
		four->sin_port = parcel->port_be;
		memcpy(&four->sin_addr, parcel->address, sizeof four->sin_addr);
	} else if (parcel->family == AF_INET6) {
		six->sin6_port = parcel->port_be;
		six->sin6_scope_id = parcel->scope_id;
		memcpy(&six->sin6_addr, parcel->address, sizeof six->sin6_addr);
	}
}

/* How many descriptors go with it. */
static size_t
fd_count(const struct parcel *parcel)
{
	return parcel->kind == PARCEL_REQUEST ? 1 : 2;
}

int
parcel_send(int socket_fd, struct parcel *parcel, const char *in, size_t in_bytes,
    struct parcel_fds fds)
{
	const int both[2] = { fds.conn, fds.file };
	struct iovec iov[2] = { { parcel, sizeof *parcel },
		{ (void *)(uintptr_t)in, in_bytes } };
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = in_bytes > 0 ? 2 : 1 };
	union fdpass_room room;
	ssize_t n;

	parcel->magic = MAGIC;
	parcel->in_bytes = (uint32_t)in_bytes;
	fdpass_attach(&message, &room, both, fd_count(parcel));
	do {
		n = sendmsg(socket_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* is_cut: there was more of it than the bytes that came. */
static bool
is_sound(const struct parcel *parcel, size_t bytes, bool is_cut)
{
	return bytes >= sizeof *parcel && parcel->magic == MAGIC &&
	    (is_cut ? parcel->kind == PARCEL_REQUEST &&
	    parcel->in_bytes > bytes - sizeof *parcel :
	    parcel->in_bytes == bytes - sizeof *parcel) &&
	    (parcel->family == AF_INET || parcel->family == AF_INET6 ||
	    parcel->family == AF_UNIX) &&
	    parcel->is_https <= 1 && parcel->awaits_hello <= 1 &&
	    parcel->kind <= PARCEL_REFUSED;
}

int
parcel_receive(int socket_fd, struct parcel *parcel, char *in, size_t in_cap,
    struct parcel_fds *fds_out, int flags)
{
	struct iovec iov[2] = { { parcel, sizeof *parcel }, { in, in_cap } };
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2 };
	union fdpass_room room;
	int fds[FDPASS_MAX];
	bool is_cut;
	size_t count;
	ssize_t n;

	fdpass_expect(&message, &room);
	n = recvmsg(socket_fd, &message, flags | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -1;
	if (n == 0 && message.msg_controllen == 0) {
		errno = EPIPE;      /* the master has gone */
		return -1;
	}
	is_cut = (message.msg_flags & MSG_TRUNC) != 0;
	count = fdpass_take(&message, fds);
	if ((message.msg_flags & MSG_CTRUNC) == 0 && is_sound(parcel, (size_t)n, is_cut) &&
	    count == fd_count(parcel)) {
		*fds_out = (struct parcel_fds){ fds[0], count > 1 ? fds[1] : -1 };
		return 1;
	}
	fdpass_discard(fds, count);
	if (!is_sound(parcel, (size_t)n, is_cut))
		parcel->client_key = 0;
	return 0;
}
