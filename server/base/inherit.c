/* SPDX-License-Identifier: BSD-2-Clause */
/* Closes what is not on the list. Runs in a worker between fork and the dropping of
 * privileges. Rule: the list is whole, so a descriptor added to struct inheritance is
 * added here or it is closed. Shown by tests/integration/60-privilege. */
#include "server/base/inherit.h"

#include <errno.h>
#include <stdlib.h>

#include "server/base/fdio.h"

#define FIXED_COUNT 7

static int
compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int
inherit_close_others(const struct inheritance *own)
{
	size_t cap = FIXED_COUNT + own->root_count, count = 0, i;
	int *keep = malloc(cap * sizeof *keep);
	int result;

	if (keep == NULL)
		return -1;
	keep[count++] = own->listen_fd;
	keep[count++] = own->wake_fd;
	keep[count++] = own->log_request_fd;
	keep[count++] = own->log_answer_fd;
	keep[count++] = own->null_fd;
	keep[count++] = own->error_log.kind == LOG_SINK_NONE ? -1 : own->error_log.fd;
	keep[count++] = own->access_log.kind == LOG_SINK_NONE ? -1 : own->access_log.fd;
	for (i = 0; i < own->root_count; i++)
		keep[count++] = own->root_fds[i];
	qsort(keep, count, sizeof *keep, compare_fds);
	result = fdio_close_all_but(keep, count, 3);
	free(keep);
	return result;
}
