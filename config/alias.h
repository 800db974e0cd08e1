/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in the file system for a location's path. Inside config/ only. */
#ifndef MUSTER_CONFIG_ALIAS_H
#define MUSTER_CONFIG_ALIAS_H

#include "config/scope.h"

/* The location's own alias, or that of outer (NULL: none), the location around it. The
 * matcher and the settings of the location are there. -1: no memory. */
int alias_apply(const struct scope *scope, const struct config_location *outer,
    struct config_location *location);

#endif
