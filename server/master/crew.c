/* SPDX-License-Identifier: BSD-2-Clause */
/* Hiring and parting: forks children, reaps them, tells them to go and sees that they do.
 * Leaves how many to pool.c, aides.c, signers.c and master.c. Master only. Rules: only pids of the
 * private table are signalled, and none after it was reaped. Shown by tests/integration/40-pool. */
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
#define YOUNG_MS 1000               /* one that dies so soon is not replaced at once */

/* What TLS takes: certificates and tickets a worker, keys the signer. */
static void
fill_tls(const struct generation *generation, struct inheritance *own)
{
	const struct credentials *credentials = &generation->credentials;

	own->sign_fd = -1;
	own->ticket_keys = generation->means->tickets;
	if (credentials->key_count == 0)
		return;
	if (own->role == INHERIT_WORKER) {
		own->tls = credentials->site;
		own->sign_fd = credentials->sign_fd;
	} else if (own->role == INHERIT_SIGNER) {
		own->keys = credentials->keys;
		own->key_count = credentials->key_count;
		own->sign_fd = credentials->asked_fd;
	}
}

/* What every child has; logger and signer have no use for clients and document roots. The signer of
 * an older generation logs where all do now. */
static void
fill_inheritance(struct master *master, const struct generation *generation,
    enum inherit_role role, uint32_t slot_index, struct inheritance *own)
{
	bool is_logger = role == INHERIT_LOGGER;
	bool meets_clients = role == INHERIT_WORKER || role == INHERIT_KEEPER;

	memset(own, 0, sizeof *own);
	own->role = role;
	own->config = generation->config;
	own->scoreboard = master->scoreboard;
	own->clients = meets_clients ? master->clients : NULL;
	own->nonces = meets_clients ? master->nonces : NULL;
	own->slot_index = slot_index;
	own->socket_index = SCOREBOARD_HANDOVER_LINE;
	own->listener_index = INHERIT_NO_LISTENER;
	own->listener_indexes = generation->listener_indexes;
	own->listener_ports = generation->listener_ports;
	own->generation = generation->number;
	own->log_generation = master->log_generation;
	own->master_pid = getpid();
	own->listen_fd = -1;
	own->listen_text = "";
	aides_fill(master, own);
	fill_tls(generation, own);
	own->wake_fd = master->wake_fd;
	own->log_request_fd = master->logpass.worker_request_fd;
	own->log_answer_fd = is_logger ? master->logpass.logger_answer_fd :
	    master->logpass.worker_answer_fd;
	own->error_log = master->generation->error_log;
	own->access_log = master->generation->access_log;
	if (!is_logger)
		own->access_log.fd = -1;
	own->root_fds = meets_clients ? generation->root_fds : NULL;
	own->root_count = meets_clients ? generation->config->root_count : 0;
	own->null_fd = master->options->is_foreground ? -1 : master->null_fd;
}

static void
fill_listener(const struct generation *generation, const struct listener *listener,
    struct inheritance *own)
{
	own->socket_index = listener->socket_index;
	own->takes_handover = listener->wanted == NULL;
	if (!own->takes_handover)
		own->listener_index = (uint32_t)(listener - generation->listeners);
	own->listen_fd = listener->fd;
	own->is_tcp = listener->is_tcp;
	own->listen_text = listener->text;
}

static void
note_spawn_failure(struct master *master, enum inherit_role role, int64_t now_ms,
    const char *what)
{
	unsigned delay_ms = backoff_failed(&master->spawn_backoffs[role], now_ms);

	if (delay_ms > 0)
		log_error("%s; the next %s is started in %u ms", what, child_role_name(role),
		    delay_ms);
}

