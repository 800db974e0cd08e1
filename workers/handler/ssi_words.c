/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes words and operators off an expression. Leaves what they mean to ssi_expr.c. Workers,
 * unprivileged; pure. Rules: variables are put into words after these have been cut, so
 * that no value can end one; a value is never read as an operator.
 * Shown by test_ssi_expr.c and fuzz_ssi_expr.c. */
#include "workers/handler/ssi_words.h"

#include "workers/handler/content.h"

/* Longer ones first. */
static const struct {
	const char *text;
	enum operator operator;
} operators[] = {
	{ "==", OP_EQUAL }, { "=~", OP_MATCH }, { "=", OP_EQUAL },
	{ "!=", OP_NOT_EQUAL }, { "!~", OP_NO_MATCH },
	{ "<=", OP_LESS_EQUAL }, { "<", OP_LESS },
	{ ">=", OP_GREATER_EQUAL }, { ">", OP_GREATER },
	{ "-eq", OP_NUMBER_EQUAL }, { "-ne", OP_NUMBER_NOT_EQUAL },
	{ "-lt", OP_NUMBER_LESS }, { "-le", OP_NUMBER_LESS_EQUAL },
	{ "-gt", OP_NUMBER_GREATER }, { "-ge", OP_NUMBER_GREATER_EQUAL },
};

void
ssi_give_up(struct expression *expression, const char *problem)
{
	if (expression->problem == NULL)
		expression->problem = problem;
	expression->rest.len = 0;   /* ends all loops */
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void
ssi_advance(struct expression *expression, size_t count)
{
	expression->rest.data += count;
	expression->rest.len -= count;
}

void
ssi_skip_spaces(struct expression *expression)
{
	while (expression->rest.len > 0 && is_space(expression->rest.data[0]))
		ssi_advance(expression, 1);
}

bool
ssi_takes(struct expression *expression, const char *text)
{
	struct slice wanted = slice_from_text(text);

	ssi_skip_spaces(expression);
	if (!slice_starts_with(expression->rest, wanted))
		return false;
	ssi_advance(expression, wanted.len);
	return true;
}

/* Whether a bare word ends before this: "&" and "|" alone are part of it. */
static bool
ends_word(struct slice rest)
{
	char c = rest.data[0];

	if (is_space(c) || memchr("()=!<>\"'`", c, 9) != NULL)
		return true;
	return (c == '&' || c == '|') && rest.len > 1 && rest.data[1] == c;
}

/* "-eq" and the like are operators as words of their own only. */
static size_t
operator_bytes(struct slice rest, enum operator *operator_out)
{
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
		struct slice text = slice_from_text(operators[i].text);

		if (!slice_starts_with(rest, text) ||
		    (text.data[0] == '-' && rest.len > text.len &&
		    !is_space(rest.data[text.len])))
			continue;
		*operator_out = operators[i].operator;
		return text.len;
	}
	*operator_out = OP_NONE;
	return 0;
}

static size_t
bare_bytes(struct slice rest)
{
	size_t len = 0;

	while (len < rest.len && !ends_word(slice_make(rest.data + len, rest.len - len))) {
		if ((rest.data[len] == '$' || rest.data[len] == '%') && len + 1 < rest.len &&
		    rest.data[len + 1] == '{') {
			const char *end = memchr(rest.data + len, '}', rest.len - len);

			/* Without the brace the rest is one word, which is then refused. */
			len = end == NULL ? rest.len : (size_t)(end - rest.data) + 1;
		} else {
			len += rest.data[len] == '\\' && len + 1 < rest.len ? 2 : 1;
		}
	}
	return len;
}

/* Without the backslash before each byte that needs none; \$ stays for ssi_expand(). */
struct slice
ssi_unquoted(struct expression *expression, struct slice text, char quote)
{
	size_t len = 0;
	char *out;

	if (text.len == 0 || memchr(text.data, '\\', text.len) == NULL)
		return text;
	out = arena_alloc(expression->scope->arena, text.len);
	if (out == NULL) {
		ssi_give_up(expression, "the page needs too much memory");
		return slice_make(NULL, 0);
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\\' && i + 1 < text.len && text.data[i + 1] != '$' &&
		    (quote == '\0' || text.data[i + 1] == quote))
			i++;
		out[len++] = text.data[i];
	}
	return slice_make(out, len);
}

