/* SPDX-License-Identifier: BSD-2-Clause */
/* The logger's loop: look at all rings, write, sleep. Leaves order to collector.c, writing to
 * sink.c. Unprivileged; it talks to nobody and opens nothing: its descriptors are the two logs,
 * and the ends by which it is woken and given new ones. Rules: nothing is lost but what a sink
 * refuses or a process drops itself; a signal is obeyed also while nobody reads the log; a new
 * file begins with the records of requests that were answered after the master had opened it.
 *
 * Sleep. While records come it looks every log.flush, or when a ring is half full, and nobody has
 * to wake it. When a look finds nothing, it says so (logger_sleeps), looks once more, and sleeps
 * until somebody writes log_wake_fd. Either that look finds a record, or its writer, who looks
 * at the word after publishing, finds it set: each side has a full fence in between (here and in
 * access_log.c). A writer that is killed between the two leaves it to the look that comes every
 * second. Shown by tests/integration/50-signals/test_logs.py. */
#include "server/logger/logger.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "config/config.h"
#include "server/base/clock.h"
#include "server/base/fdio.h"
#include "server/base/inherit.h"
#include "server/base/logpass.h"
#include "server/base/scoreboard.h"
#include "server/base/signals.h"
#include "server/logger/collector.h"
#include "server/logger/sink.h"

#define SAFETY_LOOK_MS 1000
#define FETCH_MS 2000
#define FETCH_AGAIN_MS 5000
/* With a slow reader, see patience(); for leaving it is less than the master's patience with us. */
#define STALL_LOOK_MS 1000
#define NEW_FILES_MS 1000
#define LEAVE_MS 3000
#define STAYS INT64_MAX
#define ORPHAN_LOOK_MS 50
#define QUIET_MS 60000              /* between two lines about the same thing */

struct logger {
	const struct inheritance *own;
	struct scoreboard_header *header;
	struct scoreboard_slot *slot;
	struct collector *collector;
	struct sink sink;
	sigset_t wait_mask;
	uint32_t log_generation;    /* of the sinks */
	int64_t fetch_again_mono_ms; /* the master did not answer */
	bool has_written;           /* something of the last look: if not, what it found is of a
	                             * clock gone wrong, and waits */
	struct collector_losses losses; /* not told yet */
	int64_t lost_quiet_mono_ms, broken_quiet_mono_ms;
};

enum outcome {
	WROTE_NOTHING,              /* there was nothing */
	WROTE_ALL,                  /* that a look has found */
	WROTE_LESS,                 /* the reader is slow, and there are other things to do */
};

/* New files are there, and are to be had. */
static bool
is_behind(const struct logger *logger)
{
	return atomic_load_explicit(&logger->header->log_generation, memory_order_acquire) !=
	    logger->log_generation && clock_mono_ms() >= logger->fetch_again_mono_ms;
}

static void
follow_logs(struct logger *logger)
{
	const struct inheritance *own = logger->own;
	uint32_t wanted = atomic_load_explicit(&logger->header->log_generation,
	    memory_order_acquire);
	struct log_sink error_log = log_get_sink(), access_log = logger->sink.to;

	if (logpass_fetch(own->log_request_fd, own->log_answer_fd, wanted, FETCH_MS,
	    &logger->log_generation, &error_log, &access_log) < 0) {
		log_warn("reopened logs could not be had from the master: %s; the old ones are "
		    "used", strerror(errno));
		logger->fetch_again_mono_ms = clock_mono_ms() + FETCH_AGAIN_MS;
		return;
	}
	log_set_sink(error_log);
	sink_init(&logger->sink, access_log, &logger->wait_mask);
}

/* How long the reader of the log is waited for: the while that the caller gives, or until there
 * are new files and a moment longer: what it leaves goes to them. Otherwise as long as it takes,
 * but other things are looked after from time to time. */
