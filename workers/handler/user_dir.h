/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of users: "/~alice/" is the directory public_html in the home of alice. */
#ifndef MUSTER_HANDLER_USER_DIR_H
#define MUSTER_HANDLER_USER_DIR_H

#include "workers/handler/answer.h"

/* The directory of the route's user, for resolve_open() to start from; the caller closes it.
 * -1 and errno: ENOENT whether there is no such user, no such directory, or no way into it
 * (that is logged); else what keeps everybody out, such as EMFILE. */
int user_dir_open(const struct exchange *exchange);

#endif
