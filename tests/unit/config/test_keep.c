/* SPDX-License-Identifier: BSD-2-Clause */
/* config/keep.c: memory is zeroed, aligned and there until the end, and what a library made is
 * freed with it, once, the newest first. */
#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/keep.h"

static char freed[8];

static void
note(void *thing)
{
	strncat(freed, thing, 1);
}

START_TEST(pieces_are_zeroed_and_aligned)
{
	struct keep *keep = keep_new();

	ck_assert_ptr_nonnull(keep);
	for (size_t bytes = 0; bytes < 100; bytes++) {
		unsigned char *piece = keep_alloc(keep, bytes);

		ck_assert_ptr_nonnull(piece);
		ck_assert_uint_eq((uintptr_t)piece % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < bytes; i++)
			ck_assert_uint_eq(piece[i], 0);
		memset(piece, 0xff, bytes);
	}
	keep_free(&keep);
	ck_assert_ptr_null(keep);
	keep_free(&keep);
}
END_TEST

START_TEST(text_is_a_copy)
{
	struct keep *keep = keep_new();
	char text[] = "text";
	char *copy = keep_text(keep, text);

	text[0] = 'n';
	ck_assert_str_eq(copy, "text");
	ck_assert_str_eq(keep_text(keep, ""), "");
	keep_free(&keep);
}
END_TEST

START_TEST(things_are_freed_in_reverse_order)
{
	struct keep *keep = keep_new();
	char first[] = "1", second[] = "2";

	freed[0] = '\0';
	ck_assert_int_eq(keep_call(keep, note, first), 0);
	ck_assert_ptr_nonnull(keep_alloc(keep, 10));
	ck_assert_int_eq(keep_call(keep, note, second), 0);
	ck_assert_str_eq(freed, "");
	keep_free(&keep);
	ck_assert_str_eq(freed, "21");
}
END_TEST

START_TEST(too_much_is_no_memory)
{
	struct keep *keep = keep_new();

	ck_assert_ptr_null(keep_alloc(keep, SIZE_MAX));
	ck_assert_ptr_null(keep_alloc(keep, SIZE_MAX - 8));
	keep_free(&keep);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keep");
	TCase *tcase = tcase_create("keep");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_test(tcase, pieces_are_zeroed_and_aligned);
	tcase_add_test(tcase, text_is_a_copy);
	tcase_add_test(tcase, things_are_freed_in_reverse_order);
	tcase_add_test(tcase, too_much_is_no_memory);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
