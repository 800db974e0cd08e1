/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expressions as Apache's mod_include has had them from the first, and of those that it has
 * today what can be told apart from them:
 *
 *   all     = [ either ]                                nothing is false
 *   either  = both { "||" both }
 *   both    = single { "&&" single }
 *   single  = "!" single | "(" either ")" | test
 *   test    = text                                      true unless it is empty
 *           | text ( "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" ) text      byte by byte
 *           | text ( "=" | "=~" | "!=" | "!~" ) ( "/pattern/" | "/pattern/i" )
 *           | text ( "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" ) text    whole numbers
 *   text    = word { word }, joined by blanks; words in quotes of any kind or bare; $name,
 *             ${name} and %{name} in them are variables, v("name") and reqenv("name") too
 *
 * Workers, unprivileged; pure but for the patterns kept by ssi_pattern.c. Rules: variables
 * stand for text only, never for operators or patterns, whatever a client put into them;
 * an expression is read once from left to right, DEPTH_MAX deep at most.
 * Shown by test_ssi_expr.c and fuzz_ssi_expr.c.
 */
#include "workers/handler/ssi_expr.h"

#include "workers/handler/ssi_pattern.h"
#include "workers/handler/ssi_words.h"

#define DEPTH_MAX 32
#define TEXT_MAX_BYTES 4096

static bool evaluate_either(struct expression *expression);

static int
compare_bytes(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int sign = common > 0 ? memcmp(a.data, b.data, common) : 0;

	return sign != 0 ? sign : (a.len > b.len) - (a.len < b.len);
}

/* "-12", with blanks around; no text is no number. */
static bool
read_number(struct slice text, long long *number_out)
{
	bool is_negative;
	long long number = 0;

	text = slice_trim(text);
	is_negative = text.len > 0 && text.data[0] == '-';
	if (is_negative)
		text = slice_make(text.data + 1, text.len - 1);
	if (text.len == 0 || text.len > 18)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = number * 10 + (text.data[i] - '0');
	}
	*number_out = is_negative ? -number : number;
	return true;
}

static bool
compare(struct expression *expression, struct slice left, enum operator operator,
    struct slice right)
{
	long long a = 0, b = 0;
	int sign;

	if (operator < OP_NUMBER_EQUAL) {
		sign = compare_bytes(left, right);
	} else if (expression->is_skipped) {
		return false;
	} else if (read_number(left, &a) && read_number(right, &b)) {
		sign = (a > b) - (a < b);
	} else {
		ssi_give_up(expression, "-eq and the like compare whole numbers only");
		return false;
	}
	switch (operator) {
	case OP_EQUAL: case OP_NUMBER_EQUAL:
		return sign == 0;
	case OP_NOT_EQUAL: case OP_NUMBER_NOT_EQUAL:
		return sign != 0;
	case OP_LESS: case OP_NUMBER_LESS:
		return sign < 0;
	case OP_LESS_EQUAL: case OP_NUMBER_LESS_EQUAL:
		return sign <= 0;
	case OP_GREATER: case OP_NUMBER_GREATER:
		return sign > 0;
	case OP_GREATER_EQUAL: case OP_NUMBER_GREATER_EQUAL:
		return sign >= 0;
	default:
		ssi_give_up(expression, "=~ and !~ take a pattern: /text/");
		return false;
	}
}

static bool
match(struct expression *expression, struct slice subject, struct slice text,
    bool ignores_case)
{
	struct pattern_captures captures;
	const struct pattern *pattern;
	const char *problem;

	if (expression->is_skipped || expression->problem != NULL)
		return false;
	problem = "a page has more than 1000 patterns";
	pattern = expression->scope->match_count >= SSI_MATCHES_MAX ? NULL :
	    ssi_pattern(text, ignores_case, &problem);
	if (pattern == NULL) {
		ssi_give_up(expression, problem);
		return false;
	}
	expression->scope->match_count++;
	memset(&captures, 0, sizeof captures);
	switch (pattern_match(pattern, subject.len > 0 ? subject.data : "", subject.len,
	    &captures)) {
	case PATTERN_MATCH:
		expression->scope->subject = subject;
		expression->scope->captures = captures;
		return true;
	case PATTERN_NO_MATCH:
		return false;
	default:
		ssi_give_up(expression, "a pattern takes too long");
		return false;
	}
}

