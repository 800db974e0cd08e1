/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens a file below a root descriptor; the kernel keeps it below (openat2(2)). */
#ifndef MUSTER_HANDLER_RESOLVE_H
#define MUSTER_HANDLER_RESOLVE_H

#include <stdbool.h>
#include <sys/stat.h>

/* below_root: NUL-terminated, "" is the root itself. follows_links: symbolic links may
 * leave the root. The descriptor is read-only and never blocks in open. Returns it with
 * *stat_out filled, or -1 and errno. */
int resolve_open(int root_fd, const char *below_root, bool follows_links,
    struct stat *stat_out);
/* The status that answers an errno of resolve_open(): 403, 404, 500 or 503. */
unsigned resolve_status(int error);

#endif
