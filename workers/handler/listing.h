/* SPDX-License-Identifier: BSD-2-Clause */
/* autoindex: what a directory holds, as a page for people or as JSON. */
#ifndef MUSTER_HANDLER_LISTING_H
#define MUSTER_HANDLER_LISTING_H

#include "workers/handler/answer.h"

/* Fills the answer with a list of dir_fd, the directory that exchange->path names; the path
 * ends with a slash. dir_fd stays the caller's, who must have opened it just now. */
void listing_answer(const struct exchange *exchange, struct answer *answer, int dir_fd);

#endif
