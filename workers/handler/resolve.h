/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens a file below a root descriptor; the kernel keeps it below (openat2(2)). */
#ifndef MUSTER_HANDLER_RESOLVE_H
#define MUSTER_HANDLER_RESOLVE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "workers/mem/arena.h"
#include "workers/mem/slice.h"

/* below_root: NUL-terminated, "" is the root itself. follows_links: symbolic links may
 * leave the root. The descriptor is read-only and never blocks in open. Returns it with
 * *stat_out filled, or -1 and errno. */
int resolve_open(int root_fd, const char *below_root, bool follows_links,
    struct stat *stat_out);
/* A directory to start from, or to know that it is there: the descriptor is O_PATH. -1 and
 * errno; ENOTDIR: it is something else. */
int resolve_directory(int root_fd, const char *below_root, bool follows_links);
/* pread(2) of a file that was opened here; EINTR goes on. */
ssize_t resolve_read(int fd, void *out, size_t bytes, off_t offset);
/* From now on, for the life of the process, nothing here waits for a disk: what is not in
 * memory is not found or read, with EAGAIN, and that is remembered. For keepers, whose other
 * clients would wait too. */
void resolve_never_wait(void);
bool resolve_waits(void);
/* Whether that has happened since the last call: an answer that was made meanwhile may be a wrong
 * one, and is to be made by somebody who can wait. */
bool resolve_take_refusal(void);
/* The status that answers an errno of both: 403, 404, 500 or 503. */
unsigned resolve_status(int error);

/* first, between and last as one path for the above: a NUL stands behind its len. data is NULL:
 * no memory. */
struct slice resolve_path(struct arena *arena, struct slice first, struct slice between,
    struct slice last);

#endif
