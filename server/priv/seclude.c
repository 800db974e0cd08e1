/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaves the rest of it to server/signer/harden.c, which needs no root. The signer, as root, right
 * after fork. Rule: sockets that are open stay as they are; no other leads anywhere. Shown by
 * test_seclude.c (as root). */
#include "server/priv/seclude.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/base/role.h"

int
seclude_postfork(char *errbuf, size_t errbuf_bytes)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	role_require_privileged(__func__);
	if (geteuid() != 0)
		return 0;
	(void)setrlimit(RLIMIT_MEMLOCK, &all); /* where it fails locking fails, and says so */
	if (unshare(CLONE_NEWNET) == 0)
		return 0;
	(void)snprintf(errbuf, errbuf_bytes, "cannot give up the network: %s", strerror(errno));
	return -1;
}
