/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the compiled patterns of the pages that a worker has served, since compiling asks
 * for memory and pages come again and again. Workers, unprivileged. Rule: at most
 * SLOT_COUNT patterns are held, each from the text of a file and never from a client's.
 * Shown by test_ssi_expr.c. */
#include "workers/handler/ssi_pattern.h"

#include <stdlib.h>

#define SLOT_COUNT 64
#define TEXT_MAX_BYTES 1024

/* One for the process, which serves one request at a time. */
static struct slot {
	struct pattern *pattern;    /* NULL: free */
	char *text;
	bool ignores_case;
} slots[SLOT_COUNT];

static struct slot *
find_slot(const char *text, bool ignores_case)
{
	unsigned hash = ignores_case;

	for (const char *at = text; *at != '\0'; at++)
		hash = hash * 31 + (unsigned char)*at;
	return &slots[hash % SLOT_COUNT];
}

const struct pattern *
ssi_pattern(struct slice text, bool ignores_case, const char **problem_out)
{
	static char errbuf[256];
	char key[TEXT_MAX_BYTES + 1];
	struct slot *slot;

	*problem_out = errbuf;
	if (text.len > TEXT_MAX_BYTES || memchr(text.data, '\0', text.len) != NULL) {
		*problem_out = "a pattern is too long or holds a NUL";
		return NULL;
	}
	memcpy(key, text.data, text.len);
	key[text.len] = '\0';
	slot = find_slot(key, ignores_case);
	if (slot->pattern != NULL && slot->ignores_case == ignores_case &&
	    strcmp(slot->text, key) == 0)
		return slot->pattern;
	pattern_free(&slot->pattern);
	free(slot->text);
	slot->text = strdup(key);
	if (slot->text == NULL) {
		*problem_out = "no memory for a pattern";
		return NULL;
	}
	slot->ignores_case = ignores_case;
	slot->pattern = pattern_compile(key, ignores_case, errbuf, sizeof errbuf);
	return slot->pattern;
}
