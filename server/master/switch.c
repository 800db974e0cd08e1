/* SPDX-License-Identifier: BSD-2-Clause */
/* What it takes to put a configuration into force: at start, and in place of another one.
 * Leaves reading it to reload.c and config/, opening it to generation.c, who goes when to aides.c
 * and crew.c. Master only. Rule: until everything of the new one is open, nothing is changed.
 * Shown by tests/integration/50-signals. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "server/base/clock.h"
#include "server/master/state.h"
#include "server/priv/limits.h"

#define MOVED_MAX 10                /* as often a reload begins anew */

void
switch_use_logs(const struct master *master)
{
	log_set_level((enum log_level)master->generation->config->log.level);
	log_set_sink(master->generation->own_log);
}

void
switch_note_listeners(const struct generation *generation, const struct generation *previous)
{
	size_t i;

	for (i = 0; i < generation->config->listener_count; i++)
		if (previous == NULL || !generation->listeners[i].is_borrowed)
			log_notice("listening on %s", generation->listeners[i].text);
}

int
switch_reserve(struct master *master)
{
	const struct config *config = master->generation->config;
	const struct generation *generation;
	size_t signer_count = 0;    /* they stay as long as the last worker of theirs */

	for (generation = master->generation; generation != NULL; generation = generation->older)
		signer_count++;
	return child_table_reserve(&master->table, 2 * (size_t)config->pool.max_worker_count +
	    4 * (size_t)config->keepalive.keeper_count + signer_count + 16);
}

/* For the hand-over socket as many as are kept there, but not more than the others leave. */
static unsigned
handover_start_count(const struct config *config)
{
	const struct config_pool *pool = &config->pool;
	unsigned taken_count = pool->start_count * (unsigned)config->listener_count;
	unsigned left_count = taken_count < pool->max_worker_count ?
	    pool->max_worker_count - taken_count : 1;

	return pool->min_idle_count < left_count ? pool->min_idle_count : left_count;
}

void
switch_start_children(struct master *master, int64_t now_ms)
{
	struct generation *generation = master->generation;
	const struct config *config = generation->config;
	struct listener *handover;
	size_t i;

	for (i = 0; i < config->listener_count; i++)
		(void)crew_spawn(master, i, config->pool.start_count, now_ms);
	if (!generation_handover(generation, &handover))
		return;
	(void)crew_spawn(master, config->listener_count, handover_start_count(config), now_ms);
	aides_start_keepers(master, now_ms);
}

void
switch_adopt(struct master *master, struct generation *generation)
{
	struct scoreboard_header *header = scoreboard_header(master->scoreboard);
	struct listener *handover;
	size_t i;

	master->generation = generation;
	for (i = 0; i < generation->pool_count; i++) {
		const struct listener *listener = &generation->listeners[i];

		if (master->line_generations[listener->socket_index] + 1 != generation->number)
			atomic_store(&header->line_since[listener->socket_index],
			    generation->number); /* it was none's, or a socket's of long ago */
		master->line_generations[listener->socket_index] = generation->number;
	}
	if (generation_handover(generation, &handover))
		handover->fd = master->aides.handed_fd;
	watch_begin(&master->watch, generation->fingerprint, clock_mono_ms());
}

void
switch_to(struct master *master, struct generation *next, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < next->config->listener_count; i++)
		if (next->listeners[i].is_borrowed &&
		    listen_apply(next->listeners[i].fd, next->listeners[i].wanted,
		    next->config) < 0)
			log_warn("reload: options of %s: %s", next->listeners[i].text,
			    strerror(errno));
	switch_note_listeners(next, master->generation);
	generation_retire(&master->generation, next);
	switch_adopt(master, next);
	tickets_follow(master, now_ms);
	remember_follow(master);
	/* Descriptors of the old logs live on in the old workers, which end soon; those
	 * that are asked for anew are the new ones. */
	switch_use_logs(master);
	credentials_log_oddities(&next->credentials, next->means);
	master->is_full_noted = false;
	if (switch_reserve(master) < 0)
		log_error("reload: no memory for more workers");
	limits_raise(next->config);
	/* Before the workers, which are about to ask. If the one before could not start, that
	 * was another configuration's fault. */
	backoff_succeeded(&master->spawn_backoffs[INHERIT_SIGNER]);
	signers_tend(master, now_ms);
	switch_start_children(master, now_ms);
	master->retires_old = true;
	master->is_mending = false;
}

