/* SPDX-License-Identifier: BSD-2-Clause */
/* try_files: the first of some paths that is there, or a fallback. */
#ifndef MUSTER_HANDLER_TRY_FILES_H
#define MUSTER_HANDLER_TRY_FILES_H

#include "workers/handler/found.h"

enum try_files_outcome {
	TRY_FILES_FILE,             /* *found_out is open, and no directory */
	TRY_FILES_DIRECTORY,        /* found_out->below names it; nothing is open */
	TRY_FILES_STATUS,           /* *status_out is the answer */
	TRY_FILES_REFUSED,          /* one is there, but cannot be had: errno says why */
	TRY_FILES_REROUTE,          /* exchange has the path to go on with */
};

/* Goes through settings.try_files, which is not empty. An element is a path in which "$uri" stands
 * for the exchange's; with a slash at its end it is about a directory, else about anything
 * else. It is looked up where the location has its files; one that another location answers
 * for means another round, as does a directory other than "$uri/". The last element is not
 * looked up: "=404" is a status, a path is where to go on. */
enum try_files_outcome try_files_choose(struct exchange *exchange, int root_fd,
    struct found *found_out, unsigned *status_out);

#endif
