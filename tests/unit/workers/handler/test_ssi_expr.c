/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/ssi_expr.c and ssi_words.c: precedence, what a client's value can do to an
 * expression that holds it, and mistakes that pass for an answer. */
#include "tests/unit/workers/handler/page_content.h"
#include "workers/handler/ssi_expr.h"

static struct arena arena;
static struct ssi_scope scope;

static void
set(const char *name, const char *value)
{
	ck_assert(ssi_scope_set(&scope, slice_from_text(name), slice_from_text(value)));
}

static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 1 << 20), 0);
	ck_assert(ssi_scope_init(&scope, &arena));
	set("a", "test1");
	set("name", "Mozilla/5.0 (X11)");
	set("empty", "");
	set("zero", "0");
	set("ten", "10");
	set("hostile", "x = x || ( \" ' /");
	set("operator", "=");
	set("pattern", "/.*/");
}

static void
end(void)
{
	arena_fini(&arena);
}

static const struct {
	const char *text;
	enum ssi_truth truth;
} rows[] = {
	{ "a", SSI_TRUE }, { "\"\"", SSI_FALSE }, { "''", SSI_FALSE }, { "$empty", SSI_FALSE },
	{ "$none", SSI_FALSE }, { "$a", SSI_TRUE }, { "0", SSI_TRUE }, { "$zero", SSI_TRUE },
	{ "$a = test1", SSI_TRUE }, { "$a == test1", SSI_TRUE }, { "$a=test1", SSI_TRUE },
	{ "$a = test2", SSI_FALSE }, { "$a != test2", SSI_TRUE }, { "$a!=test1", SSI_FALSE },
	{ "\"$a\" = \"test1\"", SSI_TRUE }, { "'${a}' = `test1`", SSI_TRUE },
	{ "${a}x = test1x", SSI_TRUE }, { "\"a b\" = a b", SSI_TRUE }, { "a  b = 'a b'", SSI_TRUE },
	{ "$empty = ''", SSI_TRUE }, { "$none = \"\"", SSI_TRUE }, { "$empty a = a", SSI_TRUE },
	{ "a $empty = a", SSI_TRUE },
	{ "abc < abd", SSI_TRUE }, { "abc < abc", SSI_FALSE }, { "abc <= abc", SSI_TRUE },
	{ "b > a", SSI_TRUE }, { "a > b", SSI_FALSE }, { "b >= b", SSI_TRUE },
	{ "ab > a", SSI_TRUE }, { "10 < 9", SSI_TRUE }, /* text, as ever */
	{ "10 -gt 9", SSI_TRUE }, { "$ten -eq 010", SSI_TRUE }, { "$ten -ne 10", SSI_FALSE },
	{ "-5 -lt 3", SSI_TRUE }, { "3 -le 3", SSI_TRUE }, { "3 -ge 4", SSI_FALSE },
	{ "' 7 ' -eq 7", SSI_TRUE },
	{ "!$empty", SSI_TRUE }, { "! $a", SSI_FALSE }, { "!!a", SSI_TRUE },
	{ "!$a = test2", SSI_TRUE }, { "! ($a = test1)", SSI_FALSE },
	/* && binds more tightly than ||. */
	{ "a = a || a = a && b = c", SSI_TRUE }, { "a = b || a = a && b = c", SSI_FALSE },
	{ "(a = a || a = a) && b = c", SSI_FALSE }, { "b = c && a = a || a = a", SSI_TRUE },
	{ "$a = test1 && $ten = 10", SSI_TRUE }, { "$empty||$a", SSI_TRUE },
	{ "$empty&&$a", SSI_FALSE }, { "((a))", SSI_TRUE }, { "(a)&&(!b)", SSI_FALSE },
	{ "a&b = 'a&b'", SSI_TRUE }, { "a|b = a|b", SSI_TRUE },
	/* A value is text, whatever it holds. */
	{ "$hostile = y", SSI_FALSE }, { "\"$hostile\" = y", SSI_FALSE },
	{ "'$hostile' = $hostile", SSI_TRUE }, { "$hostile && $empty", SSI_FALSE },
	{ "a $operator b", SSI_TRUE }, { "a $operator b = 'a = b'", SSI_TRUE },
	{ "$a = $pattern", SSI_FALSE }, { "$a = '/.*/'", SSI_FALSE },
	/* Patterns. */
	{ "$name = /Mozilla/", SSI_TRUE }, { "$name = /mozilla/", SSI_FALSE },
	{ "$name = /mozilla/i", SSI_TRUE }, { "$name != /MSIE/", SSI_TRUE },
	{ "$name =~ /^Mozilla\\/[45]/", SSI_TRUE }, { "$name !~ /^Moz/", SSI_FALSE },
	{ "$name = /(X1+)\\)$/ && $1 = X11", SSI_TRUE }, { "$empty = /^$/", SSI_TRUE },
	{ "$name = /^(.)/ && $0 $1 = 'M M'", SSI_TRUE }, { "$a = /$a/", SSI_FALSE },
	{ "$a = /^t/ || $none = /(/", SSI_TRUE }, /* the second is not looked at */
	/* As Apache 2.4 has it. */
	{ "%{a} = 'test1'", SSI_TRUE }, { "v(\"a\") = 'test1'", SSI_TRUE },
	{ "reqenv('ten') -eq 10 && v('none') = ''", SSI_TRUE },
	{ "\"%{a}x\" == 'test1x'", SSI_TRUE },
	{ "-n", SSI_WRONG }, { "v = v", SSI_TRUE },
	{ "\\$a = '\\$a'", SSI_TRUE }, { "a\\ b = 'a b'", SSI_TRUE },
	{ "'it\\'s' = it\\'s", SSI_TRUE },
	{ "", SSI_FALSE }, { "  ", SSI_FALSE }, { "=", SSI_WRONG }, { "a =", SSI_WRONG },
	{ "= a", SSI_WRONG }, { "a = = a", SSI_WRONG }, { "a &&", SSI_WRONG },
	{ "&& a", SSI_WRONG }, { "a || || b", SSI_WRONG }, { "(a", SSI_WRONG },
	{ "a)", SSI_WRONG }, { "()", SSI_WRONG }, { "!", SSI_WRONG }, { "a !b", SSI_WRONG },
	{ "'a", SSI_WRONG }, { "a = \"b", SSI_WRONG }, { "${a = b", SSI_WRONG },
	{ "a = /b", SSI_WRONG }, { "a = /(/", SSI_WRONG }, { "a < /b/ x", SSI_FALSE },
	{ "a =~ b", SSI_WRONG }, { "a = b = c", SSI_WRONG }, { "v(a) = b", SSI_WRONG },
	{ "v('a' = b", SSI_WRONG }, { "a -eq 1", SSI_WRONG }, { "1 -eq 1x", SSI_WRONG },
	{ "1 -eq 9999999999999999999", SSI_WRONG }, { "-A /x", SSI_WRONG },
	{ "a = 'b", SSI_WRONG }, { "a && (b = 'c", SSI_WRONG }, { "\"", SSI_WRONG },
};

