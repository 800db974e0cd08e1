/* SPDX-License-Identifier: BSD-2-Clause */
/* The pid file. Starter and master, as root or as the caller. Rule: who holds the lock
 * is the server, whatever the file says. Shown by tests/integration/50-signals. */
#include "server/priv/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "server/base/role.h"

static void
describe_holder(int fd, const char *path, char *errbuf, size_t errbuf_bytes)
{
	char text[32] = "", name[64] = "", proc[64];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;
	int comm_fd;

	if (pid > 0) {
		(void)snprintf(proc, sizeof proc, "/proc/%ld/comm", pid);
		comm_fd = open(proc, O_RDONLY | O_CLOEXEC);
		if (comm_fd >= 0) {
			n = fdio_read(comm_fd, name, sizeof name - 1);
			if (n > 0)
				name[strcspn(name, "\n")] = '\0';
			fdio_close(&comm_fd);
		}
	}
	(void)snprintf(errbuf, errbuf_bytes, "%s is already running with pid %ld (%s is locked)",
	    name[0] != '\0' ? name : "another server", pid, path);
}

static bool
is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* The holder may have removed the file between our open and our lock. */
static bool
is_still_at(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
	    ours.st_dev == there.st_dev;
}

int
pidfile_open_priv(const char *path, char *errbuf, size_t errbuf_bytes)
{
	int fd, tries = 0;

	role_require_privileged(__func__);
again:
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644);
	if (fd < 0) {
		(void)snprintf(errbuf, errbuf_bytes, "cannot open the pid file %s: %s", path,
		    strerror(errno));
		return -1;
	}
	if (!is_regular(fd)) {
		(void)snprintf(errbuf, errbuf_bytes, "the pid file %s is no regular file", path);
		fdio_close(&fd);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			describe_holder(fd, path, errbuf, errbuf_bytes);
		else
			(void)snprintf(errbuf, errbuf_bytes, "cannot lock %s: %s", path,
			    strerror(errno));
		fdio_close(&fd);
		return -1;
	}
	if (!is_still_at(fd, path)) {
		fdio_close(&fd);
		if (tries++ < 10)
			goto again;
		(void)snprintf(errbuf, errbuf_bytes, "the pid file %s does not stay", path);
	}
	return fd;
}

int
pidfile_write(int fd, const char *path, char *errbuf, size_t errbuf_bytes)
{
	char text[32];
	int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len) {
		(void)snprintf(errbuf, errbuf_bytes, "cannot write the pid file %s: %s", path,
		    strerror(errno));
		return -1;
	}
	return 0;
}

void
pidfile_close(int *fd, const char *path)
{
	if (*fd < 0)
		return;
	(void)unlink(path);
	fdio_close(fd);
}