static struct sink_patience
patience(const struct logger *logger, int64_t leave_mono_ms, int64_t *new_files_mono_ms)
{
	int64_t now_ms = clock_mono_ms();

	if (leave_mono_ms != STAYS)
		return (struct sink_patience){ leave_mono_ms, false };
	if (!is_behind(logger))
		return (struct sink_patience){ now_ms + STALL_LOOK_MS, true };
	if (*new_files_mono_ms == 0)
		*new_files_mono_ms = now_ms + NEW_FILES_MS;
	return (struct sink_patience){ *new_files_mono_ms, false };
}

/* All that is in the rings now, to the file it belongs to. */
static enum outcome
write_out(struct logger *logger, int64_t leave_mono_ms)
{
	bool was_behind = is_behind(logger), is_newer;
	int64_t new_files_mono_ms = 0;
	const char *text;
	size_t bytes, done;

	logger->has_written = false;
	if (!collector_look(logger->collector, clock_mono_us())) {
		if (was_behind)
			follow_logs(logger);
		return WROTE_NOTHING;
	}
	do {
		struct sink_patience limit = patience(logger, leave_mono_ms,
		    &new_files_mono_ms);

		bytes = collector_fill(logger->collector, logger->log_generation,
		    is_behind(logger), &text, &is_newer);
		done = sink_write(&logger->sink, text, bytes, &limit);
		collector_commit(logger->collector, done);
		logger->has_written |= done > 0;
		if (is_newer || (done < bytes && new_files_mono_ms > 0)) {
			follow_logs(logger);
			new_files_mono_ms = 0;
		}
		if (done < bytes)
			return WROTE_LESS;
	} while (bytes > 0 || is_newer);
	if (was_behind && is_behind(logger))
		follow_logs(logger);
	return WROTE_ALL;
}

/* A line now, and then one a minute at most. */
static void
tell_losses(struct logger *logger, int64_t now_ms)
{
	struct collector_losses *untold = &logger->losses, more;

	collector_take_losses(logger->collector, &more);
	untold->lost_count += more.lost_count;
	untold->broken_count += more.broken_count;
	if (more.broken_count > 0)
		untold->broken_slot = more.broken_slot;
	if (untold->lost_count > 0 && now_ms >= logger->lost_quiet_mono_ms) {
		log_warn("access log: %llu records were lost, the log takes them too slowly",
		    (unsigned long long)untold->lost_count);
		untold->lost_count = 0;
		logger->lost_quiet_mono_ms = now_ms + QUIET_MS;
	}
	if (untold->broken_count > 0 && now_ms >= logger->broken_quiet_mono_ms) {
		log_error("access log: the records of a process were spoilt by itself and are "
		    "lost (scoreboard slot %u)", untold->broken_slot);
		untold->broken_count = 0;
		logger->broken_quiet_mono_ms = now_ms + QUIET_MS;
	}
}

/* The count is taken without waiting even if a worker has made the eventfd, which it shares
 * with us, a blocking one. */
static void
take_wakes(const struct logger *logger)
{
	uint64_t wakes;
	struct iovec iov = { &wakes, sizeof wakes };

	if (preadv2(logger->own->log_wake_fd, &iov, 1, -1, RWF_NOWAIT) < 0 &&
	    errno == EOPNOTSUPP)
		(void)fdio_read(logger->own->log_wake_fd, &wakes, sizeof wakes);
}

static void
wait_for_wake(const struct logger *logger, int64_t wait_ms)
{
	struct pollfd waiting = { logger->own->log_wake_fd, POLLIN, 0 };
	struct timespec timeout = { wait_ms / 1000, (long)(wait_ms % 1000) * 1000000 };

	if (ppoll(&waiting, 1, &timeout, &logger->wait_mask) > 0)
		take_wakes(logger);
}

