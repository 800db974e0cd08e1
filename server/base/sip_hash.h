/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash whose values nobody can foresee who does not know the key. Pure. */
#ifndef MUSTER_BASE_SIP_HASH_H
#define MUSTER_BASE_SIP_HASH_H

#include <stdint.h>

/* SipHash-2-4 of count words, as of their bytes from the lowest on. */
uint64_t sip_hash(const uint64_t key[2], const uint64_t *words, unsigned count);

#endif