void
switch_again(struct master *master, int64_t now_ms)
{
	switch_adopt(master, master->generation);
	if (switch_reserve(master) < 0)
		log_error("no memory for more workers");
	backoff_succeeded(&master->spawn_backoffs[INHERIT_WORKER]);
	signers_tend(master, now_ms);
	switch_start_children(master, now_ms);
	master->retires_old = true;
	master->is_mending = true;
}

/* A child of some generation may have to do with connections of all sockets of that one: a
 * keeper holds them, by their line. */
static void
note_used_lines(const struct master *master, bool used_lines[SCOREBOARD_SOCKET_MAX])
{
	uint32_t oldest = master->generation->number;
	size_t i;

	for (i = 0; i < master->table.count; i++)
		if (master->table.children[i].generation < oldest)
			oldest = master->table.children[i].generation;
	for (i = 0; i < SCOREBOARD_SOCKET_MAX; i++)
		used_lines[i] = master->line_generations[i] >= oldest;
}

struct generation *
switch_open(struct master *master, struct config *config, const bool keeps[], char *errbuf,
    size_t errbuf_bytes)
{
	bool used_lines[SCOREBOARD_SOCKET_MAX] = { false };

	note_used_lines(master, used_lines);
	return generation_open(config, master->generation, keeps, used_lines,
	    master->options->tls, errbuf, errbuf_bytes);
}

/* The child has tried certificates and keys that were replaced before they were opened here, where
 * nobody may look into keys: another child has to. A signer that finds out would be too late, since
 * workers wait for it then. */
static bool
have_moved(const struct master *master, const struct generation *next)
{
	return next->fingerprint != master->reload.fingerprint ||
	    watch_fingerprint(next->config) != master->reload.fingerprint;
}

/* True: what was opened is closed again, and the reload begins anew. If it has done so too often,
 * *next becomes NULL and errbuf says why. */
static bool
begins_anew(struct master *master, struct generation **next, char *errbuf, size_t errbuf_bytes)
{
	bool again;

	if (*next == NULL || !have_moved(master, *next))
		return false;
	again = ++master->moved_count <= MOVED_MAX;
	if (again)
		log_info("reload: certificates or keys were replaced while they were tried");
	else
		(void)snprintf(errbuf, errbuf_bytes, "certificates and keys are replaced again and "
		    "again, the last one is %s", watch_newest((*next)->config));
	generation_close(next);
	return again;
}

void
switch_finish_reload(struct master *master, int wait_status, int64_t now_ms)
{
	struct config_errors errors = { 0 };
	struct generation *next = NULL;
	struct config *config;
	char errbuf[512] = "it has errors";
	bool is_good = reload_finish(&master->reload, wait_status), again = false;

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
	next = switch_open(master, config, NULL, errbuf, sizeof errbuf);
	again = begins_anew(master, &next, errbuf, sizeof errbuf);
kept:
	config_errors_fini(&errors);
	if (again) {
		master->wants_reload = true;
		return;
	}
	master->moved_count = 0;
	if (next != NULL)
		switch_to(master, next, now_ms);
	else
		log_error("reload: kept the old configuration: %s", errbuf);
}

/* After a reload: the old ones go when the new ones can take their place. */
void
switch_retire_old(struct master *master, int64_t now_ms)
{
	master->retires_old = false;
	aides_announce(master);
	crew_retire_before(master, master->generation->number, now_ms);
	log_notice(master->is_mending ? "all processes are replaced" :
	    master->generation->is_renewal ? "certificates: renewed ones in force" :
	    "reload: new configuration in force");
}
