/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/content.c: whatever the sizes of its pieces, the answer has the bytes in order
 * and says their number; what does not fit is said and not cut. */
#include "tests/unit/workers/handler/page_content.h"

#define ARENA_BYTES (4u << 20)

static struct arena arena;
static struct content content;
static struct answer answer;
static char source[1 << 20];

static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, ARENA_BYTES), 0);
	for (size_t i = 0; i < sizeof source; i++)
		source[i] = (char)(i * 7 + i / 251);
	content_init(&content, &arena, sizeof source);
	answer_init(&answer);
}

static void
end(void)
{
	answer_fini(&answer);
	arena_fini(&arena);
}

static void
assert_delivered(size_t len)
{
	size_t at = 0;

	content_deliver(&content, &answer);
	ck_assert(!answer.lacks_room);
	ck_assert_uint_eq(answer.content_bytes, len);
	for (unsigned i = 0; i < answer.segment_count; i++) {
		struct slice data = answer.segments[i].data;

		ck_assert_int_eq(answer.segments[i].kind, ANSWER_MEMORY);
		ck_assert_uint_gt(data.len, 0);
		ck_assert_uint_le(at + data.len, len);
		ck_assert(memcmp(data.data, source + at, data.len) == 0);
		at += data.len;
	}
	ck_assert_uint_eq(at, len);
}

static const size_t steps[] = { 1, 3, 100, 4095, 4096, 4097, 16383, 16384, 65536, 100000 };

/* Every third piece is referred to. */
START_TEST(pieces_come_in_order)
{
	size_t at = 0;

	for (unsigned i = 0; at < 300000; i++) {
		struct slice piece = slice_make(source + at, steps[_i]);

		if (i % 3 == 2)
			content_refer(&content, piece);
		else
			content_add(&content, piece);
		at += piece.len;
	}
	ck_assert_uint_eq(content.len, at);
	assert_delivered(at);
	/* Each segment costs a system call. */
	ck_assert_uint_lt(answer.segment_count, 64);
}
END_TEST

START_TEST(large_pieces_are_not_copied)
{
	content_refer(&content, slice_make(source, 100000));
	content_deliver(&content, &answer);
	ck_assert_uint_eq(answer.segment_count, 1);
	ck_assert_ptr_eq(answer.segments[0].data.data, source);
}
END_TEST

START_TEST(nothing_is_nothing)
{
	content_add(&content, slice_make(NULL, 0));
	content_refer(&content, slice_make(NULL, 0));
	assert_delivered(0);
	ck_assert_uint_eq(answer.segment_count, 0);
}
END_TEST

START_TEST(limit_is_exact)
{
	content_init(&content, &arena, 10);
	content_add(&content, slice_make(source, 10));
	ck_assert(!content.is_bad);
	content_add(&content, slice_make(NULL, 0));
	ck_assert(!content.is_bad);
	content_add(&content, slice_make(source, 1));
	ck_assert(content.is_bad);
	ck_assert_ptr_null(content_whole(&content).data);
	content_deliver(&content, &answer);
	ck_assert(answer.lacks_room);
	ck_assert_uint_eq(answer.content_bytes, 0);
}
END_TEST

START_TEST(a_full_arena_is_said)
{
	ck_assert_ptr_nonnull(arena_alloc(&arena, ARENA_BYTES - 8192));
	content_add(&content, slice_make(source, 100));
	ck_assert(!content.is_bad);
	content_add(&content, slice_make(source, 10000));
	ck_assert(content.is_bad);
	content_deliver(&content, &answer);
	ck_assert(answer.lacks_room);
}
END_TEST

START_TEST(whole_is_one_piece)
{
	content_add(&content, slice_make(source, 100));
	content_refer(&content, slice_make(source + 100, 50000));
	content_add(&content, slice_make(source + 50100, 1));
	ck_assert_slice(content_whole(&content), slice_make(source, 50101));
}
END_TEST

START_TEST(numbers_are_decimal)
{
	content_decimal(&content, 0);
	content_add(&content, SLICE_LITERAL(" "));
	content_decimal(&content, UINT64_MAX);
	content_add(&content, SLICE_LITERAL(" "));
	content_grouped(&content, 999);
	content_add(&content, SLICE_LITERAL(" "));
	content_grouped(&content, UINT64_MAX);
	ck_assert_str_eq(content_text(&content),
	    "0 18446744073709551615 999 18,446,744,073,709,551,615");
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("content");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, pieces_come_in_order, 0, COUNT_OF(steps));
	tcase_add_test(tcase, large_pieces_are_not_copied);
	tcase_add_test(tcase, nothing_is_nothing);
	tcase_add_test(tcase, limit_is_exact);
	tcase_add_test(tcase, a_full_arena_is_said);
	tcase_add_test(tcase, whole_is_one_piece);
	tcase_add_test(tcase, numbers_are_decimal);
	return run_one_case("content", tcase);
}
