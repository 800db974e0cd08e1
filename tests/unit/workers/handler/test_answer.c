/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/answer.c: what a handler adds is what is sent, what does not fit is said, and
 * an error found half-way leaves nothing of the answer before it. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/process.h"
#include "workers/handler/answer.h"
#include "workers/http/response.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static struct arena arena;
static struct answer answer;

static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 8192), 0);
	memset(&answer, 0xee, sizeof answer); /* nothing may count on zeros */
	answer_init(&answer);
}

static void
end(void)
{
	answer_fini(&answer);
	arena_fini(&arena);
}

static void
assert_fresh(void)
{
	ck_assert_uint_eq(answer.status, 0);
	ck_assert_uint_eq(answer.field_count, 0);
	ck_assert_uint_eq(answer.segment_count, 0);
	ck_assert_uint_eq(answer.content_bytes, 0);
	ck_assert_int_eq(answer.file_fd, -1);
	ck_assert(answer.has_content && !answer.must_close && !answer.lacks_room);
}

START_TEST(answer_starts_empty)
{
	assert_fresh();
}
END_TEST

START_TEST(fields_are_kept_in_order_up_to_their_number)
{
	char values[ANSWER_FIELDS_MAX];

	for (unsigned i = 0; i < ANSWER_FIELDS_MAX; i++) {
		values[i] = (char)('a' + i);
		answer_field(&answer, SLICE_LITERAL("X"), slice_make(&values[i], 1));
	}
	ck_assert(!answer.lacks_room);
	ck_assert_uint_eq(answer.field_count, ANSWER_FIELDS_MAX);
	for (unsigned i = 0; i < ANSWER_FIELDS_MAX; i++)
		ck_assert_int_eq(answer.fields[i].value.data[0], (char)('a' + i));
	answer_field(&answer, SLICE_LITERAL("X"), SLICE_LITERAL("one more"));
	ck_assert(answer.lacks_room);
	ck_assert_uint_eq(answer.field_count, ANSWER_FIELDS_MAX);
}
END_TEST

START_TEST(segments_add_up)
{
	answer_memory(&answer, SLICE_LITERAL("head"));
	answer_file(&answer, 100, UINT64_C(1) << 40);
	ck_assert(!answer.lacks_room);
	ck_assert_uint_eq(answer.segment_count, 2);
	ck_assert_int_eq(answer.segments[0].kind, ANSWER_MEMORY);
	ck_assert_uint_eq(answer.segments[0].len, 4);
	ck_assert_int_eq(answer.segments[1].kind, ANSWER_FILE);
	ck_assert_uint_eq(answer.segments[1].offset, 100);
	ck_assert_uint_eq(answer.content_bytes, 4 + (UINT64_C(1) << 40));
	/* What does not fit is not counted, or Content-Length would lie. */
	answer_memory(&answer, SLICE_LITERAL("x"));
	ck_assert(answer.lacks_room);
	ck_assert_uint_eq(answer.segment_count, 2);
	ck_assert_uint_eq(answer.content_bytes, 4 + (UINT64_C(1) << 40));
}
END_TEST

START_TEST(more_segments_are_reserved)
{
	answer_reserve(&answer, &arena, 50);
	for (int i = 0; i < 50; i++)
		answer_file(&answer, (uint64_t)i, 1);
	ck_assert(!answer.lacks_room);
	ck_assert_uint_eq(answer.content_bytes, 50);
	ck_assert_uint_eq(answer.segments[49].offset, 49);
	answer_file(&answer, 0, 1);
	ck_assert(answer.lacks_room);
}
END_TEST

START_TEST(reserving_too_much_is_said)
{
	answer_reserve(&answer, &arena, 100000);
	ck_assert(answer.lacks_room);
	answer_restart(&answer);
	answer_memory(&answer, SLICE_LITERAL("x")); /* there is a place for it still */
	ck_assert(!answer.lacks_room);
	ck_assert_uint_eq(answer.content_bytes, 1);
}
END_TEST

START_TEST(restart_forgets_all)
{
	int fd = open("/dev/null", O_RDONLY);

	answer.file_fd = fd;
	answer.status = 200;
	answer.has_content = false;
	answer.must_close = true;
	answer_reserve(&answer, &arena, 5);
	answer_file(&answer, 0, 5);
	answer_field(&answer, SLICE_LITERAL("X"), SLICE_LITERAL("y"));
	answer_restart(&answer);
	assert_fresh();
	ck_assert(!process_is_open(fd));
}
END_TEST

