/* SPDX-License-Identifier: BSD-2-Clause */
/* The signer: the one process that has the private keys of TLS. */
#ifndef MUSTER_SIGNER_SIGNER_H
#define MUSTER_SIGNER_SIGNER_H

#include "server/base/inherit.h"

/* A child's whole life; ends the process. */
void signer_main(const struct inheritance *own);

#endif
