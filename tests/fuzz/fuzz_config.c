/* SPDX-License-Identifier: BSD-2-Clause */
/* config_load_text() on any text: a reason or a configuration, never both; what loads is dumped
 * to a text that loads and dumps the same. No file is read: includes are refused in a text, and
 * a second types_file beside the one put in front is a mistake. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static char *
load_and_dump(const char *text)
{
	struct config_errors errors;
	struct config *config = config_load_text(text, "fuzz", &errors);
	char *dumped = NULL;

	if ((config == NULL) == (errors.count == 0))
		abort();
	for (size_t i = 0; i < errors.count; i++) {
		if (strncmp(errors.lines[i], "fuzz", 4) != 0)
			abort();
	}
	if (config != NULL && (dumped = config_dump(config)) == NULL)
		abort();
	config_free(&config);
	config_errors_fini(&errors);
	return dumped;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const char first_line[] = "types_file = \"\"\n";
	char *text = calloc(1, sizeof(first_line) + bytes);
	char *first, *second;

	memcpy(text, first_line, sizeof(first_line) - 1);
	memcpy(text + sizeof(first_line) - 1, data, bytes);
	first = load_and_dump(text);
	if (first != NULL) {
		second = load_and_dump(first);
		if (second == NULL || strcmp(first, second) != 0)
			abort();
		free(second);
	}
	free(first);
	free(text);
	return 0;
}
