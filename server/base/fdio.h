/* SPDX-License-Identifier: BSD-2-Clause */
/* Small descriptor habits in one place; what EINTR means outside of a client's
 * connection is decided here (in a connection: workers/io/plain.c). */
#ifndef MUSTER_BASE_FDIO_H
#define MUSTER_BASE_FDIO_H

#include <stddef.h>
#include <sys/types.h>

/* All of it, or -1 and errno. EINTR goes on. */
int fdio_write_all(int fd, const void *data, size_t bytes);
/* One read; EINTR goes on. Bytes, 0 at the end, -1 and errno. */
ssize_t fdio_read(int fd, void *out, size_t cap);
/* Closes and forgets; -1 is let be. The descriptor is gone whatever close(2) says. */
void fdio_close(int *fd);
int fdio_set_nonblocking(int fd);
/* Closes every descriptor >= first that is not in keep[0..count); keep is sorted. */
int fdio_close_all_but(int *keep, size_t count, int first);
/* A whole small file into malloc'd, NUL-terminated memory. NULL and errno; EFBIG when
 * it is larger than limit_bytes, EINVAL when it is no regular file. Never blocks on a
 * FIFO. Caller frees. */
char *fdio_read_file(const char *path, size_t limit_bytes, size_t *bytes_out);

#endif
