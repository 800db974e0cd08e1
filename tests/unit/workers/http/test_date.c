/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP dates, written and read. Compared with the C library's calendar over all years; a
 * wrong leap year, a two-digit year in the wrong century or a loose form breaks it.
 */
#include <stdio.h>
#include <time.h>

#include "tests/unit/workers/http/asserts.h"
#include "workers/http/date.h"

#define NOW_S 1732176000        /* Thu, 21 Nov 2024 08:00:00 GMT */
#define YEAR_1_S (-62135596800)
#define YEAR_9999_S 253402300799

static const struct {
	const char *text;
	int64_t time_s;
} dates[] = {
	{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
	{ "Sun Nov  6 08:49:37 1994", 784111777 },
	{ "Sun Nov 06 08:49:37 1994", 784111777 },
	{ "Mon Nov 16 08:49:37 1994", 784975777 },
	{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
	{ "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
	{ "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199 },
	{ "Mon, 01 Jan 0001 00:00:00 GMT", YEAR_1_S },
	{ "Fri, 31 Dec 9999 23:59:59 GMT", YEAR_9999_S },
	{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },        /* a leap second */
	{ "Mon, 06 Nov 1994 08:49:37 GMT", 784111777 },         /* was a Sunday */
};

START_TEST(date_is_read)
{
	int64_t time_s = 12345;

	ck_assert(http_date_parse(slice_from_text(dates[_i].text), NOW_S, &time_s));
	ck_assert_int_eq(time_s, dates[_i].time_s);
}
END_TEST

static const char *const bad_dates[] = {
	"",
	"0",
	"784111777",
	"Sun, 06 Nov 1994 08:49:37",
	"Sun, 06 Nov 1994 08:49:37 ",
	"Sun, 06 Nov 1994 08:49:37 UTC",
	"Sun, 06 Nov 1994 08:49:37 +0000",
	"Sun, 06 Nov 1994 08:49:37 gmt",
	"Sun, 06 Nov 1994 08:49:37 GMT ",
	" Sun, 06 Nov 1994 08:49:37 GMT",
	"sun, 06 Nov 1994 08:49:37 GMT",
	"Sun, 06 nov 1994 08:49:37 GMT",
	"Sun,  6 Nov 1994 08:49:37 GMT",
	"Sun, 6 Nov 1994 08:49:37 GMT",
	"Sun 06 Nov 1994 08:49:37 GMT",
	"Sun, 06  Nov 1994 08:49:37 GMT",
	"Sun, 06-Nov-1994 08:49:37 GMT",
	"Sun, 06 Nov 94 08:49:37 GMT",
	"Sun, 06 Nov 01994 08:49:37 GMT",
	"Sun, 06 Nov 1994 8:49:37 GMT",
	"Sun, 06 Nov 1994 08:49 GMT",
	"Sun, 06 Nov 1994 08.49.37 GMT",
	"Sun, 06 Nov 1994 24:00:00 GMT",
	"Sun, 06 Nov 1994 08:60:37 GMT",
	"Sun, 06 Nov 1994 08:49:61 GMT",
	"Sun, 06 Nov 1994 -8:49:37 GMT",
	"Sun, 00 Nov 1994 08:49:37 GMT",
	"Sun, 31 Nov 1994 08:49:37 GMT",
	"Sun, 32 Dec 1994 08:49:37 GMT",
	"Sun, 29 Feb 2023 08:49:37 GMT",
	"Sun, 29 Feb 1900 08:49:37 GMT",
	"Sun, 30 Feb 2024 08:49:37 GMT",
	"Sun, 06 Abc 1994 08:49:37 GMT",
	"Abc, 06 Nov 1994 08:49:37 GMT",
	"Sunday, 06 Nov 1994 08:49:37 GMT",
	"Sat, 01 Jan 0000 00:00:00 GMT",
	"Fri, 31 Dec 9999 23:59:60 GMT",
	"Sun, 06-Nov-94 08:49:37 GMT",
	"Sunday, 06-Nov-1994 08:49:37 GMT",
	"Sunday, 06 Nov 94 08:49:37 GMT",
	"Sunday, 6-Nov-94 08:49:37 GMT",
	"Sunday, 29-Feb-23 08:49:37 GMT",
	"Sun Nov 6 08:49:37 1994",
	"Sun Nov   6 08:49:37 1994",
	"Sun Nov  0 08:49:37 1994",
	"Sun Nov  6 08:49:37 94",
	"Sun Nov  6 08:49:37 1994 GMT",
	"Sun, Nov  6 08:49:37 1994",
	"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
	"\"Sun, 06 Nov 1994 08:49:37 GMT\"",
};

START_TEST(bad_date_is_refused)
{
	int64_t time_s = 12345;

	ck_assert_msg(!http_date_parse(slice_from_text(bad_dates[_i]), NOW_S, &time_s), "%s",
	    bad_dates[_i]);
	ck_assert_int_eq(time_s, 12345);
}
END_TEST

/* RFC 9110 5.6.7: more than 50 years ahead means the past. */
static const struct {
	int64_t now_s;
	const char *text;
	const char *same_as;
} two_digit_years[] = {
	{ NOW_S, "Thursday, 21-Nov-24 08:00:00 GMT", "Thu, 21 Nov 2024 08:00:00 GMT" },
	{ NOW_S, "Wednesday, 21-Nov-74 08:00:00 GMT", "Wed, 21 Nov 2074 08:00:00 GMT" },
	{ NOW_S, "Thursday, 21-Nov-74 08:00:01 GMT", "Thu, 21 Nov 1974 08:00:01 GMT" },
	{ NOW_S, "Friday, 22-Nov-74 00:00:00 GMT", "Fri, 22 Nov 1974 00:00:00 GMT" },
	{ NOW_S, "Wednesday, 01-Jan-75 00:00:00 GMT", "Wed, 01 Jan 1975 00:00:00 GMT" },
	{ NOW_S, "Friday, 31-Dec-99 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:59 GMT" },
	{ NOW_S, "Saturday, 01-Jan-00 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT" },
	{ 3786912000, "Thursday, 01-Jan-01 00:00:00 GMT", "Mon, 01 Jan 2101 00:00:00 GMT" },
	{ 0, "Thursday, 01-Jan-20 00:00:00 GMT", "Wed, 01 Jan 2020 00:00:00 GMT" },
	{ 0, "Thursday, 01-Jan-21 00:00:00 GMT", "Sat, 01 Jan 1921 00:00:00 GMT" },
};

START_TEST(two_digit_year_is_settled)
{
	int64_t got_s, want_s;

	ck_assert(http_date_parse(slice_from_text(two_digit_years[_i].text),
	    two_digit_years[_i].now_s, &got_s));
	ck_assert(http_date_parse(slice_from_text(two_digit_years[_i].same_as), 0, &want_s));
	ck_assert_int_eq(got_s, want_s);
}
END_TEST

START_TEST(absurd_clock_does_no_harm)
{
	static const int64_t clocks_s[] = { INT64_MIN, YEAR_1_S, 0, YEAR_9999_S, INT64_MAX };
	struct slice text = SLICE_LITERAL("Sunday, 06-Nov-94 08:49:37 GMT");
	int64_t time_s;

	for (int i = 0; i < COUNT_OF(clocks_s); i++)
		if (http_date_parse(text, clocks_s[i], &time_s))
			ck_assert(time_s >= YEAR_1_S && time_s <= YEAR_9999_S);
}
END_TEST

/* A step of a bit over 11 days goes through all days of the year and times of day. */
START_TEST(all_years_agree_with_the_c_library)
{
	for (int64_t time_s = YEAR_1_S; time_s <= YEAR_9999_S; time_s += 1000003) {
		char want[HTTP_DATE_BYTES + 1], got[HTTP_DATE_BYTES + 1];
		time_t libc_time_s = (time_t)time_s;
		struct tm tm;
		size_t len;
		int64_t again_s;

		ck_assert_ptr_nonnull(gmtime_r(&libc_time_s, &tm));
		len = strftime(want, sizeof (want), "%a, %d %b ", &tm);
		snprintf(want + len, sizeof (want) - len, "%04d %02d:%02d:%02d GMT",
		    (tm.tm_year + 1900) % 10000, tm.tm_hour % 100, tm.tm_min % 100,
		    tm.tm_sec % 100);
		http_date_format(time_s, got);
		ck_assert_str_eq(got, want);
		ck_assert(http_date_parse(slice_make(got, HTTP_DATE_BYTES), NOW_S, &again_s));
		ck_assert_int_eq(again_s, time_s);
	}
}
END_TEST

START_TEST(times_out_of_bounds_are_held)
{
	char text[HTTP_DATE_BYTES + 1];

	http_date_format(INT64_MIN, text);
	ck_assert_str_eq(text, "Mon, 01 Jan 0001 00:00:00 GMT");
	http_date_format(INT64_MAX, text);
	ck_assert_str_eq(text, "Fri, 31 Dec 9999 23:59:59 GMT");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("date");
	TCase *tcase = tcase_create("date");

	tcase_add_loop_test(tcase, date_is_read, 0, COUNT_OF(dates));
	tcase_add_loop_test(tcase, bad_date_is_refused, 0, COUNT_OF(bad_dates));
	tcase_add_loop_test(tcase, two_digit_year_is_settled, 0, COUNT_OF(two_digit_years));
	tcase_add_test(tcase, absurd_clock_does_no_harm);
	tcase_add_test(tcase, all_years_agree_with_the_c_library);
	tcase_add_test(tcase, times_out_of_bounds_are_held);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
