/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's one timer: once a second a blocking call returns with EINTR, so that who
 * waits can look at its deadlines. Armed on demand and left running while it is of use,
 * so that a busy worker pays one system call a second at most. */
#ifndef MUSTER_IO_HEARTBEAT_H
#define MUSTER_IO_HEARTBEAT_H

/* From now on blocking calls return within a second or so. */
void heartbeat_need(void);
/* Nobody waits for it any more: stops when the next beat has come (SIGNAL_TICK). */
void heartbeat_rest(void);

#endif
