/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/ssi_scope.c: a value that is looked through again for variables, a variable that
 * cannot be set anew, and values that double without end. */
#include "tests/unit/workers/handler/page_content.h"
#include "workers/handler/ssi_scope.h"

static struct arena arena;
static struct ssi_scope scope;

/* The request has QUERY and SHADOWED. */
static bool
find_own(const void *context, struct slice name, struct slice *value_out)
{
	ck_assert_ptr_eq(context, &arena);
	*value_out = SLICE_LITERAL("$x ${x}");
	return slice_equal(name, SLICE_LITERAL("QUERY")) ||
	    slice_equal(name, SLICE_LITERAL("SHADOWED"));
}

static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 4 << 20), 0);
	ck_assert(ssi_scope_init(&scope, &arena));
	scope.find_own = find_own;
	scope.context = &arena;
	ck_assert(ssi_scope_set(&scope, SLICE_LITERAL("x"), SLICE_LITERAL("X Y")));
	ck_assert(ssi_scope_set(&scope, SLICE_LITERAL("a_1"), SLICE_LITERAL("one")));
	ck_assert(ssi_scope_set(&scope, SLICE_LITERAL("empty"), SLICE_LITERAL("")));
	ck_assert(ssi_scope_set(&scope, SLICE_LITERAL("odd name"), SLICE_LITERAL("odd")));
	ck_assert(ssi_scope_set(&scope, SLICE_LITERAL("SHADOWED"), SLICE_LITERAL("set")));
	scope.subject = SLICE_LITERAL("a-bc-");
	scope.captures.count = 3;
	scope.captures.start[0] = 0;
	scope.captures.end[0] = 5;
	scope.captures.start[1] = 2;
	scope.captures.end[1] = 4;
}

static void
end(void)
{
	arena_fini(&arena);
}

/* text NULL: it is refused. */
static const struct {
	const char *value, *text, *with_percent;
} rows[] = {
	{ "", "", "" },
	{ "plain", "plain", "plain" },
	{ "$x", "X Y", "X Y" },
	{ "a${x}b", "aX Yb", "aX Yb" },
	{ "$x$x", "X YX Y", "X YX Y" },
	{ "$a_1-$a_12", "one-", "one-" },
	{ "${odd name}", "odd", "odd" },
	{ "[$empty$none${none}]", "[]", "[]" },
	{ "$QUERY", "$x ${x}", "$x ${x}" },
	{ "$SHADOWED", "set", "set" },
	{ "\\$x \\${x}", "$x ${x}", "$x ${x}" },
	{ "\\\\ \\n $a_1", "\\\\ \\n one", "\\\\ \\n one" },
	{ "$ $$ $", "$ $$ $", "$ $$ $" },
	{ "$-x", "$-x", "$-x" },
	{ "${}", "", "" },
	{ "$0|$1|$2|$9", "a-bc-|bc||", "a-bc-|bc||" },
	{ "$10", "", "" },
	{ "%{x}", "%{x}", "X Y" },
	{ "100% %x %{a_1}$a_1", "100% %x %{a_1}one", "100% %x oneone" },
	{ "${x", NULL, NULL },
	{ "a${", NULL, NULL },
	{ "%{x", "%{x", NULL },
};

static void
assert_expands(const char *value, bool takes_percent, const char *wanted)
{
	struct slice text;
	const char *problem = ssi_expand(&scope, slice_from_text(value), takes_percent, &text);

	if (wanted == NULL) {
		ck_assert_ptr_nonnull(problem);
		return;
	}
	ck_assert_msg(problem == NULL, "%s: %s", value, problem);
	ck_assert_slice(text, slice_from_text(wanted));
}

START_TEST(values_are_put_in_once)
{
	assert_expands(rows[_i].value, false, rows[_i].text);
	assert_expands(rows[_i].value, true, rows[_i].with_percent);
}
END_TEST

START_TEST(variables_are_set_anew)
{
	struct slice value;

	ck_assert(ssi_scope_set(&scope, SLICE_LITERAL("x"), SLICE_LITERAL("again")));
	assert_expands("$x", false, "again");
	ck_assert(!ssi_scope_get(&scope, SLICE_LITERAL("none"), &value));
	ck_assert(ssi_scope_get(&scope, SLICE_LITERAL("empty"), &value));
	ck_assert_uint_eq(value.len, 0);
}
END_TEST

START_TEST(variables_have_a_largest_number)
{
	static char names[SSI_VARIABLES_MAX + 1][8];
	unsigned count = scope.variable_count;

	for (; count < SSI_VARIABLES_MAX; count++) {
		snprintf(names[count], sizeof names[0], "n%u", count);
		ck_assert(ssi_scope_set(&scope, slice_from_text(names[count]),
		    SLICE_LITERAL("v")));
	}
	ck_assert(!ssi_scope_set(&scope, SLICE_LITERAL("more"), SLICE_LITERAL("v")));
	ck_assert(ssi_scope_set(&scope, SLICE_LITERAL("x"), SLICE_LITERAL("still")));
	assert_expands("$x$n255", false, "stillv");
}
END_TEST

START_TEST(doubling_ends)
{
	struct slice value = SLICE_LITERAL("0123456789abcdef");
	unsigned count = 0;

	for (;; count++) {
		ck_assert(ssi_scope_set(&scope, SLICE_LITERAL("d"), value));
		if (ssi_expand(&scope, SLICE_LITERAL("$d$d"), false, &value) != NULL)
			break;
		ck_assert_uint_le(value.len, SSI_VALUE_MAX_BYTES);
	}
	ck_assert_uint_eq(count, 12); /* 16 to 65536 */
}
END_TEST

START_TEST(full_memory_is_said)
{
	struct slice value;

	ck_assert_ptr_nonnull(arena_alloc(&arena, arena_left(&arena)));
	ck_assert_ptr_nonnull(ssi_expand(&scope, SLICE_LITERAL("$x"), false, &value));
	assert_expands("plain", false, "plain");
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("ssi_scope");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, values_are_put_in_once, 0, COUNT_OF(rows));
	tcase_add_test(tcase, variables_are_set_anew);
	tcase_add_test(tcase, variables_have_a_largest_number);
	tcase_add_test(tcase, doubling_ends);
	tcase_add_test(tcase, full_memory_is_said);
	return run_one_case("ssi_scope", tcase);
}
