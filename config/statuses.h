/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of statuses from texts such as "404" and "5xx". Inside config/ only. */
#ifndef MUSTER_CONFIG_STATUSES_H
#define MUSTER_CONFIG_STATUSES_H

#include <stddef.h>

#include "config/config.h"

/* Adds what the text names; false: it is neither a status nor a class of them. */
bool statuses_add(struct config_statuses *set, const char *text);
/* Those of all texts; none: every status. The texts have been through statuses_add(). */
struct config_statuses statuses_of(char *const *texts, size_t text_count);

#endif
