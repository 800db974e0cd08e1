/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the access log. Leaves opening it to the master, and what is written to the collector.
 * Logger, unprivileged. Rules: a failing log is said once in the error log; what could not be
 * written is lost, and what comes after it begins on a line of its own; a reader that is slow is
 * waited for only where signals come in. Shown by test_sink.c.
 *
 * A stream is written in parts of at most PIPE_BUF bytes, each when poll(2) has said that there is
 * room for so much: our writes do not block then, although the descriptor does, as it must: it
 * can be the terminal of who started the server. (Somebody else who writes into the same pipe can
 * take the room away in between; then only SIGKILL helps, which the master sends in the end.) */
#include "server/logger/sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server/base/clock.h"

#define PART_BYTES (PIPE_BUF - 1)   /* of a stream, and a newline before it */

void
sink_init(struct sink *sink, struct log_sink to, const sigset_t *wait_mask)
{
	struct stat st;

	memset(sink, 0, sizeof *sink);
	sink->to = to;
	sink->wait_mask = wait_mask;
	if (to.kind == LOG_SINK_NONE)
		sink->way = SINK_NOWHERE;
	else if (to.kind == LOG_SINK_SYSLOG)
		sink->way = SINK_DATAGRAMS;
	else if (fstat(to.fd, &st) == 0 && S_ISREG(st.st_mode))
		sink->way = SINK_FILE;
	else
		sink->way = SINK_STREAM;
}

/* Until the reader has made room, or has gone, which the next write will tell. False: the time is
 * over, or a signal came that ends the wait. */
static bool
wait_for_room(const struct sink *sink, const struct sink_patience *patience)
{
	struct pollfd waiting = { sink->to.fd, POLLOUT, 0 };

	for (;;) {
		int64_t left_ms = patience->deadline_mono_ms - clock_mono_ms();
		struct timespec timeout = { 0, 0 };
		int result;

		if (left_ms > 0)
			timeout = (struct timespec){ left_ms / 1000,
				(long)(left_ms % 1000) * 1000000 };
		result = ppoll(&waiting, 1, &timeout, sink->wait_mask);
		if (result >= 0)
			return result > 0;
		if (errno != EINTR)
			return true; /* let write(2) say what is wrong */
		if (patience->ends_by_signal)
			return false;
	}
}

static uint64_t
count_lines(const char *text, size_t bytes)
{
	const char *end = text + bytes;
	uint64_t count = 0;

	while (text < end && (text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
		count++;
		text++;
	}
	return count;
}

static void
note_failure(struct sink *sink, const char *lost_text, size_t lost_bytes)
{
	if (!sink->has_failed)
		log_error("access log: %s", strerror(errno));
	sink->has_failed = true;
	sink->dropped_count += count_lines(lost_text, lost_bytes);
}

static void
note_success(struct sink *sink)
{
	if (!sink->has_failed)
		return;
	log_notice("access log: it can be written again, %llu records were lost",
	    (unsigned long long)sink->dropped_count);
	sink->has_failed = false;
	sink->dropped_count = 0;
}

/* write(2) of the beginning of a line, and before it the end of one that was torn. Bytes of text,
 * or -1 and errno. */
static ssize_t
write_some(struct sink *sink, const char *text, size_t bytes, bool ends_torn_line)
{
	struct iovec parts[2] = { { (char[]){ '\n' }, ends_torn_line }, {
		(void *)(uintptr_t)text, bytes } };
	ssize_t n;

	do {
		n = writev(sink->to.fd, parts, 2);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n;
	n -= ends_torn_line;
	sink->is_mid_line = n > 0 && text[n - 1] != '\n';
	return n;
}

/* On a full disk a write may end within a record: the rest of it is lost. */
static size_t
write_file(struct sink *sink, const char *text, size_t bytes)
{
	bool ends_torn_line = sink->is_mid_line;
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = write_some(sink, text + done, bytes - done, ends_torn_line);

		if (n < 0) {
			note_failure(sink, text + done, bytes - done);
			return bytes;
		}
		done += (size_t)n;
		ends_torn_line = false;
	}
	note_success(sink);
	return bytes;
}

/* As many whole lines as fit a part of a stream; of a longer line the beginning. */
static size_t
part_bytes(const char *text, size_t bytes)
{
	const char *last;

	if (bytes <= PART_BYTES)
		return bytes;
	last = memrchr(text, '\n', PART_BYTES);
	return last == NULL ? PART_BYTES : (size_t)(last + 1 - text);
}

/* What is done with when the rest has to wait: a record that is out in part is written once
 * more, whole. */
static size_t
whole_lines(const char *text, size_t bytes)
{
	const char *last = bytes > 0 ? memrchr(text, '\n', bytes) : NULL;

	return last == NULL ? 0 : (size_t)(last + 1 - text);
}

static size_t
write_stream(struct sink *sink, const char *text, size_t bytes,
    const struct sink_patience *patience)
{
	bool ends_torn_line = sink->is_mid_line;
	size_t done = 0;

	while (done < bytes) {
		ssize_t n;

		if (!wait_for_room(sink, patience))
			return whole_lines(text, done);
		n = write_some(sink, text + done, part_bytes(text + done, bytes - done),
		    ends_torn_line);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0) {
			note_failure(sink, text + done, bytes - done);
			return bytes;
		}
		done += (size_t)n;
		ends_torn_line = false;
	}
	note_success(sink);
	return bytes;
}

static size_t
write_datagrams(struct sink *sink, const char *text, size_t bytes,
    const struct sink_patience *patience)
{
	const char *at = text, *end = text + bytes;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline == NULL ? end : newline + 1;

		if (log_sink_write(&sink->to, LOG_LEVEL_INFO, at, (size_t)(next - at)) == 0) {
			note_success(sink);
		} else if (errno == EAGAIN) {
			if (!wait_for_room(sink, patience))
				return (size_t)(at - text);
			continue;
		} else {
			note_failure(sink, at, (size_t)(next - at));
		}
		at = next;
	}
	return bytes;
}

size_t
sink_write(struct sink *sink, const char *text, size_t bytes,
    const struct sink_patience *patience)
{
	if (bytes == 0)
		return 0;           /* says nothing about the log */
	switch (sink->way) {
	case SINK_NOWHERE:
		return bytes;
	case SINK_FILE:
		return write_file(sink, text, bytes);
	case SINK_STREAM:
		return write_stream(sink, text, bytes, patience);
	case SINK_DATAGRAMS:
		return write_datagrams(sink, text, bytes, patience);
	}
	return bytes;
}
