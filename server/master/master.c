/* SPDX-License-Identifier: BSD-2-Clause */
/* The master's loop: waits, looks, acts. Leaves counting to census.c, policy to pool.c, its
 * plans to tend.c, keepers and logger to aides.c, signers to signers.c, keys of TLS sessions to
 * tickets.c, renewed certificates to renewals.c, forking to crew.c, configurations to switch.c,
 * clients to remember.c, sockets that were shut down to mend.c. As root, or as whoever started it.
 * Rules: never parses a byte of a client, never blocks but in ppoll(2), never exits for a child's
 * sake once it runs.
 *
 *   STARTING --first children ready--> RUNNING --QUIT--> DRAINING --all gone--> end
 *      |  one dies before that            |  TERM, INT       |  TERM, INT
 *      +-----------> STOPPING <-----------+------------------+
 *
 * Shown by tests/integration/40-pool and 50-signals. */
#include "server/master/master.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/fdio.h"
#include "server/base/nonces.h"
#include "server/base/signals.h"
#include "server/base/title.h"
#include "server/base/unforked.h"
#include "server/master/daemon.h"
#include "server/master/state.h"
#include "server/priv/limits.h"
#include "server/priv/pidfile.h"

#define START_PATIENCE_MS 30000

static void
stop_now(struct master *master, int64_t now_ms)
{
	master->phase = MASTER_STOPPING;
	if (master->reload.pid > 0)
		(void)kill(master->reload.pid, SIGKILL);
	aides_announce(master);
	crew_stop_all(master, now_ms);
}

static void
start_drain(struct master *master, int64_t now_ms)
{
	master->phase = MASTER_DRAINING;
	if (master->reload.pid > 0)
		(void)kill(master->reload.pid, SIGKILL);
	aides_announce(master);
	crew_retire_before(master, 0, now_ms);
	/* New clients are refused at once, not left waiting for nobody. */
	generation_close_listeners(master->generation);
}

static void
start_reload(struct master *master, int64_t now_ms)
{
	if (master->phase != MASTER_RUNNING)
		return;
	if (master->options->config_path == NULL && master->options->ignores_hangup)
		return;
	if (master->options->config_path == NULL) {
		log_notice("the terminal has gone (HUP)");
		stop_now(master, now_ms);
		return;
	}
	if (master->reload.pid != 0) {
		master->wants_reload = true; /* the file may have changed once more */
		return;
	}
	log_info("reload: reading %s", master->options->config_path);
	if (reload_start(&master->reload, master->options->config_path, master->options->tls,
	    now_ms) < 0)
		log_error("reload: kept the old configuration: %s", strerror(errno));
}

/* Idle workers let go of the old files now, the others before their next record. */
static void
pass_on_reopening(struct master *master)
{
	size_t i;

	for (i = 0; i < master->table.count; i++)
		(void)kill(master->table.children[i].pid, SIGUSR1);
}

static void
reopen_logs(struct master *master, int64_t now_ms)
{
	struct scoreboard_header *header = scoreboard_header(master->scoreboard);
	char errbuf[256];

	if (generation_reopen_logs(master->generation, errbuf, sizeof errbuf) < 0) {
		log_error("log files not reopened: %s", errbuf);
		return;
	}
	logpass_restart(&master->logpass);
	atomic_store(&header->log_generation, ++master->log_generation);
	pass_on_reopening(master);
	/* Once more, for who was just on its way into accept and slept on. */
	master->reopen_again_mono_ms = now_ms + MASTER_TICK_MS;
	log_notice("log files reopened");
}

static void
obey_signals(struct master *master, int64_t now_ms)
{
	bool is_ending = master->phase == MASTER_STOPPING;

	if (signals_take(SIGNAL_STOP) && !is_ending) {
		log_notice("stopping at once (TERM)");
		stop_now(master, now_ms);
	}
	if (signals_take(SIGNAL_DRAIN) && master->phase < MASTER_DRAINING) {
		log_notice("stopping when requests are done (QUIT)");
		start_drain(master, now_ms);
	}
	if (master->phase >= MASTER_DRAINING)
		return;
	if (signals_take(SIGNAL_REOPEN))
		reopen_logs(master, now_ms);
	/* A HUP that comes before the start is over waits for it. */
	if (master->phase == MASTER_RUNNING && signals_take(SIGNAL_RELOAD))
		start_reload(master, now_ms);
}

