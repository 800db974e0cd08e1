/* SPDX-License-Identifier: BSD-2-Clause */
/* Binds and tunes listening sockets. Master only, as root or as the caller. Never sets
 * SO_REUSEPORT: a second server on the same port must be refused, not share it.
 * Shown by tests/integration/40-pool and 60-privilege. */
#include "server/priv/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "config/address.h"
#include "server/base/fdio.h"
#include "server/base/role.h"

/* Of accepted unix: connections, too, there is no port and no TCP option. */
bool
listen_is_tcp(const struct config_listener *wanted)
{
	return wanted->address.ss_family != AF_UNIX;
}

static int
set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
}

/* A socket file that nobody listens on is left from a server that was killed. */
static void
remove_stale_socket(const struct config_listener *wanted)
{
	const struct sockaddr_un *address = (const void *)&wanted->address;
	struct stat st;
	int fd;

	if (lstat(address->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const void *)address, wanted->address_bytes) < 0 &&
	    errno == ECONNREFUSED)
		(void)unlink(address->sun_path);
	fdio_close(&fd);
}

/* "*:port" where the kernel has no IPv6: the same port of IPv4 is what is meant. */
static int
bind_ipv4_instead(const struct config_listener *wanted)
{
	const struct sockaddr_in6 *six = (const void *)&wanted->address;
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = six->sin6_port };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
	    bind(fd, (const void *)&four, sizeof four) < 0)
		fdio_close(&fd);
	return fd;
}

static int
open_bound(const struct config_listener *wanted)
{
	int family = wanted->address.ss_family, fd, saved_errno;
	mode_t old_mask;

	if (family == AF_UNIX)
		remove_stale_socket(wanted);
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno == EAFNOSUPPORT && wanted->is_dual_stack ?
		    bind_ipv4_instead(wanted) : -1;
	if (family == AF_INET6 &&
	    set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, wanted->is_dual_stack ? 0 : 1) < 0)
		goto fail;
	if (family != AF_UNIX && set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0)
		goto fail;
	old_mask = umask(0);        /* who may connect is the directory's to say */
	if (bind(fd, (const void *)&wanted->address, wanted->address_bytes) < 0) {
		saved_errno = errno;
		(void)umask(old_mask);
		errno = saved_errno;
		if ((errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT) && wanted->is_dual_stack) {
			fdio_close(&fd);
			return bind_ipv4_instead(wanted);
		}
		goto fail;
	}
	(void)umask(old_mask);
	return fd;
fail:
	saved_errno = errno;
	fdio_close(&fd);
	errno = saved_errno;
	return -1;
}

int
listen_apply(int listen_fd, const struct config_listener *wanted, const struct config *config)
{
	unsigned send_ms = config->limits.send_timeout_ms;
	struct timeval limit = { send_ms / 1000, (suseconds_t)(send_ms % 1000) * 1000 };

	if (listen(listen_fd, (int)wanted->backlog_count) < 0)
		return -1;
	if (setsockopt(listen_fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
		return -1;
	if (!listen_is_tcp(wanted))
		return 0;
	/* Answers are pushed whole; waiting for the last one's acknowledgement only delays. */
	if (set_int(listen_fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0)
		return -1;
	/* A worker is not taken before the request has begun to arrive. */
	return set_int(listen_fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, (int)wanted->defer_accept_s);
}

int
listen_open_priv(const struct config_listener *wanted, const struct config *config,
    char *errbuf, size_t errbuf_bytes)
{
	int fd;

	role_require_privileged(__func__);
	fd = open_bound(wanted);
	if (fd < 0 || listen_apply(fd, wanted, config) < 0) {
		const char *hint = errno == EACCES && listen_is_tcp(wanted) ?
		    " (ports below 1024 need root)" :
		    errno == EADDRINUSE ? " (another server listens there)" : "";

		(void)snprintf(errbuf, errbuf_bytes, "%s:%u: cannot listen on %s: %s%s",
		    wanted->file, wanted->line, wanted->text, strerror(errno), hint);
		if (fd >= 0)
			listen_unlink(wanted);
		fdio_close(&fd);
		return -1;
	}
	return fd;
}

int
listen_again_priv(int listen_fd, const struct config_listener *wanted, unsigned port,
    const struct config *config)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct sockaddr_storage address;
	socklen_t bytes = sizeof address;

	role_require_privileged(__func__);
	/* It may have been connected since then. Before the address, which that chose, too. */
	(void)connect(listen_fd, &nobody, sizeof nobody);
	if (getsockname(listen_fd, (void *)&address, &bytes) < 0)
		return -1;
	/* A port that the system has chosen is given up with the rest, though it is still told; a
	 * socket that has kept it is invalid here. */
	((struct sockaddr_in *)&address)->sin_port = htons((uint16_t)port);
	if (bind(listen_fd, (const void *)&address, bytes) < 0 && errno != EINVAL)
		return -1;
	return listen_apply(listen_fd, wanted, config);
}

void
listen_describe(int listen_fd, const struct config_listener *wanted, char out[LISTEN_TEXT_BYTES])
{
	struct sockaddr_storage bound;
	socklen_t bytes = sizeof bound;
	char host[INET6_ADDRSTRLEN] = "";

	if (wanted->address.ss_family == AF_UNIX ||
	    getsockname(listen_fd, (void *)&bound, &bytes) < 0) {
		(void)snprintf(out, LISTEN_TEXT_BYTES, "%s", wanted->text);
		return;
	}
	if (bound.ss_family == AF_INET) {
		struct sockaddr_in *four = (void *)&bound;

		(void)inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
		(void)snprintf(out, LISTEN_TEXT_BYTES, "%s:%u",
		    wanted->is_dual_stack ? "*" : host, ntohs(four->sin_port));
	} else {
		struct sockaddr_in6 *six = (void *)&bound;

		(void)inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
		if (wanted->is_dual_stack)
			(void)snprintf(out, LISTEN_TEXT_BYTES, "*:%u", ntohs(six->sin6_port));
		else
			(void)snprintf(out, LISTEN_TEXT_BYTES, "[%s]:%u", host,
			    ntohs(six->sin6_port));
	}
}

bool
listen_is_on(int listen_fd)
{
	socklen_t bytes = sizeof(int);
	int is_on = 0;

	return getsockopt(listen_fd, SOL_SOCKET, SO_ACCEPTCONN, &is_on, &bytes) == 0 && is_on != 0;
}

unsigned
listen_port(int listen_fd)
{
	struct sockaddr_storage bound;
	socklen_t bytes = sizeof bound;

	return getsockname(listen_fd, (void *)&bound, &bytes) < 0 ? 0 : address_port(&bound);
}

unsigned
listen_queue_length(int listen_fd, bool is_tcp)
{
	struct tcp_info info;
	socklen_t bytes = sizeof info;
	struct pollfd waiting = { listen_fd, POLLIN, 0 };

	if (is_tcp && getsockopt(listen_fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0)
		return info.tcpi_unacked; /* of a listening socket: its accept queue */
	return poll(&waiting, 1, 0) > 0 ? 1 : 0;
}

void
listen_unlink(const struct config_listener *wanted)
{
	const struct sockaddr_un *address = (const void *)&wanted->address;

	if (wanted->address.ss_family == AF_UNIX)
		(void)unlink(address->sun_path);
}
