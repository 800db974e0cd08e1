/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that stand for one address in several languages and codings (RFC 9110 12.1): page.html.de
 * and page.html.en, and beside each of them page.html.de.gz. */
#ifndef MUSTER_HANDLER_VARIANTS_H
#define MUSTER_HANDLER_VARIANTS_H

#include "workers/handler/found.h"

/* Opens the file below (NUL-terminated), or what the client likes best of its variants in
 * settings.languages. *found_out is filled either way; fd: -1 and errno. What was opened is of
 * any kind: a directory, too. */
int variants_open(const struct exchange *exchange, int root_fd, struct slice below,
    struct found *found_out);
/* Puts a precompressed file into found, if there is one beside the regular file in it that the
 * client takes; found says then, and also else, whether that depends on the client. */
void variants_use_coded(const struct exchange *exchange, struct slice media_type,
    struct found *found);

#endif
