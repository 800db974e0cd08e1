/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes log lines; opens nothing. Every process, with any rights. Rule: one message is
 * one write, and no byte that a client sent can start a new line. The sink is one of
 * the two globals that muster allows itself. Shown by test_log.c. */
#include "server/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/fdio.h"
#include "server/base/own_page.h"

#define LINE_BYTES 2048         /* a longer message is cut */
#define DATAGRAM_BYTES 8320     /* an access log record and what stands before it */

static struct log_sink error_sink = { LOG_SINK_FD, STDERR_FILENO };
static unsigned lost_count;     /* messages that a slow reader did not take */
static enum log_level least_level = LOG_LEVEL_NOTICE;
static OWN_PAGE bool copies_to_stderr;

void
log_set_sink(struct log_sink sink)
{
	error_sink = sink;
}

struct log_sink
log_get_sink(void)
{
	return error_sink;
}

void
log_set_level(enum log_level level)
{
	least_level = level;
}

void
log_set_stderr_copy(bool is_on)
{
	copies_to_stderr = is_on;
}

static const char *
level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_NOTICE:
		return "notice";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "log";
}

/* The datagram that syslog(3) would send (RFC 3164 as /dev/log takes it). Our own,
 * because its socket must be on the list of what a worker inherits, and must never
 * block the master. */
static int
send_syslog(int fd, enum log_level level, const char *text, size_t bytes)
{
	static const struct sockaddr_un system_log = { AF_UNIX, "/dev/log" };
	char datagram[DATAGRAM_BYTES];
	int len = snprintf(datagram, sizeof datagram, "<%d>musterd[%ld]: %.*s",
	    LOG_DAEMON | (int)level, (long)getpid(), (int)bytes, text);

	if (len >= (int)sizeof datagram)
		len = (int)sizeof datagram - 1;
	if (send(fd, datagram, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	/* The system's logger was started anew: so is the connection to it. */
	if (errno != ECONNREFUSED && errno != ENOTCONN && errno != EPIPE)
		return -1;
	if (connect(fd, (const void *)&system_log, sizeof system_log) < 0)
		return -1;
	return send(fd, datagram, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int
log_sink_write(const struct log_sink *sink, enum log_level level, const char *text, size_t bytes)
{
	switch (sink->kind) {
	case LOG_SINK_NONE:
		return 0;
	case LOG_SINK_FD:
		return fdio_write_all(sink->fd, text, bytes);
	case LOG_SINK_SYSLOG:
		if (bytes > 0 && text[bytes - 1] == '\n')
			bytes--;
		return send_syslog(sink->fd, level, text, bytes);
	}
	errno = EINVAL;
	return -1;
}

/* Bytes of the character at text; 0: it is no UTF-8 (RFC 3629 4), or a control character, which
 * from U+0080 to U+009F terminals obey, too. */
static size_t
shown_bytes(const char *text)
{
	static const uint32_t least[] = { 0, 0x20, 0xa0, 0x800, 0x10000 };
	unsigned char first = (unsigned char)text[0];
	size_t len = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 :
	    first < 0xf8 ? 4 : 0;
	uint32_t code = len <= 1 ? first : first & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (len == 0 || code < least[len] || code == 0x7f || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

/* "\xHH" for what is not shown. Returns bytes in out. */
static size_t
escape(const char *text, char *out, size_t cap)
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0;

	while (*text != '\0' && used + 4 < cap) {
		unsigned char c = (unsigned char)*text;
		size_t len = shown_bytes(text);

		if (len > 0) {
			memcpy(out + used, text, len);
			used += len;
			text += len;
			continue;
		}
		out[used++] = '\\';
		out[used++] = 'x';
		out[used++] = hex[c >> 4];
		out[used++] = hex[c & 15];
		text++;
	}
	return used;
}

static size_t
format_stamp(char *out, size_t cap, enum log_level level)
{
	int64_t now_us = clock_wall_us();
	time_t now_s = (time_t)(now_us / 1000000);
	struct tm tm;
	size_t used;

	gmtime_r(&now_s, &tm);
	used = strftime(out, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	used += (size_t)snprintf(out + used, cap - used, ".%03dZ musterd[%ld]: %s: ",
	    (int)(now_us / 1000 % 1000), (long)getpid(), level_name(level));
	return used;
}

/* One write, so that a line is not torn where others append, too. In the master the sink
 * does not block: what a stalled reader does not take is counted and told later. */
static void
write_line(enum log_level level, const char *line, size_t bytes, size_t stamp_bytes)
{
	char note[128];
	size_t note_bytes;

	if (error_sink.kind == LOG_SINK_SYSLOG) {
		if (send_syslog(error_sink.fd, level, line + stamp_bytes,
		    bytes - stamp_bytes - 1) < 0)
			(void)!write(STDERR_FILENO, line, bytes);
		return;
	}
	if (lost_count > 0) {
		note_bytes = format_stamp(note, sizeof note, LOG_LEVEL_WARN);
		note_bytes += (size_t)snprintf(note + note_bytes, sizeof note - note_bytes,
		    "%u messages before this one were lost\n", lost_count);
		if (log_sink_write(&error_sink, LOG_LEVEL_WARN, note, note_bytes) == 0)
			lost_count = 0;
	}
	if (log_sink_write(&error_sink, level, line, bytes) < 0)
		lost_count++;
}

void
log_write(enum log_level level, const char *format, ...)
{
	char text[LINE_BYTES], line[LINE_BYTES + 128];
	int saved_errno = errno;
	size_t stamp_bytes, bytes;
	va_list args;

	if (level > least_level)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	stamp_bytes = format_stamp(line, sizeof line, level);
	bytes = stamp_bytes + escape(text, line + stamp_bytes, sizeof line - stamp_bytes - 1);
	line[bytes++] = '\n';

	write_line(level, line, bytes, stamp_bytes);
	if (copies_to_stderr && level <= LOG_LEVEL_WARN &&
	    !(error_sink.kind == LOG_SINK_FD && error_sink.fd == STDERR_FILENO)) {
		(void)fdio_write_all(STDERR_FILENO, "musterd: ", 9);
		(void)fdio_write_all(STDERR_FILENO, line + stamp_bytes, bytes - stamp_bytes);
	}
	errno = saved_errno;
}

void
log_bug(const char *file, int line, const char *text)
{
	log_error("bug at %s:%d: %s", file, line, text);
	abort();
}
