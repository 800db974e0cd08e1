/* SPDX-License-Identifier: BSD-2-Clause */
/* Spelling of the things of HTTP that a configuration names. Inside config/ only. */
#ifndef MUSTER_CONFIG_SYNTAX_H
#define MUSTER_CONFIG_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes at the start are those of an RFC 9110 token. */
size_t syntax_token_bytes(const char *text);
/* Not empty, and nothing else. */
bool syntax_is_token(const char *text);
/* "text/html"; parameters after ';' are taken as they are if asked for. */
bool syntax_is_media_type(const char *text, bool may_have_parameters);
/* Visible bytes with blanks and tabs between them, or empty. */
bool syntax_is_field_value(const char *text);
/* RFC 5646 in outline: "de", "pt-br", "zh-hant-tw". */
bool syntax_is_language(const char *text);
/* RFC 6454, as browsers send it: "https://example.org:8443". */
bool syntax_is_origin(const char *text);
/* ASCII capitals become small letters. */
void syntax_lower(char *text);

#endif
