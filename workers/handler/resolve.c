/* SPDX-License-Identifier: BSD-2-Clause */
/* Path resolution by the kernel. Workers, unprivileged. Rule: no path is ever checked by
 * looking at its text and then opened: the one openat2(2) call decides.
 * Shown by tests/integration/20-static (links, dots, special files). */
#include "workers/handler/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES 4 /* openat2 says EAGAIN when something is renamed meanwhile */

int
resolve_open(int root_fd, const char *below_root, bool follows_links, struct stat *st)
{
	struct open_how how;
	int fd, tries = 0;

	memset(&how, 0, sizeof how);
	how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	how.resolve = follows_links ? RESOLVE_NO_MAGICLINKS :
	    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	do {
		fd = (int)syscall(SYS_openat2, root_fd, below_root[0] == '\0' ? "." : below_root,
		    &how, sizeof how);
	} while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < TRIES)));
	if (fd < 0)
		return -1;
	if (fstat(fd, st) < 0) {
		int saved_errno = errno;

		(void)close(fd);
		errno = saved_errno;
		return -1;
	}
	return fd;
}

unsigned
resolve_status(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return 404;
	case EACCES:
	case EPERM:
	case EXDEV:                 /* a link that leaves the root */
	case ELOOP:
	case ENXIO:                 /* a socket */
	case ENODEV:
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return 503;
	default:
		return 500;
	}
}
