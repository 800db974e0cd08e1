/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/multipart.c: the parts of an answer, put together as they would be sent, read
 * back as RFC 9110 15.3.7 and RFC 2046 say: each says which bytes it holds and holds them, and
 * what does not fit is said instead of sent. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/handler/multipart.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define FILE_BYTES 1000

static struct arena arena;
static struct exchange exchange;
static struct answer answer;
static char file[FILE_BYTES];

static void
begin_with(size_t arena_bytes)
{
	ck_assert_int_eq(arena_init(&arena, arena_bytes), 0);
	memset(&exchange, 0, sizeof exchange);
	exchange.arena = &arena;
	exchange.boundary_seed = UINT64_C(0x123456789abcdef0);
	answer_init(&answer);
}

static void
begin(void)
{
	for (int i = 0; i < FILE_BYTES; i++)
		file[i] = (char)('a' + i % 26);
	begin_with(131072);
}

static void
end(void)
{
	answer_fini(&answer);
	arena_fini(&arena);
}

static const char *
field(const char *name)
{
	static char value[512];

	value[0] = '\0';
	for (unsigned i = 0; i < answer.field_count; i++)
		if (slice_equal(answer.fields[i].name, slice_from_text(name)))
			snprintf(value, sizeof value, "%.*s", (int)answer.fields[i].value.len,
			    answer.fields[i].value.data);
	return value;
}

/* The content as a client gets it, from the file above. */
static char *
put_together(void)
{
	char *content = malloc(answer.content_bytes + 1);
	size_t len = 0;

	ck_assert_ptr_nonnull(content);
	for (unsigned i = 0; i < answer.segment_count; i++) {
		const struct answer_segment *one = &answer.segments[i];
		const char *from = one->kind == ANSWER_FILE ? file + one->offset : one->data.data;

		ck_assert_uint_le(len + one->len, answer.content_bytes);
		if (one->kind == ANSWER_FILE)
			ck_assert_uint_le(one->offset + one->len, FILE_BYTES);
		memcpy(content + len, from, one->len);
		len += one->len;
	}
	ck_assert_uint_eq(len, answer.content_bytes);
	content[len] = '\0';
	return content;
}

static const struct {
	struct byte_range range;
	uint64_t file_bytes;
	const char *content_range;
} singles[] = {
	{ { 0, 1 }, FILE_BYTES, "bytes 0-0/1000" },
	{ { 999, 1 }, FILE_BYTES, "bytes 999-999/1000" },
	{ { 0, 1000 }, FILE_BYTES, "bytes 0-999/1000" },
	{ { UINT64_C(5000000000), 10 }, UINT64_C(6000000000),
	    "bytes 5000000000-5000000009/6000000000" },
	{ { INT64_MAX - 10, 10 }, INT64_MAX, "bytes 9223372036854775797-9223372036854775806/"
	    "9223372036854775807" },
};

START_TEST(one_range_is_named_in_the_head)
{
	multipart_single(&exchange, &answer, SLICE_LITERAL("text/x"), singles[_i].file_bytes,
	    &singles[_i].range);
	ck_assert(!answer.lacks_room);
	ck_assert_str_eq(field("Content-Type"), "text/x");
	ck_assert_str_eq(field("Content-Range"), singles[_i].content_range);
	ck_assert_uint_eq(answer.segment_count, 1);
	ck_assert_int_eq(answer.segments[0].kind, ANSWER_FILE);
	ck_assert_uint_eq(answer.segments[0].offset, singles[_i].range.first);
	ck_assert_uint_eq(answer.content_bytes, singles[_i].range.len);
}
END_TEST

START_TEST(one_range_without_a_type_has_none)
{
	multipart_single(&exchange, &answer, slice_make(NULL, 0), FILE_BYTES, &singles[0].range);
	ck_assert_str_eq(field("Content-Type"), "");
	ck_assert_str_eq(field("Content-Range"), "bytes 0-0/1000");
}
END_TEST

/* In any order, touching and overlapping: as asked for. */
static const struct range_set sets[] = {
	{ { { 0, 1 }, { 2, 3 } }, 2 },
	{ { { 900, 100 }, { 0, 10 }, { 5, 10 } }, 3 },
	{ { { 0, 1000 }, { 0, 1000 } }, 2 },
	{ { { 1, 1 }, { 1, 1 }, { 1, 1 }, { 998, 2 } }, 4 },
};

/* Skips wanted in *at. */
static void
expect(const char **at, const char *wanted)
{
	ck_assert_msg(strncmp(*at, wanted, strlen(wanted)) == 0, "\"%s\" is not in \"%.80s\"",
	    wanted, *at);
	*at += strlen(wanted);
}

