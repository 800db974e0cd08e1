/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of the administrator in place of the built-in error pages. */
#ifndef MUSTER_HANDLER_ERROR_PAGE_H
#define MUSTER_HANDLER_ERROR_PAGE_H

#include "workers/handler/answer.h"

/* answer: made by answer_error(). Without a page for its status, or when the file cannot be
 * had (logged), it stays as it is. */
void error_page_replace(const struct exchange *exchange, struct answer *answer);

#endif
