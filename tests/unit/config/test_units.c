/* SPDX-License-Identifier: BSD-2-Clause */
/* config/units.c: what is a number with its unit and what only looks like one, and that the
 * formatted text is the shortest exact one and parses back. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "config/units.h"

#define REFUSED UINT64_MAX

struct row {
	const char *text;
	uint64_t number;        /* REFUSED: not parsed */
	const char *formatted;  /* NULL: the text itself */
};
#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static const struct row counts[] = {
	{ "0", 0, NULL }, { "8", 8, NULL }, { "007", 7, "7" },
	{ "18446744073709551614", UINT64_MAX - 1, NULL },
	{ "18446744073709551616", REFUSED, NULL }, { "99999999999999999999999", REFUSED, NULL },
	{ "", REFUSED, NULL }, { "-1", REFUSED, NULL }, { "+1", REFUSED, NULL },
	{ " 1", REFUSED, NULL }, { "1 ", REFUSED, NULL }, { "0x10", REFUSED, NULL },
	{ "1.5", REFUSED, NULL }, { "abc", REFUSED, NULL }, { "8k", REFUSED, NULL },
};

static const struct row durations[] = {
	{ "0", 0, "0s" }, { "0s", 0, NULL }, { "0ms", 0, "0s" }, { "1ms", 1, NULL },
	{ "500ms", 500, NULL }, { "1000ms", 1000, "1s" }, { "75s", 75000, NULL },
	{ "90s", 90000, NULL }, { "120s", 120000, "2m" }, { "60m", 3600000, "1h" },
	{ "1500ms", 1500, NULL }, { "24h", 86400000, "1d" }, { "7d", 604800000, NULL },
	{ "75", REFUSED, NULL }, { "s", REFUSED, NULL }, { "1.5s", REFUSED, NULL },
	{ "1S", REFUSED, NULL }, { "1 s", REFUSED, NULL }, { "1h30m", REFUSED, NULL },
	{ "-1s", REFUSED, NULL }, { "1w", REFUSED, NULL },
	{ "18446744073709551615s", REFUSED, NULL },
};

static const struct row sizes[] = {
	{ "0", 0, NULL }, { "0M", 0, "0" }, { "1000", 1000, NULL }, { "1024", 1024, "1k" },
	{ "32k", 32768, NULL }, { "32K", 32768, "32k" }, { "1536k", 1572864, NULL },
	{ "64M", 67108864, NULL }, { "64m", 67108864, "64M" }, { "1024M", 1073741824, "1G" },
	{ "4G", UINT64_C(4294967296), NULL }, { "1T", UINT64_C(1099511627776), NULL },
	{ "1kB", REFUSED, NULL }, { "k", REFUSED, NULL }, { "1 k", REFUSED, NULL },
	{ "1.5M", REFUSED, NULL }, { "-1k", REFUSED, NULL }, { "1P", REFUSED, NULL },
	{ "16777216T", REFUSED, NULL }, { "18446744073709551615k", REFUSED, NULL },
};

static void
check_row(const struct row *row, bool (*parse)(const char *, uint64_t *),
    void (*format)(uint64_t, char *, size_t))
{
	char text[UNITS_TEXT_BYTES];
	uint64_t number = 0, again = 0;

	ck_assert_msg(parse(row->text, &number) == (row->number != REFUSED), "\"%s\"", row->text);
	if (row->number == REFUSED)
		return;
	ck_assert_msg(number == row->number, "\"%s\": %" PRIu64, row->text, number);
	format(number, text, sizeof(text));
	ck_assert_str_eq(text, row->formatted != NULL ? row->formatted : row->text);
	ck_assert(parse(text, &again));
	ck_assert_uint_eq(again, number);
}

START_TEST(count_is_digits_only)
{
	check_row(&counts[_i], units_parse_count, units_format_count);
}
END_TEST

START_TEST(duration_needs_its_unit)
{
	check_row(&durations[_i], units_parse_duration, units_format_duration);
}
END_TEST

START_TEST(size_is_powers_of_1024)
{
	check_row(&sizes[_i], units_parse_size, units_format_size);
}
END_TEST

static const struct {
	const char *text;
	int value;              /* -1: refused */
} booleans[] = {
	{ "true", 1 }, { "yes", 1 }, { "on", 1 }, { "On", 1 }, { "TRUE", 1 },
	{ "false", 0 }, { "no", 0 }, { "off", 0 }, { "No", 0 },
	{ "", -1 }, { "1", -1 }, { "0", -1 }, { "truee", -1 }, { "tru", -1 }, { " on", -1 },
};

START_TEST(boolean_is_one_of_six_words)
{
	bool value = booleans[_i].value == 0;

	ck_assert_msg(units_parse_boolean(booleans[_i].text, &value) ==
	    (booleans[_i].value >= 0), "\"%s\"", booleans[_i].text);
	if (booleans[_i].value >= 0)
		ck_assert_int_eq(value, booleans[_i].value);
}
END_TEST

/* The longest texts there are fit UNITS_TEXT_BYTES. */
START_TEST(longest_number_fits)
{
	char text[UNITS_TEXT_BYTES];
	uint64_t number;

	units_format_duration(UINT64_MAX, text, sizeof(text));
	ck_assert(units_parse_duration(text, &number));
	ck_assert(number == UINT64_MAX);
	units_format_size(UINT64_MAX, text, sizeof(text));
	ck_assert(units_parse_size(text, &number));
	ck_assert(number == UINT64_MAX);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("units");
	TCase *tcase = tcase_create("units");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, count_is_digits_only, 0, COUNT_OF(counts));
	tcase_add_loop_test(tcase, duration_needs_its_unit, 0, COUNT_OF(durations));
	tcase_add_loop_test(tcase, size_is_powers_of_1024, 0, COUNT_OF(sizes));
	tcase_add_loop_test(tcase, boolean_is_one_of_six_words, 0, COUNT_OF(booleans));
	tcase_add_test(tcase, longest_number_fits);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
