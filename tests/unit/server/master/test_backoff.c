/* SPDX-License-Identifier: BSD-2-Clause */
/* server/master/backoff.c: how long each failure in a row makes the next attempt wait. */
#include <check.h>
#include <stdlib.h>

#include "server/master/backoff.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static const int64_t starts_ms[] = { 0, 1, 1700000, INT64_C(1) << 52, -5000 };

START_TEST(each_failure_doubles_the_wait)
{
	static const unsigned delays_ms[] = {
		100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000,
	};
	struct backoff backoff = { 0, 0 };
	int64_t now_ms = starts_ms[_i];

	for (int i = 0; i < COUNT_OF(delays_ms); i++) {
		ck_assert_uint_eq(backoff_failed(&backoff, now_ms), delays_ms[i]);
		ck_assert(backoff_is_waiting(&backoff, now_ms));
		now_ms += delays_ms[i];
		ck_assert(backoff_is_waiting(&backoff, now_ms - 1));
		ck_assert(!backoff_is_waiting(&backoff, now_ms));
	}
}
END_TEST

/* Twenty workers that die of the same cause at the same time are one failure. */
START_TEST(failures_during_a_wait_are_one)
{
	struct backoff backoff = { 0, 0 };

	ck_assert_uint_eq(backoff_failed(&backoff, 1000), 100);
	ck_assert_uint_eq(backoff_failed(&backoff, 1000), 0);
	ck_assert_uint_eq(backoff_failed(&backoff, 1099), 0);
	ck_assert(backoff_is_waiting(&backoff, 1099));
	ck_assert(!backoff_is_waiting(&backoff, 1100));
	ck_assert_uint_eq(backoff_failed(&backoff, 1100), 200);
}
END_TEST

START_TEST(nothing_waits_before_a_failure)
{
	struct backoff backoff = { 0, 0 };

	ck_assert(!backoff_is_waiting(&backoff, starts_ms[_i]));
	backoff_succeeded(&backoff);
	ck_assert(!backoff_is_waiting(&backoff, starts_ms[_i]));
}
END_TEST

START_TEST(success_ends_wait_and_doubling)
{
	struct backoff backoff = { 0, 0 };

	ck_assert_uint_eq(backoff_failed(&backoff, 1000), 100);
	ck_assert_uint_eq(backoff_failed(&backoff, 2000), 200);
	backoff_succeeded(&backoff);
	ck_assert(!backoff_is_waiting(&backoff, 2000));
	ck_assert_uint_eq(backoff_failed(&backoff, 2000), 100);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("backoff");
	TCase *tcase = tcase_create("backoff");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, each_failure_doubles_the_wait, 0, COUNT_OF(starts_ms));
	tcase_add_loop_test(tcase, nothing_waits_before_a_failure, 0, COUNT_OF(starts_ms));
	tcase_add_test(tcase, failures_during_a_wait_are_one);
	tcase_add_test(tcase, success_ends_wait_and_doubling);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
