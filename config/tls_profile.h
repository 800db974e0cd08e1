/* SPDX-License-Identifier: BSD-2-Clause */
/* The section tls, made whole by its profile. Inside config/ only. */
#ifndef MUSTER_CONFIG_TLS_PROFILE_H
#define MUSTER_CONFIG_TLS_PROFILE_H

#include "config/scope.h"

/* global: the outermost scope, of which the section is stored. What it does not name, the profile
 * fills in. -1: no memory. */
int tls_profile_apply(const struct scope *global);

#endif
