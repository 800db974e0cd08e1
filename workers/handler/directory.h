/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories: the index file, the listing, or the redirect to their own address. */
#ifndef MUSTER_HANDLER_DIRECTORY_H
#define MUSTER_HANDLER_DIRECTORY_H

#include "workers/handler/static.h"

/* Answers for the directory below (NUL-terminated, with or without a slash at its end); it
 * need not exist. Another round when another location has the index file. */
enum static_result directory_answer(struct exchange *exchange, struct answer *answer,
    int root_fd, struct slice below);

#endif