static void
sleep_until_woken(struct logger *logger)
{
	atomic_store_explicit(&logger->header->logger_sleeps, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!collector_look(logger->collector, clock_mono_us()))
		wait_for_wake(logger, SAFETY_LOOK_MS);
	atomic_store_explicit(&logger->header->logger_sleeps, 0, memory_order_relaxed);
}

static bool
is_told_to_leave(void)
{
	return signals_is_set(SIGNAL_STOP) || signals_is_set(SIGNAL_DRAIN);
}

/* Records come, or a ring that fills faster than it is emptied must not wait. */
static void
rest(struct logger *logger, enum outcome outcome)
{
	if (outcome == WROTE_NOTHING)
		sleep_until_woken(logger);
	else if (outcome == WROTE_ALL && (!logger->has_written ||
	    collector_fullest_bytes(logger->collector) <= LOGRING_BYTES / 4))
		wait_for_wake(logger, logger->own->config->log.flush_ms);
	(void)signals_take(SIGNAL_REOPEN); /* it has ended the wait: the header says the rest */
}

/* Who is idle ends at once when its master dies, and may leave nothing but that in its slot. */
static bool
may_have_more(enum slot_phase phase)
{
	return phase != SLOT_FREE && phase != SLOT_STARTING && phase != SLOT_IDLE &&
	    phase != SLOT_LEAVING;
}

static bool
others_are_at_work(const struct logger *logger)
{
	struct scoreboard *board = logger->own->scoreboard;
	uint32_t count = scoreboard_slot_count(board), i;

	for (i = 0; i < count; i++)
		if (i != logger->own->slot_index &&
		    may_have_more(slot_get_phase(scoreboard_slot(board, i))))
			return true;
	return false;
}

/* The master has died and nobody is told in order: who still serves a request has a record
 * to come. */
static void
outlast_others(struct logger *logger)
{
	int64_t end_ms = clock_mono_ms() + logger->own->config->limits.drain_timeout_ms;

	do {
		(void)write_out(logger, clock_mono_ms() + STALL_LOOK_MS);
		wait_for_wake(logger, ORPHAN_LOOK_MS);
	} while (others_are_at_work(logger) && clock_mono_ms() < end_ms);
}

static void __attribute__((noreturn))
leave(struct logger *logger)
{
	if (getppid() != (pid_t)logger->own->master_pid)
		outlast_others(logger);
	if (write_out(logger, clock_mono_ms() + LEAVE_MS) == WROTE_LESS)
		log_warn("access log: nobody reads it; the last records are not in it");
	logger->lost_quiet_mono_ms = logger->broken_quiet_mono_ms = 0;
	tell_losses(logger, clock_mono_ms());
	slot_set_phase(logger->slot, SLOT_LEAVING, clock_mono_ms());
	_exit(0);
}

static void
init(struct logger *logger, const struct inheritance *own)
{
	memset(logger, 0, sizeof *logger);
	logger->own = own;
	logger->header = scoreboard_header(own->scoreboard);
	logger->slot = scoreboard_slot(own->scoreboard, own->slot_index);
	logger->log_generation = own->log_generation;
	logger->collector = collector_new(own->scoreboard);
	if (logger->collector == NULL) {
		log_error("logger: no memory: %s", strerror(errno));
		_exit(1);
	}
	log_set_stderr_copy(false);
	signals_install_waiter(&logger->wait_mask);
	inherit_leave_terminal(own);
	sink_init(&logger->sink, own->access_log, &logger->wait_mask);
}

void
logger_main(const struct inheritance *own)
{
	static struct logger logger;

	init(&logger, own);
	slot_set_phase(logger.slot, SLOT_HOLDING, clock_mono_ms());
	inherit_wake_master(own);
	while (!is_told_to_leave()) {
		enum outcome outcome = write_out(&logger, STAYS);

		tell_losses(&logger, clock_mono_ms());
		if (!is_told_to_leave())
			rest(&logger, outcome);
	}
	leave(&logger);
}
