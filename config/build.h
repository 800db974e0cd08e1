/* SPDX-License-Identifier: BSD-2-Clause */
/* From tree to configuration. Inside config/ only. */
#ifndef MUSTER_CONFIG_BUILD_H
#define MUSTER_CONFIG_BUILD_H

#include "config/errors.h"
#include "config/tree.h"

/* Fills the config, which has nothing but its keep and its source, with the defaults and the
 * tree's values; marks wrong ones in the tree. Listeners and hosts come in the order of their
 * sections, one each, even if a name is wrong (then ""). What values mean together is left to
 * validate.c. -1: no memory; config_free() copes with what is there. */
int build_config(struct config *config, struct tree_section *tree, struct errors *errors);

#endif