static struct slice
expanded(struct expression *expression, struct slice text, char quote)
{
	const char *problem;

	if (expression->is_skipped)
		return slice_make(NULL, 0);
	text = ssi_unquoted(expression, text, quote);
	problem = ssi_expand(expression->scope, text, true, &text);
	if (problem != NULL)
		ssi_give_up(expression, problem);
	return text;
}

/* Behind the opening quote. */
struct slice
ssi_take_quoted(struct expression *expression, char quote)
{
	struct slice rest = expression->rest;
	size_t len = 0;

	while (len < rest.len && rest.data[len] != quote)
		len += rest.data[len] == '\\' && len + 1 < rest.len ? 2 : 1;
	if (len >= rest.len) {
		ssi_give_up(expression, "a quote is not closed");
		return slice_make(NULL, 0);
	}
	ssi_advance(expression, len + 1);
	return slice_make(rest.data, len);
}

enum operator
ssi_take_operator(struct expression *expression)
{
	enum operator operator;

	ssi_skip_spaces(expression);
	ssi_advance(expression, operator_bytes(expression->rest, &operator));
	return operator;
}

/* v("name"), behind the bracket. */
static struct slice
take_call(struct expression *expression)
{
	struct slice value = slice_make(NULL, 0), name = value;
	char quote = '\0';

	ssi_skip_spaces(expression);
	if (expression->rest.len > 0)
		quote = expression->rest.data[0];
	if (quote == '"' || quote == '\'' || quote == '`') {
		ssi_advance(expression, 1);
		name = ssi_take_quoted(expression, quote);
	}
	if (name.len == 0 || !ssi_takes(expression, ")")) {
		ssi_give_up(expression, "v() takes the name of a variable in quotes");
		return value;
	}
	if (!expression->is_skipped && !ssi_scope_get(expression->scope, name, &value))
		value.len = 0;
	return value;
}

/* False: no word is next. */
static bool
take_word(struct expression *expression, struct slice *word_out)
{
	enum operator operator;
	struct slice text;
	char first;

	ssi_skip_spaces(expression);
	if (expression->rest.len == 0 ||
	    operator_bytes(expression->rest, &operator) > 0)
		return false;
	first = expression->rest.data[0];
	if (first == '"' || first == '\'' || first == '`') {
		ssi_advance(expression, 1);
		text = ssi_take_quoted(expression, first);
		*word_out = expanded(expression, text, first);
		return true;
	}
	text = slice_make(expression->rest.data, bare_bytes(expression->rest));
	if (text.len == 0)
		return false;
	ssi_advance(expression, text.len);
	if ((slice_equal(text, SLICE_LITERAL("v")) ||
	    slice_equal(text, SLICE_LITERAL("reqenv"))) && ssi_takes(expression, "("))
		*word_out = take_call(expression);
	else if (text.len == 2 && text.data[0] == '-' && text.data[1] > '9')
		ssi_give_up(expression, "tests such as -A are not supported");
	else
		*word_out = expanded(expression, text, '\0');
	return expression->problem == NULL;
}

/* A text of one word, as most are, is not copied. */
static void
join_words(struct expression *expression, struct slice *text_out)
{
	struct content joined;
	struct slice word;

	if (!take_word(expression, &word))
		return;
	content_init(&joined, expression->scope->arena, SSI_VALUE_MAX_BYTES);
	content_add(&joined, *text_out);
	do {
		if (word.len > 0 && joined.len > 0)
			content_add(&joined, SLICE_LITERAL(" "));
		content_add(&joined, word);
	} while (take_word(expression, &word));
	*text_out = content_whole(&joined);
	if (text_out->data == NULL)
		ssi_give_up(expression, "a text in an expression is too long");
}

bool
ssi_take_text(struct expression *expression, struct slice *text_out)
{
	if (!take_word(expression, text_out))
		return false;
	join_words(expression, text_out);
	return expression->problem == NULL;
}
