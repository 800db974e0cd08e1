/* SPDX-License-Identifier: BSD-2-Clause */
/* What answers a request: which steps, in which order. The steps have files of their own. */
#ifndef MUSTER_HANDLER_SITE_H
#define MUSTER_HANDLER_SITE_H

#include "workers/handler/answer.h"

/* All that the head decides: rules, location, limits, access, method. False: *answer says no,
 * or redirects, and the request's content is not wanted. exchange->route is filled either
 * way, but when the path itself is refused. */
bool site_admit(struct exchange *exchange, struct answer *answer);
/* After site_admit(), and after the content was read: the file, listing or page. */
void site_answer(struct exchange *exchange, struct answer *answer);
/* Last, for every answer, errors too: error page, header fields, compression. is_routed:
 * exchange->route is filled. */
void site_finish(struct exchange *exchange, struct answer *answer, bool is_routed);

/* What a GET of target ("/path?query", on the same host, by the same client) would answer, for
 * server-side includes: with its rules and access control, without limits, error pages and
 * fields. answer: initialised, the caller's to finish; depth is one more than the parent's. */
void site_subrequest(const struct exchange *parent, struct slice target,
    struct answer *answer);

#endif
