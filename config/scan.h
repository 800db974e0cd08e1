/* SPDX-License-Identifier: BSD-2-Clause */
/* Words, strings, comments and punctuation of configuration text, by the rules of
 * libconfuse's lexer, but with mistakes named where that one would skip bytes,
 * run over the end of a line, or keep its state into the next file. Inside config/ only. */
#ifndef MUSTER_CONFIG_SCAN_H
#define MUSTER_CONFIG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum scan_kind {
	SCAN_END,
	SCAN_WORD,                  /* without quotes */
	SCAN_STRING,                /* with quotes, or ${NAME} */
	SCAN_MARK,                  /* one of { } ( ) = , or "+=" */
	SCAN_COMMENT,
	SCAN_BAD,                   /* scan.problem says what; skipped */
};

struct scan_token {
	enum scan_kind kind;
	size_t start, end;          /* into the text */
	unsigned line;              /* of its first byte, from 1 */
};

struct scan {                   /* the caller's; set text, text_bytes and line = 1 */
	const char *text;
	size_t text_bytes;
	size_t at;
	unsigned line;
	const char *problem;        /* static text, set with SCAN_BAD */
};

struct scan_token scan_next(struct scan *scan);
/* The token is this one byte. */
bool scan_is_mark(const struct scan *scan, const struct scan_token *token, char mark);
/* Overwrites with spaces the directive called `name` that begins on this line, with
 * its value, list or section. text is NUL-terminated. false: it is not there. */
bool scan_blank_directive(char *text, unsigned line, const char *name);

#endif
