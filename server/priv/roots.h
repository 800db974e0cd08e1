/* SPDX-License-Identifier: BSD-2-Clause */
/* Document roots, opened by the master: workers resolve below the descriptors, so a root
 * may lie below directories that only root can enter. */
#ifndef MUSTER_PRIV_ROOTS_H
#define MUSTER_PRIV_ROOTS_H

#include "server/priv/guard.h"

#include "config/config.h"

/* One O_PATH descriptor for each config.roots, in its order; malloc'd, for roots_close().
 * With chroot, paths are resolved as inside of it. 0, or -1 and errbuf. */
int roots_open_priv(const struct config *config, int **fds_out, char *errbuf,
    size_t errbuf_bytes);
/* Closes and frees; accepts NULL, leaves NULL. */
void roots_close(int **fds, size_t count);

#endif
