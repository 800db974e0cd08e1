/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that lives as long as a configuration: allocated piece by piece, freed whole.
 * So settings can be copied from scope to scope as they are. Inside config/ only. */
#ifndef MUSTER_CONFIG_KEEP_H
#define MUSTER_CONFIG_KEEP_H

#include <stddef.h>

struct keep;

struct keep *keep_new(void);                        /* NULL: no memory */
/* Also calls every function that keep_call() noted. Accepts NULL, leaves NULL. */
void keep_free(struct keep **keep);
/* Zeroed, aligned for any type. NULL: no memory. */
void *keep_alloc(struct keep *keep, size_t bytes);
char *keep_text(struct keep *keep, const char *text);
/* free_it(thing) when the rest is freed, for what a library allocates. 0, or -1: no memory,
 * and thing is freed at once. */
int keep_call(struct keep *keep, void (*free_it)(void *thing), void *thing);

#endif
