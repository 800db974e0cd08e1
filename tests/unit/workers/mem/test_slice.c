/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slices: comparing, prefixes, trimming. One that reads past its length, or trims more
 * than SP and HTAB, breaks it.
 */
#include <check.h>
#include <stdlib.h>

#include "workers/mem/slice.h"

static const struct slice nothing = { NULL, 0 };

START_TEST(equality_is_by_bytes)
{
	ck_assert(slice_equal(SLICE_LITERAL("abc"), slice_make("abcd", 3)));
	ck_assert(!slice_equal(SLICE_LITERAL("abc"), slice_make("abcd", 4)));
	ck_assert(!slice_equal(SLICE_LITERAL("abc"), SLICE_LITERAL("abC")));
	ck_assert(!slice_equal(SLICE_LITERAL("a\0b"), SLICE_LITERAL("a\0c")));
	ck_assert(slice_equal(nothing, SLICE_LITERAL("")));
	ck_assert(!slice_equal(nothing, SLICE_LITERAL("a")));
}
END_TEST

START_TEST(case_is_ignored_in_letters_only)
{
	ck_assert(slice_equal_nocase(SLICE_LITERAL("Keep-Alive"), SLICE_LITERAL("kEEP-aLIVE")));
	ck_assert(!slice_equal_nocase(SLICE_LITERAL("close"), SLICE_LITERAL("clos")));
	ck_assert(!slice_equal_nocase(SLICE_LITERAL("[a]"), SLICE_LITERAL("{a}")));
	ck_assert(!slice_equal_nocase(SLICE_LITERAL("\xc4"), SLICE_LITERAL("\xe4")));
	ck_assert(slice_equal_nocase(nothing, nothing));
}
END_TEST

START_TEST(prefix_is_found)
{
	ck_assert(slice_starts_with(SLICE_LITERAL("abc"), SLICE_LITERAL("ab")));
	ck_assert(slice_starts_with(SLICE_LITERAL("abc"), SLICE_LITERAL("abc")));
	ck_assert(slice_starts_with(SLICE_LITERAL("abc"), nothing));
	ck_assert(slice_starts_with(nothing, nothing));
	ck_assert(!slice_starts_with(SLICE_LITERAL("abc"), SLICE_LITERAL("abcd")));
	ck_assert(!slice_starts_with(slice_make("abc", 2), SLICE_LITERAL("abc")));
	ck_assert(!slice_starts_with(SLICE_LITERAL("abc"), SLICE_LITERAL("b")));
	ck_assert(!slice_starts_with(nothing, SLICE_LITERAL("a")));
}
END_TEST

static const struct {
	const char *text;
	const char *want;
} trims[] = {
	{ "", "" },
	{ " \t ", "" },
	{ "a", "a" },
	{ " a", "a" },
	{ "a\t", "a" },
	{ "\t a \t b \t", "a \t b" },
	{ "\r\na\v", "\r\na\v" },
};

START_TEST(blanks_are_trimmed)
{
	struct slice trimmed = slice_trim(slice_from_text(trims[_i].text));

	ck_assert(slice_equal(trimmed, slice_from_text(trims[_i].want)));
	ck_assert_uint_eq(slice_trim(nothing).len, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("slice");
	TCase *tcase = tcase_create("slice");
	SRunner *runner;
	int failed_count;

	tcase_add_test(tcase, equality_is_by_bytes);
	tcase_add_test(tcase, case_is_ignored_in_letters_only);
	tcase_add_test(tcase, prefix_is_found);
	tcase_add_loop_test(tcase, blanks_are_trimmed, 0,
	    (int)(sizeof (trims) / sizeof (trims[0])));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
