/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of the table of clients: made before the first fork, kept over reloads, cleared of
 * what dead workers and keepers leave in it. Leaves the table to server/base/clients.c. Master
 * only. Rule: what a child says is hearsay, and takes at most as many connections off the
 * clients' counts as it can hold: a worker one, a keeper keepalive.max_parked.
 * Shown by tests/integration/20-static/test_limits.py. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "server/base/clients.h"
#include "server/master/state.h"

int
remember_open(struct master *master)
{
	master->clients = clients_new(master->generation->config->limits.client_count);
	return master->clients == NULL ? -1 : 0;
}

void
remember_close(struct master *master)
{
	clients_free(&master->clients);
}

/* The new table starts empty; old workers keep to theirs until they end. */
void
remember_follow(struct master *master)
{
	unsigned client_count = master->generation->config->limits.client_count;
	struct clients *next;

	if (clients_size(master->clients) == client_count)
		return;
	next = clients_new(client_count);
	if (next == NULL) {
		log_error("reload: no memory to remember %u clients (limits.clients), still %u: %s",
		    client_count, clients_size(master->clients), strerror(errno));
		return;
	}
	clients_free(&master->clients);
	master->clients = next;
	master->is_forgetting_noted = false;
}

void
remember_note(struct master *master)
{
	if (master->is_forgetting_noted || clients_overflow_count(master->clients) == 0)
		return;
	master->is_forgetting_noted = true;
	log_warn("more clients than can be remembered: limits.clients = %u is too low, some "
	    "are not limited", clients_size(master->clients));
}

int
remember_map_keys(const struct master *master, _Atomic uint64_t **keys_out, size_t *count_out)
{
	const struct config *config = master->generation->config;
	void *got;

	*keys_out = NULL;
	*count_out = config->keepalive.max_parked_count + INHERIT_SPARE_FDS;
	if (config->limits.connections_per_client == 0)
		return 0;
	got = mmap(NULL, *count_out * sizeof **keys_out, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (got == MAP_FAILED)
		return -1;
	*keys_out = got;
	return 0;
}

int
remember_hide_keys(_Atomic uint64_t *keys, size_t count)
{
	return keys == NULL ? 0 : madvise((void *)(uintptr_t)keys, count * sizeof *keys,
	    MADV_DONTFORK);
}

void
remember_forget_keys(_Atomic uint64_t **keys, size_t count)
{
	if (*keys != NULL)
		(void)munmap((void *)(uintptr_t)*keys, count * sizeof **keys);
	*keys = NULL;
}

void
remember_leave_for(struct master *master, struct child *child)
{
	size_t i;

	clients_count_leave(master->clients,
	    slot_get_client_key(scoreboard_slot(master->scoreboard, child->slot_index)));
	if (child->parked_keys == NULL)
		return;
	for (i = 0; i < child->parked_key_count; i++)
		clients_count_leave(master->clients,
		    atomic_load_explicit(&child->parked_keys[i], memory_order_relaxed));
	remember_forget_keys(&child->parked_keys, child->parked_key_count);
}
