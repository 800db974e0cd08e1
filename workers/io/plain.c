/* SPDX-License-Identifier: BSD-2-Clause */
/* The plain socket as a stream: blocking calls, bounded. Runs in workers, unprivileged.
 * Rules: the common case is one system call; no wait without an end. A send of up to 64
 * KiB is bounded by SO_SNDTIMEO, which a TCP connection inherits from its listening socket
 * (server/priv/listen.c); a longer one by the heartbeat. Shown by
 * tests/integration/10-protocol (time limits). */
#include "workers/io/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "server/base/clock.h"
#include "server/base/signals.h"
#include "workers/io/heartbeat.h"

#define TRIAL_MIN_BYTES (4 * 1024 * 1024) /* what a send buffer has at most, usually */
#define TRIAL_BYTES (256 * 1024)    /* more than the window of a client that never reads */
#define TRIAL_UNSENT_BYTES (16 * 1024)
#define GLANCE_MS 1000               /* a signal can come just before a wait */
#define SENDFILE_MAX_BYTES 0x7ffff000u /* what Linux takes at once, sendfile(2) */
#define TAIL_BYTES 4096              /* not worth a call of its own */


static struct timeval
as_timeval(unsigned ms)
{
	return (struct timeval){ ms / 1000, (suseconds_t)(ms % 1000) * 1000 };
}

