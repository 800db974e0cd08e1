/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/ssi_format.c: formats that a page may hold, with more output than there is room
 * for, and sizes as Apache shows them. */
#include <time.h>

#include "tests/unit/workers/handler/page_content.h"
#include "workers/handler/ssi_format.h"

#define TIME_S 1700000000 /* Tuesday, 14-Nov-2023 22:13:20 GMT */

static struct arena arena;

static void
begin(void)
{
	ck_assert_int_eq(setenv("TZ", "XYZ-2", 1), 0);
	tzset();
	ck_assert_int_eq(arena_init(&arena, 1 << 20), 0);
}

static void
end(void)
{
	arena_fini(&arena);
}

static const struct {
	const char *format, *local, *gmt;
} formats[] = {
	{ "%A, %d-%b-%Y %H:%M:%S %Z", "Wednesday, 15-Nov-2023 00:13:20 XYZ",
	    "Tuesday, 14-Nov-2023 22:13:20 GMT" },
	{ "%Y-%m-%d", "2023-11-15", "2023-11-14" },
	{ "%d. %B, 100%%", "15. November, 100%", "14. November, 100%" },
	{ "<b>%H</b>", "<b>00</b>", "<b>22</b>" },
	{ "plain", "plain", "plain" },
	{ "", "", "" },
	{ "%", "%", "%" },
	{ "%1000000000d", "", "" },
	{ "%2000d", "", "" },
};

START_TEST(times_are_formatted)
{
	struct slice format = slice_from_text(formats[_i].format);

	ck_assert_slice(ssi_format_time(&arena, format, TIME_S, false),
	    slice_from_text(formats[_i].local));
	ck_assert_slice(ssi_format_time(&arena, format, TIME_S, true),
	    slice_from_text(formats[_i].gmt));
}
END_TEST

START_TEST(long_formats_give_nothing)
{
	char format[1000];

	memset(format, 'x', sizeof format);
	ck_assert_uint_eq(ssi_format_time(&arena, slice_make(format, 256), TIME_S, true).len, 256);
	ck_assert_uint_eq(ssi_format_time(&arena, slice_make(format, 257), TIME_S, true).len, 0);
	for (size_t i = 0; i < 256; i += 2)
		memcpy(format + i, "%c", 2);
	ck_assert_uint_eq(ssi_format_time(&arena, slice_make(format, 256), TIME_S, true).len, 0);
	ck_assert_uint_eq(ssi_format_time(&arena, slice_make("%Y\0", 3), TIME_S, true).len, 0);
	ck_assert_uint_eq(ssi_format_time(&arena, SLICE_LITERAL("%Y"), INT64_MAX, true).len, 0);
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *shown, *exact;
} sizes[] = {
	{ 0, "0", "0" }, { 1, "1", "1" }, { 972, "972", "972" }, { 973, "1.0K", "973" },
	{ 1024, "1.0K", "1,024" }, { 1536, "1.5K", "1,536" }, { 10188, "9.9K", "10,188" },
	{ 10189, "10K", "10,189" }, { 100000, "98K", "100,000" }, { 996352, "1.0M", "996,352" },
	{ 1048576, "1.0M", "1,048,576" }, { UINT64_C(5) << 30, "5.0G", "5,368,709,120" },
	{ UINT64_MAX, "16E", "18,446,744,073,709,551,615" },
};

START_TEST(sizes_are_apaches)
{
	struct content content;

	content_init(&content, &arena, 100);
	ssi_format_size(&content, sizes[_i].bytes, false);
	ck_assert_str_eq(content_text(&content), sizes[_i].shown);
	content_init(&content, &arena, 100);
	ssi_format_size(&content, sizes[_i].bytes, true);
	ck_assert_str_eq(content_text(&content), sizes[_i].exact);
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("ssi_format");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, times_are_formatted, 0, COUNT_OF(formats));
	tcase_add_test(tcase, long_formats_give_nothing);
	tcase_add_loop_test(tcase, sizes_are_apaches, 0, COUNT_OF(sizes));
	return run_one_case("ssi_format", tcase);
}
