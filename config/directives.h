/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the table of directives. Read them through schema.h. Inside config/ only. */
#ifndef MUSTER_CONFIG_DIRECTIVES_H
#define MUSTER_CONFIG_DIRECTIVES_H

#include "config/schema.h"

extern const struct schema_directive directives[];
extern const size_t directives_count;

#endif
