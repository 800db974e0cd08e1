/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/mem/heap.c: pieces are apart and keep what is in them, holes join, what is known of a
 * hole is true, and an area that was emptied is as good as new. */
#include <check.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "workers/mem/heap.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define PIECES_MAX 512

struct piece {
	unsigned char *data;
	size_t bytes;
	unsigned char byte;
};

static const size_t areas[] = { 1024, 4096, 5000, 65536, 1000003, 4194304 };

static unsigned char *area, *area_end;
static struct heap *heap;
static struct piece pieces[PIECES_MAX];
static uint64_t seed = 1;

/* Knuth's MMIX generator: the same numbers in each run. */
static size_t
random_below(size_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % limit;
}

static void
begin(size_t bytes)
{
	area = calloc(1, bytes);
	ck_assert_ptr_nonnull(area);
	area_end = area + bytes;
	heap = heap_init(area, bytes);
	ck_assert_ptr_nonnull(heap);
	memset(pieces, 0, sizeof pieces);
}

/* The largest piece that can be had. */
static size_t
largest(void)
{
	size_t had = 0, not_had = (size_t)(area_end - area);
	struct heap_hole hole;

	while (not_had - had > 1) {
		size_t bytes = had + (not_had - had) / 2;
		void *piece = heap_alloc(heap, bytes);

		if (piece != NULL)
			heap_free(heap, piece, &hole);
		*(piece != NULL ? &had : &not_had) = bytes;
	}
	return had;
}

static bool
take(struct piece *piece, size_t bytes)
{
	piece->data = heap_alloc(heap, bytes);
	if (piece->data == NULL)
		return false;
	ck_assert_uint_eq((uintptr_t)piece->data % alignof(max_align_t), 0);
	ck_assert(piece->data > area && piece->data + bytes <= area_end);
	ck_assert_uint_ge(heap_room(piece->data), bytes);
	bytes = heap_room(piece->data); /* all of it may be used */
	ck_assert(piece->data + bytes <= area_end);
	piece->bytes = bytes;
	piece->byte = (unsigned char)random_below(256);
	memset(piece->data, piece->byte, bytes);
	return true;
}

static void
assert_whole(const struct piece *piece)
{
	size_t i = 0;

	while (i < piece->bytes && piece->data[i] == piece->byte)
		i++;
	ck_assert_uint_eq(i, piece->bytes);
}

/* By looking at all pieces. */
static const unsigned char *
neighbour(const struct piece *gone, bool is_before)
{
	const unsigned char *best = NULL;

	for (int i = 0; i < PIECES_MAX; i++) {
		const unsigned char *data = pieces[i].data;

		if (data == NULL || data == gone->data || (data < gone->data) != is_before)
			continue;
		if (best == NULL || (is_before ? data > best : data < best))
			best = data;
	}
	return best;
}

static void
give_back(struct piece *piece)
{
	struct heap_hole hole;

	assert_whole(piece);
	heap_free(heap, piece->data, &hole);
	ck_assert_ptr_eq(hole.before, neighbour(piece, true));
	ck_assert_ptr_eq(hole.after, neighbour(piece, false));
	ck_assert_uint_ge(hole.bytes, heap_cost(piece->bytes));
	piece->data = NULL;
}

START_TEST(random_pieces_keep_apart)
{
	size_t first_largest;

	begin(areas[_i]);
	first_largest = largest();
	for (int round = 0; round < 3000; round++) {
		struct piece *piece = &pieces[random_below(PIECES_MAX)];
		/* As many small ones as large ones. */
		size_t bytes = random_below(((size_t)1 << random_below(18)) + 1);

		if (piece->data != NULL)
			give_back(piece);
		else
			(void)take(piece, bytes);
	}
	for (int i = 0; i < PIECES_MAX; i++)
		if (pieces[i].data != NULL)
			give_back(&pieces[i]);
	ck_assert_uint_eq(largest(), first_largest);
	free(area);
}
END_TEST

/* Leaves no hole at all. */
static void
use_up(void)
{
	size_t bytes = 65536;

	for (; bytes > 0; bytes -= bytes / 20 + 1)
		while (heap_alloc(heap, bytes) != NULL)
			;
	ck_assert_ptr_null(heap_alloc(heap, 0));
}

