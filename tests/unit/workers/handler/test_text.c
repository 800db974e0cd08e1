/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/text.c: numbers at their ends, and a text that does not fit is bad for good
 * instead of cut. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/text.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static struct arena arena;

static void
open_arena(void)
{
	ck_assert_int_eq(arena_init(&arena, 4096), 0);
}

static void
close_arena(void)
{
	arena_fini(&arena);
}

static void
assert_text(const struct text *text, const char *wanted)
{
	ck_assert(!text->is_bad);
	ck_assert(slice_equal(text_get(text), slice_from_text(wanted)));
}

static const uint64_t numbers[] = {
	0, 1, 9, 10, 15, 16, 99, 100, 255, 256, UINT32_MAX, INT64_MAX, UINT64_C(1) << 63,
	UINT64_C(10000000000000000000), UINT64_C(0xfedcba9876543210), UINT64_MAX,
};

START_TEST(numbers_agree_with_the_c_library)
{
	struct text text;
	char wanted[64];

	text_init(&text, &arena, 64);
	text_decimal(&text, numbers[_i]);
	text_slice(&text, SLICE_LITERAL(" "));
	text_hex(&text, numbers[_i]);
	snprintf(wanted, sizeof wanted, "%" PRIu64 " %" PRIx64, numbers[_i], numbers[_i]);
	assert_text(&text, wanted);
}
END_TEST

START_TEST(slices_follow_each_other)
{
	struct text text;

	text_init(&text, &arena, 10);
	assert_text(&text, "");
	text_slice(&text, SLICE_LITERAL("abc"));
	text_slice(&text, slice_make(NULL, 0));
	text_slice(&text, slice_make("de\0f", 4));
	ck_assert(!text.is_bad);
	ck_assert(slice_equal(text_get(&text), slice_make("abcde\0f", 7)));
	text_slice(&text, SLICE_LITERAL("ghi"));
	ck_assert_uint_eq(text_get(&text).len, 10);
	ck_assert(!text.is_bad);
}
END_TEST

static void
assert_bad(struct text *text)
{
	ck_assert(text->is_bad);
	ck_assert_uint_eq(text_get(text).len, 0);
	text_slice(text, slice_make(NULL, 0)); /* would fit */
	text_decimal(text, 1);
	ck_assert(text->is_bad);
	ck_assert_uint_eq(text_get(text).len, 0);
}

START_TEST(what_does_not_fit_stays_bad)
{
	struct text text;

	text_init(&text, &arena, 3);
	text_slice(&text, SLICE_LITERAL("abcd"));
	assert_bad(&text);
	text_init(&text, &arena, 3);
	text_slice(&text, SLICE_LITERAL("ab"));
	text_decimal(&text, 10);
	assert_bad(&text);
	text_init(&text, &arena, 15);
	text_hex(&text, UINT64_MAX);
	assert_bad(&text);
}
END_TEST

START_TEST(full_arena_makes_a_bad_text)
{
	struct text text;

	ck_assert_ptr_nonnull(arena_alloc(&arena, 4096));
	text_init(&text, &arena, 10);
	assert_bad(&text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("text");
	TCase *tcase = tcase_create("text");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, open_arena, close_arena);
	tcase_add_loop_test(tcase, numbers_agree_with_the_c_library, 0, COUNT_OF(numbers));
	tcase_add_test(tcase, slices_follow_each_other);
	tcase_add_test(tcase, what_does_not_fit_stays_bad);
	tcase_add_test(tcase, full_arena_makes_a_bad_text);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
