/* SPDX-License-Identifier: BSD-2-Clause */
/* The master's loop: waits, looks, acts. Leaves counting to census.c, policy to pool.c, its
 * plans to tend.c, forking to crew.c, clients to remember.c. As root, or as whoever started
 * it. Rules: never parses a byte of a client, never blocks but in ppoll(2), never exits for a
 * worker's sake once it runs.
 *
 *   STARTING --first workers in accept--> RUNNING --QUIT--> DRAINING --all gone--> end
 *      |  a worker dies unserved             |  TERM, INT       |  TERM, INT
 *      +-------------> STOPPING <------------+------------------+
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
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/fdio.h"
#include "server/base/nonces.h"
#include "server/base/signals.h"
#include "server/base/title.h"
#include "server/master/daemon.h"
#include "server/master/state.h"
#include "server/priv/pidfile.h"

#define START_PATIENCE_MS 30000

static void
stop_now(struct master *master, int64_t now_ms)
{
	master->phase = MASTER_STOPPING;
	if (master->reload.pid > 0)
		(void)kill(master->reload.pid, SIGKILL);
	crew_stop_all(master, now_ms);
}

static void
start_drain(struct master *master, int64_t now_ms)
{
	master->phase = MASTER_DRAINING;
	if (master->reload.pid > 0)
		(void)kill(master->reload.pid, SIGKILL);
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
	if (reload_start(&master->reload, master->options->config_path, now_ms) < 0)
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

static int
reserve_children(struct master *master)
{
	return child_table_reserve(&master->table,
	    2 * (size_t)master->generation->config->pool.max_worker_count + 16);
}

static void
start_first_workers(struct master *master, int64_t now_ms)
{
	const struct config *config = master->generation->config;
	size_t i;

	for (i = 0; i < config->listener_count; i++)
		(void)crew_spawn(master, i, config->pool.start_count, now_ms);
}

static void
use_logs(const struct master *master)
{
	log_set_level((enum log_level)master->generation->config->log.level);
	log_set_sink(master->generation->own_log);
}

static void
note_listeners(const struct generation *generation, const struct generation *previous)
{
	size_t i;

	for (i = 0; i < generation->config->listener_count; i++)
		if (previous == NULL || !generation->listeners[i].is_borrowed)
			log_notice("listening on %s", generation->listeners[i].text);
}

/* The switch of a reload: everything of the new configuration is open. */
static void
switch_to(struct master *master, struct generation *next, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < next->config->listener_count; i++)
		if (next->listeners[i].is_borrowed &&
		    listen_apply(next->listeners[i].fd, next->listeners[i].wanted,
		    next->config) < 0)
			log_warn("reload: options of %s: %s", next->listeners[i].text,
			    strerror(errno));
	note_listeners(next, master->generation);
	generation_retire(&master->generation, next);
	master->generation = next;
	remember_follow(master);
	/* Descriptors of the old logs live on in the old workers, which end soon; those
	 * that are asked for anew are the new ones. */
	use_logs(master);
	master->is_full_noted = false;
	if (reserve_children(master) < 0)
		log_error("reload: no memory for more workers");
	start_first_workers(master, now_ms);
	master->retires_old = true;
}

void
master_finish_reload(struct master *master, int wait_status, int64_t now_ms)
{
	bool used_lines[SCOREBOARD_SOCKET_MAX] = { false };
	struct config_errors errors = { 0 };
	struct generation *next = NULL;
	struct config *config;
	char errbuf[512] = "it has errors";
	bool is_good = reload_finish(&master->reload, wait_status);
	size_t i;

	if (master->phase != MASTER_RUNNING) {
		log_notice("reload: given up, the server is stopping");
		return;
	}
	if (!is_good)
		goto kept;
	config = config_load(master->options->config_path, &errors);
	if (config == NULL) {
		if (errors.count > 0)
			(void)snprintf(errbuf, sizeof errbuf, "%s", errors.lines[0]);
		goto kept;
	}
	for (i = 0; i < master->table.count; i++)
		used_lines[master->table.children[i].socket_index] = true;
	next = generation_open(config, master->generation, used_lines, errbuf, sizeof errbuf);
kept:
	config_errors_fini(&errors);
	if (next != NULL)
		switch_to(master, next, now_ms);
	else
		log_error("reload: kept the old configuration: %s", errbuf);
	if (master->wants_reload) {
		master->wants_reload = false;
		start_reload(master, now_ms);
	}
}