/* Breaks when a hole says that it is large enough and then is not found, or the other way. */
START_TEST(hole_fits_what_it_says)
{
	for (size_t bytes = 0; bytes < 40000; bytes += 1 + bytes / 37) {
		struct heap_hole hole;
		struct piece first, wall;

		begin(1 << 18);
		ck_assert(take(&first, bytes));
		ck_assert(take(&wall, 1));
		use_up();
		heap_free(heap, first.data, &hole);
		ck_assert_uint_eq(hole.bytes, heap_cost(bytes));
		ck_assert_ptr_null(hole.before);
		ck_assert_ptr_eq(hole.after, wall.data);
		ck_assert_ptr_null(heap_alloc(heap, hole.bytes));
		ck_assert_ptr_eq(heap_alloc(heap, bytes), first.data);
		ck_assert_ptr_null(heap_alloc(heap, 0));
		free(area);
	}
}
END_TEST

/* Breaks when rounding wastes more than the head of the file says. */
START_TEST(cost_is_near_to_what_is_asked)
{
	size_t last = 0;

	for (size_t bytes = 0; bytes < 3000000; bytes += 1 + bytes / 1000) {
		size_t cost = heap_cost(bytes);

		ck_assert(cost > bytes && cost >= last);
		ck_assert_uint_le(cost, bytes + bytes / 16 + 16 + 64);
		last = cost;
	}
}
END_TEST

START_TEST(huge_piece_is_refused)
{
	static const size_t huge[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 16, SIZE_MAX - 4096,
		SIZE_MAX / 2 + 1, SIZE_MAX / 2, SIZE_MAX / 4, 65536 };

	begin(65536);
	for (int i = 0; i < COUNT_OF(huge); i++) {
		ck_assert_ptr_null(heap_alloc(heap, huge[i]));
		ck_assert_uint_ge(heap_cost(huge[i]), huge[i]);
	}
	free(area);
}
END_TEST

START_TEST(small_area_is_refused)
{
	size_t bytes;

	for (bytes = 0; bytes < 1024; bytes++) {
		unsigned char *small = calloc(1, bytes + 1);

		heap = heap_init(small, bytes);
		if (heap != NULL)
			ck_assert_ptr_nonnull(heap_alloc(heap, 1));
		free(small);
	}
	ck_assert_ptr_nonnull(heap);
}
END_TEST

static size_t told_bytes;

static void
scribble(void *start, size_t bytes)
{
	memset(start, 0xff, bytes);
	told_bytes += bytes;
}

START_TEST(inside_of_a_hole_means_nothing)
{
	unsigned char *kept, *freed, *last;
	struct heap_hole hole;

	begin(65536);
	freed = heap_alloc(heap, 10000);
	kept = heap_alloc(heap, 100);
	last = heap_alloc(heap, 20000);
	ck_assert_ptr_nonnull(last);
	ck_assert_uint_ge(heap_room(kept), 100);
	ck_assert_uint_lt(heap_room(kept), 200);
	memset(kept, 1, heap_room(kept));
	heap_free(heap, freed, &hole);
	told_bytes = 0;
	heap_tell_holes(heap, scribble);
	ck_assert_uint_ge(told_bytes, 10000 + 65536 / 3);
	for (size_t i = 0; i < heap_room(kept); i++)
		ck_assert_uint_eq(kept[i], 1);
	heap_free(heap, last, &hole);
	heap_free(heap, kept, &hole);
	ck_assert_ptr_null(hole.before);
	ck_assert_ptr_null(hole.after);
	ck_assert_ptr_nonnull(heap_alloc(heap, 60000));
	free(area);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("heap");
	TCase *tcase = tcase_create("heap");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_test(tcase, inside_of_a_hole_means_nothing);

	tcase_add_loop_test(tcase, random_pieces_keep_apart, 0, COUNT_OF(areas));
	tcase_add_test(tcase, hole_fits_what_it_says);
	tcase_add_test(tcase, cost_is_near_to_what_is_asked);
	tcase_add_test(tcase, huge_piece_is_refused);
	tcase_add_test(tcase, small_area_is_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
