/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens and closes what a configuration needs. Starter (first time) and master, with the
 * rights they have. Rule: generation_open() either gives all of it or changes nothing.
 * Shown by tests/integration/50-signals (reload). */
#include "server/master/generation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/address.h"
#include "server/base/fdio.h"
#include "server/base/inherit.h"
#include "server/master/watch.h"
#include "server/priv/logfile.h"
#include "server/priv/roots.h"

static bool
is_taken_over(const struct generation *next, size_t opened, int fd)
{
	size_t i;

	for (i = 0; i < opened; i++)
		if (next->listeners[i].fd == fd)
			return true;
	return false;
}

static struct address
address_of(const struct listener *listener)
{
	const struct config_listener *wanted = listener->wanted;

	return (struct address){ wanted->address, wanted->address_bytes, wanted->is_dual_stack };
}

/* The open socket of the same address, however it is written. With port 0 there may be several. */
static const struct listener *
find_open(const struct generation *previous, const struct generation *next, size_t opened)
{
	struct address wanted = address_of(&next->listeners[opened]), open;
	size_t i;

	for (i = 0; previous != NULL && i < previous->config->listener_count; i++) {
		open = address_of(&previous->listeners[i]);
		if (address_is_same(&open, &wanted) &&
		    !is_taken_over(next, opened, previous->listeners[i].fd))
			return &previous->listeners[i];
	}
	return NULL;
}

/* A socket that stays open until the switch is in the way, although it is another one ("*:80" and
 * "0.0.0.0:80"): the system would say that another server has it. */
static bool
is_in_the_way(const struct generation *previous, const struct listener *listener, char *errbuf,
    size_t errbuf_bytes)
{
	const struct config_listener *wanted = listener->wanted;
	struct address address = address_of(listener), open;
	size_t i;

	for (i = 0; previous != NULL && i < previous->config->listener_count; i++) {
		open = address_of(&previous->listeners[i]);
		if (!address_collides(&open, &address))
			continue;
		(void)snprintf(errbuf, errbuf_bytes, "%s:%u: cannot listen on %s while this server "
		    "listens on %s: only a restart can change that", wanted->file, wanted->line,
		    wanted->text, previous->listeners[i].wanted->text);
		return true;
	}
	return false;
}

static int
note_pairs(struct generation *next, const struct generation *previous, const bool keeps[])
{
	size_t count = next->config->certificate_count, i;

	next->pair_fingerprints = calloc(count + 1, sizeof *next->pair_fingerprints);
	for (i = 0; next->pair_fingerprints != NULL && i < count; i++)
		next->pair_fingerprints[i] = keeps != NULL && keeps[i] ?
		    previous->pair_fingerprints[i] : watch_fingerprint_pair(next->config, i);
	return next->pair_fingerprints == NULL ? -1 : 0;
}

/* Certificates and keys, and who the signer becomes; for that the same holds. */
static int
open_credentials(struct generation *next, const struct generation *previous, const bool keeps[],
    char *errbuf, size_t errbuf_bytes)
{
	const struct credentials_kept kept = {
		previous != NULL ? &previous->credentials : NULL, keeps };
	const struct drop_target *known_drop = NULL;

	next->fingerprint = watch_fingerprint(next->config);
	if (note_pairs(next, previous, keeps) < 0) {
		(void)snprintf(errbuf, errbuf_bytes, "out of memory");
		return -1;
	}
	if (next->config->tls.signer_user[0] != '\0' && previous != NULL &&
	    previous->credentials.key_count > 0 && next->config->chroot[0] == '\0' &&
	    previous->config->chroot[0] == '\0' &&
	    strcmp(previous->config->tls.signer_user, next->config->tls.signer_user) == 0)
		known_drop = &previous->credentials.signer_drop;
	if (credentials_open(&next->credentials, next->config, next->means, &next->drop,
	    known_drop, keeps != NULL ? &kept : NULL, previous == NULL, errbuf, errbuf_bytes) < 0)
		return -1;
	next->credentials.signer_drop.chroot = next->config->chroot;
	return 0;
}

/* Who workers become. A running master asks no name service for what it knows already:
 * the answer may be long in coming. */
