/* SPDX-License-Identifier: BSD-2-Clause */
/* The master process: starts children, keeps enough of them, obeys signals. */
#ifndef MUSTER_MASTER_MASTER_H
#define MUSTER_MASTER_MASTER_H

#include "server/priv/guard.h"

#include <stdbool.h>

#include "server/master/child.h"
#include "server/master/generation.h"

struct master_options {
	const char *config_path;      /* absolute, for reloads; NULL: there is no file and HUP
	                               * means the terminal has gone: stop */
	const struct tls_means *tls;
	bool is_foreground;
	int ready_fd;                 /* of daemon_detach(), or -1 */
	int pid_fd;                   /* locked pid file, or -1 */
	const char *pid_path;         /* with pid_fd */
	bool ignores_hangup;          /* without a file: as nohup(1) asked for */
	const char *ready_text;       /* said on stdout when ready, or NULL */
};

/* Runs until told to stop; takes generation over. Returns the exit status: 0, or 1 when the
 * children could not be started. programs are what they do. */
int master_run(struct generation *generation, const struct master_options *options,
    const struct child_programs *programs);

#endif
