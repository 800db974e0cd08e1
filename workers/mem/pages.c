/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives pages back to the system. Leaves which to the callers. Workers, unprivileged. Rule: not a
 * byte outside of what was given is lost, however large a page is. Shown by test_pages.c. */
#include "workers/mem/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void
pages_give_back(void *start, size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = ((uintptr_t)start + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)start + bytes) / page * page;

	if (end > first)
		(void)madvise((void *)first, end - first, MADV_DONTNEED);
}