/* listener: a worker's, or NULL. NULL: the system refused, which is noted. */
static struct child *
spawn(struct master *master, const struct generation *generation, enum inherit_role role,
    const struct listener *listener, int64_t now_ms)
{
	const struct drop_target *drop = role == INHERIT_SIGNER ?
	    &generation->credentials.signer_drop : &generation->drop;
	uint32_t slot_index = scoreboard_claim(master->scoreboard, generation->number,
	    listener != NULL ? listener->socket_index : SCOREBOARD_HANDOVER_LINE);
	struct inheritance own = { .parked_keys = NULL };
	struct child *child = NULL;
	char what[160];

	if (slot_index == SCOREBOARD_SLOT_NONE)
		goto fail;
	fill_inheritance(master, generation, role, slot_index, &own);
	if (listener != NULL)
		fill_listener(generation, listener, &own);
	if (role == INHERIT_KEEPER &&
	    remember_map_keys(master, &own.parked_keys, &own.parked_key_count) < 0)
		goto fail;
	child = child_spawn(&master->table, &own, drop, master->programs);
	if (child == NULL)
		goto fail;
	child->started_mono_ms = now_ms;
	child->parked_keys = own.parked_keys;
	child->parked_key_count = own.parked_key_count;
	if (remember_hide_keys(own.parked_keys, own.parked_key_count) < 0)
		log_warn("keeper %ld: its notes are open to others: %s", (long)child->pid,
		    strerror(errno));
	log_debug("%s %ld started%s%s", child_role_name(role), (long)child->pid,
	    listener != NULL ? " for " : "", own.listen_text);
	return child;
fail:
	(void)snprintf(what, sizeof what, "cannot start a %s: %s", child_role_name(role),
	    strerror(errno));
	remember_forget_keys(&own.parked_keys, own.parked_key_count);
	if (slot_index != SCOREBOARD_SLOT_NONE)
		scoreboard_release(master->scoreboard, slot_index);
	note_spawn_failure(master, role, now_ms, what);
	return NULL;
}

unsigned
crew_spawn(struct master *master, size_t position, unsigned count, int64_t now_ms)
{
	const struct listener *listener = &master->generation->listeners[position];
	unsigned done;

	for (done = 0; done < count; done++)
		if (backoff_is_waiting(&master->spawn_backoffs[INHERIT_WORKER], now_ms) ||
		    spawn(master, master->generation, INHERIT_WORKER, listener, now_ms) == NULL)
			break;
	return done;
}

bool
crew_spawn_aide(struct master *master, enum inherit_role role, int64_t now_ms)
{
	const struct child *child;

	if (backoff_is_waiting(&master->spawn_backoffs[role], now_ms))
		return false;
	child = spawn(master, master->generation, role, NULL, now_ms);
	if (child != NULL && role == INHERIT_LOGGER)
		master->aides.logger_pid = child->pid;
	return child != NULL;
}

void
crew_spawn_signer(struct master *master, struct generation *generation, int64_t now_ms)
{
	const struct child *child;

	if (backoff_is_waiting(&master->spawn_backoffs[INHERIT_SIGNER], now_ms))
		return;
	child = spawn(master, generation, INHERIT_SIGNER, NULL, now_ms);
	if (child != NULL)
		generation->signer_pid = child->pid;
}

/* Logger and signers serve the others, and are told to go when there are none of those left. */
static bool
outlives_others(const struct child *child)
{
	return child->role == INHERIT_LOGGER || child->role == INHERIT_SIGNER;
}

void
crew_ask_to_go(struct child *child, int64_t deadline_ms)
{
	if (child->is_retiring)
		return;
	child->is_retiring = true;
	if (child->deadline_mono_ms == 0) /* who was kept back has one */
		child->deadline_mono_ms = deadline_ms;
	(void)kill(child->pid, SIGQUIT);
}

static int64_t
drain_deadline(const struct master *master, int64_t now_ms)
{
	return now_ms + master->generation->config->limits.drain_timeout_ms;
}

void
crew_retire(struct master *master, struct child *child, int64_t now_ms)
{
	crew_ask_to_go(child, drain_deadline(master, now_ms));
}

void
crew_retire_before(struct master *master, uint32_t number, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < master->table.count; i++) {
		struct child *child = &master->table.children[i];

		if (outlives_others(child) || child->is_retiring ||
		    (number != 0 && child->generation >= number))
			continue;
		if (!aides_keep_back(master, child)) {
			crew_retire(master, child, now_ms);
		} else if (!child->is_kept_back) {
			child->is_kept_back = true;
			child->deadline_mono_ms = drain_deadline(master, now_ms);
			master->aides.has_kept_back = true;
		}
	}
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
		if (!master->table.children[i].was_told_to_stop &&
		    !outlives_others(&master->table.children[i]))
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
			log_warn("%s %ld does not stop: killed", child_role_name(child->role),
			    (long)child->pid);
			child->deadline_mono_ms = now_ms + KILL_AFTER_MS;
			(void)kill(child->pid, SIGKILL);
		} else {
			log_notice("%s %ld is not done %s: stopped",
			    child_role_name(child->role), (long)child->pid,
			    outlives_others(child) ? "in time" : "within drain_timeout");
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

		if (child->is_retiring || child->role != INHERIT_WORKER ||
		    child->socket_index != socket_index ||
		    slot_get_phase(scoreboard_slot(master->scoreboard, child->slot_index)) !=
		    SLOT_KEEPALIVE)
			continue;
		(void)kill(child->pid, SIGUSR2);
		count--;
	}
}

