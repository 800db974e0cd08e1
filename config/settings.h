/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings that inner scopes inherit from outer ones. Inside config/ only. */
#ifndef MUSTER_CONFIG_SETTINGS_H
#define MUSTER_CONFIG_SETTINGS_H

#include "config/scope.h"

/* All -1: no memory. */
int settings_init_default(struct config *config, struct config_settings *settings);
/* What the section sets, over what it inherits: settings is a copy of the outer scope's, or
 * the default. Headers and error pages are sections and come afterwards. */
int settings_apply(struct scope *scope, struct config_settings *settings);

#endif
