/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the process title over argv, as Linux shows it in /proc/PID/cmdline. Every
 * process. Without room or memory the title just stays as it was. */
#include "server/base/title.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *title_area;
static size_t title_bytes;

void
title_init(int argc, char **argv)
{
	char *end = argv[0] + strlen(argv[0]) + 1, **copy;
	size_t count = 0, i;

	for (i = 1; i < (size_t)argc; i++)
		if (argv[i] == end)
			end = argv[i] + strlen(argv[i]) + 1;
	while (environ[count] != NULL)
		count++;
	copy = calloc(count + 1, sizeof *copy);
	if (copy == NULL)
		return;
	for (i = 0; i < count; i++) {
		if (environ[i] == end)
			end = environ[i] + strlen(environ[i]) + 1;
		copy[i] = strdup(environ[i]);
		if (copy[i] == NULL)
			return;
	}
	/* argv's strings are used on, so the caller's pointers get copies as well. */
	for (i = 1; i < (size_t)argc; i++) {
		char *text = strdup(argv[i]);

		if (text == NULL)
			return;
		argv[i] = text;
	}
	title_area = argv[0];
	title_bytes = (size_t)(end - argv[0]);
	environ = copy;
}

void
title_set(const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	if (title_area == NULL)
		return;
	len = snprintf(text, sizeof text, "musterd: ");
	va_start(args, format);
	(void)vsnprintf(text + len, sizeof text - (size_t)len, format, args);
	va_end(args);
	memset(title_area, 0, title_bytes);
	(void)snprintf(title_area, title_bytes, "%s", text);
}
