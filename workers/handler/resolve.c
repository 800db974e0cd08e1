/* SPDX-License-Identifier: BSD-2-Clause */
/* Path resolution by the kernel. Workers, unprivileged. Rule: no path is ever checked by
 * looking at its text and then opened: the one openat2(2) call decides.
 * Shown by test_resolve.c and tests/integration/20-static (links, dots, special files). */
#include "workers/handler/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES 4 /* openat2 says EAGAIN when something is renamed meanwhile */

static int
open_below(int root_fd, const char *below_root, bool follows_links, uint64_t flags)
{
	struct open_how how;
	int fd, tries = 0;

	memset(&how, 0, sizeof how);
	how.flags = flags | O_CLOEXEC;
	how.resolve = follows_links ? RESOLVE_NO_MAGICLINKS :
	    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	do {
		fd = (int)syscall(SYS_openat2, root_fd, below_root[0] == '\0' ? "." : below_root,
		    &how, sizeof how);
	} while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < TRIES)));
	return fd;
}

int
resolve_open(int root_fd, const char *below_root, bool follows_links, struct stat *st)
{
	int fd = open_below(root_fd, below_root, follows_links,
	    O_RDONLY | O_NONBLOCK | O_NOCTTY);

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

int
resolve_directory(int root_fd, const char *below_root, bool follows_links)
{
	return open_below(root_fd, below_root, follows_links, O_PATH | O_DIRECTORY);
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

struct slice
resolve_path(struct arena *arena, struct slice first, struct slice between, struct slice last)
{
	size_t len = first.len + between.len + last.len;
	char *path = arena_alloc(arena, len + 1);

	if (path == NULL)
		return slice_make(NULL, 0);
	if (first.len > 0)
		memcpy(path, first.data, first.len);
	if (between.len > 0)
		memcpy(path + first.len, between.data, between.len);
	if (last.len > 0)
		memcpy(path + first.len + between.len, last.data, last.len);
	path[len] = '\0';
	return slice_make(path, len);
}
