/* SPDX-License-Identifier: BSD-2-Clause */
/* When an answer that was made before can stand for one that was made now. For answer_cache.c.
 * Pure. */
#ifndef MUSTER_HANDLER_ANSWER_RENEWAL_H
#define MUSTER_HANDLER_ANSWER_RENEWAL_H

#include "workers/handler/answer_cache.h"

/* Whether each change of the file since its content was read, which began at now_wall_ns, shows
 * in the file's state. */
bool renewal_sees_changes(const struct cached_answer *answer, int64_t now_wall_ns);
/* The answer is the one that was made now, and says so in Expires from now on. False: it is
 * another one, or cannot be changed while it is being sent. */
bool renewal_fits(struct cached_answer *answer, struct slice head, size_t date_offset,
    const struct answer_file_state *state);

#endif
