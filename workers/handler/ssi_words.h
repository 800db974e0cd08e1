/* SPDX-License-Identifier: BSD-2-Clause */
/* The words and operators of an expression in server-side includes, taken off its text one
 * by one: what ssi_expr.c reads. Nobody else includes it. */
#ifndef MUSTER_HANDLER_SSI_WORDS_H
#define MUSTER_HANDLER_SSI_WORDS_H

#include "workers/handler/ssi_scope.h"

enum operator {
	OP_NONE,
	OP_EQUAL, OP_NOT_EQUAL, OP_MATCH, OP_NO_MATCH, /* of strings; the first two of patterns */
	OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL,
	OP_NUMBER_EQUAL, OP_NUMBER_NOT_EQUAL, OP_NUMBER_LESS, OP_NUMBER_LESS_EQUAL,
	OP_NUMBER_GREATER, OP_NUMBER_GREATER_EQUAL,
};

struct expression {
	struct ssi_scope *scope;
	struct slice rest;
	unsigned depth;
	bool is_skipped;            /* what is read now cannot change the result */
	const char *problem;        /* the first; NULL: none */
};

/* Notes the problem and leaves nothing to read, which ends all loops. */
void ssi_give_up(struct expression *expression, const char *problem);
void ssi_skip_spaces(struct expression *expression);
void ssi_advance(struct expression *expression, size_t count);
/* Whether this comes next, behind blanks; takes it then. */
bool ssi_takes(struct expression *expression, const char *text);
/* OP_NONE: none is next. */
enum operator ssi_take_operator(struct expression *expression);
/* All the words that follow one another; false: there is none, or they are wrong. */
bool ssi_take_text(struct expression *expression, struct slice *text_out);
/* Up to the closing quote, escapes still in it; the opening one has been taken. */
struct slice ssi_take_quoted(struct expression *expression, char quote);
/* Without the backslashes before quote; '\0': without any but that of \$. */
struct slice ssi_unquoted(struct expression *expression, struct slice text, char quote);

#endif
