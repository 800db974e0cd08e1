/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/http2/memory.c: as malloc(3), within one area; what is used up is refused, what is freed
 * can be had again, small or large, and what grows keeps its bytes. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "workers/http2/memory.h"

#define AREA_BYTES ((size_t)1024 * 1024)

static struct h2_memory memory;

static void
begin(void)
{
	ck_assert_int_eq(h2_memory_init(&memory, AREA_BYTES), 0);
}

static void
end(void)
{
	arena_fini(&memory.area);
}

START_TEST(all_of_it_comes_back)
{
	void *pieces[300];

	for (int round = 0; round < 3; round++) {
		size_t count = 0;

		while (count < 300 &&
		    (pieces[count] = h2_memory_malloc(10000, &memory)) != NULL)
			memset(pieces[count++], 'x', 10000);
		ck_assert_uint_gt(count, 90);
		ck_assert_uint_lt(count, 105);
		while (count > 0)
			h2_memory_free(pieces[--count], &memory);
		h2_memory_trim(&memory);
	}
}
END_TEST

/* Breaks if freed pieces of one size are kept from those of another, or given to two at once. */
START_TEST(small_pieces_make_large_ones)
{
	static const size_t sizes[] = { 1, 48, 49, 100, 300, 700, 1000 };
	char **pieces = calloc(AREA_BYTES / 64, sizeof *pieces);

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		size_t count = 0, bytes = sizes[i];
		void *large;

		while ((pieces[count] = h2_memory_malloc(bytes, &memory)) != NULL)
			memset(pieces[count++], (int)i, bytes);
		ck_assert_uint_gt(count, AREA_BYTES / (bytes + 128));
		for (size_t odd = 1; odd < count; odd += 2)
			h2_memory_free(pieces[odd], &memory);
		for (size_t odd = 1; odd < count; odd += 2) {
			pieces[odd] = h2_memory_malloc(bytes, &memory);
			ck_assert_ptr_nonnull(pieces[odd]);
			memset(pieces[odd], 'x', bytes);
		}
		ck_assert_int_eq(pieces[0][bytes - 1], (int)i);
		ck_assert_ptr_null(h2_memory_malloc(AREA_BYTES / 2, &memory));
		while (count > 0)
			h2_memory_free(pieces[--count], &memory);
		large = h2_memory_malloc(AREA_BYTES / 2, &memory);
		ck_assert_ptr_nonnull(large);
		h2_memory_free(large, &memory);
	}
	free(pieces);
}
END_TEST

START_TEST(cleared_is_zero)
{
	char *piece = h2_memory_malloc(5000, &memory), zeros[5000] = { 0 };

	memset(piece, 'x', 5000);
	h2_memory_free(piece, &memory);
	piece = h2_memory_calloc(50, 100, &memory);
	ck_assert_mem_eq(piece, zeros, 5000);
	ck_assert_ptr_null(h2_memory_calloc(SIZE_MAX / 2, 3, &memory));
}
END_TEST

START_TEST(what_grows_keeps_its_bytes)
{
	char *piece = h2_memory_realloc(NULL, 10, &memory), expected[70000];
	size_t bytes = 10;

	memset(expected, 'y', sizeof expected);
	memset(piece, 'y', bytes);
	for (; bytes < 60000; bytes += 1000) {
		piece = h2_memory_realloc(piece, bytes + 1000, &memory);
		ck_assert_ptr_nonnull(piece);
		ck_assert_mem_eq(piece, expected, bytes);
		memset(piece, 'y', bytes + 1000);
		ck_assert_ptr_nonnull(h2_memory_malloc(64, &memory)); /* in its way */
	}
	ck_assert_ptr_null(h2_memory_realloc(piece, AREA_BYTES, &memory));
	ck_assert_mem_eq(piece, expected, bytes);
	h2_memory_free(piece, &memory);
	h2_memory_free(NULL, &memory);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http2/memory");
	TCase *tcase = tcase_create("memory");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, all_of_it_comes_back);
	tcase_add_test(tcase, small_pieces_make_large_ones);
	tcase_add_test(tcase, cleared_is_zero);
	tcase_add_test(tcase, what_grows_keeps_its_bytes);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
