/* SPDX-License-Identifier: BSD-2-Clause */
/* Path resolution by the kernel. Workers and keepers, unprivileged. Rules: no path is ever
 * checked by looking at its text and then opened: the one openat2(2) call decides; in a keeper
 * none of it waits for a disk.
 * Shown by test_resolve.c and tests/integration/20-static (links, dots, special files). */
#include "workers/handler/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TRIES 4 /* openat2 says EAGAIN when something is renamed meanwhile */

static bool never_waits, has_refused; /* of the process: what role it has does not change */

static void
note_refusal(void)
{
	has_refused |= never_waits && errno == EAGAIN;
}

static int
open_below(int root_fd, const char *below_root, bool follows_links, uint64_t flags)
{
	struct open_how how;
	int fd, tries = 0;

	memset(&how, 0, sizeof how);
	how.flags = flags | O_CLOEXEC;
	how.resolve = follows_links ? RESOLVE_NO_MAGICLINKS :
	    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	if (never_waits)
		how.resolve |= RESOLVE_CACHED;
	do {
		fd = (int)syscall(SYS_openat2, root_fd, below_root[0] == '\0' ? "." : below_root,
		    &how, sizeof how);
	} while (fd < 0 && (errno == EINTR ||
	    (errno == EAGAIN && !never_waits && ++tries < TRIES)));
	if (fd < 0 && never_waits && errno == EINVAL)
		errno = EAGAIN;     /* Linux before 5.12 cannot promise not to wait */
	if (fd < 0)
		note_refusal();
	return fd;
}

void
resolve_never_wait(void)
{
	never_waits = true;
}

bool
resolve_waits(void)
{
	return !never_waits;
}

bool
resolve_take_refusal(void)
{
	bool was_refused = has_refused;

	has_refused = false;
	return was_refused;
}

/* A file system that cannot tell whether it would wait (EOPNOTSUPP) is taken to wait, but for
 * those that are nothing but memory. */
static ssize_t
read_at_once(int fd, void *out, size_t bytes, off_t offset)
{
	struct iovec iov = { out, bytes };
	ssize_t n = preadv2(fd, &iov, 1, offset, RWF_NOWAIT);
	struct statfs fs;

	if (n < 0 && errno == EOPNOTSUPP && fstatfs(fd, &fs) == 0 &&
	    (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC))
		n = pread(fd, out, bytes, offset);
	else if (n < 0 && errno == EOPNOTSUPP)
		errno = EAGAIN;
	if (n < 0)
		note_refusal();
	return n;
}

ssize_t
resolve_read(int fd, void *out, size_t bytes, off_t offset)
{
	ssize_t n;

	do {
		n = never_waits ? read_at_once(fd, out, bytes, offset) :
		    pread(fd, out, bytes, offset);
	} while (n < 0 && errno == EINTR);
	return n;
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