void
plain_set_send_timeout(const struct stream *stream, unsigned timeout_ms)
{
	struct timeval limit = as_timeval(timeout_ms);

	(void)setsockopt(stream->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* IO_OK: the wait goes on. */
static enum io_result
handle_interrupt(const struct stream *stream)
{
	if (signals_is_set(SIGNAL_STOP))
		return IO_STOPPED;
	if (stream->on_interrupt != NULL)
		stream->on_interrupt(stream->interrupt_context);
	return IO_OK;
}

static enum io_result
wait_ready(const struct stream *stream, short events, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd waiting = { stream->fd, events, 0 };
		int64_t left_ms = deadline_ms - clock_mono_ms();
		int n;

		if (left_ms <= 0)
			return IO_TIMEOUT;
		n = poll(&waiting, 1, left_ms > 60000 ? 60000 : (int)left_ms);
		if (n > 0)
			return IO_OK;
		if (n < 0 && errno != EINTR)
			return IO_ERROR;
		if (n < 0 && handle_interrupt(stream) != IO_OK)
			return IO_STOPPED;
	}
}

enum io_result
plain_read(struct stream *stream, void *out, size_t cap, int64_t deadline_ms, size_t *bytes_out)
{
	for (;;) {
		ssize_t n = recv(stream->fd, out, cap, MSG_DONTWAIT);
		enum io_result result;

		if (n > 0) {
			stream->received_bytes += (uint64_t)n;
			*bytes_out = (size_t)n;
			return IO_OK;
		}
		if (n == 0)
			return signals_is_set(SIGNAL_STOP) ? IO_STOPPED : IO_EOF;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return IO_ERROR;
		result = wait_ready(stream, POLLIN, deadline_ms);
		if (result != IO_OK)
			return result;
	}
}

static bool
is_wanted_back(void)
{
	return signals_is_set(SIGNAL_DRAIN) || signals_is_set(SIGNAL_SHED) ||
	    signals_is_set(SIGNAL_STOP);
}

static int
set_receive_timeout(struct stream *stream, unsigned timeout_ms)
{
	struct timeval limit = as_timeval(timeout_ms);

	if (stream->receive_timeout_ms == timeout_ms)
		return 0;
	if (setsockopt(stream->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
		return -1;
	stream->receive_timeout_ms = timeout_ms;
	return 0;
}

/* A stop, or another client's need, ends an idle wait; but what has come meanwhile is a
 * request and is served. The time limit was taken away by the signal's handler. */
static enum io_result
give_up_waiting(struct stream *stream, void *out, size_t cap, size_t *bytes_out)
{
	stream->receive_timeout_ms = 0;
	return plain_read(stream, out, cap, 0, bytes_out);
}

enum io_result
plain_wait(struct stream *stream, void *out, size_t cap, unsigned timeout_ms, size_t *bytes_out)
{
	int64_t deadline_ms = clock_mono_ms() + timeout_ms;

	for (;;) {
		int64_t left_ms;
		ssize_t n;

		if (timeout_ms == 0 || set_receive_timeout(stream, timeout_ms) < 0)
			return plain_read(stream, out, cap, deadline_ms, bytes_out);
		/* Looked at after the time limit is set: a signal from here on takes the limit
		 * away again, and the receive returns at once. */
		if (is_wanted_back())
			return give_up_waiting(stream, out, cap, bytes_out);
		n = recv(stream->fd, out, cap, 0);
		if (n > 0) {
			stream->received_bytes += (uint64_t)n;
			*bytes_out = (size_t)n;
			return IO_OK;
		}
		if (n == 0)
			return signals_is_set(SIGNAL_STOP) ? IO_STOPPED : IO_EOF;
		if (errno != EINTR && errno != EAGAIN)
			return IO_ERROR;
		if (is_wanted_back())
			return give_up_waiting(stream, out, cap, bytes_out);
		if (errno == EAGAIN)
			return IO_TIMEOUT;
		(void)handle_interrupt(stream);
		/* Only the rest of the time is left; rounded, so that 0 means it is over. */
		left_ms = deadline_ms - clock_mono_ms();
		timeout_ms = left_ms > 0 ? (unsigned)left_ms : 0;
	}
}

/* After a call moved some bytes (or none): is the client still fast enough? */
static bool
is_too_slow(struct stream_progress *progress, uint64_t moved_bytes, unsigned timeout_ms)
{
	int64_t now_ms = clock_mono_ms();

	progress->bytes += moved_bytes;
	if (progress->since_mono_ms == 0 || progress->bytes >= STREAM_PROGRESS_BYTES) {
		progress->since_mono_ms = now_ms;
		progress->bytes = 0;
		return false;
	}
	return now_ms - progress->since_mono_ms >= timeout_ms;
}

/* What a failed send means; IO_OK: try again. */
static enum io_result
judge_send_error(const struct stream *stream, struct stream_progress *progress,
    unsigned timeout_ms)
{
	bool is_full = stream->is_nonblocking && errno == EAGAIN;

	if (!is_full && (errno == EAGAIN || errno == ETIMEDOUT))
		return IO_TIMEOUT;
	if (!is_full && errno != EINTR)
		return IO_ERROR;
	if (handle_interrupt(stream) != IO_OK)
		return IO_STOPPED;
	if (is_too_slow(progress, 0, timeout_ms))
		return IO_TIMEOUT;
	return is_full ? IO_STALLED : IO_OK;
}

enum io_result
plain_write(struct stream *stream, const void *data, size_t bytes, bool has_more,
    unsigned timeout_ms)
{
	struct stream_progress progress = { 0, 0 };
	const char *at = data;

	while (bytes > 0) {
		size_t piece = bytes > STREAM_PROGRESS_BYTES + TAIL_BYTES ?
		    STREAM_PROGRESS_BYTES : bytes;
		bool is_last = piece == bytes && !has_more;
		ssize_t n = send(stream->fd, at, piece, MSG_NOSIGNAL | (is_last ? 0 : MSG_MORE));
		enum io_result result;

		if (n < 0) {
			result = judge_send_error(stream, &progress, timeout_ms);
			if (result != IO_OK)
				return result;
			continue;
		}
		stream->sent_bytes += (uint64_t)n;
		at += n;
		bytes -= (size_t)n;
		if (bytes > 0 && handle_interrupt(stream) != IO_OK)
			return IO_STOPPED; /* a part only: a signal came */
		if (bytes > 0 && is_too_slow(&progress, (uint64_t)n, timeout_ms))
			return IO_TIMEOUT;
	}
	return IO_OK;
}

enum io_result
plain_try_write(struct stream *stream, const void *data, size_t bytes, size_t *sent_out)
{
	ssize_t n = send(stream->fd, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);

	*sent_out = 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? IO_OK : IO_ERROR;
	stream->sent_bytes += (uint64_t)n;
	*sent_out = (size_t)n;
	return IO_OK;
}

enum io_result
plain_wait_both(struct stream *stream, bool wants_write, int64_t deadline_ms)
{
	struct pollfd waiting = { stream->fd, wants_write ? POLLIN | POLLOUT : POLLIN, 0 };
	int64_t left_ms;
	int n;

	while ((left_ms = deadline_ms - clock_mono_ms()) > 0) {
		n = poll(&waiting, 1, left_ms > GLANCE_MS ? GLANCE_MS : (int)left_ms);
		if (n < 0 && errno != EINTR)
			return IO_ERROR;
		if (n < 0 && handle_interrupt(stream) != IO_OK)
			return IO_STOPPED;
		if (n != 0 || is_wanted_back())
			return IO_OK;
	}
	return IO_TIMEOUT;
}

enum io_result
plain_push(struct stream *stream, const void *data, size_t bytes, int64_t deadline_ms)
{
	const char *at = data;

	while (bytes > 0) {
		ssize_t n = send(stream->fd, at, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		enum io_result result;

		if (n >= 0) {
			stream->sent_bytes += (uint64_t)n;
			at += n;
			bytes -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return IO_ERROR;
		result = wait_ready(stream, POLLOUT, deadline_ms);
		if (result != IO_OK)
			return result;
	}
	return IO_OK;
}

/* 0: as much as the system lets the socket have. Other sockets than TCP's have no such limit. */
static void
limit_unsent(const struct stream *stream, int bytes)
{
	(void)setsockopt(stream->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

/* A part has gone, and it was not the last. */
static enum io_result
judge_part(const struct stream *stream, struct stream_file *file, uint64_t moved_bytes,
    unsigned timeout_ms)
{
	if (handle_interrupt(stream) != IO_OK)
		return IO_STOPPED;
	return is_too_slow(&file->progress, moved_bytes, timeout_ms) ? IO_TIMEOUT : IO_OK;
}

/* One call. IO_OK: there may be more to send. */
static enum io_result
send_file_once(struct stream *stream, struct stream_file *file, uint64_t most_bytes,
    unsigned timeout_ms)
{
	off_t at = (off_t)file->offset;
	size_t piece = most_bytes > SENDFILE_MAX_BYTES ? SENDFILE_MAX_BYTES : (size_t)most_bytes;
	ssize_t n = sendfile(stream->fd, file->fd, &at, piece);

	if (n == 0 || (n < 0 && (errno == EIO || errno == EINVAL)))
		return IO_FILE_SHORT;
	if (n < 0)
		return judge_send_error(stream, &file->progress, timeout_ms);
	stream->sent_bytes += (uint64_t)n;
	file->offset += (uint64_t)n;
	file->left_bytes -= (uint64_t)n;
	return file->left_bytes == 0 ? IO_OK : judge_part(stream, file, (uint64_t)n, timeout_ms);
}

/* Until only rest_bytes are left. */
static enum io_result
send_file_part(struct stream *stream, struct stream_file *file, uint64_t rest_bytes,
    unsigned timeout_ms)
{
	while (file->left_bytes > rest_bytes) {
		enum io_result result = send_file_once(stream, file,
		    file->left_bytes - rest_bytes, timeout_ms);

		if (result != IO_OK)
			return result;
		/* A signal came in between: is it the client that we wait for, or a disk? */
		if (file->left_bytes > rest_bytes && file->may_stall &&
		    stream_wait_for_room(stream, 0) != IO_OK)
			return IO_STALLED;
	}
	return IO_OK;
}

/* Where packets are large, as from a proxy on this machine, the system would queue megabytes at
 * once for a client that takes none of them, and all connections share what it has for that. So a
 * client first takes the beginning of a long body with little queued; after that each limit would
 * cost fast clients more than it saves. Not for the kernel's TLS: it waits until less is queued
 * without having sent what is there, where that is less than a packet. */
static enum io_result
try_client(struct stream *stream, struct stream_file *file, unsigned timeout_ms)
{
	enum io_result result;

	limit_unsent(stream, TRIAL_UNSENT_BYTES);
	result = send_file_part(stream, file, file->left_bytes - TRIAL_BYTES, timeout_ms);
	limit_unsent(stream, 0);
	return result;
}

enum io_result
plain_send_file(struct stream *stream, struct stream_file *file, unsigned timeout_ms)
{
	if (!stream->is_nonblocking) {
		heartbeat_need();   /* Linux before 6.5 may wait for each page by itself */
		if (file->left_bytes > TRIAL_MIN_BYTES && stream->tls == NULL) {
			enum io_result result = try_client(stream, file, timeout_ms);

			if (result != IO_OK)
				return result;
		}
	}
	return send_file_part(stream, file, 0, timeout_ms);
}

enum io_result
stream_wait_for_room(struct stream *stream, unsigned timeout_ms)
{
	struct pollfd waiting = { stream->fd, POLLOUT, 0 };
	int n = poll(&waiting, 1, (int)timeout_ms);

	if (n < 0 && handle_interrupt(stream) != IO_OK)
		return IO_STOPPED;
	return n > 0 ? IO_OK : IO_TIMEOUT; /* a signal: as if the time were over */
}

void
stream_set_nonblocking(struct stream *stream, bool is_nonblocking)
{
	/* Nothing else is set by F_SETFL of a socket that accept4(2) has made. */
	if (stream->is_nonblocking != is_nonblocking &&
	    fcntl(stream->fd, F_SETFL, is_nonblocking ? O_NONBLOCK : 0) == 0)
		stream->is_nonblocking = is_nonblocking;
}

void
plain_linger(struct stream *stream, unsigned timeout_ms, size_t limit_bytes)
{
	int64_t deadline_ms = clock_mono_ms() + timeout_ms;
	char spill[4096];
	size_t n, total = 0;

	if (shutdown(stream->fd, SHUT_WR) < 0)
		return;
	while (total < limit_bytes &&
	    plain_read(stream, spill, sizeof spill, deadline_ms, &n) == IO_OK)
		total += n;
}