void
master_finish_reload(struct master *master, int wait_status, int64_t now_ms)
{
	if (master->reload.is_renewal)
		renewals_finish(master, wait_status, now_ms);
	else
		switch_finish_reload(master, wait_status, now_ms);
	if (!master->wants_reload)
		return;
	master->wants_reload = false;
	start_reload(master, now_ms);
}

/* Every socket has a worker in accept, none is on its way, and all others are at work. */
static bool
first_children_are_ready(const struct master *master, const struct census *census)
{
	size_t i;

	for (i = 0; i < master->generation->pool_count; i++)
		if (census->pools[i].idle + census->pools[i].busy == 0)
			return false;
	return census->starting_count == 0 && aides_are_ready(master, census);
}

static void
say_ready(const struct census *census)
{
	if (census->keeper_count > 0)
		log_notice("ready: %u workers, %u keepers", census->active_count,
		    census->keeper_count);
	else
		log_notice("ready: %u workers", census->active_count);
}

static void
announce_ready(struct master *master, const struct census *census)
{
	const struct config *config = master->generation->config;
	const struct master_options *options = master->options;
	char errbuf[256];
	int ready_fd = options->ready_fd;

	if (options->pid_fd >= 0 && pidfile_write(options->pid_fd, options->pid_path, errbuf,
	    sizeof errbuf) < 0) {
		log_error("%s", errbuf);
		master->has_failed = true;
		stop_now(master, clock_mono_ms());
		return;
	}
	say_ready(census);
	master->phase = MASTER_RUNNING;
	log_set_stderr_copy(false);
	if (options->ready_text != NULL) {
		(void)puts(options->ready_text);
		(void)fflush(stdout);
	}
	if (ready_fd >= 0)
		daemon_ready(&ready_fd, master->null_fd, strcmp(config->log.access, "stdout") == 0,
		    strcmp(config->log.access, "stderr") == 0 ||
		    strcmp(config->log.error, "stderr") == 0);
}

static void
check_start(struct master *master, const struct census *census, int64_t now_ms)
{
	if (first_children_are_ready(master, census)) {
		announce_ready(master, census);
	} else if (now_ms >= master->start_deadline_mono_ms) {
		log_error("the %s are not ready after %d s", aides_are_ready(master, census) ?
		    "workers" : "keepers, the logger or the signer", START_PATIENCE_MS / 1000);
		master->has_failed = true;
		stop_now(master, now_ms);
	}
}

static void
repeat_reopening(struct master *master, int64_t now_ms)
{
	if (master->reopen_again_mono_ms == 0 || now_ms < master->reopen_again_mono_ms)
		return;
	master->reopen_again_mono_ms = 0;
	pass_on_reopening(master);
}

/* The count is taken without waiting even if a worker has made the eventfd, which it
 * shares with us, a blocking one. */
