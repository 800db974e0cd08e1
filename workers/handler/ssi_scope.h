/* SPDX-License-Identifier: BSD-2-Clause */
/* The variables that server-side includes know: those that pages set, those of the request,
 * and what a pattern captured last. Pure. */
#ifndef MUSTER_HANDLER_SSI_SCOPE_H
#define MUSTER_HANDLER_SSI_SCOPE_H

#include "config/pattern.h"
#include "workers/mem/arena.h"
#include "workers/mem/slice.h"

#define SSI_VARIABLES_MAX 256
#define SSI_VALUE_MAX_BYTES 65536
#define SSI_MATCHES_MAX 1000        /* of patterns: each may take some milliseconds */

struct ssi_variable {
	struct slice name, value;
};

struct ssi_scope {                  /* of a page and all that it includes */
	struct arena *arena;
	struct ssi_variable *variables; /* set by pages; in the arena */
	unsigned variable_count;
	unsigned match_count;       /* of patterns, so far */
	struct slice subject;       /* of the last pattern that matched, and $0 to $9 of it */
	struct pattern_captures captures;
	/* The request's own variables; NULL: none. The context is the page's. */
	bool (*find_own)(const void *context, struct slice name, struct slice *value_out);
	const void *context;
};

/* False: no memory. */
bool ssi_scope_init(struct ssi_scope *scope, struct arena *arena);
/* A name that pages have set goes before one of the request. False: there is none. */
bool ssi_scope_get(const struct ssi_scope *scope, struct slice name, struct slice *value_out);
/* Both have to live as long as the scope. False: too many variables. */
bool ssi_scope_set(struct ssi_scope *scope, struct slice name, struct slice value);

/* Puts values in: $name and ${name}, nothing for those that there are not; \$ is a dollar
 * sign. takes_percent: %{name} as well, as expressions have it. NULL, or what is wrong.
 * *text_out may be text itself. */
const char *ssi_expand(const struct ssi_scope *scope, struct slice text, bool takes_percent,
    struct slice *text_out);

#endif
