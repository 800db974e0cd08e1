/* SPDX-License-Identifier: BSD-2-Clause */
/* config/statuses.c: which statuses a text stands for, to the bit. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/statuses.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static const struct {
	const char *text;
	unsigned first, last;       /* 0: it is refused */
} rows[] = {
	{ "404", 404, 404 }, { "100", 100, 100 }, { "599", 599, 599 }, { "5xx", 500, 599 },
	{ "1xx", 100, 199 }, { "4xx", 400, 499 }, { "099", 0, 0 }, { "600", 0, 0 },
	{ "6xx", 0, 0 }, { "0xx", 0, 0 }, { "40", 0, 0 }, { "4040", 0, 0 }, { "", 0, 0 },
	{ "4x4", 0, 0 }, { "40x", 0, 0 }, { "5XX", 0, 0 }, { " 404", 0, 0 }, { "4-4", 0, 0 },
	{ "xxx", 0, 0 },
};

START_TEST(text_stands_for_statuses)
{
	struct config_statuses set = { { 0 } };

	ck_assert_int_eq(statuses_add(&set, rows[_i].text), rows[_i].first > 0);
	for (unsigned status = 0; status < 1000; status++)
		ck_assert_msg(config_statuses_hold(&set, status) ==
		    (rows[_i].first > 0 && status >= rows[_i].first && status <= rows[_i].last),
		    "%s: %u", rows[_i].text, status);
}
END_TEST

START_TEST(texts_add_up)
{
	char one[] = "404", all[] = "5xx", *texts[] = { one, all };
	struct config_statuses set = statuses_of(texts, 2);

	ck_assert(config_statuses_hold(&set, 404) && config_statuses_hold(&set, 503));
	ck_assert(!config_statuses_hold(&set, 403) && !config_statuses_hold(&set, 200));
}
END_TEST

START_TEST(none_is_all)
{
	struct config_statuses set = statuses_of(NULL, 0);

	for (unsigned status = 0; status < 1000; status++)
		ck_assert_int_eq(config_statuses_hold(&set, status),
		    status >= 100 && status <= 599);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("statuses");
	TCase *tcase = tcase_create("statuses");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, text_stands_for_statuses, 0, COUNT_OF(rows));
	tcase_add_test(tcase, texts_add_up);
	tcase_add_test(tcase, none_is_all);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
