/* SPDX-License-Identifier: BSD-2-Clause */
/* Hiring and parting: forks workers, reaps them, tells them to go and sees that they do.
 * Leaves how many to pool.c and master.c. Master only. Rules: only pids of the private
 * table are signalled, and none after it was reaped. Shown by tests/integration/40-pool. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/signals.h"
#include "server/master/crash.h"
#include "server/master/state.h"

#define KILL_AFTER_MS 2000          /* from SIGTERM to SIGKILL */

static void
fill_inheritance(struct master *master, const struct listener *listener, uint32_t slot_index,
    struct inheritance *own)
{
	const struct generation *generation = master->generation;

	memset(own, 0, sizeof *own);
	own->config = generation->config;
	own->scoreboard = master->scoreboard;
	own->clients = master->clients;
	own->nonces = master->nonces;
	own->slot_index = slot_index;
	own->socket_index = listener->socket_index;
	own->listener_index = (uint32_t)(listener - generation->listeners);
	own->generation = generation->number;
	own->log_generation = master->log_generation;
	own->master_pid = getpid();
	own->listen_fd = listener->fd;
	own->is_tcp = listener->is_tcp;
	own->listen_text = listener->text;
	own->wake_fd = master->wake_fd;
	own->log_request_fd = master->logpass.worker_request_fd;
	own->log_answer_fd = master->logpass.worker_answer_fd;
	own->error_log = generation->error_log;
	own->access_log = generation->access_log;
	own->root_fds = generation->root_fds;
	own->root_count = generation->config->root_count;
	own->null_fd = master->options->is_foreground ? -1 : master->null_fd;
}

static void
note_spawn_failure(struct master *master, int64_t now_ms, const char *what)
{
	unsigned delay_ms = backoff_failed(&master->spawn_backoff, now_ms);

	if (delay_ms > 0)
		log_error("%s; the next worker is started in %u ms", what, delay_ms);
}

unsigned
crew_spawn(struct master *master, size_t position, unsigned count, int64_t now_ms)
{
	const struct listener *listener = &master->generation->listeners[position];
	unsigned done;

	for (done = 0; done < count; done++) {
		struct inheritance own;
		struct child *child = NULL;
		char what[160];
		uint32_t slot_index;

		if (backoff_is_waiting(&master->spawn_backoff, now_ms))
			break;
		slot_index = scoreboard_claim(master->scoreboard, master->generation->number,
		    listener->socket_index);
		if (slot_index != SCOREBOARD_SLOT_NONE) {
			fill_inheritance(master, listener, slot_index, &own);
			child = child_spawn(&master->table, &own, &master->generation->drop,
			    master->worker);
		}
		if (child == NULL) {
			(void)snprintf(what, sizeof what, "cannot start a worker: %s",
			    strerror(errno));
			if (slot_index != SCOREBOARD_SLOT_NONE)
				scoreboard_release(master->scoreboard, slot_index);
			note_spawn_failure(master, now_ms, what);
			break;
		}
		log_debug("worker %ld started for %s", (long)child->pid, listener->text);
	}
	return done;
}

void
crew_retire(struct master *master, struct child *child, int64_t now_ms)
{
	if (child->is_retiring)
		return;
	child->is_retiring = true;
	child->deadline_mono_ms = now_ms + master->generation->config->limits.drain_timeout_ms;
	(void)kill(child->pid, SIGQUIT);
}

void
crew_retire_before(struct master *master, uint32_t number, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < master->table.count; i++)
		if (number == 0 || master->table.children[i].generation < number)
			crew_retire(master, &master->table.children[i], now_ms);
}

static void
stop_child(struct child *child, int64_t now_ms)
{
	child->is_retiring = true;
	child->was_told_to_stop = true;
	child->deadline_mono_ms = now_ms + KILL_AFTER_MS;
	(void)kill(child->pid, SIGTERM);
}

void
crew_stop_all(struct master *master, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < master->table.count; i++)
		if (!master->table.children[i].was_told_to_stop)
			stop_child(&master->table.children[i], now_ms);
}

void
crew_enforce_deadlines(struct master *master, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < master->table.count; i++) {
		struct child *child = &master->table.children[i];

		if (child->deadline_mono_ms == 0 || now_ms < child->deadline_mono_ms)
			continue;
		if (child->was_told_to_stop) {
			log_warn("worker %ld does not stop: killed", (long)child->pid);
			child->deadline_mono_ms = now_ms + KILL_AFTER_MS;
			(void)kill(child->pid, SIGKILL);
		} else {
			log_notice("worker %ld is not done within drain_timeout: stopped",
			    (long)child->pid);
			stop_child(child, now_ms);
		}
	}
}

void
crew_shed_idle(struct master *master, uint32_t socket_index, unsigned count)
{
	size_t i;

	for (i = 0; i < master->table.count && count > 0; i++) {
		const struct child *child = &master->table.children[i];

		if (child->is_retiring || child->socket_index != socket_index ||
		    slot_get_phase(scoreboard_slot(master->scoreboard, child->slot_index)) !=
		    SLOT_KEEPALIVE)
			continue;
		(void)kill(child->pid, SIGUSR2);
		count--;
	}
}

/* What a worker's end means: nothing when it was time, otherwise a line in the log. */
static void
note_end(struct master *master, const struct child *child, int wait_status, int64_t now_ms)
{
	const struct scoreboard_slot *slot = scoreboard_slot(master->scoreboard,
	    child->slot_index);
	uint64_t served = atomic_load_explicit(&slot->connection_count, memory_order_relaxed);
	struct slot_request request;
	char text[768];

	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 &&
	    (child->is_retiring || served > 0))
		return;
	if (child->was_told_to_stop && WIFSIGNALED(wait_status) &&
	    WTERMSIG(wait_status) == SIGKILL)
		return;
	slot_copy_request(slot, &request);
	(void)crash_describe((int)child->pid, wait_status, slot_get_phase(slot), &request, text,
	    sizeof text);
	log_error("%s", text);
	if (served > 0) {
		backoff_succeeded(&master->spawn_backoff);
		return;
	}
	note_spawn_failure(master, now_ms, "a worker died before its first request");
	if (master->phase == MASTER_STARTING && !child->has_been_idle) {
		master->has_failed = true;
		master->phase = MASTER_STOPPING;
		crew_stop_all(master, now_ms);
	}
}

void
crew_reap(struct master *master, int64_t now_ms)
{
	for (;;) {
		int wait_status;
		pid_t pid = waitpid(-1, &wait_status, WNOHANG);
		struct child *child;

		if (pid <= 0)
			return;
		if (pid == master->reload.pid) {
			master_finish_reload(master, wait_status, now_ms);
			continue;
		}
		child = child_table_find(&master->table, pid);
		if (child == NULL)
			continue;
		note_end(master, child, wait_status, now_ms);
		remember_leave_for(master, child);
		scoreboard_release(master->scoreboard, child->slot_index);
		child_table_remove(&master->table, child);
	}
}
