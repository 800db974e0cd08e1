/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 as RFC 4648 4 has it. Bytes only. */
#ifndef MUSTER_HTTP_BASE64_H
#define MUSTER_HTTP_BASE64_H

#include "workers/mem/slice.h"

/* Strict: the one alphabet, padded to groups of four, no blanks, no bits set that say nothing, so
 * that no two texts mean the same bytes. Returns the bytes in out, or -1: not Base64, or more
 * than cap. */
long base64_decode(struct slice text, char *out, size_t cap);

#endif
