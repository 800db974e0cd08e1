/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/mem/arena.c: pieces are aligned, apart from each other and within the block, one that
 * does not fit is refused, however large, and what a large request took can be given back. */
#include <check.h>
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workers/mem/arena.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static const size_t caps[] = { 16, 17, 31, 100, 4095, 4096, 4097, 131072 };
static const size_t sizes[] = { 1, 2, 3, 7, 8, 15, 16, 17, 24, 33, 100 };

/* Each piece is written whole with its own byte; all are looked at in the end. */
START_TEST(pieces_are_aligned_and_apart)
{
	struct arena arena;
	unsigned char *pieces[10000];
	int count = 0;

	ck_assert_int_eq(arena_init(&arena, caps[_i]), 0);
	for (; count < COUNT_OF(pieces); count++) {
		size_t size = sizes[count % COUNT_OF(sizes)];

		pieces[count] = arena_alloc(&arena, size);
		if (pieces[count] == NULL)
			break;
		ck_assert_uint_eq((uintptr_t)pieces[count] % alignof(max_align_t), 0);
		ck_assert((char *)pieces[count] >= arena.base);
		ck_assert((char *)pieces[count] + size <= arena.base + caps[_i]);
		memset(pieces[count], count & 0xff, size);
	}
	ck_assert_int_gt(count, 0);
	for (int i = 0; i < count; i++)
		for (size_t k = 0; k < sizes[i % COUNT_OF(sizes)]; k++)
			ck_assert_uint_eq(pieces[i][k], i & 0xff);
	arena_fini(&arena);
}
END_TEST

START_TEST(whole_block_can_be_had_and_no_more)
{
	struct arena arena;
	char *all;

	ck_assert_int_eq(arena_init(&arena, caps[_i]), 0);
	ck_assert_uint_eq(arena_left(&arena), caps[_i]);
	ck_assert_ptr_null(arena_alloc(&arena, caps[_i] + 1));
	ck_assert_uint_eq(arena_left(&arena), caps[_i]);
	all = arena_alloc(&arena, caps[_i]);
	ck_assert_ptr_nonnull(all);
	memset(all, 'x', caps[_i]);
	ck_assert_uint_eq(arena_left(&arena), 0);
	ck_assert_ptr_null(arena_alloc(&arena, 1));
	arena_fini(&arena);
}
END_TEST

/* Breaks when rounding up or adding to what is used wraps around. */
START_TEST(huge_piece_is_refused)
{
	static const size_t huge[] = {
		SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX - 4096, SIZE_MAX / 2 + 1,
	};
	struct arena arena;

	ck_assert_int_eq(arena_init(&arena, 4096), 0);
	for (size_t used = 0; used <= 32; used += 16) {
		for (int i = 0; i < COUNT_OF(huge); i++)
			ck_assert_ptr_null(arena_alloc(&arena, huge[i]));
		ck_assert_uint_eq(arena_left(&arena), 4096 - used);
		ck_assert_ptr_nonnull(arena_alloc(&arena, 16));
	}
	arena_fini(&arena);
}
END_TEST

START_TEST(reset_takes_all_back)
{
	struct arena arena;
	void *first;

	ck_assert_int_eq(arena_init(&arena, 4096), 0);
	first = arena_alloc(&arena, 10);
	ck_assert_ptr_nonnull(arena_alloc(&arena, 4000));
	ck_assert_ptr_null(arena_alloc(&arena, 4000));
	arena_reset(&arena);
	ck_assert_uint_eq(arena_left(&arena), 4096);
	ck_assert_ptr_eq(arena_alloc(&arena, 4096), first);
	arena_fini(&arena);
}
END_TEST

static size_t
resident_page_count(const struct arena *arena)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), count = arena->cap / page, resident = 0;
	unsigned char *pages = malloc(count);

	ck_assert_ptr_nonnull(pages);
	ck_assert_int_eq(mincore(arena->base, arena->cap, pages), 0);
	for (size_t i = 0; i < count; i++)
		resident += pages[i] & 1;
	free(pages);
	return resident;
}