static void
take_wakes(const struct master *master)
{
	uint64_t wakes;
	struct iovec iov = { &wakes, sizeof wakes };

	if (preadv2(master->wake_fd, &iov, 1, -1, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP)
		(void)fdio_read(master->wake_fd, &wakes, sizeof wakes);
}

static void
wait_for_events(struct master *master, int wait_ms, const sigset_t *mask)
{
	struct logpass *logpass = &master->logpass;
	struct pollfd fds[4] = {
		{ master->wake_fd, POLLIN, 0 },
		{ logpass->request_read_fd, POLLIN, 0 },
		{ logpass_poll_fd(logpass), POLLOUT, 0 },
		{ master->reload.report_fd, POLLIN, 0 }, /* -1 is let be */
	};
	struct timespec timeout = { wait_ms / 1000, (long)(wait_ms % 1000) * 1000000 };

	if (ppoll(fds, 4, &timeout, mask) <= 0)
		return;
	if (fds[0].revents != 0)
		take_wakes(master);
	if (fds[1].revents != 0 || fds[2].revents != 0)
		logpass_serve(logpass, master->log_generation, &master->generation->error_log,
		    &master->generation->access_log);
	if (fds[3].revents != 0)
		reload_read(&master->reload);
}

static void
run_loop(struct master *master, const sigset_t *mask)
{
	struct census *census = &master->census;

	for (;;) {
		int64_t now_ms = clock_mono_ms();
		bool is_tick = now_ms >= master->next_tick_mono_ms;
		int wait_ms = MASTER_TICK_MS / 10;
		bool has_lost;

		if (is_tick)
			master->next_tick_mono_ms = now_ms + MASTER_TICK_MS;
		obey_signals(master, now_ms);
		has_lost = signals_take(SIGNAL_CHILD);
		if (has_lost)
			crew_reap(master, now_ms);
		if (is_tick || has_lost) /* it may have died of a socket that was shut down */
			mend_tend(master, now_ms);
		crew_enforce_deadlines(master, now_ms);
		reload_check_deadline(&master->reload, now_ms);
		repeat_reopening(master, now_ms);
		if (is_tick)
			remember_note(master);
		aides_let_go(master, now_ms);
		tickets_tend(master, now_ms);
		renewals_tend(master, now_ms);
		signers_tend(master, now_ms);
		aides_tend_logger(master, now_ms);
		if (master->phase >= MASTER_DRAINING) {
			if (master->table.count == 0 && aides_are_done(master, now_ms))
				return;
		} else {
			census_take(master, now_ms, is_tick, census);
			if (master->phase == MASTER_STARTING)
				check_start(master, census, now_ms);
			else if (master->retires_old &&
			    first_children_are_ready(master, census))
				switch_retire_old(master, now_ms);
			if (master->phase < MASTER_DRAINING) {
				aides_tend_keepers(master, census, now_ms);
				wait_ms = tend_pools(master, census, now_ms);
			}
			if (master->phase >= MASTER_DRAINING)
				wait_ms = 0;
			else if (wait_ms > master->next_tick_mono_ms - now_ms)
				wait_ms = (int)(master->next_tick_mono_ms - now_ms);
		}
		wait_for_events(master, wait_ms, mask);
	}
}

static int
open_own(struct master *master)
{
	master->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	master->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (master->null_fd < 0 || master->wake_fd < 0 ||
	    logpass_open(&master->logpass) < 0 || aides_open(master) < 0)
		return -1;
	master->scoreboard = scoreboard_new();
	master->nonces = nonces_new();
	if (master->scoreboard == NULL || remember_open(master) < 0 || master->nonces == NULL)
		return -1;
	return switch_reserve(master);
}

static void
close_own(struct master *master)
{
	child_table_fini(&master->table);
	scoreboard_free(&master->scoreboard);
	remember_close(master);
	nonces_free(&master->nonces);
	fdio_close(&master->null_fd);
	fdio_close(&master->wake_fd);
	logpass_close(&master->logpass);
	aides_close(master);
}

/* What the master knows of its children is none of theirs. */
static struct master *
new_master(struct generation *generation, const struct master_options *options,
    const struct child_programs *programs)
{
	struct master *master = unforked_new(sizeof *master);

	if (master == NULL)
		return NULL;
	*master = (struct master){ .options = options, .programs = programs,
	    .generation = generation, .wake_fd = -1, .null_fd = -1,
	    .aides = { .park_fd = -1, .parked_fd = -1, .handover_fd = -1, .handed_fd = -1,
		.log_wake_fd = -1 },
	    .logpass = LOGPASS_CLOSED };
	reload_init(&master->reload);
	return master;
}

static void
start(struct master *master)
{
	int64_t now_ms = clock_mono_ms();

	switch_note_listeners(master->generation, NULL);
	credentials_log_oddities(&master->generation->credentials, master->generation->means);
	master->start_deadline_mono_ms = now_ms + START_PATIENCE_MS;
	switch_adopt(master, master->generation);
	aides_announce(master);
	tickets_follow(master, now_ms);
	aides_tend_logger(master, now_ms);
	signers_tend(master, now_ms);
	switch_start_children(master, now_ms);
}

int
master_run(struct generation *generation, const struct master_options *options,
    const struct child_programs *programs)
{
	struct master *master = new_master(generation, options, programs);
	sigset_t mask;
	int pid_fd = options->pid_fd;
	bool has_failed = true;

	if (master == NULL) {
		log_error("cannot start: %s", strerror(errno));
		generation_close(&generation);
		return 1;
	}
	signals_install_master(&mask);
	title_set("master (%s)", generation->config->source);
	switch_use_logs(master);
	log_set_stderr_copy(strcmp(generation->config->log.error, "stderr") != 0);
	limits_raise(generation->config);
	if (open_own(master) < 0) {
		log_error("cannot start: %s", strerror(errno));
	} else {
		start(master);
		run_loop(master, &mask);
		has_failed = master->has_failed;
	}
	if (master->reload.pid > 0)
		(void)kill(master->reload.pid, SIGKILL);
	log_notice(has_failed ? "not started" : "stopped");
	if (options->pid_fd >= 0)
		pidfile_close(&pid_fd, options->pid_path);
	log_set_sink((struct log_sink){ LOG_SINK_FD, STDERR_FILENO });
	generation_close(&master->generation);
	close_own(master);
	unforked_free(master, sizeof *master);
	return has_failed ? 1 : 0;
}
