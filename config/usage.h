/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings that need each other in the scopes that are served. Inside config/ only. */
#ifndef MUSTER_CONFIG_USAGE_H
#define MUSTER_CONFIG_USAGE_H

#include "config/errors.h"
#include "config/tree.h"

/* config was built from the tree without any mistake so far. */
void usage_check(const struct config *config, const struct tree_section *tree,
    struct errors *errors);

#endif
