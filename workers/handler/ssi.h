/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages with server-side includes, in the form of Apache's mod_include. */
#ifndef MUSTER_HANDLER_SSI_H
#define MUSTER_HANDLER_SSI_H

#include <sys/stat.h>

#include "workers/handler/answer.h"

/* answer->file_fd is the page's file, with status 200 and all fields set but those of its
 * length: turns it into the page that it makes, and closes it. st: of the file; name: a
 * path whose last segment is the file's name. Leaves status 500 in the answer where
 * memory or limits do not suffice. */
void ssi_answer(const struct exchange *exchange, struct answer *answer, const struct stat *st,
    struct slice name);

#endif
