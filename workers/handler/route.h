/* SPDX-License-Identifier: BSD-2-Clause */
/* Which host and location serve a request, and what to look up below which root. Pure. */
#ifndef MUSTER_HANDLER_ROUTE_H
#define MUSTER_HANDLER_ROUTE_H

#include "config/config.h"
#include "workers/mem/slice.h"

struct route {
	const struct config_host *host;
	const struct config_location *location; /* NULL: the host itself */
	const struct config_settings *settings; /* of the innermost scope */
	struct slice below_root;    /* path below the root, without leading '/'; empty: the root
	                             * itself; NUL-terminated where path was */
};

/* host: as sent, without port; any case, a trailing dot is let be. path: decoded and
 * normalised, NUL-terminated. Host: exact name, then the longest wildcard, then the
 * default. Location: exact, then the longest prefix of whole segments, then the host. */
void route_find(const struct config *config, struct slice host, struct slice path,
    struct route *route_out);

#endif
