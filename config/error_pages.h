/* SPDX-License-Identifier: BSD-2-Clause */
/* error_page sections of a scope. Inside config/ only. */
#ifndef MUSTER_CONFIG_ERROR_PAGES_H
#define MUSTER_CONFIG_ERROR_PAGES_H

#include "config/scope.h"

/* The section's own before the inherited ones, which go first if the scope resets them. The
 * root of the settings is already that of the scope. -1: no memory. */
int error_pages_apply(const struct scope *scope, struct config_settings *settings);

#endif
