/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/http2/budget.c: so much at once, so much a second, more for work, and never more than
 * there can be. */
#include <check.h>
#include <stdlib.h>

#include "workers/http2/budget.h"

static struct h2_budget budget;

static int
spend_all(unsigned cost, int64_t now_ms)
{
	int count = 0;

	while (h2_budget_spend(&budget, cost, now_ms))
		count++;
	return count;
}

START_TEST(first_there_is_the_most)
{
	h2_budget_init(&budget, 5000);
	ck_assert_int_eq(spend_all(1, 5000), H2_BUDGET_MAX);
	ck_assert(!h2_budget_spend(&budget, 1, 5000));
}
END_TEST

START_TEST(time_fills_it)
{
	h2_budget_init(&budget, 5000);
	(void)spend_all(1, 5000);
	ck_assert_int_eq(spend_all(1, 5004), 0);
	ck_assert_int_eq(spend_all(1, 6000), H2_BUDGET_PER_S);
	ck_assert_int_eq(spend_all(20, 16000), 10 * H2_BUDGET_PER_S / 20);
	ck_assert_int_eq(spend_all(1, INT64_C(1) << 40), H2_BUDGET_MAX);
}
END_TEST

/* Less than one at a time is not lost. */
START_TEST(short_times_add_up)
{
	int count = 0;

	h2_budget_init(&budget, 0);
	(void)spend_all(1, 0);
	for (int64_t ms = 1; ms <= 1000; ms++)
		count += spend_all(1, ms);
	ck_assert_int_eq(count, H2_BUDGET_PER_S);
}
END_TEST

START_TEST(work_fills_it)
{
	h2_budget_init(&budget, 0);
	h2_budget_earn(&budget, 1000);
	ck_assert_int_eq(spend_all(1, 0), H2_BUDGET_MAX);
	h2_budget_earn(&budget, H2_GAIN_ANSWER);
	h2_budget_earn(&budget, H2_GAIN_DATA);
	ck_assert_int_eq(spend_all(1, 0), H2_GAIN_ANSWER + H2_GAIN_DATA);
}
END_TEST

START_TEST(clock_that_goes_back_gives_nothing)
{
	h2_budget_init(&budget, 5000);
	(void)spend_all(1, 5000);
	ck_assert_int_eq(spend_all(1, 1000), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http2/budget");
	TCase *tcase = tcase_create("budget");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, first_there_is_the_most);
	tcase_add_test(tcase, time_fills_it);
	tcase_add_test(tcase, short_times_add_up);
	tcase_add_test(tcase, work_fills_it);
	tcase_add_test(tcase, clock_that_goes_back_gives_nothing);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
