/* SPDX-License-Identifier: BSD-2-Clause */
/* Which process this is, so that code meant for one kind refuses to run in another. */
#ifndef MUSTER_BASE_ROLE_H
#define MUSTER_BASE_ROLE_H

enum role {
	ROLE_STARTER,               /* the command, until it is the master */
	ROLE_MASTER,
	ROLE_WORKER,                /* a keeper, logger and signer as well: without rights */
	ROLE_CHECKER,               /* throw-away child that tries a new configuration */
};

/* Only ever away from more privilege: MASTER -> WORKER, never back (bug_if). */
void role_set(enum role role);
enum role role_get(void);
/* For names in logs: "musterd". */
const char *role_name(enum role role);
/* First line of each function that needs root's rights: a worker never gets there. */
void role_require_privileged(const char *function);

#endif
