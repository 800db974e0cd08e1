/* SPDX-License-Identifier: BSD-2-Clause */
/* header sections of a scope. Inside config/ only. */
#ifndef MUSTER_CONFIG_HEADERS_H
#define MUSTER_CONFIG_HEADERS_H

#include "config/scope.h"

/* The section's own behind the inherited ones, which go first if the scope resets them.
 * -1: no memory. */
int headers_apply(const struct scope *scope, struct config_settings *settings);

#endif
