/* SPDX-License-Identifier: BSD-2-Clause */
/* How much of the system the server may take. */
#ifndef MUSTER_PRIV_LIMITS_H
#define MUSTER_PRIV_LIMITS_H

#include "server/priv/guard.h"

#include "config/config.h"

/* As many descriptors and processes as the administrator's hard limits allow; root raises the
 * one of descriptors for keepers that hold more connections than that, and for signers of more
 * workers. Whatever the system refuses is let be: the processes live with what there is. */
void limits_raise(const struct config *config);

#endif
