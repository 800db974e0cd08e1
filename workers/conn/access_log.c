/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts access log records into the ring of the process; the text is log_render.c's, and writing
 * it server/logger's. Workers and keepers, unprivileged. Rules: a record is in the ring before
 * the next request is read, and whoever is killed then loses none; the logger is woken only when
 * it says that it sleeps, when the ring becomes more than half full, and while it is waited for.
 * Shown by test_access_log.c and tests/integration/50-signals/test_logs.py. */
#include "workers/conn/access_log.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "server/base/signals.h"

#define FULL_NAP_MS 1
#define USUAL_BYTES 1024            /* of a record */

void
access_log_init(struct access_log *log, const struct inheritance *own)
{
	memset(log, 0, sizeof *log);
	log->format = own->config->log.compiled_format;
	log->header = scoreboard_header(own->scoreboard);
	log->wake_fd = own->log_wake_fd;
	log->master_pid = (pid_t)own->master_pid;
	log->is_off = own->access_log.kind == LOG_SINK_NONE;
	log->waits = own->config->log.full == CONFIG_LOG_WAIT;
	if (log->is_off)
		return;
	scoreboard_ring(own->scoreboard, own->slot_index, &log->ring);
	logring_adopt(&log->ring);
}

bool
access_log_is_off(const struct access_log *log)
{
	return log->is_off;
}

static void
wake_logger(const struct access_log *log)
{
	const uint64_t one = 1;

	(void)!write(log->wake_fd, &one, sizeof one);
}

/* A record was published. The fence keeps the look behind that; the logger sets the word, and
 * has the same fence before it looks at the rings: one of the two sees what the other did. */
static void
wake_if_needed(struct access_log *log, size_t used_bytes)
{
	bool is_half_full = used_bytes > LOGRING_BYTES / 2;
	bool was_half_full = log->is_half_full;

	log->is_half_full = is_half_full;
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&log->header->logger_sleeps, memory_order_relaxed) ||
	    (is_half_full && !was_half_full))
		wake_logger(log);
}

/* The logger does not take what there is: its own reader is slow, or it was just replaced. No
 * room is waited for by a process that is to stop, and by one whose master has died, since then
 * there may be no logger any more. */
static bool
may_wait(const struct access_log *log)
{
	return log->waits && !signals_is_set(SIGNAL_STOP) && getppid() == log->master_pid;
}

static void
put(struct access_log *log, const char *text, size_t bytes, int64_t now_mono_us)
{
	const struct timespec nap = { 0, FULL_NAP_MS * 1000000L };
	uint32_t log_generation = atomic_load_explicit(&log->header->log_generation,
	    memory_order_acquire);
	size_t used_bytes;

	while ((used_bytes = logring_put(&log->ring, text, bytes, log_generation,
	    now_mono_us)) == 0) {
		if (!may_wait(log)) {
			logring_count_lost(&log->ring);
			return;
		}
		wake_logger(log);
		(void)ppoll(NULL, 0, &nap, log->wait_mask);
	}
	wake_if_needed(log, used_bytes);
}

/* Apart, since its frame would make every process that logs touch two more pages of its stack. */
static void __attribute__((noinline))
put_long(struct access_log *log, const struct log_record *record, int64_t now_mono_us)
{
	char text[LOGRING_RECORD_MAX];

	put(log, text, log_render(log->format, record, text, sizeof text), now_mono_us);
}

void
access_log_record(struct access_log *log, const struct log_record *record, int64_t now_mono_us)
{
	char text[USUAL_BYTES];
	size_t bytes;

	if (log->is_off)
		return;
	bytes = log_render_whole(log->format, record, text, sizeof text);
	if (bytes > 0)
		put(log, text, bytes, now_mono_us);
	else
		put_long(log, record, now_mono_us);
}