static int
resolve_drop(struct generation *next, const struct generation *previous, char *errbuf,
    size_t errbuf_bytes)
{
	const struct config *config = next->config;

	if (previous == NULL || strcmp(previous->config->user, config->user) != 0 ||
	    strcmp(previous->config->group, config->group) != 0 || config->chroot[0] != '\0')
		return drop_resolve(config, &next->drop, errbuf, errbuf_bytes);
	next->drop = previous->drop;
	next->drop.chroot = config->chroot;
	return 0;
}

static uint32_t
free_line(const struct generation *next, size_t opened, const struct generation *previous,
    const bool used_lines[])
{
	bool used[SCOREBOARD_SOCKET_MAX];
	uint32_t line;
	size_t i;

	memcpy(used, used_lines, sizeof used);
	for (i = 0; i < opened; i++)
		used[next->listeners[i].socket_index] = true;
	for (i = 0; previous != NULL && i < previous->config->listener_count; i++)
		used[previous->listeners[i].socket_index] = true;
	for (line = 0; line < SCOREBOARD_HANDOVER_LINE; line++)
		if (!used[line])
			return line;
	return SCOREBOARD_SLOT_NONE;
}

static int
open_listeners(struct generation *next, const struct generation *previous, const bool used_lines[],
    char *errbuf, size_t errbuf_bytes)
{
	const struct config *config = next->config;
	const struct pool_limits limits = { config->pool.min_idle_count,
		config->pool.max_idle_count };
	size_t i;

	for (i = 0; i < config->listener_count; i++) {
		struct listener *listener = &next->listeners[i];
		const struct listener *open;

		listener->wanted = &config->listeners[i];
		listener->is_tcp = listen_is_tcp(listener->wanted);
		pool_init(&listener->pool, &limits);
		open = find_open(previous, next, i);
		if (open != NULL) {
			listener->fd = open->fd;
			listener->is_borrowed = true;
			listener->socket_index = open->socket_index;
			memcpy(listener->text, open->text, sizeof listener->text);
			continue;
		}
		listener->socket_index = free_line(next, i, previous, used_lines);
		if (listener->socket_index == SCOREBOARD_SLOT_NONE) {
			(void)snprintf(errbuf, errbuf_bytes, "too many listening sockets");
			return -1;
		}
		if (is_in_the_way(previous, listener, errbuf, errbuf_bytes))
			return -1;
		listener->fd = listen_open_priv(listener->wanted, config, errbuf, errbuf_bytes);
		if (listener->fd < 0)
			return -1;
		listen_describe(listener->fd, listener->wanted, listener->text);
	}
	return 0;
}

/* The hand-over socket, behind those that listen. */
static void
add_handover(struct generation *next)
{
	const struct config *config = next->config;
	const struct pool_limits limits = { config->pool.min_idle_count,
		config->pool.max_idle_count };
	struct listener *handover;

	if (!generation_handover(next, &handover))
		return;
	handover->socket_index = SCOREBOARD_HANDOVER_LINE;
	(void)snprintf(handover->text, sizeof handover->text, "hand-over");
	pool_init(&handover->pool, &limits);
}

static void
use_line(struct generation *next, const struct listener *listener, uint32_t index)
{
	next->listener_indexes[listener->socket_index] = index;
	next->listener_ports[listener->socket_index] = (uint16_t)listen_port(listener->fd);
}

static void
index_lines(struct generation *next)
{
	uint32_t i;

	for (i = 0; i < SCOREBOARD_SOCKET_MAX; i++)
		next->listener_indexes[i] = INHERIT_NO_LISTENER;
	for (i = 0; i < next->config->listener_count; i++)
		use_line(next, &next->listeners[i], i);
}

bool
generation_handover(struct generation *generation, struct listener **listener_out)
{
	if (generation->pool_count == generation->config->listener_count)
		return false;
	*listener_out = &generation->listeners[generation->config->listener_count];
	return true;
}

