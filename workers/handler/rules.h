/* SPDX-License-Identifier: BSD-2-Clause */
/* From a request to the host and location that serve it, by way of redirects and rewrites. */
#ifndef MUSTER_HANDLER_RULES_H
#define MUSTER_HANDLER_RULES_H

#include "workers/handler/answer.h"

/* Fills in exchange->route for exchange->path; rewrites may change path, path_info and query,
 * whose new texts live in the scratch arena. False: *answer has it all: a redirect, 400 or 421
 * for an unknown host, 404 for an alias without a path, 500 for rewrites without an end, all
 * logged but what the client is to blame for. route is whole in any case. */
bool route_request(struct exchange *exchange, struct answer *answer);
/* The same, telling what happens on the way; trace may be NULL. */
bool route_request_traced(struct exchange *exchange, struct answer *answer,
    const struct route_trace *trace);
/* For a path that came up after that, as an index or of try_files: the host stays, and its rules
 * are not run again, or a redirect of "/index.html" to "/" would go round for ever. */
bool route_again(struct exchange *exchange, struct answer *answer);
/* For requests to the server as a whole ("OPTIONS *"): the host alone, without rules and
 * locations. */
bool route_server(struct exchange *exchange, struct answer *answer);

#endif
