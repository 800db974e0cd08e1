/* SPDX-License-Identifier: BSD-2-Clause */
/* A second pair of eyes in front of libconfuse's lexer. That one counts lines
 * wrongly after comments, drops bytes it does not know ("*" without quotes), and
 * stays inside an unfinished string until the next file; so a text is looked
 * through here first and only clean text is parsed. The grammar stays libconfuse's.
 * Pure; runs wherever a configuration is read. Every call moves on or ends.
 * Shown by tests/unit/config/test_scan.c. */
#include "config/scan.h"

#include <string.h>

static bool
is_word_byte(char byte)
{
	return (unsigned char)byte > ' ' && byte != 0x7f && strchr("#\"'={}()+,*", byte) == NULL;
}

static char
peek(const struct scan *scan, size_t ahead)
{
	return scan->at + ahead < scan->text_bytes ? scan->text[scan->at + ahead] : '\0';
}

static void
skip_space(struct scan *scan)
{
	for (; scan->at < scan->text_bytes; scan->at++) {
		char byte = scan->text[scan->at];

		if (byte == '\n')
			scan->line++;
		else if (byte != ' ' && byte != '\t' && byte != '\r')
			return;
	}
}

static enum scan_kind
bad(struct scan *scan, const char *problem)
{
	scan->problem = problem;
	return SCAN_BAD;
}

static enum scan_kind
line_comment(struct scan *scan)
{
	while (scan->at < scan->text_bytes && scan->text[scan->at] != '\n')
		scan->at++;
	return SCAN_COMMENT;
}

static enum scan_kind
block_comment(struct scan *scan)
{
	for (scan->at += 2; scan->at < scan->text_bytes; scan->at++) {
		if (peek(scan, 0) == '*' && peek(scan, 1) == '/') {
			scan->at += 2;
			return SCAN_COMMENT;
		}
		if (peek(scan, 0) == '\n')
			scan->line++;
	}
	return bad(scan, "a comment is not closed, expected \"*/\"");
}

/* At "${"; ends behind the brace. libconfuse would look for it beyond the quotes. */
static enum scan_kind
variable(struct scan *scan)
{
	for (scan->at += 2; scan->at < scan->text_bytes; scan->at++) {
		char byte = scan->text[scan->at];

		if (byte == '}') {
			scan->at++;
			return SCAN_STRING;
		}
		if (byte == '"' || (unsigned char)byte < ' ')
			break;
	}
	return bad(scan, "\"${\" is not closed, expected \"${NAME}\", or \"\\${\" for "
	    "the characters themselves");
}

/* At a backslash in double quotes; moves behind the escape. NULL: it is fine. */
static const char *
escape(struct scan *scan)
{
	char next = peek(scan, 1);

	if (next >= '0' && next <= '9')
		return "an escape with digits, expected \"\\xHH\" with two hexadecimal digits";
	if (next == 'x' && peek(scan, 2) == '0' &&
	    (peek(scan, 3) == '\0' || strchr("0123456789abcdefABCDEF", peek(scan, 3)) == NULL ||
	    peek(scan, 3) == '0'))
		return "an escape for a byte 0, expected text";
	if (next == '\n')
		scan->line++;
	scan->at += 2;
	return NULL;
}

static enum scan_kind
string(struct scan *scan, char quote)
{
	enum scan_kind kind = SCAN_STRING;

	for (scan->at++; scan->at < scan->text_bytes;) {
		char byte = scan->text[scan->at];

		if (byte == quote) {
			scan->at++;
			return kind;
		}
		if (byte == '\n')
			break;
		if (byte == '\\' && quote == '\'') {
			scan->line += peek(scan, 1) == '\n';
			scan->at += 2;
		} else if (byte == '\\') {
			const char *problem = escape(scan);

			if (problem != NULL) {
				kind = bad(scan, problem);
				scan->at += 2;
			}
		} else if (byte == '$' && quote == '"' && peek(scan, 1) == '{') {
			if (variable(scan) == SCAN_BAD)
				kind = SCAN_BAD;
		} else if ((unsigned char)byte < ' ' && byte != '\t') {
			kind = bad(scan, "a control character in a string, expected \"\\xHH\"");
			scan->at++;
		} else {
			scan->at++;
		}
	}
	if (scan->at > scan->text_bytes)
		scan->at = scan->text_bytes;
	return bad(scan, quote == '"' ?
	    "a string is not closed, expected '\"' before the end of the line" :
	    "a string is not closed, expected \"'\" before the end of the line");
}

