/* SPDX-License-Identifier: BSD-2-Clause */
/* What to say about a directive that does not exist. Inside config/ only. */
#ifndef MUSTER_CONFIG_UNKNOWN_H
#define MUSTER_CONFIG_UNKNOWN_H

#include "config/errors.h"
#include "config/schema.h"

/* Adds a message for a name found in a scope that has no such directive. */
void unknown_add(struct errors *errors, unsigned position, enum schema_scope scope,
    const char *name);

#endif
