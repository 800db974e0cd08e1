/* SPDX-License-Identifier: BSD-2-Clause */
/* Titles of locations, redirects and rewrites. Inside config/ only. */
#ifndef MUSTER_CONFIG_MATCHER_H
#define MUSTER_CONFIG_MATCHER_H

#include "config/scope.h"

/* Fills matcher_out from the section's title. A wrong one costs a message and leaves an empty
 * title and path. -1: no memory. */
int matcher_build(const struct scope *scope, struct config_matcher *matcher_out);
/* For prefixes: the bytes of its path without a slash at the end; "/" has none. */
size_t matcher_prefix_bytes(const struct config_matcher *matcher);
bool matcher_is_prefix(const struct config_matcher *matcher);

#endif
