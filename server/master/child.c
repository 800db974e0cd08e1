/* SPDX-License-Identifier: BSD-2-Clause */
/* Workers as the master knows them: table and fork. Leaves when and why to master.c.
 * The child half runs as root until drop_forever_postfork() returns, does nothing with
 * client data before, and exits on any doubt. Shown by tests/integration/60-privilege. */
#include "server/master/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "server/base/role.h"
#include "server/base/scoreboard.h"
#include "server/base/title.h"

int
child_table_reserve(struct child_table *table, size_t cap)
{
	struct child *grown;

	if (cap <= table->cap)
		return 0;
	grown = realloc(table->children, cap * sizeof *grown);
	if (grown == NULL)
		return -1;
	table->children = grown;
	table->cap = cap;
	return 0;
}

void
child_table_fini(struct child_table *table)
{
	free(table->children);
	memset(table, 0, sizeof *table);
}

struct child *
child_table_find(struct child_table *table, pid_t pid)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		if (table->children[i].pid == pid)
			return &table->children[i];
	return NULL;
}

void
child_table_remove(struct child_table *table, struct child *child)
{
	*child = table->children[--table->count];
}

static void __attribute__((noreturn))
become_worker(const struct inheritance *own, const struct drop_target *drop,
    worker_function *worker)
{
	char errbuf[256];

	/* The master's own log is not on the list: its number may soon be a client's. */
	log_set_sink(own->error_log);
	if (inherit_close_others(own) < 0) {
		log_error("worker: cannot close descriptors: %s", strerror(errno));
		_exit(1);
	}
	if (drop_forever_postfork(drop, errbuf, sizeof errbuf) < 0) {
		log_error("worker: %s", errbuf);
		_exit(1);
	}
	role_set(ROLE_WORKER);
	if (scoreboard_keep_only(own->scoreboard, own->slot_index) < 0) {
		log_error("worker: cannot give up the scoreboard: %s", strerror(errno));
		_exit(1);
	}
	/* After the change of ids, which clears it: a worker does not outlive its master. */
	(void)prctl(PR_SET_PDEATHSIG, SIGQUIT, 0, 0, 0);
	if (getppid() != (pid_t)own->master_pid)
		_exit(0);
	title_set("worker (%s)", own->listen_text);
	worker(own);
	_exit(0);
}

struct child *
child_spawn(struct child_table *table, const struct inheritance *inheritance,
    const struct drop_target *drop, worker_function *worker)
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
		become_worker(inheritance, drop, worker);
	child = &table->children[table->count++];
	memset(child, 0, sizeof *child);
	child->pid = pid;
	child->slot_index = inheritance->slot_index;
	child->socket_index = inheritance->socket_index;
	child->generation = inheritance->generation;
	return child;
}
