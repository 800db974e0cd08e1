/* SPDX-License-Identifier: BSD-2-Clause */
/* The pid file: a lock against a second instance, and the pid for scripts. */
#ifndef MUSTER_PRIV_PIDFILE_H
#define MUSTER_PRIV_PIDFILE_H

#include "server/priv/guard.h"

#include <stddef.h>

/* Opens and locks (flock(2): the lock survives fork and ends with the last copy of the
 * descriptor). -1 and errbuf, which names the process that holds it. */
int pidfile_open_priv(const char *path, char *errbuf, size_t errbuf_bytes);
/* Writes this process's pid. 0, or -1 and errbuf. */
int pidfile_write(int fd, const char *path, char *errbuf, size_t errbuf_bytes);
/* Unlinks path while the lock is held, then closes. */
void pidfile_close(int *fd, const char *path);

#endif
