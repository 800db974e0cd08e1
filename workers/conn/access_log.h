/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's side of the access log: renders records and writes them, each with at most
 * one write(2), or many at once when a buffer is configured. */
#ifndef MUSTER_CONN_ACCESS_LOG_H
#define MUSTER_CONN_ACCESS_LOG_H

#include <stdint.h>

#include "config/config.h"
#include "server/base/log.h"
#include "workers/conn/log_render.h"

struct access_log {                 /* caller's storage */
	const struct log_format *format;
	struct log_sink sink;
	char *buffer;               /* whole records; NULL: none is kept back */
	size_t cap, used;           /* bytes */
	size_t record_cap;          /* longest record */
	unsigned flush_ms;
	int64_t oldest_mono_ms;     /* of the first record in the buffer */
	bool has_failed;            /* the last write did; said once */
	bool is_mid_line;           /* it failed within a record */
};

/* buffer: config.log.buffer_bytes of the caller's memory, or NULL. */
void access_log_init(struct access_log *log, const struct config *config,
    struct log_sink sink, char *buffer);
bool access_log_is_off(const struct access_log *log);
void access_log_record(struct access_log *log, const struct log_record *record,
    int64_t now_mono_ms);
/* Writes what is buffered: all of it, or only when the oldest has waited long enough. */
void access_log_flush(struct access_log *log);
void access_log_flush_old(struct access_log *log, int64_t now_mono_ms);

#endif
