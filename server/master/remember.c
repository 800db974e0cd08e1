/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of the table of clients: made before the first fork, kept over reloads, cleared of
 * what dead workers leave in it. Leaves the table to server/base/clients.c. Master only. Rule:
 * what a worker says is hearsay, and takes at most one connection off some client's count.
 * Shown by tests/integration/20-static/test_limits.py. */
#include <errno.h>
#include <string.h>

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

void
remember_leave_for(struct master *master, const struct child *child)
{
	clients_count_leave(master->clients,
	    slot_get_client_key(scoreboard_slot(master->scoreboard, child->slot_index)));
}
