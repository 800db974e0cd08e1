/* SPDX-License-Identifier: BSD-2-Clause */
/* One value of one directive: from text into its field, and back. Inside config/ only. */
#ifndef MUSTER_CONFIG_VALUE_H
#define MUSTER_CONFIG_VALUE_H

#include <stdio.h>

#include "config/config.h"
#include "config/schema.h"

#define VALUE_BYTES_MAX 4096    /* of any value or title, NUL included */

enum value_outcome { VALUE_STORED, VALUE_WRONG, VALUE_NO_MEMORY };

/* The struct in which the fields of a scope lie; for inheritable rows pass the
 * settings themselves. Only for scopes without a title. */
void *value_base(struct config *config, enum schema_scope scope);
/* For rows that schema_is_plain(). base: the struct that holds the row's field. */
enum value_outcome value_store(const struct schema_directive *row, const char *text,
    struct keep *keep, void *base);
/* The same kinds; in the configuration's syntax, quotes included. */
void value_print(const struct schema_directive *row, const void *base, FILE *out);
/* Not too long and without control characters (a tab is allowed if asked for). */
_Bool value_is_text(const char *text, _Bool may_have_tab);
void value_print_quoted(const char *text, FILE *out);

#endif
