/* SPDX-License-Identifier: BSD-2-Clause */
/* Is a text one JSON object whose values are strings, numbers and booleans (RFC 8259), in valid
 * UTF-8? Written apart from workers/conn/log_writer.c, so that the two can't share a mistake. */
#ifndef MUSTER_TESTS_FLAT_JSON_H
#define MUSTER_TESTS_FLAT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Each function returns the text behind what it read, or NULL; the text ends in a NUL, which
 * none of them passes. */
static inline const char *
flat_json_utf8(const char *at)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = (unsigned char)*at++;
	unsigned long code = lead;
	int length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 :
	    lead >> 3 == 30 ? 4 : 0;

	if (length == 0 || lead < 0x20)
		return NULL;
	if (length > 1)
		code = lead & (0x7fu >> length);
	for (int i = 1; i < length; i++, at++) {
		if (((unsigned char)*at & 0xc0) != 0x80)
			return NULL;
		code = code << 6 | ((unsigned char)*at & 0x3f);
	}
	if (length > 1 && code < least[length])
		return NULL;
	return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? NULL : at;
}

static inline const char *
flat_json_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	while (at != NULL && *at != '"') {
		if (*at != '\\')
			at = flat_json_utf8(at);
		else if (at[1] == 'u')
			at = strspn(at + 2, "0123456789abcdefABCDEF") >= 4 ? at + 6 : NULL;
		else
			at = at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL ? at + 2 : NULL;
	}
	return at == NULL ? NULL : at + 1;
}

static inline const char *
flat_json_value(const char *at)
{
	size_t digits = strspn(at, "0123456789");

	if (*at == '"')
		return flat_json_string(at);
	if (strncmp(at, "true", 4) == 0)
		return at + 4;
	if (strncmp(at, "false", 5) == 0)
		return at + 5;
	return digits == 0 || (digits > 1 && *at == '0') ? NULL : at + digits;
}

static inline bool
flat_json_is_valid(const char *text)
{
	const char *at = text;

	if (*at != '{')
		return false;
	do {
		at = flat_json_string(at + 1);  /* behind the brace or comma */
		if (at == NULL || *at++ != ':')
			return false;
		at = flat_json_value(at);
		if (at == NULL)
			return false;
	} while (*at == ',');
	return strcmp(at, "}") == 0;
}

#endif
