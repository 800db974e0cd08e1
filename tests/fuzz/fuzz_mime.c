/* SPDX-License-Identifier: BSD-2-Clause */
/* config/mime.c on any text: what a lookup gives can go into a header field, whatever the case
 * of the name. The input is the table's text, and each of its lines a name to look up. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
check_name(const struct mime_table *table, char *name, size_t bytes)
{
	const char *type = mime_lookup(table, name, bytes);

	for (const char *at = type; at != NULL && *at != '\0'; at++)
		if (*at <= ' ' || *at > '~' || *at == ';' || *at == ',')
			abort();
	if (type != NULL && (strchr(type, '/') == NULL || strchr(type, '/') != strrchr(type, '/')))
		abort();
	for (size_t i = 0; i < bytes; i++)
		name[i] = (char)toupper((unsigned char)name[i]);
	if (mime_lookup(table, name, bytes) != type)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct mime_table *table = mime_parse((const char *)data, bytes);
	char *names = malloc(bytes + 1), *line = names;

	memcpy(names, data, bytes);
	names[bytes] = '\n';
	for (size_t i = 0; i <= bytes; i++) {
		if (names[i] != '\n' && names[i] != ' ')
			continue;
		check_name(table, line, (size_t)(names + i - line));
		line = names + i + 1;
	}
	free(names);
	mime_free(&table);
	return 0;
}
