/* SPDX-License-Identifier: BSD-2-Clause */
/* server/signer/rate.c: one line a minute at most, and nothing untold. */
#include <check.h>
#include <stdlib.h>

#include "server/signer/rate.h"

static struct rate rate;
static char text[128];
static bool is_odd;

static bool
tell(int64_t now_ms, bool is_last)
{
	return rate_tell(&rate, now_ms, is_last, text, sizeof text, &is_odd);
}

START_TEST(a_line_a_minute)
{
	ck_assert(!tell(1000, false));
	ck_assert_int_eq(rate_wait_ms(&rate, 1000), -1);
	rate.signed_count = 3;
	ck_assert(!tell(1000, false));
	ck_assert_int_eq(rate_wait_ms(&rate, 1000), RATE_QUIET_MS);
	rate.signed_count += 2;
	ck_assert(!tell(1000 + RATE_QUIET_MS - 1, false));
	ck_assert_int_eq(rate_wait_ms(&rate, 1000 + RATE_QUIET_MS + 5), 0);
	ck_assert(tell(1000 + RATE_QUIET_MS, false));
	ck_assert_str_eq(text, "signer: 5 signatures, 0 refused");
	ck_assert(!is_odd);
	ck_assert(!tell(1000 + RATE_QUIET_MS, false));
	ck_assert_int_eq(rate_wait_ms(&rate, 1000 + RATE_QUIET_MS), -1);
}
END_TEST

START_TEST(the_last_word)
{
	ck_assert(!tell(5, true));
	rate.refused_count = 7;
	ck_assert(tell(6, true));
	ck_assert_str_eq(text, "signer: 0 signatures, 7 refused");
	ck_assert(is_odd);
	ck_assert(!tell(7, true));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rate");
	TCase *tcase = tcase_create("rate");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_test(tcase, a_line_a_minute);
	tcase_add_test(tcase, the_last_word);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