/* Every socket has a worker in accept, and none is on its way. */
static bool
first_workers_are_in_accept(const struct master *master, const struct census *census)
{
	size_t i;

	for (i = 0; i < master->generation->config->listener_count; i++)
		if (census->pools[i].idle + census->pools[i].busy == 0)
			return false;
	return census->starting_count == 0;
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
	log_notice("ready: %u workers", census->active_count);
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
	if (first_workers_are_in_accept(master, census)) {
		announce_ready(master, census);
	} else if (now_ms >= master->start_deadline_mono_ms) {
		log_error("the workers are not ready after %d s", START_PATIENCE_MS / 1000);
		master->has_failed = true;
		stop_now(master, now_ms);
	}
}

/* After a reload: the old workers go when the new ones can take their place. */
static void
retire_old(struct master *master, int64_t now_ms)
{
	master->retires_old = false;
	crew_retire_before(master, master->generation->number, now_ms);
	log_notice("reload: new configuration in force");
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
		{ logpass->pending_count > 0 ? logpass->answer_fd : -1, POLLOUT, 0 },
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
	struct census census;

	for (;;) {
		int64_t now_ms = clock_mono_ms();
		bool is_tick = now_ms >= master->next_tick_mono_ms;
		int wait_ms = MASTER_TICK_MS / 10;

		if (is_tick)
			master->next_tick_mono_ms = now_ms + MASTER_TICK_MS;
		obey_signals(master, now_ms);
		if (signals_take(SIGNAL_CHILD))
			crew_reap(master, now_ms);
		crew_enforce_deadlines(master, now_ms);
		reload_check_deadline(&master->reload, now_ms);
		repeat_reopening(master, now_ms);
		if (is_tick)
			remember_note(master);
		if (master->phase >= MASTER_DRAINING) {
			if (master->table.count == 0)
				return;
		} else {
			census_take(master, now_ms, is_tick, &census);
			if (master->phase == MASTER_STARTING)
				check_start(master, &census, now_ms);
			else if (master->retires_old &&
			    first_workers_are_in_accept(master, &census))
				retire_old(master, now_ms);
			if (master->phase < MASTER_DRAINING)
				wait_ms = tend_pools(master, &census, now_ms);
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
	    logpass_open(&master->logpass) < 0)
		return -1;
	master->scoreboard = scoreboard_new();
	master->nonces = nonces_new();
	if (master->scoreboard == NULL || remember_open(master) < 0 || master->nonces == NULL)
		return -1;
	return reserve_children(master);
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
}

/* As many descriptors and processes as the administrator's hard limits allow. */
static void
raise_limits(void)
{
	static const int resources[] = { RLIMIT_NOFILE, RLIMIT_NPROC };
	struct rlimit limit;
	size_t i;

	for (i = 0; i < sizeof resources / sizeof resources[0]; i++) {
		if (getrlimit(resources[i], &limit) < 0 || limit.rlim_cur == limit.rlim_max)
			continue;
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(resources[i], &limit);
	}
}

int
master_run(struct generation *generation, const struct master_options *options,
    worker_function *worker)
{
	struct master master = { .options = options, .worker = worker,
		.generation = generation, .wake_fd = -1, .null_fd = -1,
		.logpass = { -1, -1, 0, -1, -1 } };
	int64_t now_ms = clock_mono_ms();
	sigset_t mask;
	int pid_fd = options->pid_fd;

	reload_init(&master.reload);
	signals_install_master(&mask);
	title_set("master (%s)", generation->config->source);
	use_logs(&master);
	log_set_stderr_copy(strcmp(generation->config->log.error, "stderr") != 0);
	raise_limits();
	if (open_own(&master) < 0) {
		log_error("cannot start: %s", strerror(errno));
		master.has_failed = true;
	} else {
		note_listeners(generation, NULL);
		master.start_deadline_mono_ms = now_ms + START_PATIENCE_MS;
		start_first_workers(&master, now_ms);
		run_loop(&master, &mask);
	}
	if (master.reload.pid > 0)
		(void)kill(master.reload.pid, SIGKILL);
	log_notice(master.has_failed ? "not started" : "stopped");
	if (options->pid_fd >= 0)
		pidfile_close(&pid_fd, options->pid_path);
	log_set_sink((struct log_sink){ LOG_SINK_FD, STDERR_FILENO });
	generation_close(&master.generation);
	close_own(&master);
	return master.has_failed ? 1 : 0;
}
