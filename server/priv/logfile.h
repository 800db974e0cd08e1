/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens where logs go. The master does it, workers inherit the descriptors: log files
 * can belong to root and the worker's user needs no right to their directory. */
#ifndef MUSTER_PRIV_LOGFILE_H
#define MUSTER_PRIV_LOGFILE_H

#include "server/priv/guard.h"

#include <stddef.h>

#include "server/base/log.h"

/* where: an absolute path (appended to, made with mode 0640), "stdout", "stderr", "syslog"
 * or "off". The sink's descriptor is new and close-on-exec in every case. 0, or -1 and
 * errbuf. Does not block on a FIFO without a reader: that is an error. */
int logfile_open_priv(const char *where, struct log_sink *sink_out, char *errbuf,
    size_t errbuf_bytes);
/* The same for the master's own messages: another open file description, so that a worker's
 * flags do not reach it, and non-blocking where it is no file: a reader that is too slow
 * costs messages, not the master. */
int logfile_open_own_priv(const char *where, struct log_sink *sink_out, char *errbuf,
    size_t errbuf_bytes);
void logfile_close(struct log_sink *sink);

#endif
