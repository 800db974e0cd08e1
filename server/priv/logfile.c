/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens log sinks. Master only, as root or as the caller. Symbolic links are followed:
 * the log directory is the administrator's. Shown by tests/integration/50-signals. */
#include "server/priv/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "server/base/role.h"

static int
open_file(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags, 0640);

	if (fd >= 0 && fcntl(fd, F_SETFL, O_APPEND) < 0)
		fdio_close(&fd);
	return fd;
}

static int
open_syslog(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const void *)&address, sizeof address) < 0) {
		int saved_errno = errno;

		fdio_close(&fd);
		errno = saved_errno;
	}
	return fd;
}

int
logfile_open_priv(const char *where, struct log_sink *sink, char *errbuf, size_t errbuf_bytes)
{
	role_require_privileged(__func__);
	sink->kind = LOG_SINK_FD;
	sink->fd = -1;
	if (strcmp(where, "off") == 0) {
		sink->kind = LOG_SINK_NONE;
		return 0;
	}
	if (strcmp(where, "syslog") == 0) {
		sink->kind = LOG_SINK_SYSLOG;
		sink->fd = open_syslog();
	} else if (strcmp(where, "stdout") == 0) {
		sink->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	} else if (strcmp(where, "stderr") == 0) {
		sink->fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	} else {
		sink->fd = open_file(where);
	}
	if (sink->fd < 0) {
		(void)snprintf(errbuf, errbuf_bytes, "cannot open log %s: %s%s", where,
		    strerror(errno), errno == ENXIO ? " (nobody reads the pipe)" : "");
		sink->kind = LOG_SINK_NONE;
		return -1;
	}
	return 0;
}

int
logfile_open_own_priv(const char *where, struct log_sink *sink, char *errbuf,
    size_t errbuf_bytes)
{
	bool is_stderr = strcmp(where, "stderr") == 0;
	const char *path = is_stderr ? "/proc/self/fd/2" : where;
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

	if (is_stderr || where[0] == '/') {
		sink->fd = open(path, flags);
		if (sink->fd >= 0) {
			sink->kind = LOG_SINK_FD;
			return 0;
		}
	}
	/* A socket as stderr cannot be opened again; log.c does not wait on it either. */
	return logfile_open_priv(where, sink, errbuf, errbuf_bytes);
}

void
logfile_close(struct log_sink *sink)
{
	if (sink->kind != LOG_SINK_NONE)
		fdio_close(&sink->fd);
	sink->kind = LOG_SINK_NONE;
}
