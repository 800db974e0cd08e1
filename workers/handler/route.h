/* SPDX-License-Identifier: BSD-2-Clause */
/* Which host and location serve a request, and what to look up below which root. Rewrites, which
 * come in between, are rules.c's. */
#ifndef MUSTER_HANDLER_ROUTE_H
#define MUSTER_HANDLER_ROUTE_H

#include "config/config.h"
#include "workers/mem/slice.h"

struct route {
	const struct config_host *host;
	const struct config_location *location; /* innermost; NULL: the host itself */
	const struct config_settings *settings; /* of the innermost scope */
	struct slice below_root;    /* path below the root, without leading '/'; empty: the root
	                             * itself; NUL-terminated where path was */
	/* The path is "/~name" or lies below it, and the site has directories for users:
	 * below_root is what follows, below settings->user_dir_root_index, the name and
	 * settings->user_dir_below. */
	bool is_user_dir;
	struct slice user_name;     /* not NUL-terminated; empty: nobody can be called so */
};

/* Why a host serves a request. */
enum route_name {
	ROUTE_NAME_EXACT,           /* title or alias is the name */
	ROUTE_NAME_WILDCARD,        /* the longest one that fits */
	ROUTE_NAME_UNKNOWN,         /* nobody has that name: the listener's default */
	ROUTE_NAME_NONE,            /* the request has no name: the same */
};
struct route_host {
	const struct config_host *host; /* never NULL */
	enum route_name why;
	const char *name;           /* title or alias that fitted; "" where none did */
};

/* Told on the way, for explanations; a NULL trace costs nothing. */
enum route_step {
	ROUTE_STEP_LOCATIONS,       /* one of a level was chosen, or none */
	ROUTE_STEP_REWRITE,
	ROUTE_STEP_REDIRECT,
};
struct route_event {
	enum route_step step;
	struct slice path;          /* before it; NUL-terminated */
	const struct config_location *locations; /* LOCATIONS: the level, and */
	size_t location_count;
	const struct config_location *chosen; /* NULL: none of them fits */
	const struct config_rule *rule; /* REWRITE, REDIRECT */
	struct slice new_path, new_query; /* REWRITE */
	bool has_new_query;
	struct slice location_value; /* REDIRECT: of the Location field; maybe empty */
};
struct route_trace {
	void (*tell)(void *context, const struct route_event *event);
	void *context;
};

/* name: as sent, without port; any case, a dot at its end is let be. Of the hosts that the
 * listener has: the exact name, then the longest wildcard, then the default. */
struct route_host route_find_host(const struct config *config, unsigned listener_index,
    struct slice name);

/* Where a path of route->host belongs; fills in the rest. path: decoded and normalised,
 * NUL-terminated. At each level, from the host inwards: the exact location, the longest prefix
 * if it is "^~", the first pattern, the longest prefix. below_root is empty for a location whose
 * alias has captures: rules.c fills it in. False: a pattern would have taken too long, which
 * is logged; the location is the one found so far. */
bool route_find_location(struct route *route, struct slice path,
    const struct route_trace *trace);

#endif
