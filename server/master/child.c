/* SPDX-License-Identifier: BSD-2-Clause */
/* The fork of a child. Leaves when and why to crew.c, the table to child_table.c. The child
 * half runs as root until drop_forever_postfork() returns, does nothing with client data
 * before, and exits on any doubt. Shown by tests/integration/60-privilege. */
#include "server/master/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/role.h"
#include "server/base/scoreboard.h"
#include "server/base/ticket_keys.h"
#include "server/base/title.h"
#include "server/priv/seclude.h"

const char *
child_role_name(enum inherit_role role)
{
	static const char *const names[CHILD_ROLE_COUNT] = {
		[INHERIT_WORKER] = "worker", [INHERIT_KEEPER] = "keeper",
		[INHERIT_LOGGER] = "logger", [INHERIT_SIGNER] = "signer",
	};

	return names[role];
}

/* The slots of the others are none of a child's business, but all of the logger's. */
static int
give_up_scoreboard(struct inheritance *own)
{
	if (own->role == INHERIT_LOGGER)
		return scoreboard_keep_for_logger(own->scoreboard);
	own->scoreboard = scoreboard_keep_only(own->scoreboard, own->slot_index);
	return own->scoreboard == NULL ? -1 : 0;
}

/* Memory that the master shares with it. */
static int
give_up_memory(struct inheritance *own)
{
	if (give_up_scoreboard(own) < 0)
		return -1;
	if (own->ticket_keys == NULL)
		return 0;
	return own->role == INHERIT_WORKER && own->tls != NULL ?
	    ticket_keys_adopt(own->ticket_keys) : ticket_keys_forget(own->ticket_keys);
}

static void __attribute__((noreturn))
become_child(struct inheritance *own, const struct drop_target *drop,
    const struct child_programs *programs)
{
	const char *name = child_role_name(own->role);
	char errbuf[256];

	/* The master's own log is not on the list: its number may soon be a client's. */
	log_set_sink(own->error_log);
	if (inherit_close_others(own) < 0) {
		log_error("%s: cannot close descriptors: %s", name, strerror(errno));
		_exit(1);
	}
	if (own->role == INHERIT_SIGNER && seclude_postfork(errbuf, sizeof errbuf) < 0)
		log_warn("%s: %s", name, errbuf);
	if (drop_forever_postfork(drop, errbuf, sizeof errbuf) < 0) {
		log_error("%s: %s", name, errbuf);
		_exit(1);
	}
	role_set(ROLE_WORKER);
	if (give_up_memory(own) < 0) {
		log_error("%s: cannot give up shared memory: %s", name, strerror(errno));
		_exit(1);
	}
	/* After the change of ids, which clears it: a child does not outlive its master. */
	(void)prctl(PR_SET_PDEATHSIG, SIGQUIT, 0, 0, 0);
	if (getppid() != (pid_t)own->master_pid)
		_exit(0);
	if (own->role == INHERIT_WORKER)
		title_set("%s (%s)", name, own->listen_text);
	else
		title_set("%s", name);
	programs->functions[own->role](own);
	_exit(0);
}

struct child *
child_spawn(struct child_table *table, struct inheritance *own,
    const struct drop_target *drop, const struct child_programs *programs)
{
	struct child *child;
	pid_t pid;

	if (table->count >= table->cap) {
		errno = ENOSPC;
		return NULL;
	}
	pid = fork();
	if (pid < 0)
		return NULL;
	if (pid == 0)
		become_child(own, drop, programs);
	child = child_table_add(table, pid, own->role);
	child->slot_index = own->slot_index;
	child->socket_index = own->socket_index;
	child->generation = own->generation;
	return child;
}
