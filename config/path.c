/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks and cleans what names a place: paths of the file system, paths of URLs,
 * host names. Whether they exist is for others to find out. Pure; runs wherever a
 * configuration is read. Two spellings of one place come out the same.
 * Shown by tests/unit/config/test_path.c. */
#include "config/path.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool
path_is_absolute(const char *path)
{
	return path[0] == '/' && strlen(path) < PATH_MAX;
}

static bool
is_dots(const char *segment, size_t bytes)
{
	return (bytes == 1 || bytes == 2) && memcmp(segment, "..", bytes) == 0;
}

char *
path_clean(const char *path, bool *is_wrong_out)
{
	char *cleaned;
	size_t used = 0;

	*is_wrong_out = !path_is_absolute(path);
	if (*is_wrong_out)
		return NULL;
	cleaned = malloc(strlen(path) + 1);
	if (cleaned == NULL)
		return NULL;
	for (;;) {
		size_t bytes;

		path += strspn(path, "/");
		bytes = strcspn(path, "/");
		if (bytes == 0)
			break;
		if (is_dots(path, bytes)) {
			*is_wrong_out = true;
			free(cleaned);
			return NULL;
		}
		cleaned[used++] = '/';
		memcpy(cleaned + used, path, bytes);
		used += bytes;
		path += bytes;
	}
	if (used == 0)
		cleaned[used++] = '/';
	cleaned[used] = '\0';
	return cleaned;
}

bool
path_is_below(const char *path, const char *folder)
{
	size_t bytes = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return true;
	return strncmp(path, folder, bytes) == 0 && (path[bytes] == '/' || path[bytes] == '\0');
}

const char *
path_check_location(const char *path)
{
	if (path[0] != '/')
		return "\"/prefix\", \"^~ /prefix\", \"= /exact\", \"~ pattern\" or \"~* pattern\"";
	while (*path == '/') {
		size_t bytes = strcspn(path + 1, "/");

		if (is_dots(path + 1, bytes))
			return "a path without \".\" and \"..\"";
		if (bytes == 0 && path[1] == '/')
			return "a path without \"//\"";
		path += bytes + 1;
	}
	return NULL;
}

/* Copies one label in lower case; the bytes it took, 0: it is none. */
static size_t
copy_label(const char *text, char *label_out)
{
	size_t bytes = strcspn(text, ".");

	if (bytes == 0 || bytes > 63 || text[0] == '-' || text[bytes - 1] == '-')
		return 0;
	for (size_t i = 0; i < bytes; i++) {
		char byte = text[i];

		if (byte >= 'A' && byte <= 'Z')
			byte = (char)(byte - 'A' + 'a');
		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
		    byte == '-' || byte == '_'))
			return 0;
		label_out[i] = byte;
	}
	return bytes;
}

const char *
path_parse_host(const char *text, char *host_out)
{
	size_t used = 0, text_bytes = strlen(text);

	if (strcmp(text, "*") == 0) {
		memcpy(host_out, "*", 2);
		return NULL;
	}
	if (strchr(text, ':') != NULL)
		return "a host name without a port";
	if (strncmp(text, "*.", 2) == 0) {
		memcpy(host_out, text, 2);
		used = 2;
	}
	if (text_bytes - (text_bytes > 0 && text[text_bytes - 1] == '.') > 253)
		return "a host name of at most 253 bytes";
	while (used < text_bytes) {
		size_t bytes = copy_label(text + used, host_out + used);

		if (bytes == 0)
			break;
		used += bytes;
		if (text[used] == '\0' || text[used + 1] == '\0') {     /* the end, or its dot */
			host_out[used] = '\0';
			return NULL;
		}
		host_out[used++] = '.';
	}
	return "a host name such as \"example.org\", \"*.example.org\" or \"*\"";
}
