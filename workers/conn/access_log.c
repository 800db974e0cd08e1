/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes access log records; the text is log_render.c's. Workers, unprivileged: the
 * descriptor was opened by the master. Rules: a record is never torn, because each write
 * holds whole records and the file is open for appending; a failing log is said once in
 * the error log and does not stop serving. Shown by tests/integration/20-static. */
#include "workers/conn/access_log.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "workers/io/heartbeat.h"

#define RECORD_BYTES 8192           /* a longer record is cut by log_render() */

/* Into a pipe only so much is written at once without other workers' bytes in between
 * (pipe(7), PIPE_BUF). */
static bool
is_pipe(const struct log_sink *sink)
{
	struct stat st;

	return sink->kind == LOG_SINK_FD && fstat(sink->fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

void
access_log_init(struct access_log *log, const struct config *config, struct log_sink sink,
    char *buffer)
{
	memset(log, 0, sizeof *log);
	log->format = config->log.compiled_format;
	log->sink = sink;
	log->buffer = buffer;
	log->cap = buffer == NULL ? 0 : config->log.buffer_bytes;
	log->record_cap = RECORD_BYTES;
	if (is_pipe(&sink)) {
		log->record_cap = PIPE_BUF;
		log->cap = log->cap > PIPE_BUF ? PIPE_BUF : log->cap;
	}
	log->flush_ms = config->log.flush_ms;
}

bool
access_log_is_off(const struct access_log *log)
{
	return log->sink.kind == LOG_SINK_NONE;
}

/* 0, or -1 and errno. On a full disk a write may end within a record: the rest of it is
 * lost, but the next one begins on a line of its own. */
static int
write_records(struct access_log *log, const char *text, size_t bytes)
{
	if (log->sink.kind != LOG_SINK_FD)
		return log_sink_write(&log->sink, LOG_LEVEL_INFO, text, bytes);
	if (log->is_mid_line && fdio_write_all(log->sink.fd, "\n", 1) == 0)
		log->is_mid_line = false;
	while (bytes > 0) {
		ssize_t n = write(log->sink.fd, text, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		log->is_mid_line = text[n - 1] != '\n';
		text += n;
		bytes -= (size_t)n;
	}
	return 0;
}

static void
write_out(struct access_log *log, const char *text, size_t bytes)
{
	if (write_records(log, text, bytes) == 0) {
		log->has_failed = false;
		return;
	}
	if (!log->has_failed)
		log_error("access log: %s", strerror(errno));
	log->has_failed = true;
}

void
access_log_flush(struct access_log *log)
{
	if (log->used > 0)
		write_out(log, log->buffer, log->used);
	log->used = 0;
}

void
access_log_flush_old(struct access_log *log, int64_t now_mono_ms)
{
	if (log->used > 0 && now_mono_ms - log->oldest_mono_ms >= log->flush_ms)
		access_log_flush(log);
}

static void
append(struct access_log *log, const char *text, size_t bytes, int64_t now_mono_ms)
{
	if (bytes > log->cap - log->used)
		access_log_flush(log);
	if (log->used == 0) {
		log->oldest_mono_ms = now_mono_ms;
		heartbeat_need();   /* so that it does not wait for the next client */
	}
	memcpy(log->buffer + log->used, text, bytes);
	log->used += bytes;
}

void
access_log_record(struct access_log *log, const struct log_record *record, int64_t now_mono_ms)
{
	char text[RECORD_BYTES];
	size_t bytes;

	if (access_log_is_off(log))
		return;
	bytes = log_render(log->format, record, text, log->record_cap);
	if (log->sink.kind == LOG_SINK_SYSLOG || bytes > log->cap) {
		access_log_flush(log); /* in order; a datagram is one record */
		write_out(log, text, bytes);
		return;
	}
	append(log, text, bytes, now_mono_ms);
	access_log_flush_old(log, now_mono_ms);
}
