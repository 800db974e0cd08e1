/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that a child does not get: what the master writes between one fork and the next would
 * cost each child a copy of its page, and is none of its business. */
#ifndef MUSTER_BASE_UNFORKED_H
#define MUSTER_BASE_UNFORKED_H

#include <stddef.h>

/* Zeroed, whole pages: for few and large things. A child of fork(2) that touches it dies. NULL and
 * errno: no memory. */
void *unforked_new(size_t bytes);
/* bytes as given to unforked_new(). */
void unforked_free(void *memory, size_t bytes);

#endif
