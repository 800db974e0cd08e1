/* SPDX-License-Identifier: BSD-2-Clause */
/* The role of this process.
 *
 * Leaves the dropping of privileges to server/priv/drop.c; this is only the note of it
 * that other code checks. Runs in every process. Rule: a worker never becomes anything
 * else. Shown by tests/unit/server/base/test_role.c. */
#include "server/base/role.h"

#include "server/base/log.h"
#include "server/base/own_page.h"

static OWN_PAGE enum role current_role = ROLE_STARTER;

void
role_set(enum role role)
{
	bug_if(current_role == ROLE_WORKER && role != ROLE_WORKER, "a worker changes its role");
	current_role = role;
}

enum role
role_get(void)
{
	return current_role;
}

const char *
role_name(enum role role)
{
	switch (role) {
	case ROLE_STARTER:
		return "starter";
	case ROLE_MASTER:
		return "master";
	case ROLE_WORKER:
		return "worker";
	case ROLE_CHECKER:
		return "checker";
	}
	return "unknown";
}

void
role_require_privileged(const char *function)
{
	if (current_role == ROLE_WORKER) {
		log_error("%s called in a worker", function);
		bug_if(1, "privileged code in a worker");
	}
}