static void
use(struct arena *arena, size_t bytes)
{
	char *all = arena_alloc(arena, bytes);

	ck_assert_ptr_nonnull(all);
	memset(all, 'x', bytes);
}

/* Breaks when a worker keeps for ever what its largest request needed. */
START_TEST(trim_gives_back_what_was_used_beyond)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct arena arena;

	ck_assert_int_eq(arena_init(&arena, 1000 * page), 0);
	ck_assert_uint_eq(resident_page_count(&arena), 0);
	use(&arena, 500 * page);
	ck_assert_uint_eq(resident_page_count(&arena), 500);
	arena_trim(&arena, 10 * page);
	arena_reset(&arena);
	ck_assert_uint_eq(resident_page_count(&arena), 10);
	/* Only since the last time: a request that used little changes nothing. */
	use(&arena, 5 * page);
	arena_trim(&arena, 10 * page);
	arena_reset(&arena);
	ck_assert_uint_eq(resident_page_count(&arena), 10);
	/* Half a page is a page that is kept. */
	use(&arena, 20 * page);
	arena_trim(&arena, 10 * page + 1);
	arena_reset(&arena);
	ck_assert_uint_eq(resident_page_count(&arena), 11);
	arena_trim(&arena, SIZE_MAX);
	ck_assert_uint_eq(resident_page_count(&arena), 11);
	arena_fini(&arena);
}
END_TEST

/* What was used counts, also when it was handed back piece by piece since. */
START_TEST(trim_goes_by_the_most_that_was_used)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct arena arena;

	ck_assert_int_eq(arena_init(&arena, 1000 * page), 0);
	use(&arena, 900 * page);
	arena_reset(&arena);
	use(&arena, page);
	arena_trim(&arena, 10 * page);
	ck_assert_uint_eq(resident_page_count(&arena), 10);
	ck_assert_int_eq(arena.base[0], 'x');
	arena_trim(&arena, 0);
	ck_assert_uint_eq(resident_page_count(&arena), 0);
	arena_fini(&arena);
}
END_TEST

START_TEST(failed_arena_gives_nothing)
{
	struct arena arena;

	errno = 0;
	ck_assert_int_eq(arena_init(&arena, SIZE_MAX), -1);
	ck_assert_int_ne(errno, 0);
	ck_assert_uint_eq(arena_left(&arena), 0);
	ck_assert_ptr_null(arena_alloc(&arena, 1));
	arena_fini(&arena);
	arena_fini(&arena);
}
END_TEST

START_TEST(carved_arenas_lie_side_by_side)
{
	struct arena whole, one, other;

	ck_assert_int_eq(arena_init(&whole, 16384), 0);
	ck_assert_int_eq(arena_carve(&whole, 4096, &one), 0);
	ck_assert_int_eq(arena_carve(&whole, 8192, &other), 0);
	ck_assert_ptr_eq(arena_alloc(&one, 4096), whole.base);
	ck_assert_ptr_null(arena_alloc(&one, 1));
	ck_assert_ptr_eq(arena_alloc(&other, 1), whole.base + 4096);
	ck_assert_int_eq(arena_carve(&whole, 4097, &one), -1);
	ck_assert_ptr_null(one.base);
	ck_assert_ptr_null(arena_alloc(&one, 1));
	ck_assert_uint_eq(arena_left(&whole), 4096);
	arena_fini(&whole);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("arena");
	TCase *tcase = tcase_create("arena");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, pieces_are_aligned_and_apart, 0, COUNT_OF(caps));
	tcase_add_loop_test(tcase, whole_block_can_be_had_and_no_more, 0, COUNT_OF(caps));
	tcase_add_test(tcase, huge_piece_is_refused);
	tcase_add_test(tcase, reset_takes_all_back);
	tcase_add_test(tcase, trim_gives_back_what_was_used_beyond);
	tcase_add_test(tcase, trim_goes_by_the_most_that_was_used);
	tcase_add_test(tcase, failed_arena_gives_nothing);
	tcase_add_test(tcase, carved_arenas_lie_side_by_side);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