START_TEST(expressions_are_decided)
{
	const char *problem;
	enum ssi_truth truth = ssi_evaluate(&scope, slice_from_text(rows[_i].text), &problem);

	ck_assert_msg(truth == rows[_i].truth, "%s: %d, should be %d (%s)", rows[_i].text,
	    (int)truth, (int)rows[_i].truth, problem == NULL ? "" : problem);
	ck_assert((truth == SSI_WRONG) == (problem != NULL));
}
END_TEST

/* "((((a))))", and "!!!!a". */
START_TEST(depth_is_bounded)
{
	char text[256];
	const char *problem;

	for (int depth = 1; depth < 100; depth++) {
		enum ssi_truth want = depth < 32 ? SSI_TRUE : SSI_WRONG;

		memset(text, '(', sizeof text);
		text[depth] = 'a';
		memset(text + depth + 1, ')', (size_t)depth);
		text[2 * depth + 1] = '\0';
		ck_assert_int_eq(ssi_evaluate(&scope, slice_from_text(text), &problem), want);
		memset(text, '!', (size_t)depth);
		text[depth + 1] = '\0';
		if (depth % 2 == 0)
			ck_assert_int_eq(ssi_evaluate(&scope, slice_from_text(text), &problem),
			    want);
	}
}
END_TEST

START_TEST(length_is_bounded)
{
	static char text[5000];
	const char *problem;

	memset(text, 'a', sizeof text);
	for (size_t i = 1; i < sizeof text; i += 2)
		text[i] = ' ';
	ck_assert_int_eq(ssi_evaluate(&scope, slice_make(text, 4095), &problem), SSI_TRUE);
	memset(text, 'a', sizeof text);
	ck_assert_int_eq(ssi_evaluate(&scope, slice_make(text, 4096), &problem), SSI_TRUE);
	ck_assert_int_eq(ssi_evaluate(&scope, slice_make(text, 4097), &problem), SSI_WRONG);
}
END_TEST

/* More of them than are kept, again and again. */
START_TEST(patterns_are_kept_apart)
{
	char text[64];
	const char *problem;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 300; i++) {
			snprintf(text, sizeof text, "n%d = /^n%d$/", i, i);
			ck_assert_int_eq(ssi_evaluate(&scope, slice_from_text(text), &problem),
			    SSI_TRUE);
			snprintf(text, sizeof text, "N%d = /^n%d$/%s", i, i, i % 2 ? "i" : "");
			ck_assert_int_eq(ssi_evaluate(&scope, slice_from_text(text), &problem),
			    i % 2 ? SSI_TRUE : SSI_FALSE);
		}
		arena_reset(&arena);
		begin();
	}
}
END_TEST

/* It would take longer than the sun has left. */
START_TEST(a_costly_pattern_is_given_up)
{
	const char *problem;

	set("as", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
	ck_assert_int_eq(ssi_evaluate(&scope, SLICE_LITERAL("$as = /^(a|aa)+$/"), &problem),
	    SSI_WRONG);
	ck_assert_str_eq(problem, "a pattern takes too long");
}
END_TEST

START_TEST(patterns_have_a_largest_number)
{
	const char *problem;

	for (unsigned i = 0; i < SSI_MATCHES_MAX; i++)
		ck_assert_int_eq(ssi_evaluate(&scope, SLICE_LITERAL("$a = /t/"), &problem),
		    SSI_TRUE);
	ck_assert_int_eq(ssi_evaluate(&scope, SLICE_LITERAL("$a = /t/"), &problem), SSI_WRONG);
	ck_assert_int_eq(ssi_evaluate(&scope, SLICE_LITERAL("$a = test1"), &problem), SSI_TRUE);
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("ssi_expr");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, expressions_are_decided, 0, COUNT_OF(rows));
	tcase_add_test(tcase, depth_is_bounded);
	tcase_add_test(tcase, length_is_bounded);
	tcase_add_test(tcase, patterns_are_kept_apart);
	tcase_add_test(tcase, a_costly_pattern_is_given_up);
	tcase_add_test(tcase, patterns_have_a_largest_number);
	return run_one_case("ssi_expr", tcase);
}
