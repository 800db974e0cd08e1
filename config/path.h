/* SPDX-License-Identifier: BSD-2-Clause */
/* Spelling of paths and host names; nothing is looked up. Inside config/ only. */
#ifndef MUSTER_CONFIG_PATH_H
#define MUSTER_CONFIG_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_HOST_BYTES 256     /* longest host name, wildcard and NUL included */

/* Starts with '/' and is shorter than PATH_MAX. */
bool path_is_absolute(const char *path);
/* An absolute path with each run of slashes made one and none at the end ("/" stays).
 * malloc'd. NULL: *is_wrong_out tells a path that is relative or has "." or ".."
 * from a lack of memory. */
char *path_clean(const char *path, bool *is_wrong_out);
/* path is folder itself or below it; both cleaned. */
bool path_is_below(const char *path, const char *folder);
/* NULL: fit for a location. Else what was expected (static text). */
const char *path_check_location(const char *path);
/* Lower case, no dot at the end. NULL: host_out is filled (PATH_HOST_BYTES). Else
 * what was expected (static text). */
const char *path_parse_host(const char *text, char *host_out);

#endif
