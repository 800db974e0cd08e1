/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns in server-side includes, compiled once for many pages. */
#ifndef MUSTER_HANDLER_SSI_PATTERN_H
#define MUSTER_HANDLER_SSI_PATTERN_H

#include "config/pattern.h"
#include "workers/mem/slice.h"

/* Valid until the next call. NULL: it is wrong, or there is no memory; *problem_out says
 * so, until the next call as well. */
const struct pattern *ssi_pattern(struct slice text, bool ignores_case,
    const char **problem_out);

#endif