/* Behind the first slash. */
static bool
evaluate_pattern(struct expression *expression, struct slice subject, bool is_negated)
{
	struct slice text = ssi_take_quoted(expression, '/');
	bool ignores_case = false;

	if (expression->problem != NULL) {
		expression->problem = "a pattern lacks its last slash";
		return false;
	}
	if (expression->rest.len > 0 && expression->rest.data[0] == 'i') {
		ignores_case = true;
		ssi_advance(expression, 1);
	}
	text = ssi_unquoted(expression, text, '/');
	return match(expression, subject, text, ignores_case) != is_negated;
}

static bool
evaluate_test(struct expression *expression)
{
	struct slice left, right;
	enum operator operator;

	if (!ssi_take_text(expression, &left)) {
		ssi_give_up(expression, "a text is missing in an expression");
		return false;
	}
	operator = ssi_take_operator(expression);
	if (operator == OP_NONE)
		return left.len > 0;
	if (operator >= OP_EQUAL && operator <= OP_NO_MATCH && ssi_takes(expression, "/"))
		return evaluate_pattern(expression, left,
		    operator == OP_NOT_EQUAL || operator == OP_NO_MATCH);
	if (!ssi_take_text(expression, &right)) {
		ssi_give_up(expression, "a text is missing behind an operator");
		return false;
	}
	return compare(expression, left, operator, right);
}

static bool
evaluate_single(struct expression *expression)
{
	bool is_true;

	if (++expression->depth > DEPTH_MAX) {
		ssi_give_up(expression, "an expression is nested too deep");
		return false;
	}
	ssi_skip_spaces(expression);
	if (slice_starts_with(expression->rest, SLICE_LITERAL("!"))) {
		ssi_advance(expression, 1);
		is_true = !evaluate_single(expression);
	} else if (ssi_takes(expression, "(")) {
		is_true = evaluate_either(expression);
		if (!ssi_takes(expression, ")"))
			ssi_give_up(expression, "a bracket is not closed");
	} else {
		is_true = evaluate_test(expression);
	}
	expression->depth--;
	return is_true;
}

static bool
evaluate_both(struct expression *expression)
{
	bool was_skipped = expression->is_skipped;
	bool is_true = evaluate_single(expression);

	while (ssi_takes(expression, "&&")) {
		expression->is_skipped = was_skipped || !is_true;
		is_true = evaluate_single(expression) && is_true;
	}
	expression->is_skipped = was_skipped;
	return is_true;
}

static bool
evaluate_either(struct expression *expression)
{
	bool was_skipped = expression->is_skipped;
	bool is_true = evaluate_both(expression);

	while (ssi_takes(expression, "||")) {
		expression->is_skipped = was_skipped || is_true;
		is_true = evaluate_both(expression) || is_true;
	}
	expression->is_skipped = was_skipped;
	return is_true;
}

enum ssi_truth
ssi_evaluate(struct ssi_scope *scope, struct slice text, const char **problem_out)
{
	struct expression expression = { .scope = scope, .rest = text };
	bool is_true;

	*problem_out = NULL;
	ssi_skip_spaces(&expression);
	if (expression.rest.len == 0)
		return SSI_FALSE;
	if (text.len > TEXT_MAX_BYTES)
		ssi_give_up(&expression, "an expression is longer than 4 KiB");
	is_true = evaluate_either(&expression);
	ssi_skip_spaces(&expression);
	if (expression.rest.len > 0)
		ssi_give_up(&expression, "an expression goes on where it should end");
	*problem_out = expression.problem;
	return expression.problem != NULL ? SSI_WRONG : is_true ? SSI_TRUE : SSI_FALSE;
}
