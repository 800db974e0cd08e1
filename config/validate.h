/* SPDX-License-Identifier: BSD-2-Clause */
/* What the values of a configuration mean together. Inside config/ only. */
#ifndef MUSTER_CONFIG_VALIDATE_H
#define MUSTER_CONFIG_VALIDATE_H

#include "config/errors.h"
#include "config/tree.h"

/* config was built from the tree. Adds a message for each contradiction, at the line
 * of the directive or section concerned; keeps quiet about values that are marked
 * wrong. -1: no memory. */
int validate_config(const struct config *config, const struct tree_section *tree,
    struct errors *errors);

#endif
