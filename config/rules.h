/* SPDX-License-Identifier: BSD-2-Clause */
/* Redirects and rewrites of a scope. Inside config/ only. */
#ifndef MUSTER_CONFIG_RULES_H
#define MUSTER_CONFIG_RULES_H

#include "config/scope.h"

struct rules {
	struct config_rule *items;
	size_t count;
	size_t own_index;           /* the first that was written in this scope */
};

/* outer, without what the scope resets, then the section's own. -1: no memory. */
int rules_build(const struct scope *scope, const struct rules *outer, struct rules *rules_out);
/* What https_redirect does in a host whose listeners are known. -1: no memory. */
int rules_build_https(const struct scope *scope, const struct config_host *host,
    struct config_rule *rule);

#endif
