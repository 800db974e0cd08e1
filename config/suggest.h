/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean": the nearest of some known names. */
#ifndef MUSTER_CONFIG_SUGGEST_H
#define MUSTER_CONFIG_SUGGEST_H

#include <stddef.h>

#define SUGGEST_NAME_BYTES 64   /* a longer name is near to nothing */

/* Inserted, left out, wrong and swapped neighbouring letters count one each. */
unsigned suggest_distance(const char *a, const char *b);
/* The first of the nearest names, or NULL when none is near enough to help: at
 * most a third of the letters may be wrong. The result is one of `names`. */
const char *suggest_nearest(const char *name, const char *const *names, size_t name_count);

#endif
