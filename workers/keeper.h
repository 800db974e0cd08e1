/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper process. */
#ifndef MUSTER_WORKERS_KEEPER_H
#define MUSTER_WORKERS_KEEPER_H

#include "server/base/inherit.h"

/* Holds connections between requests until it is told to go; ends the process. */
void keeper_main(const struct inheritance *inheritance);

#endif
