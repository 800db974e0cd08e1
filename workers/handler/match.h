/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the title of a location, redirect or rewrite fits a path. Pure. */
#ifndef MUSTER_HANDLER_MATCH_H
#define MUSTER_HANDLER_MATCH_H

#include "config/config.h"
#include "config/pattern.h"
#include "workers/mem/slice.h"

/* Whole segments only: "/files" and "/files/" both fit "/files" and "/files/x", and neither
 * fits "/filesystem"; "/" fits all. *bytes_out: what it takes of the path, without the slash
 * behind it. */
bool match_prefix(const char *prefix, struct slice path, size_t *bytes_out);
bool match_exact(const char *wanted, struct slice path);
/* Any of the four forms. captures_out may be NULL; $0 of a path or prefix is what it takes. */
enum pattern_outcome match_path(const struct config_matcher *matcher, struct slice path,
    struct pattern_captures *captures_out);

#endif
