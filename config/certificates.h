/* SPDX-License-Identifier: BSD-2-Clause */
/* Which certificates there are, and which host has which of them. Inside config/ only. */
#ifndef MUSTER_CONFIG_CERTIFICATES_H
#define MUSTER_CONFIG_CERTIFICATES_H

#include "config/scope.h"

/* global: the outermost scope, when all hosts are there. -1: no memory. */
int certificates_build(const struct scope *global);

#endif
