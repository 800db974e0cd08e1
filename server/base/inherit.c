/* SPDX-License-Identifier: BSD-2-Clause */
/* Closes what is not on the list, in a child between fork and the dropping of privileges; and
 * what all children do with the list alike. Rule: the list is whole, so a descriptor added to
 * struct inheritance is added here or it is closed. Shown by test_inherit.c and
 * tests/integration/60-privilege. */
#include "server/base/inherit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/base/fdio.h"

#define FIXED_COUNT 12
#define FEW_COUNT 64                /* of all together, for most configurations */

static int
compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Not of the heap: the first malloc(3) after fork costs a child pages of its own, for ever. */
int
inherit_close_others(const struct inheritance *own)
{
	size_t bytes = (FIXED_COUNT + own->root_count + own->key_count) * sizeof(int), count = 0, i;
	int result, few[FEW_COUNT], *keep = few;

	if (bytes > sizeof few)
		keep = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (keep == MAP_FAILED)
		return -1;
	keep[count++] = own->listen_fd;
	keep[count++] = own->park_fd;
	keep[count++] = own->parked_fd;
	keep[count++] = own->handover_fd;
	keep[count++] = own->sign_fd;
	keep[count++] = own->log_wake_fd;
	keep[count++] = own->wake_fd;
	keep[count++] = own->log_request_fd;
	keep[count++] = own->log_answer_fd;
	keep[count++] = own->null_fd;
	keep[count++] = own->error_log.kind == LOG_SINK_NONE ? -1 : own->error_log.fd;
	keep[count++] = own->access_log.kind == LOG_SINK_NONE ? -1 : own->access_log.fd;
	for (i = 0; i < own->root_count; i++)
		keep[count++] = own->root_fds[i];
	for (i = 0; i < own->key_count; i++)
		keep[count++] = own->keys[i].fd;
	qsort(keep, count, sizeof *keep, compare_fds);
	result = fdio_close_all_but(keep, count, 3);
	if (keep != few)
		(void)munmap(keep, bytes);
	return result;
}

void
inherit_wake_master(const struct inheritance *own)
{
	const uint64_t one = 1;

	(void)!write(own->wake_fd, &one, sizeof one);
}

void
inherit_leave_terminal(const struct inheritance *own)
{
	int fd;

	if (own->null_fd < 0)
		return;
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(own->null_fd, fd);
}
