/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading, writing and closing descriptors outside of client connections. Every process.
 * Shown by tests/unit/server/base/test_fdio.c. */
#include "server/base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int
fdio_write_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0) {
		ssize_t n = write(fd, at, bytes);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		at += n;
		bytes -= (size_t)n;
	}
	return 0;
}

ssize_t
fdio_read(int fd, void *out, size_t cap)
{
	ssize_t n;

	do {
		n = read(fd, out, cap);
	} while (n < 0 && errno == EINTR);
	return n;
}

void
fdio_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int
fdio_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int
fdio_close_all_but(int *keep, size_t count, int first)
{
	size_t i;
	int next = first;

	for (i = 0; i < count; i++) {
		if (keep[i] < next)
			continue;
		if (keep[i] > next && close_range((unsigned)next, (unsigned)keep[i] - 1, 0) < 0)
			return -1;
		next = keep[i] + 1;
	}
	return close_range((unsigned)next, ~0U, 0);
}

char *
fdio_read_file(const char *path, size_t limit_bytes, size_t *bytes_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *text = NULL;
	size_t bytes = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0)
		goto out;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto out;
	}
	if ((uintmax_t)st.st_size > limit_bytes) {
		errno = EFBIG;
		goto out;
	}
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL)
		goto out;
	while (bytes < (size_t)st.st_size) {
		ssize_t n = fdio_read(fd, text + bytes, (size_t)st.st_size - bytes);

		if (n < 0) {
			free(text);
			text = NULL;
			goto out;
		}
		if (n == 0)
			break;      /* it shrank meanwhile: what is left is what it holds */
		bytes += (size_t)n;
	}
	text[bytes] = '\0';
	*bytes_out = bytes;
out:
	fdio_close(&fd);
	return text;
}
