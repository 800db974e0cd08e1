/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings that inner scopes inherit from outer ones. Inside config/ only. */
#ifndef MUSTER_CONFIG_SETTINGS_H
#define MUSTER_CONFIG_SETTINGS_H

#include "config/errors.h"
#include "config/source.h"
#include "config/tree.h"

/* All -1: no memory; settings_fini() copes with what is there. */
int settings_init_default(struct config_settings *settings);
/* inner, zeroed, becomes a copy of outer. */
int settings_inherit(struct config_settings *inner, const struct config_settings *outer);
/* What the section sets, over what was inherited or default. */
int settings_apply(struct config *config, struct config_settings *settings,
    struct tree_section *section, struct errors *errors);
void settings_fini(struct config_settings *settings);
/* The index of a cleaned path in config->roots, added when it is new. */
int settings_add_root(struct config *config, const char *path, struct source_place place,
    unsigned *index_out);
/* Adds `what` "text", expected ..., and marks the value. */
void settings_add_wrong(struct errors *errors, const struct tree_section *section,
    struct tree_value *value);

#endif
