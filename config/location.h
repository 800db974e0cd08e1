/* SPDX-License-Identifier: BSD-2-Clause */
/* Locations of a host and those within them. Inside config/ only. */
#ifndef MUSTER_CONFIG_LOCATION_H
#define MUSTER_CONFIG_LOCATION_H

#include "config/rules.h"
#include "config/scope.h"

struct location_outer {
	const struct config_settings *settings;
	const struct config_location *location; /* NULL: directly in the host */
	const struct config_matcher *prefix;    /* the next prefix around; NULL: none */
	struct rules rules;         /* of outer locations */
};

/* All location sections of scope's section, with all within them, in file order. -1: no
 * memory. */
int location_build_all(const struct scope *scope, const struct location_outer *outer,
    struct config_location **locations_out, size_t *count_out);

#endif
