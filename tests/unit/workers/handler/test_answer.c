/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/answer.c: what a handler adds is what is sent, what does not fit is said, and
 * an error found half-way leaves nothing of the answer before it, and nothing open. */
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
static int source_close_count;

static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 8192), 0);
	source_close_count = 0;
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
	ck_assert(!answer.hides_length && !answer.is_file && !answer.is_generated_error);
	ck_assert_uint_eq(answer.media_type.len, 0);
	ck_assert_uint_eq(answer.whole_bytes, 0);
	ck_assert(answer.source.read == NULL);
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

static long
read_nothing(void *context, char *out, size_t cap)
{
	(void)context;
	(void)out;
	(void)cap;
	return 0;
}

static void
count_close(void *context)
{
	ck_assert_ptr_eq(context, &source_close_count);
	source_close_count++;
}

static void
give_source(void (*close_it)(void *context))
{
	answer.source = (struct answer_source){ read_nothing, close_it, &source_close_count };
}

START_TEST(restart_forgets_all)
{
	int fd = open("/dev/null", O_RDONLY);

	answer.file_fd = fd;
	answer.status = 200;
	answer.has_content = false;
	answer.must_close = answer.hides_length = answer.is_file = true;
	answer.is_generated_error = true;
	answer.media_type = SLICE_LITERAL("text/plain");
	answer.whole_bytes = 17;
	give_source(count_close);
	answer_reserve(&answer, &arena, 5);
	answer_file(&answer, 0, 5);
	answer_field(&answer, SLICE_LITERAL("X"), SLICE_LITERAL("y"));
	answer_restart(&answer);
	assert_fresh();
	ck_assert(!process_is_open(fd));
	ck_assert_int_eq(source_close_count, 1);
}
END_TEST

START_TEST(end_closes_file_and_source_once)
{
	int fd = open("/dev/null", O_RDONLY);

	answer.file_fd = fd;
	give_source(count_close);
	answer_fini(&answer);
	ck_assert(!process_is_open(fd));
	ck_assert_int_eq(answer.file_fd, -1);
	answer_fini(&answer);
	ck_assert_int_eq(source_close_count, 1);
	give_source(NULL);              /* which has nothing to close */
	answer_fini(&answer);
}
END_TEST

/* An error page takes the place of the content, and keeps the fields. */
START_TEST(content_is_dropped_alone)
{
	int fd = open("/dev/null", O_RDONLY);

	answer.file_fd = fd;
	answer.status = 404;
	answer_field(&answer, SLICE_LITERAL("X"), SLICE_LITERAL("y"));
	answer_memory(&answer, SLICE_LITERAL("old"));
	give_source(count_close);
	answer_drop_content(&answer);
	ck_assert(!process_is_open(fd));
	ck_assert_int_eq(source_close_count, 1);
	ck_assert(answer.source.read == NULL);
	ck_assert_uint_eq(answer.segment_count, 0);
	ck_assert_uint_eq(answer.content_bytes, 0);
	ck_assert_uint_eq(answer.field_count, 1);
	ck_assert_uint_eq(answer.status, 404);
	answer_memory(&answer, SLICE_LITERAL("new one"));
	ck_assert_uint_eq(answer.content_bytes, 7);
}
END_TEST

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

START_TEST(fields_are_found_whatever_their_case)
{
	struct slice *value;

	ck_assert_ptr_null(answer_find_field(&answer, SLICE_LITERAL("ETag")));
	answer_field(&answer, SLICE_LITERAL("X"), SLICE_LITERAL("x"));
	answer_field(&answer, SLICE_LITERAL("ETag"), SLICE_LITERAL("first"));
	answer_field(&answer, SLICE_LITERAL("etag"), SLICE_LITERAL("second"));
	value = answer_find_field(&answer, SLICE_LITERAL("ETAG"));
	ck_assert_ptr_nonnull(value);
	ck_assert(slice_equal(*value, SLICE_LITERAL("first")));
	*value = SLICE_LITERAL("other");
	ck_assert_str_eq(field("ETag"), "other");
	ck_assert_ptr_null(answer_find_field(&answer, SLICE_LITERAL("ETa")));
	ck_assert_ptr_null(answer_find_field(&answer, SLICE_LITERAL("ETags")));
}
END_TEST

START_TEST(all_fields_of_a_name_are_removed)
{
	answer_field(&answer, SLICE_LITERAL("A"), SLICE_LITERAL("1"));
	answer_field(&answer, SLICE_LITERAL("B"), SLICE_LITERAL("2"));
	answer_field(&answer, SLICE_LITERAL("a"), SLICE_LITERAL("3"));
	answer_field(&answer, SLICE_LITERAL("C"), SLICE_LITERAL("4"));
	answer_remove_field(&answer, SLICE_LITERAL("A"));
	ck_assert_uint_eq(answer.field_count, 2);
	ck_assert_str_eq(field("B"), "2");
	ck_assert_str_eq(field("C"), "4");
	answer_remove_field(&answer, SLICE_LITERAL("D"));
	ck_assert_uint_eq(answer.field_count, 2);
}
END_TEST

