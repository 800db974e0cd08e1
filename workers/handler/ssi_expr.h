/* SPDX-License-Identifier: BSD-2-Clause */
/* The expressions of <!--#if expr="..." -->. */
#ifndef MUSTER_HANDLER_SSI_EXPR_H
#define MUSTER_HANDLER_SSI_EXPR_H

#include "workers/handler/ssi_scope.h"

enum ssi_truth { SSI_FALSE, SSI_TRUE, SSI_WRONG };

/* A pattern that matches changes scope->captures. SSI_WRONG: *problem_out says why, until the
 * next call. */
enum ssi_truth ssi_evaluate(struct ssi_scope *scope, struct slice text,
    const char **problem_out);

#endif
