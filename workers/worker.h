/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker process: accepts on one listening socket, one connection at a time. */
#ifndef MUSTER_WORKER_H
#define MUSTER_WORKER_H

#include "server/base/inherit.h"

/* Runs in the forked child, without rights already; ends the process. */
void worker_main(const struct inheritance *own);

#endif