/* before: what Vary holds, one field a line; NULL: it is not there. */
static const struct {
	const char *before[3];
	const char *added;
	const char *wanted;         /* the first of them */
	unsigned field_count;
} vary_rows[] = {
	{ { NULL }, "Accept-Encoding", "Accept-Encoding", 1 },
	{ { "Origin" }, "Accept-Encoding", "Origin, Accept-Encoding", 1 },
	{ { "Accept-Encoding" }, "Accept-Encoding", "Accept-Encoding", 1 },
	{ { "origin , accept-encoding" }, "Accept-Encoding", "origin , accept-encoding", 1 },
	{ { "Origin", "Accept-Encoding" }, "Accept-Encoding", "Origin", 2 },
	{ { "Origin", "Cookie" }, "Accept-Encoding", "Origin, Accept-Encoding", 2 },
	{ { "*" }, "Accept-Encoding", "*", 1 },
	{ { "" }, "Accept-Encoding", "Accept-Encoding", 1 },
	{ { "X-Accept-Encoding" }, "Accept-Encoding", "X-Accept-Encoding, Accept-Encoding", 1 },
};

START_TEST(vary_has_an_element_once)
{
	for (int i = 0; vary_rows[_i].before[i] != NULL; i++)
		answer_field(&answer, SLICE_LITERAL("Vary"),
		    slice_from_text(vary_rows[_i].before[i]));
	for (int i = 0; i < 2; i++) {   /* the second time changes nothing */
		answer_vary(&answer, &arena, slice_from_text(vary_rows[_i].added));
		ck_assert_str_eq(field("Vary"), vary_rows[_i].wanted);
		ck_assert_uint_eq(answer.field_count, vary_rows[_i].field_count);
		ck_assert(!answer.lacks_room);
	}
}
END_TEST

START_TEST(vary_without_memory_is_said)
{
	answer_field(&answer, SLICE_LITERAL("Vary"), SLICE_LITERAL("Origin"));
	ck_assert_ptr_nonnull(arena_alloc(&arena, arena_left(&arena)));
	answer_vary(&answer, &arena, SLICE_LITERAL("Cookie"));
	ck_assert(answer.lacks_room);
}
END_TEST

static const unsigned statuses[] = {
	300, 301, 302, 303, 307, 308,
	400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421,
	422, 428, 429, 431, 451,
	500, 501, 502, 503, 504, 505, 507, 508,
	499, 599,                       /* others: their class is told */
};

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
	ck_assert(answer.is_generated_error && !answer.is_file);
	ck_assert(slice_equal(answer.media_type, SLICE_LITERAL("text/html")));
	ck_assert_uint_eq(answer.whole_bytes, answer.content_bytes);
	snprintf(page, sizeof page, "%.*s", (int)answer.segments[0].data.len,
	    answer.segments[0].data.data);
	ck_assert_uint_eq(strlen(page), answer.content_bytes);
	snprintf(wanted, sizeof wanted, "<h1>%u %s</h1>", status, http_status_reason(status));
	ck_assert_msg(strstr(page, wanted) != NULL, "no %s in %s", wanted, page);
	ck_assert_str_eq(page + strlen(page) - 8, "</html>\n");
}
END_TEST

static const char *
explanation(unsigned status)
{
	static char text[2][512];
	static int turn;
	const char *mark, *end;

	turn = !turn;
	arena_reset(&arena);
	answer_error(&answer, &arena, status);
	mark = memmem(answer.segments[0].data.data, answer.content_bytes, "<p>", 3);
	ck_assert_ptr_nonnull(mark);
	end = strstr(mark, "</p>");
	ck_assert_ptr_nonnull(end);
	snprintf(text[turn], sizeof text[turn], "%.*s", (int)(end - mark), mark);
	return text[turn];
}

static bool
means_the_same(unsigned a, unsigned b)
{
	return (a == 301 && b == 308) || (a == 302 && b == 307) || (a == 500 && b == 599);
}

/* Each status that muster answers with has its own words; one that is another with a different
 * method has the same. */
START_TEST(error_pages_differ)
{
	for (int i = 0; i < COUNT_OF(statuses); i++) {
		for (int k = i + 1; k < COUNT_OF(statuses); k++) {
			const char *one = explanation(statuses[i]);

			ck_assert_msg((strcmp(one, explanation(statuses[k])) == 0) ==
			    means_the_same(statuses[i], statuses[k]), "%u %u: %s",
			    statuses[i], statuses[k], one);
		}
	}
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
	tcase_add_test(tcase, end_closes_file_and_source_once);
	tcase_add_test(tcase, content_is_dropped_alone);
	tcase_add_test(tcase, fields_are_found_whatever_their_case);
	tcase_add_test(tcase, all_fields_of_a_name_are_removed);
	tcase_add_loop_test(tcase, vary_has_an_element_once, 0, COUNT_OF(vary_rows));
	tcase_add_test(tcase, vary_without_memory_is_said);
	tcase_add_loop_test(tcase, error_page_says_the_status, 0, COUNT_OF(statuses));
	tcase_add_test(tcase, error_pages_differ);
	tcase_add_test(tcase, error_needs_no_memory);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
