/* SPDX-License-Identifier: BSD-2-Clause */
/* Where records go: a file, a pipe or terminal, or the system's log. */
#ifndef MUSTER_LOGGER_SINK_H
#define MUSTER_LOGGER_SINK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/log.h"

enum sink_way {
	SINK_NOWHERE,
	SINK_FILE,                  /* written at once, never waited for */
	SINK_STREAM,                /* pipe, terminal, socket: somebody reads it, maybe slowly */
	SINK_DATAGRAMS,             /* syslog: one for each record */
};

struct sink {                       /* caller's storage */
	struct log_sink to;         /* the descriptor is the caller's to close */
	enum sink_way way;
	const sigset_t *wait_mask;  /* of signals while it waits for a reader */
	bool has_failed;            /* the last write did; said once */
	bool is_mid_line;           /* a write ended within a record */
	uint64_t dropped_count;     /* records since it has failed */
};

/* wait_mask must outlive it. */
void sink_init(struct sink *sink, struct log_sink to, const sigset_t *wait_mask);
struct sink_patience {              /* with a reader that is slow */
	int64_t deadline_mono_ms;
	bool ends_by_signal;        /* also one that has come before */
};

/* Writes whole lines. Returns how many bytes are done with: they were written, or lost to an
 * error. It is fewer than all when patience is over, and ends with a line. */
size_t sink_write(struct sink *sink, const char *text, size_t bytes,
    const struct sink_patience *patience);

#endif
