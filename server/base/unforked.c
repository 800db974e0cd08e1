/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps memory that fork(2) leaves out. Leaves what lies in it to its users. Master; no rights
 * needed. Rule: nothing that a child reads is ever put there. Shown by test_unforked.c. */
#include "server/base/unforked.h"

#include <errno.h>
#include <sys/mman.h>

void *
unforked_new(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
	int saved_errno;

	if (memory == MAP_FAILED)
		return NULL;
	if (madvise(memory, bytes, MADV_DONTFORK) == 0)
		return memory;
	saved_errno = errno;
	(void)munmap(memory, bytes);
	errno = saved_errno;
	return NULL;
}

void
unforked_free(void *memory, size_t bytes)
{
	if (memory != NULL)
		(void)munmap(memory, bytes);
}