struct generation *
generation_open(struct config *config, struct generation *previous, const bool keeps[],
    const bool used_lines[], const struct tls_means *means, char *errbuf, size_t errbuf_bytes)
{
	struct generation *next = calloc(1, sizeof *next);
	size_t i;

	if (next == NULL) {
		(void)snprintf(errbuf, errbuf_bytes, "out of memory");
		config_free(&config);
		return NULL;
	}
	next->number = previous == NULL ? 1 : previous->number + 1;
	next->config = config;
	next->means = means;
	next->pool_count = config->listener_count + (config->keepalive.keeper_count > 0);
	next->listeners = calloc(next->pool_count, sizeof *next->listeners);
	if (next->listeners == NULL) {
		(void)snprintf(errbuf, errbuf_bytes, "out of memory");
		goto fail;
	}
	for (i = 0; i < next->pool_count; i++)
		next->listeners[i].fd = -1;
	if (resolve_drop(next, previous, errbuf, errbuf_bytes) < 0 ||
	    roots_open_priv(config, &next->root_fds, errbuf, errbuf_bytes) < 0 ||
	    logfile_open_priv(config->log.error, &next->error_log, errbuf, errbuf_bytes) < 0 ||
	    logfile_open_own_priv(config->log.error, &next->own_log, errbuf, errbuf_bytes) < 0 ||
	    logfile_open_priv(config->log.access, &next->access_log, errbuf, errbuf_bytes) < 0 ||
	    open_credentials(next, previous, keeps, errbuf, errbuf_bytes) < 0 ||
	    open_listeners(next, previous, used_lines, errbuf, errbuf_bytes) < 0)
		goto fail;
	add_handover(next);
	index_lines(next);
	return next;
fail:
	generation_close(&next);
	return NULL;
}

/* All but the configuration and what its signer needs. */
static void
close_most(struct generation *old)
{
	generation_close_listeners(old);
	free(old->listeners);
	old->listeners = NULL;
	old->pool_count = 0;
	roots_close(&old->root_fds, old->config->root_count);
	logfile_close(&old->error_log);
	logfile_close(&old->own_log);
	logfile_close(&old->access_log);
	credentials_close_site(&old->credentials, old->means);
}

void
generation_retire(struct generation **previous, struct generation *next)
{
	struct generation *old = *previous;
	size_t i, k;

	for (i = 0; i < next->config->listener_count; i++) {
		struct listener *listener = &next->listeners[i];

		if (!listener->is_borrowed)
			continue;
		listener->is_borrowed = false;
		for (k = 0; k < old->config->listener_count; k++)
			if (old->listeners[k].fd == listener->fd)
				old->listeners[k].is_borrowed = true;
	}
	*previous = NULL;
	if (old->credentials.key_count > 0) {
		close_most(old);
		next->older = old;
		return;
	}
	next->older = old->older;
	old->older = NULL;
	generation_close(&old);
}

int
generation_renumber(struct generation *generation)
{
	struct generation *old;

	if (generation->credentials.key_count > 0) {
		old = calloc(1, sizeof *old);
		if (old == NULL)
			return -1;
		old->number = generation->number;
		old->means = generation->means;
		old->config = config_share(generation->config);
		old->credentials.sign_fd = old->credentials.asked_fd = -1;
		old->signer_pid = generation->signer_pid;
		old->older = generation->older;
		generation->older = old;
		generation->signer_pid = 0;
	}
	generation->number++;
	return 0;
}

void
generation_close_listeners(struct generation *generation)
{
	size_t i;

	for (i = 0; generation->listeners != NULL && i < generation->config->listener_count; i++) {
		struct listener *listener = &generation->listeners[i];

		if (listener->is_borrowed || listener->fd < 0)
			continue;
		listen_unlink(listener->wanted);
		fdio_close(&listener->fd);
	}
}

void
generation_close(struct generation **generation)
{
	struct generation *old = *generation;

	while (old != NULL) {
		struct generation *older = old->older;

		close_most(old);
		credentials_close(&old->credentials, old->means);
		free(old->pair_fingerprints);
		config_free(&old->config);
		free(old);
		old = older;
	}
	*generation = NULL;
}

int
generation_reopen_logs(struct generation *generation, char *errbuf, size_t errbuf_bytes)
{
	const struct config_log *wanted = &generation->config->log;
	struct log_sink error_log = { LOG_SINK_NONE, -1 }, access_log = error_log;
	struct log_sink own_log = error_log;

	if (logfile_open_priv(wanted->error, &error_log, errbuf, errbuf_bytes) < 0 ||
	    logfile_open_own_priv(wanted->error, &own_log, errbuf, errbuf_bytes) < 0 ||
	    logfile_open_priv(wanted->access, &access_log, errbuf, errbuf_bytes) < 0) {
		logfile_close(&error_log);
		logfile_close(&own_log);
		return -1;
	}
	log_set_sink(own_log);
	logfile_close(&generation->error_log);
	logfile_close(&generation->own_log);
	logfile_close(&generation->access_log);
	generation->error_log = error_log;
	generation->own_log = own_log;
	generation->access_log = access_log;
	return 0;
}
