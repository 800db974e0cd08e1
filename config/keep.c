/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of one configuration. Each piece is an allocation of its own, so that the
 * sanitizers see where it ends; what a library made is noted beside the pieces. Runs
 * wherever a configuration is read. Pieces are freed in the reverse order of their making.
 * Shown by tests/unit/config/test_keep.c. */
#include "config/keep.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct piece {
	struct piece *older;
	void (*free_it)(void *thing);   /* NULL: nothing but this piece */
	void *thing;
	_Alignas(max_align_t) unsigned char bytes[];
};

struct keep {
	struct piece *newest;
};

struct keep *
keep_new(void)
{
	return calloc(1, sizeof(struct keep));
}

static struct piece *
add_piece(struct keep *keep, size_t bytes)
{
	struct piece *piece;

	if (bytes > SIZE_MAX - sizeof(*piece))
		return NULL;
	piece = calloc(1, sizeof(*piece) + bytes);
	if (piece == NULL)
		return NULL;
	piece->older = keep->newest;
	keep->newest = piece;
	return piece;
}

void
keep_free(struct keep **keep)
{
	struct keep *gone = *keep;

	while (gone != NULL && gone->newest != NULL) {
		struct piece *piece = gone->newest;

		gone->newest = piece->older;
		if (piece->free_it != NULL)
			piece->free_it(piece->thing);
		free(piece);
	}
	free(gone);
	*keep = NULL;
}

void *
keep_alloc(struct keep *keep, size_t bytes)
{
	struct piece *piece = add_piece(keep, bytes);

	return piece == NULL ? NULL : piece->bytes;
}

char *
keep_text(struct keep *keep, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = keep_alloc(keep, bytes);

	return copy == NULL ? NULL : memcpy(copy, text, bytes);
}

int
keep_call(struct keep *keep, void (*free_it)(void *thing), void *thing)
{
	struct piece *piece = add_piece(keep, 0);

	if (piece == NULL) {
		free_it(thing);
		return -1;
	}
	piece->free_it = free_it;
	piece->thing = thing;
	return 0;
}
