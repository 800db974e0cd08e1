/* SPDX-License-Identifier: BSD-2-Clause */
/* The error log: one line a message, "TIME musterd[PID]: level: text", one write(2) each.
 *
 * Where it goes is a sink, opened by somebody with the rights for it
 * (server/priv/logfile.c). Never blocks on syslog, never allocates, escapes control
 * bytes, so a message may quote what a client sent. */
#ifndef MUSTER_BASE_LOG_H
#define MUSTER_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level {                /* as syslog(3) numbers them */
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARN = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

enum log_sink_kind {
	LOG_SINK_NONE,              /* nothing is kept */
	LOG_SINK_FD,                /* file, pipe or terminal: lines are appended */
	LOG_SINK_SYSLOG,            /* fd is a datagram socket to /dev/log */
};

struct log_sink {
	enum log_sink_kind kind;
	int fd;                     /* owned by whoever opened it; -1 with NONE */
};

/* Until this is called messages go to stderr. */
void log_set_sink(struct log_sink sink);
struct log_sink log_get_sink(void);
void log_set_level(enum log_level level);
/* While a daemon starts: copies of warn and error on stderr, for who started it. */
void log_set_stderr_copy(bool is_on);

/* One record, text with its newline, to any sink. 0, or -1 and errno. */
int log_sink_write(const struct log_sink *sink, enum log_level level, const char *text,
    size_t bytes);

void log_write(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Our own fault, in release builds too: a line in the log, then abort(3). A worker may
 * die of it, the master replaces it. */
#define bug_if(condition, text)                                                    \
	do {                                                                       \
		if (__builtin_expect(!!(condition), 0))                            \
			log_bug(__FILE__, __LINE__, (text));                       \
	} while (0)
void log_bug(const char *file, int line, const char *text) __attribute__((noreturn));

#endif
