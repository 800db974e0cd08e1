/* SPDX-License-Identifier: BSD-2-Clause */
/* What a load balancer says before the client's first byte. */
#ifndef MUSTER_CONN_PREFACE_H
#define MUSTER_CONN_PREFACE_H

#include "workers/conn/conn.h"

/* Where the listener has proxy_protocol: reads the header, and the connection is with the
 * client it names from then on. False: none came in time, or something else; the connection
 * has to end without an answer. Else true at once. */
bool preface_read(struct conn *conn);

#endif
