/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving up root for good. Who a worker becomes is looked up by the master before; the
 * giving up happens in the worker right after fork, in one order, failing closed. */
#ifndef MUSTER_PRIV_DROP_H
#define MUSTER_PRIV_DROP_H

#include "server/priv/guard.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/config.h"

#define DROP_GROUPS_MAX 64

struct drop_target {
	bool is_needed;             /* the master is root */
	uid_t uid;                  /* never 0 */
	gid_t gid;                  /* never 0 */
	gid_t groups[DROP_GROUPS_MAX]; /* supplementary, with gid */
	size_t group_count;
	const char *chroot;         /* into the configuration; "" : none */
};

/* Looks up user and group of the configuration. Without root nothing is looked up and the
 * target says that nothing is needed; chroot is then an error. 0, or -1 and errbuf. */
int drop_resolve(const struct config *config, struct drop_target *target_out, char *errbuf,
    size_t errbuf_bytes);

/* The same for the signer: the user that tls.signer_user names with the groups it has, or, where
 * none is named, who workers become. */
int drop_resolve_signer(const struct config *config, const struct drop_target *workers,
    struct drop_target *target_out, char *errbuf, size_t errbuf_bytes);

/* In the child: chroot, setgroups, setresgid, setresuid, all read back; capabilities
 * empty; proof that root cannot be had again; no_new_privs. 0, or -1 and errbuf, and the
 * caller must exit. */
int drop_forever_postfork(const struct drop_target *target, char *errbuf, size_t errbuf_bytes);

#endif
