/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of what is wrong with a configuration. Who shows it, and where, is
 * main.c's and the master's decision: nothing here logs. Runs wherever a
 * configuration is read. Messages are printable whatever the file holds, at most
 * CONFIG_ERRORS_MAX of them, in the order of the text.
 * Shown by tests/unit/config/test_load.c. */
#include "config/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/source.h"

void
errors_init(struct errors *errors, const struct source *source, struct config_errors *shown)
{
	memset(shown, 0, sizeof(*shown));
	errors->shown = shown;
	errors->source = source;
}

static bool
is_known(const struct errors *errors, const char *line)
{
	for (size_t i = 0; i < errors->shown->count; i++) {
		if (strcmp(errors->shown->lines[i], line) == 0)
			return true;
	}
	return false;
}

/* Takes the line over. A stable insertion: equal positions stay in order. */
static void
insert(struct errors *errors, unsigned position, char *line)
{
	struct config_errors *shown = errors->shown;
	size_t at = shown->count;
	char **lines;

	if (line != NULL && is_known(errors, line)) {
		free(line);
		return;
	}
	if (line == NULL || shown->count == CONFIG_ERRORS_MAX) {
		shown->dropped_count++;
		free(line);
		return;
	}
	lines = realloc(shown->lines, (shown->count + 1) * sizeof(*lines));
	if (lines == NULL) {
		shown->dropped_count++;
		free(line);
		return;
	}
	shown->lines = lines;
	for (; at > 0 && errors->positions[at - 1] > position; at--) {
		lines[at] = lines[at - 1];
		errors->positions[at] = errors->positions[at - 1];
	}
	lines[at] = line;
	errors->positions[at] = position;
	shown->count++;
}

void
errors_add(struct errors *errors, unsigned position, const char *format, ...)
{
	struct source_place place = source_place(errors->source, position);
	char *what = NULL, *line = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&what, format, arguments);
	va_end(arguments);
	if (length < 0)
		what = NULL;
	if (what != NULL && place.line > 0)
		length = asprintf(&line, "%s:%u: %s", place.file, place.line, what);
	else if (what != NULL)
		length = asprintf(&line, "%s: %s", place.file, what);
	free(what);
	insert(errors, position, length < 0 ? NULL : line);
}

void
errors_add_no_memory(struct errors *errors)
{
	errors_add(errors, 0, "not enough memory to read the configuration");
}

const char *
errors_quote(const char *text, char *quoted, size_t quoted_bytes)
{
	size_t used = 0;

	quoted[used++] = '"';
	for (; *text != '\0' && used + 9 < quoted_bytes; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f)
			used += (size_t)snprintf(quoted + used, 5, "\\x%02x", byte);
		else
			quoted[used++] = *text;
	}
	if (*text != '\0') {
		memcpy(quoted + used, "...", 3);
		used += 3;
	}
	quoted[used++] = '"';
	quoted[used] = '\0';
	return quoted;
}

void
config_errors_fini(struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		free(errors->lines[i]);
	free(errors->lines);
	memset(errors, 0, sizeof(*errors));
}