static void
assert_parts(const struct range_set *set, const char *type)
{
	char *content = put_together(), boundary[256], line[512];
	const char *at = content, *content_type = field("Content-Type");

	expect(&content_type, "multipart/byteranges; boundary=");
	snprintf(boundary, sizeof boundary, "%s", content_type);
	ck_assert_uint_gt(strlen(boundary), 0);
	ck_assert_uint_le(strlen(boundary), 70);        /* RFC 2046 5.1.1 */
	ck_assert_uint_eq(strspn(boundary, "abcdefghijklmnopqrstuvwxyz0123456789-"),
	    strlen(boundary));                          /* needs no quotes */
	ck_assert_str_eq(field("Content-Range"), "");   /* 15.3.7.2 */
	for (unsigned i = 0; i < set->count; i++) {
		const struct byte_range *range = &set->ranges[i];

		snprintf(line, sizeof line, "\r\n--%s\r\n", boundary);
		expect(&at, line);
		snprintf(line, sizeof line, "Content-Type: %s\r\n", type);
		if (type[0] != '\0')
			expect(&at, line);
		snprintf(line, sizeof line,
		    "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%d\r\n\r\n", range->first,
		    range->first + range->len - 1, FILE_BYTES);
		expect(&at, line);
		ck_assert_int_eq(memcmp(at, file + range->first, range->len), 0);
		at += range->len;
	}
	snprintf(line, sizeof line, "\r\n--%s--\r\n", boundary);
	expect(&at, line);
	ck_assert_str_eq(at, "");
	free(content);
}

START_TEST(each_part_holds_what_it_says)
{
	multipart_many(&exchange, &answer, SLICE_LITERAL("text/html; charset=utf-8"), FILE_BYTES,
	    &sets[_i]);
	ck_assert(!answer.lacks_room);
	assert_parts(&sets[_i], "text/html; charset=utf-8");
}
END_TEST

START_TEST(parts_without_a_type_have_none)
{
	multipart_many(&exchange, &answer, slice_make(NULL, 0), FILE_BYTES, &sets[_i]);
	ck_assert(!answer.lacks_room);
	assert_parts(&sets[_i], "");
}
END_TEST

static const uint64_t seeds[] = { 0, 1, UINT64_MAX, UINT64_C(1) << 63 };

START_TEST(boundaries_differ)
{
	char first[256];

	exchange.boundary_seed = seeds[_i];
	multipart_many(&exchange, &answer, SLICE_LITERAL("a/b"), FILE_BYTES, &sets[0]);
	assert_parts(&sets[0], "a/b");
	snprintf(first, sizeof first, "%s", field("Content-Type"));
	answer_restart(&answer);
	exchange.boundary_seed++;
	multipart_many(&exchange, &answer, SLICE_LITERAL("a/b"), FILE_BYTES, &sets[0]);
	ck_assert_str_ne(field("Content-Type"), first);
}
END_TEST

/* The most ranges, the longest numbers, a long type: still in the arena of a worker. */
START_TEST(most_parts_fit)
{
	char type[200];
	struct range_set set = { .count = RANGE_MAX };

	memset(type, 'x', sizeof type);
	for (int i = 0; i < RANGE_MAX; i++)
		set.ranges[i] = (struct byte_range){ INT64_MAX - 100, 100 };
	exchange.boundary_seed = UINT64_MAX;
	multipart_many(&exchange, &answer, slice_make(type, sizeof type), INT64_MAX, &set);
	ck_assert(!answer.lacks_room);
	ck_assert_uint_eq(answer.segment_count, 2 * RANGE_MAX + 1);
}
END_TEST

/* Whatever is left of the arena: all of the answer, or the word that it does not fit. */
START_TEST(lack_of_room_is_said)
{
	int refused = 0, complete = 0;

	for (size_t bytes = 0; bytes <= 2048; bytes += 16) {
		end();
		begin_with(2048);
		ck_assert(bytes == 2048 || arena_alloc(&arena, 2048 - bytes) != NULL);
		multipart_many(&exchange, &answer, SLICE_LITERAL("a/b"), FILE_BYTES, &sets[1]);
		if (answer.lacks_room) {
			refused++;
			continue;
		}
		complete++;
		assert_parts(&sets[1], "a/b");
	}
	ck_assert_int_gt(refused, 10);
	ck_assert_int_gt(complete, 10);
}
END_TEST

START_TEST(one_range_needs_room_too)
{
	ck_assert_ptr_nonnull(arena_alloc(&arena, arena_left(&arena)));
	multipart_single(&exchange, &answer, SLICE_LITERAL("a/b"), FILE_BYTES, &singles[0].range);
	ck_assert(answer.lacks_room);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("multipart");
	TCase *tcase = tcase_create("multipart");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, one_range_is_named_in_the_head, 0, COUNT_OF(singles));
	tcase_add_test(tcase, one_range_without_a_type_has_none);
	tcase_add_loop_test(tcase, each_part_holds_what_it_says, 0, COUNT_OF(sets));
	tcase_add_loop_test(tcase, parts_without_a_type_have_none, 0, COUNT_OF(sets));
	tcase_add_loop_test(tcase, boundaries_differ, 0, COUNT_OF(seeds));
	tcase_add_test(tcase, most_parts_fit);
	tcase_add_test(tcase, lack_of_room_is_said);
	tcase_add_test(tcase, one_range_needs_room_too);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
