/* SPDX-License-Identifier: BSD-2-Clause */
/* On the way to a file another path comes up: an index, a file of try_files, a fallback. It may
 * belong to another location, whose rules then apply. */
#ifndef MUSTER_HANDLER_REROUTE_H
#define MUSTER_HANDLER_REROUTE_H

#include "workers/handler/answer.h"

/* A path that was put together of decoded ones, without "." and ".." and double slashes;
 * NUL-terminated, lives in the scratch arena. data is NULL: it cannot be one. */
struct slice reroute_normalize(const struct exchange *exchange, struct slice decoded,
    struct uri_path *info_out);
/* What stands before the part of the exchange's path that is looked up below the root: "" for
 * a root, "/files" for that location's alias, "/~alice" for a user. False: the path is
 * looked up as something else altogether. */
bool reroute_find_prefix(const struct exchange *exchange, struct slice *prefix_out);
/* Whether another location than the present one answers for path. An exact location with an
 * alias of its own gives nothing away: no other address leads to what it has there. */
bool reroute_is_due(const struct exchange *exchange, struct slice path);
/* Whether variant_below, which may be sent in place of below (both below the root), is by its
 * own name in a location with access control that is not the same. Other settings do not
 * matter: a location for "[.]html$" is for the German page as well, which its own name does
 * not say. No system call. */
bool reroute_guards(const struct exchange *exchange, struct slice below,
    struct slice variant_below);
/* The next round is for this path; the query stays. */
void reroute_to(struct exchange *exchange, struct slice path, const struct uri_path *info);

#endif