static enum scan_kind
stray(struct scan *scan)
{
	char byte = scan->text[scan->at++];

	switch (byte) {
	case '*':
		return bad(scan, "a \"*\" outside quotes, expected a value in quotes");
	case '+':
		return bad(scan, "a \"+\" outside quotes, expected \"+=\" or a value in quotes");
	case '\0':
		return bad(scan, "a byte 0, expected text");
	default:
		return bad(scan, "a control character, expected text");
	}
}

static enum scan_kind
next_kind(struct scan *scan)
{
	char byte = peek(scan, 0), after = peek(scan, 1);

	if (byte == '#' || (byte == '/' && after == '/'))
		return line_comment(scan);
	if (byte == '/' && after == '*')
		return block_comment(scan);
	if (byte == '"' || byte == '\'')
		return string(scan, byte);
	if (byte == '$' && after == '{')
		return variable(scan);
	if (byte == '+' && after == '=') {
		scan->at += 2;
		return SCAN_MARK;
	}
	if (byte != '\0' && strchr("{}()=,", byte) != NULL) {
		scan->at++;
		return SCAN_MARK;
	}
	if (!is_word_byte(byte))
		return stray(scan);
	while (scan->at < scan->text_bytes && is_word_byte(scan->text[scan->at]))
		scan->at++;
	return SCAN_WORD;
}

struct scan_token
scan_next(struct scan *scan)
{
	struct scan_token token;

	skip_space(scan);
	token.start = scan->at;
	token.line = scan->line;
	token.kind = scan->at < scan->text_bytes ? next_kind(scan) : SCAN_END;
	token.end = scan->at;
	return token;
}

bool
scan_is_mark(const struct scan *scan, const struct scan_token *token, char mark)
{
	return token->kind == SCAN_MARK && token->end == token->start + 1 &&
	    scan->text[token->start] == mark;
}

/* After an opening mark, to the end of its closing one. */
static void
skip_balanced(struct scan *scan, char opening, char closing)
{
	unsigned depth = 1;

	while (depth > 0) {
		struct scan_token token = scan_next(scan);

		if (token.kind == SCAN_END)
			return;
		if (scan_is_mark(scan, &token, opening))
			depth++;
		else if (scan_is_mark(scan, &token, closing))
			depth--;
	}
}

/* After the name of a directive, to the end of what belongs to it. */
static void
skip_directive(struct scan *scan)
{
	struct scan ahead = *scan;
	struct scan_token token = scan_next(&ahead);

	if (token.kind == SCAN_WORD || token.kind == SCAN_STRING) {  /* a section's title */
		if (token.kind == SCAN_STRING)
			*scan = ahead;          /* it is no other directive's name */
		token = scan_next(&ahead);
		if (!scan_is_mark(&ahead, &token, '{'))
			return;
	}
	if (token.kind != SCAN_MARK || strchr("})," , ahead.text[token.start]) != NULL)
		return;
	*scan = ahead;
	if (scan_is_mark(&ahead, &token, '('))
		skip_balanced(scan, '(', ')');
	else if (scan_is_mark(&ahead, &token, '{'))
		skip_balanced(scan, '{', '}');
	else {
		token = scan_next(&ahead);
		if (token.kind != SCAN_WORD && token.kind != SCAN_STRING &&
		    !scan_is_mark(&ahead, &token, '{'))
			return;
		*scan = ahead;
		if (token.kind == SCAN_MARK)
			skip_balanced(scan, '{', '}');
	}
}

static bool
is_named(const struct scan *scan, const struct scan_token *token, const char *name)
{
	size_t start = token->start + (token->kind == SCAN_STRING);
	size_t bytes = token->end - start - (token->kind == SCAN_STRING);

	return (token->kind == SCAN_WORD || token->kind == SCAN_STRING) &&
	    bytes == strlen(name) && memcmp(scan->text + start, name, bytes) == 0;
}

static void
blank(char *text, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++) {
		if (text[i] != '\n')
			text[i] = ' ';
	}
}

bool
scan_blank_directive(char *text, unsigned line, const char *name)
{
	struct scan scan = { .text = text, .text_bytes = strlen(text), .line = line };
	bool is_value = false;

	for (unsigned before = 1; before < line; before++) {
		const char *end = strchr(text + scan.at, '\n');

		if (end == NULL)
			return false;
		scan.at = (size_t)(end + 1 - text);
	}
	for (;;) {
		struct scan_token token = scan_next(&scan);

		if (token.kind == SCAN_END || token.line > line)
			return false;
		if (is_named(&scan, &token, name) && !is_value) {
			skip_directive(&scan);
			blank(text, token.start, scan.at);
			return true;
		}
		is_value = token.kind == SCAN_MARK && (text[token.end - 1] == '=' ||
		    text[token.end - 1] == ',');
	}
}
