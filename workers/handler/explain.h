/* SPDX-License-Identifier: BSD-2-Clause */
/* Says which host and location serve a URL, and why: "musterd -t -u URL". */
#ifndef MUSTER_HANDLER_EXPLAIN_H
#define MUSTER_HANDLER_EXPLAIN_H

#include <stdio.h>

#include "config/config.h"

/* url: "http://host[:port]/path?query", https, or "/path" for the default host. 0: explained, or
 * 1: no such URL, or no memory; the reason is on stderr. */
int explain_url(const struct config *config, const char *url, FILE *out);

#endif
