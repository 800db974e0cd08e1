/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens, media types, field values, languages, origins. What a client sends is parsed by
 * workers/http; this is about what an administrator writes. Pure; runs wherever a
 * configuration is read. Nothing that passes can break the syntax of a header field.
 * Shown by tests/unit/config/test_syntax.c. */
#include "config/syntax.h"

#include <string.h>

#define DIGITS "0123456789"
#define SMALL "abcdefghijklmnopqrstuvwxyz"
#define LETTERS SMALL "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

size_t
syntax_token_bytes(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~" DIGITS LETTERS);
}

bool
syntax_is_token(const char *text)
{
	return text[0] != '\0' && text[syntax_token_bytes(text)] == '\0';
}

bool
syntax_is_media_type(const char *text, bool may_have_parameters)
{
	size_t type = syntax_token_bytes(text), subtype;

	if (type == 0 || text[type] != '/')
		return false;
	subtype = syntax_token_bytes(text + type + 1);
	text += type + 1 + subtype;
	return subtype > 0 && (*text == '\0' || (may_have_parameters && *text == ';'));
}

bool
syntax_is_field_value(const char *text)
{
	size_t bytes = strlen(text);

	if (bytes > 0 && (strchr(" \t", text[0]) != NULL || strchr(" \t", text[bytes - 1]) != NULL))
		return false;
	for (; *text != '\0'; text++) {
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	}
	return true;
}

bool
syntax_is_language(const char *text)
{
	size_t bytes = strspn(text, LETTERS);

	while (bytes >= 1 && bytes <= 8) {
		if (text[bytes] == '\0')
			return true;
		if (text[bytes] != '-')
			return false;
		text += bytes + 1;
		bytes = strspn(text, LETTERS DIGITS);
	}
	return false;
}

bool
syntax_is_origin(const char *text)
{
	size_t bytes = strspn(text, LETTERS DIGITS "+-.");

	if (bytes == 0 || strncmp(text + bytes, "://", 3) != 0)
		return false;
	text += bytes + 3;
	bytes = text[0] == '[' ? strspn(text + 1, DIGITS "abcdefABCDEF:.") + 1 :
	    strspn(text, LETTERS DIGITS "-._");
	if (bytes == 0)
		return false;
	if (text[0] == '[') {
		if (bytes == 1 || text[bytes] != ']')
			return false;
		bytes++;
	}
	text += bytes;
	if (*text == ':') {
		bytes = strspn(text + 1, DIGITS);
		text += bytes >= 1 && bytes <= 5 ? bytes + 1 : 0;
	}
	return *text == '\0';
}

void
syntax_lower(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
	}
}
