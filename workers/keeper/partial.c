/* SPDX-License-Identifier: BSD-2-Clause */
/* See partial.h. Keepers, unprivileged. Shown by test_partial.c. */
#include "workers/keeper/partial.h"

#include <stdlib.h>
#include <string.h>

#define PARTIAL_ALL_BYTES (64u * 1024 * 1024)
#define LEAST_BYTES 512

static size_t all_bytes;            /* of the process */

void
partial_free(struct partial **partial)
{
	if (*partial == NULL)
		return;
	all_bytes -= (*partial)->cap;
	free(*partial);
	*partial = NULL;
}

bool
partial_keep(struct partial **partial, const char *in, size_t bytes)
{
	struct partial *grown = *partial;

	if (bytes == 0) {
		partial_free(partial);
		return true;
	}
	if (grown == NULL || grown->cap < bytes) {
		size_t had = grown == NULL ? 0 : grown->cap;
		size_t cap = had * 2 > bytes ? had * 2 : bytes;

		cap = cap < LEAST_BYTES ? LEAST_BYTES : cap;
		if (all_bytes - had + cap > PARTIAL_ALL_BYTES)
			return false;
		grown = realloc(*partial, sizeof *grown + cap);
		if (grown == NULL)
			return false;
		if (*partial == NULL)
			grown->bytes = grown->parse_at = 0;
		grown->cap = cap;
		all_bytes += cap - had;
		*partial = grown;
	}
	memcpy(grown->data, in, bytes);
	/* Not put off by what comes in between; less than before is another request. */
	if (bytes >= grown->parse_at || bytes < grown->bytes)
		grown->parse_at = bytes * 2;
	grown->bytes = bytes;
	return true;
}

/* A head ends with a line, and what is wrong with one shows at the end of a line, or by its
 * size: then a look at each doubling is enough. */
bool
partial_is_worth_parsing(const struct partial *partial, const char *in, size_t from, size_t bytes)
{
	return partial == NULL || bytes >= partial->parse_at ||
	    memchr(in + from, '\n', bytes - from) != NULL;
}