static bool
was_ended_by_us(const struct child *child, int wait_status)
{
	return (child->is_retiring && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) ||
	    (child->was_told_to_stop && WIFSIGNALED(wait_status) &&
	    WTERMSIG(wait_status) == SIGKILL);
}

static void
report_crash(const struct child *child, int wait_status, const struct scoreboard_slot *slot)
{
	uint32_t held_count = atomic_load_explicit(&slot->held_count, memory_order_relaxed);
	struct slot_request request;
	char text[768];

	slot_copy_request(slot, &request);
	(void)crash_describe(child_role_name(child->role), (int)child->pid, wait_status,
	    slot_get_phase(slot), &request, text, sizeof text);
	if (child->role == INHERIT_KEEPER)
		log_error("%s, with %u connections", text, held_count);
	else
		log_error("%s", text);
}

/* Nobody could begin: it is no use to go on trying. */
static void
give_up_start(struct master *master, const struct child *child, int64_t now_ms)
{
	if (master->phase != MASTER_STARTING || child->has_been_ready)
		return;
	master->has_failed = true;
	master->phase = MASTER_STOPPING;
	aides_announce(master);
	crew_stop_all(master, now_ms);
}

/* What a worker's end means: nothing when it was time, otherwise a line in the log. */
static void
note_worker_end(struct master *master, const struct child *child, int wait_status,
    int64_t now_ms)
{
	const struct scoreboard_slot *slot = scoreboard_slot(master->scoreboard,
	    child->slot_index);
	uint64_t served = atomic_load_explicit(&slot->connection_count, memory_order_relaxed);

	if (served > 0 && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
		return;
	report_crash(child, wait_status, slot);
	if (served > 0) {
		backoff_succeeded(&master->spawn_backoffs[INHERIT_WORKER]);
		return;
	}
	note_spawn_failure(master, INHERIT_WORKER, now_ms,
	    "a worker died before its first request");
	give_up_start(master, child, now_ms);
}

/* The same for the others. There it was of use when it has been ready; but
 * one that dies right after that, again and again, must not keep the master busy. */
static void
note_aide_end(struct master *master, struct child *child, int wait_status, int64_t now_ms)
{
	const struct scoreboard_slot *slot = scoreboard_slot(master->scoreboard,
	    child->slot_index);
	struct backoff *backoff = &master->spawn_backoffs[child->role];
	char what[80];

	if (slot_get_phase(slot) != SLOT_STARTING)
		child->has_been_ready = true;
	if (!child->has_been_ready || !WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0)
		report_crash(child, wait_status, slot);
	if (child->is_retiring)
		return;
	if (child->has_been_ready)
		backoff_succeeded(backoff);
	if (child->has_been_ready && now_ms - child->started_mono_ms >= YOUNG_MS)
		return;
	(void)snprintf(what, sizeof what, "a %s died %s", child_role_name(child->role),
	    child->has_been_ready ? "soon after its start" : "before it was ready");
	note_spawn_failure(master, child->role, now_ms, what);
	give_up_start(master, child, now_ms);
}

static void
bury(struct master *master, struct child *child, int wait_status, int64_t now_ms)
{
	struct child gone;

	if (!was_ended_by_us(child, wait_status)) {
		if (child->role == INHERIT_WORKER)
			note_worker_end(master, child, wait_status, now_ms);
		else
			note_aide_end(master, child, wait_status, now_ms);
	}
	remember_leave_for(master, child);
	scoreboard_release(master->scoreboard, child->slot_index);
	gone = *child;
	child_table_remove(&master->table, child);
	aides_note_end(master, &gone);
	signers_note_end(master, &gone);
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
		if (child != NULL)
			bury(master, child, wait_status, now_ms);
	}
}
