/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is not needed for a while: its pages go back to the system. Their size is the
 * running system's (4 KiB to 64 KiB), and madvise(2) rounds up what it is given. */
#ifndef MUSTER_MEM_PAGES_H
#define MUSTER_MEM_PAGES_H

#include <stddef.h>

/* Whole pages within these bytes lose what they hold, and read as zero afterwards; the rest stays.
 * What is not mapped is no fault. */
void pages_give_back(void *start, size_t bytes);

#endif
