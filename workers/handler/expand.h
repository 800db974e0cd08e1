/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the values of a request into the texts of redirect, rewrite and alias. */
#ifndef MUSTER_HANDLER_EXPAND_H
#define MUSTER_HANDLER_EXPAND_H

#include "config/pattern.h"
#include "config/template.h"
#include "workers/mem/arena.h"
#include "workers/mem/slice.h"

struct expand_values {
	struct slice host;          /* $host: as sent, without port; any case; empty: none */
	const char *host_name;      /* of the host section, for a request without one */
	bool is_https;              /* $scheme */
	struct slice path;          /* $path: decoded */
	struct slice query;         /* $query: as sent, without '?' */
	bool has_query;
	struct slice sent_path, sent_query; /* $request_uri: as sent, without '?' */
	bool has_sent_query;
	struct slice subject;       /* what was matched; decoded */
	struct pattern_captures captures; /* of subject; $rest is what follows $0 */
	bool is_prefix;             /* $rest is put behind the path, unless the text has a part
	                             * of the path in it already */
};

struct expanded_path {
	struct slice path;          /* decoded, starts with one '/', not normalised */
	struct slice query;
	bool has_query;
};

/* What they return: 0, or the status for the client: 400 where the request has no fitting
 * value, 414 where the text gets too long, 500 without memory. Texts live in the arena. */

/* A Location: a valid field value and URI reference. A path stays on this host, whatever the
 * captures are; a capture cannot change the host of an absolute one but where it is a part of
 * its name. */
unsigned expand_location(const struct template *template, const struct expand_values *values,
    struct arena *arena, struct slice *location_out);
unsigned expand_rewrite(const struct template *template, const struct expand_values *values,
    struct arena *arena, struct expanded_path *path_out);
/* What is below the directory of an alias: decoded, starts with one '/', not normalised, but
 * without "." and "..": that is 404, as is all that is not 500. */
unsigned expand_alias(const struct template *template, const struct expand_values *values,
    struct arena *arena, struct slice *path_out);

#endif