START_TEST(end_closes_the_file)
{
	int fd = open("/dev/null", O_RDONLY);

	answer.file_fd = fd;
	answer_fini(&answer);
	ck_assert(!process_is_open(fd));
	ck_assert_int_eq(answer.file_fd, -1);
}
END_TEST

static const unsigned statuses[] = {
	301, 400, 403, 404, 405, 408, 412, 413, 414, 416, 417, 431, 500, 501, 503, 505, 599,
};

static const char *
field(const char *name)
{
	static char value[256];

	for (unsigned i = 0; i < answer.field_count; i++)
		if (slice_equal(answer.fields[i].name, slice_from_text(name))) {
			snprintf(value, sizeof value, "%.*s", (int)answer.fields[i].value.len,
			    answer.fields[i].value.data);
			return value;
		}
	return "";
}

START_TEST(error_page_says_the_status)
{
	unsigned status = statuses[_i];
	char wanted[256], page[4096];

	answer_memory(&answer, SLICE_LITERAL("half of an answer"));
	answer_field(&answer, SLICE_LITERAL("ETag"), SLICE_LITERAL("\"of another\""));
	answer_error(&answer, &arena, status);
	ck_assert_uint_eq(answer.status, status);
	ck_assert_uint_eq(answer.segment_count, 1);
	ck_assert_uint_eq(answer.content_bytes, answer.segments[0].len);
	ck_assert_str_eq(field("Content-Type"), "text/html; charset=utf-8");
	ck_assert_str_eq(field("ETag"), "");
	ck_assert_str_eq(field("Retry-After"), status == 503 ? "1" : "");
	snprintf(page, sizeof page, "%.*s", (int)answer.segments[0].data.len,
	    answer.segments[0].data.data);
	ck_assert_uint_eq(strlen(page), answer.content_bytes);
	snprintf(wanted, sizeof wanted, "<h1>%u %s</h1>", status, http_status_reason(status));
	ck_assert_msg(strstr(page, wanted) != NULL, "no %s in %s", wanted, page);
	ck_assert_str_eq(page + strlen(page) - 8, "</html>\n");
}
END_TEST

/* Each status that muster answers with has its own words. */
START_TEST(error_pages_differ)
{
	char *pages[COUNT_OF(statuses)];

	for (int i = 0; i < COUNT_OF(statuses) - 1; i++) {
		const char *text, *mark;

		arena_reset(&arena);
		answer_error(&answer, &arena, statuses[i]);
		text = answer.segments[0].data.data;
		mark = memmem(text, answer.content_bytes, "<p>", 3);
		ck_assert_ptr_nonnull(mark);
		pages[i] = strndup(mark, (size_t)(text + answer.content_bytes - mark));
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(pages[i], pages[k]);
	}
	for (int i = 0; i < COUNT_OF(statuses) - 1; i++)
		free(pages[i]);
}
END_TEST

START_TEST(error_needs_no_memory)
{
	ck_assert_ptr_nonnull(arena_alloc(&arena, 8192));
	answer_error(&answer, &arena, 500);
	ck_assert_uint_eq(answer.status, 500);
	ck_assert_str_eq(field("Content-Type"), "text/plain");
	ck_assert_uint_eq(answer.segment_count, 1);
	ck_assert_uint_gt(answer.content_bytes, 0);
	ck_assert(!answer.lacks_room);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("answer");
	TCase *tcase = tcase_create("answer");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, answer_starts_empty);
	tcase_add_test(tcase, fields_are_kept_in_order_up_to_their_number);
	tcase_add_test(tcase, segments_add_up);
	tcase_add_test(tcase, more_segments_are_reserved);
	tcase_add_test(tcase, reserving_too_much_is_said);
	tcase_add_test(tcase, restart_forgets_all);
	tcase_add_test(tcase, end_closes_the_file);
	tcase_add_loop_test(tcase, error_page_says_the_status, 0, COUNT_OF(statuses));
	tcase_add_test(tcase, error_pages_differ);
	tcase_add_test(tcase, error_needs_no_memory);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
