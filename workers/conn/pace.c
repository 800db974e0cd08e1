/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits of bandwidth. Workers, unprivileged. Rules: a limit ends with the bytes it was for, not
 * when the last of them is in the socket's buffer, which may hold megabytes; a paced wait never
 * counts against the time limit of sending, and never delays a stop for more than a moment.
 * The kernel lets the first ten segments of a connection go unpaced: 14 KiB over Ethernet, 640 KiB
 * over the loopback interface. Shown by test_pace.c. */
#include "workers/conn/pace.h"

#include <limits.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "server/base/clock.h"
#include "server/base/signals.h"

#define PIECES_A_SECOND 8            /* sleeping: so smooth is it */
#define PIECE_MIN_BYTES 1024
#define PIECE_MAX_BYTES 262144
#define NAP_MAX_US 500000            /* then flags are looked at: a signal can come just before */

void
pace_init(struct pace *pace, bool is_tcp, unsigned normal_timeout_ms)
{
	*pace = (struct pace){ .sleeps = !is_tcp, .normal_timeout_ms = normal_timeout_ms,
		.timeout_ms = normal_timeout_ms };
}

static bool
is_faster(uint64_t rate, uint64_t other)
{
	return other != 0 && (rate == 0 || rate > other);
}

static bool
has_unsent(const struct stream *stream)
{
	int bytes = 0;

	return ioctl(stream->fd, SIOCOUTQNSD, &bytes) == 0 && bytes > 0;
}

static bool
set_kernel_rate(const struct stream *stream, uint64_t rate_bytes_s)
{
	unsigned long rate = rate_bytes_s == 0 || rate_bytes_s > ULONG_MAX ? ULONG_MAX :
	    (unsigned long)rate_bytes_s;

	return setsockopt(stream->fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate) == 0;
}

static void
set_timeout(struct pace *pace, struct stream *stream)
{
	uint64_t timeout_ms = pace->normal_timeout_ms;

	if (pace->rate_bytes_s > 0) {
		uint64_t twice_ms = 2 * STREAM_PROGRESS_BYTES * UINT64_C(1000) /
		    pace->rate_bytes_s;

		timeout_ms = twice_ms > timeout_ms ? twice_ms : timeout_ms;
	}
	if (timeout_ms == pace->timeout_ms)
		return;
	pace->timeout_ms = (unsigned)timeout_ms;
	stream_set_send_timeout(stream, pace->timeout_ms);
}

void
pace_set(struct pace *pace, struct stream *stream, uint64_t rate_bytes_s)
{
	if (rate_bytes_s == pace->rate_bytes_s)
		return;
	if (!pace->sleeps) {
		if (is_faster(rate_bytes_s, pace->rate_bytes_s) && has_unsent(stream))
			return;
		pace->sleeps = !set_kernel_rate(stream, rate_bytes_s);
	}
	pace->rate_bytes_s = rate_bytes_s;
	set_timeout(pace, stream);
}

size_t
pace_piece_bytes(const struct pace *pace)
{
	uint64_t bytes = pace->rate_bytes_s / PIECES_A_SECOND;

	if (!pace->sleeps || pace->rate_bytes_s == 0)
		return SIZE_MAX;
	return bytes < PIECE_MIN_BYTES ? PIECE_MIN_BYTES :
	    bytes > PIECE_MAX_BYTES ? PIECE_MAX_BYTES : (size_t)bytes;
}

static void
nap(int64_t until_us)
{
	struct timespec until = { until_us / 1000000, until_us % 1000000 * 1000 };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

enum io_result
pace_wait(struct pace *pace, struct stream *stream, size_t bytes)
{
	int64_t now_us;

	if (!pace->sleeps || pace->rate_bytes_s == 0)
		return IO_OK;
	while (pace->due_mono_us > (now_us = clock_mono_us())) {
		if (signals_is_set(SIGNAL_STOP))
			return IO_STOPPED;
		if (stream->on_interrupt != NULL)
			stream->on_interrupt(stream->interrupt_context);
		nap(pace->due_mono_us - now_us > NAP_MAX_US ? now_us + NAP_MAX_US :
		    pace->due_mono_us);
	}
	pace->due_mono_us = now_us + (int64_t)((uint64_t)bytes * 1000000 / pace->rate_bytes_s);
	return IO_OK;
}
