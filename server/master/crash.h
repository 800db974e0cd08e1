/* SPDX-License-Identifier: BSD-2-Clause */
/* The report of a child that died. Pure text. See test_crash.c. */
#ifndef MUSTER_MASTER_CRASH_H
#define MUSTER_MASTER_CRASH_H

#include "server/priv/guard.h"

#include <stddef.h>

#include "server/base/scoreboard.h"

/* who: "worker"; wait_status as of waitpid(2). One line without newline: pid, signal or exit
 * status, and the request it was acting on, from its slot (hearsay). Returns out. */
const char *crash_describe(const char *who, int pid, int wait_status, enum slot_phase phase,
    const struct slot_request *request, char *out, size_t cap);

#endif
