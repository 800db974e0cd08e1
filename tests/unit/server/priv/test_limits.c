/* SPDX-License-Identifier: BSD-2-Clause */
/* server/priv/limits.c: soft limits become the hard ones, and a limit that cannot be raised is
 * left as it is. Each test is a process of its own (Check forks). */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/priv/limits.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define HARD 512u

static struct rlimit
get(void)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	return limit;
}

static bool
may_raise_hard_limits(void)
{
	struct rlimit limit = get();

	limit.rlim_max++;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static const struct {
	unsigned keeper_count, max_parked_count;
	rlim_t at_least;            /* of root, hard limit; HARD: it stays */
	unsigned worker_count, certificate_count;
} rows[] = {
	{ 0, 100000, HARD, 0, 0 },  /* nobody holds connections */
	{ 0, 100000, HARD, 9000, 0 }, /* and nobody asks a signer */
	{ 2, 5000, 5000, 0, 0 }, { 1, 1, 513, 0, 0 }, { 2, 5000, 5000, 100, 1 },
	{ 0, 0, 8001, 4000, 1 },    /* a signer has a pair for each worker, old ones, too */
	{ 1, 1000, 8001, 4000, 1 }, { 0, 0, 4001, 1, 2000 },
};

START_TEST(limits_are_raised_as_far_as_they_can_be)
{
	const struct rlimit low = { 64, HARD };
	struct config config;
	struct rlimit limit;

	memset(&config, 0, sizeof config);
	config.keepalive.keeper_count = rows[_i].keeper_count;
	config.keepalive.max_parked_count = rows[_i].max_parked_count;
	config.pool.max_worker_count = rows[_i].worker_count;
	config.certificate_count = rows[_i].certificate_count;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	limits_raise(&config);
	limit = get();
	ck_assert_uint_eq(limit.rlim_cur, limit.rlim_max);
	if (geteuid() == 0 && rows[_i].at_least > HARD && may_raise_hard_limits())
		ck_assert_uint_ge(limit.rlim_max, rows[_i].at_least);
	else
		ck_assert_uint_eq(limit.rlim_max, HARD);
}
END_TEST

/* More than the system allows any process: as much as it does. */
START_TEST(no_limit_is_lowered)
{
	struct rlimit before = get(), after;
	struct config config;

	memset(&config, 0, sizeof config);
	config.keepalive.keeper_count = 1;
	config.keepalive.max_parked_count = 1000000000;
	limits_raise(&config);
	after = get();
	ck_assert_uint_ge(after.rlim_max, before.rlim_max);
	ck_assert_uint_eq(after.rlim_cur, after.rlim_max);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limits");
	TCase *tcase = tcase_create("limits");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, limits_are_raised_as_far_as_they_can_be, 0, COUNT_OF(rows));
	tcase_add_test(tcase, no_limit_is_lowered);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
