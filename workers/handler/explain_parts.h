/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of explain_url(), and not seen by others. */
#ifndef MUSTER_HANDLER_EXPLAIN_PARTS_H
#define MUSTER_HANDLER_EXPLAIN_PARTS_H

#include <stdio.h>

#include "workers/handler/answer.h"

struct explanation {
	FILE *out;
	const struct config *config;
	struct exchange *exchange;
	unsigned level_count;       /* of locations told since the last rewrite */
	bool is_redirected;
};

/* A line "label  text (file:line)", or more where it is too long for a terminal; without a
 * label it belongs to the one before; file may be NULL. */
void explain_say(const struct explanation *told, const char *label, const char *file,
    unsigned line, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* One level of locations: which fit, which is taken. */
void explain_locations(struct explanation *told, const struct route_event *event);
/* What the route means: file, fallbacks, access. */
void explain_route(const struct explanation *told);

#endif
