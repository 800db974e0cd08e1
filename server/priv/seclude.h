/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process that holds secrets gives up while it is still root. */
#ifndef MUSTER_PRIV_SECLUDE_H
#define MUSTER_PRIV_SECLUDE_H

#include "server/priv/guard.h"

#include <stddef.h>

/* In the child, before drop_forever_postfork(): it has a network of its own, in which there is
 * nothing, and may lock all its memory. 0, also without root, when nothing of it can be had; -1 and
 * errbuf when the system refuses, which is a warning: the filter of system calls forbids sockets as
 * well. */
int seclude_postfork(char *errbuf, size_t errbuf_bytes);

#endif
