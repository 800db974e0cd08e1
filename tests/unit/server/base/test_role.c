/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/role.c: a worker stays one, and privileged code dies in it. */
#include <check.h>
#include <stdlib.h>

#include "server/base/role.h"
#include "tests/lib/process.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static const struct {
	enum role role;
	const char *name;
	bool is_privileged;
} roles[] = {
	{ ROLE_STARTER, "starter", true }, { ROLE_MASTER, "master", true },
	{ ROLE_WORKER, "worker", false }, { ROLE_CHECKER, "checker", true },
};

static enum role first, second;

static void
take_first(void)
{
	role_set(first);
}

static void
take_both(void)
{
	role_set(first);
	role_set(second);
}

static void
take_first_and_require(void)
{
	role_set(first);
	role_require_privileged(__func__);
}

START_TEST(a_process_starts_as_starter)
{
	ck_assert_int_eq(role_get(), ROLE_STARTER);
	role_require_privileged(__func__);
}
END_TEST

START_TEST(role_is_noted_and_named)
{
	role_set(roles[_i].role);
	ck_assert_int_eq(role_get(), roles[_i].role);
	ck_assert_str_eq(role_name(roles[_i].role), roles[_i].name);
}
END_TEST

START_TEST(privileged_code_dies_in_a_worker_only)
{
	first = roles[_i].role;
	ck_assert_int_eq(process_run(take_first), 0);
	ck_assert_int_eq(process_aborts(take_first_and_require), !roles[_i].is_privileged);
}
END_TEST

START_TEST(worker_stays_a_worker)
{
	first = ROLE_WORKER;
	second = roles[_i].role;
	ck_assert_int_eq(process_aborts(take_both), second != ROLE_WORKER);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("role");
	TCase *tcase = tcase_create("role");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_test(tcase, a_process_starts_as_starter);
	tcase_add_loop_test(tcase, role_is_noted_and_named, 0, COUNT_OF(roles));
	tcase_add_loop_test(tcase, privileged_code_dies_in_a_worker_only, 0, COUNT_OF(roles));
	tcase_add_loop_test(tcase, worker_stays_a_worker, 0, COUNT_OF(roles));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
