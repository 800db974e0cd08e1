/* SPDX-License-Identifier: BSD-2-Clause */
/* Edit distance between directive names, for error messages. Which names are
 * candidates, the caller knows. Pure; runs wherever a configuration is read.
 * Bounded: a name of SUGGEST_NAME_BYTES or more is never compared.
 * Shown by tests/unit/config/test_suggest.c. */
#include "config/suggest.h"

#include <string.h>

static unsigned
min_u(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment, three rows at a time. */
unsigned
suggest_distance(const char *a, const char *b)
{
	unsigned rows[3][SUGGEST_NAME_BYTES];
	size_t a_bytes = strlen(a), b_bytes = strlen(b);

	if (a_bytes >= SUGGEST_NAME_BYTES || b_bytes >= SUGGEST_NAME_BYTES)
		return SUGGEST_NAME_BYTES;
	for (size_t j = 0; j <= b_bytes; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_bytes; i++) {
		unsigned *now = rows[i % 3], *before = rows[(i + 2) % 3];
		const unsigned *earlier = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_bytes; j++) {
			now[j] = before[j - 1] + (a[i - 1] != b[j - 1]);
			now[j] = min_u(now[j], min_u(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = min_u(now[j], earlier[j - 2] + 1);
		}
	}
	return rows[a_bytes % 3][b_bytes];
}

const char *
suggest_nearest(const char *name, const char *const *names, size_t name_count)
{
	const char *nearest = NULL;
	unsigned least = 0;

	for (size_t i = 0; i < name_count; i++) {
		unsigned distance = suggest_distance(name, names[i]);
		size_t longer = strlen(name) > strlen(names[i]) ? strlen(name) : strlen(names[i]);

		if (distance * 3 <= longer && (nearest == NULL || distance < least)) {
			nearest = names[i];
			least = distance;
		}
	}
	return nearest;
}
