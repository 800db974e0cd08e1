/* SPDX-License-Identifier: BSD-2-Clause */
/* server/master/child_table.c: a child is found by its pid, and no other is, however many came
 * and went. Each test follows a plain list of what should be there. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/master/child.h"
#include "tests/lib/process.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define CAP 2000
#define PID_COUNT 5000              /* that may be in the table */

static struct child_table table;
static bool is_there[PID_COUNT];
static int there_count;

static void
open_table(void)
{
	memset(is_there, 0, sizeof is_there);
	there_count = 0;
	memset(&table, 0, sizeof table);
	ck_assert_int_eq(child_table_reserve(&table, CAP), 0);
}

static void
close_table(void)
{
	child_table_fini(&table);
	child_table_fini(&table);   /* an empty one is let be */
}

/* How pids lie: one after the other, apart by a power of two, at the end of their range. */
static const struct {
	int first, step;
} rows[] = {
	{ 1, 1 }, { 300, 1 }, { 1, 64 }, { 1, 512 }, { 4194304 - PID_COUNT, 1 },
};

static pid_t
pid_of(int row, int number)
{
	return rows[row].first + number * rows[row].step;
}

static void
put(int row, int number)
{
	struct child *child = child_table_add(&table, pid_of(row, number), INHERIT_KEEPER);

	ck_assert_ptr_nonnull(child);
	ck_assert_int_eq(child->pid, pid_of(row, number));
	ck_assert_int_eq(child->role, INHERIT_KEEPER);
	ck_assert(!child->is_retiring && child->deadline_mono_ms == 0);
	child->slot_index = (uint32_t)number;
	child->is_retiring = true;
	is_there[number] = true;
	there_count++;
}

static void
take(int row, int number)
{
	struct child *child = child_table_find(&table, pid_of(row, number));

	ck_assert_ptr_nonnull(child);
	child_table_remove(&table, child);
	is_there[number] = false;
	there_count--;
}

static void
compare(int row)
{
	int wrong_count = 0;

	for (int number = 0; number < PID_COUNT; number++) {
		const struct child *child = child_table_find(&table, pid_of(row, number));

		if (child == NULL ? is_there[number] :
		    !is_there[number] || child->slot_index != (uint32_t)number)
			wrong_count++;
	}
	ck_assert_int_eq(wrong_count, 0);
	ck_assert_uint_eq(table.count, (size_t)there_count);
	ck_assert_uint_eq(table.role_counts[INHERIT_KEEPER], (unsigned)there_count);
	ck_assert_ptr_null(child_table_find(&table, 0));
}

START_TEST(children_come_and_go)
{
	unsigned random = 1;

	compare(_i);
	for (int i = 0; i < 20000; i++) {
		int number;

		random = random * 1103515245 + 12345;
		number = (int)(random >> 8) % PID_COUNT;
		if (is_there[number])
			take(_i, number);
		else if (there_count < CAP)
			put(_i, number);
		if (i % 1000 == 0)
			compare(_i);
	}
	compare(_i);
	for (int number = 0; number < PID_COUNT; number++)
		if (is_there[number])
			take(_i, number);
	compare(_i);
}
END_TEST

START_TEST(table_grows_with_what_is_in_it)
{
	for (int number = 0; number < CAP; number++)
		put(0, number);
	ck_assert_ptr_null(child_table_add(&table, 100000, INHERIT_WORKER)); /* full */
	compare(0);
	ck_assert_int_eq(child_table_reserve(&table, CAP / 2), 0); /* never smaller */
	compare(0);
	ck_assert_int_eq(child_table_reserve(&table, 2 * CAP), 0);
	compare(0);
	for (int number = CAP; number < 2 * CAP; number++)
		put(0, number);
	compare(0);
}
END_TEST

START_TEST(roles_are_counted)
{
	struct child *logger = child_table_add(&table, 7, INHERIT_LOGGER);

	(void)child_table_add(&table, 8, INHERIT_WORKER);
	(void)child_table_add(&table, 9, INHERIT_WORKER);
	ck_assert_uint_eq(table.role_counts[INHERIT_WORKER], 2);
	ck_assert_uint_eq(table.role_counts[INHERIT_KEEPER], 0);
	ck_assert_uint_eq(table.role_counts[INHERIT_LOGGER], 1);
	child_table_remove(&table, logger);
	ck_assert_uint_eq(table.role_counts[INHERIT_LOGGER], 0);
	ck_assert_str_eq(child_role_name(INHERIT_LOGGER), "logger");
	ck_assert_str_eq(child_role_name(INHERIT_KEEPER), "keeper");
	ck_assert_str_eq(child_role_name(INHERIT_WORKER), "worker");
}
END_TEST

START_TEST(empty_table_holds_nobody)
{
	struct child_table none = { .count = 0 };

	ck_assert_ptr_null(child_table_find(&none, 1));
	ck_assert_ptr_null(child_table_add(&none, 1, INHERIT_WORKER));
}
END_TEST

static void
add_twice(void)
{
	struct child_table own = { .count = 0 }; /* a child does not get the test's */

	(void)child_table_reserve(&own, 2);
	(void)child_table_add(&own, 5, INHERIT_WORKER);
	(void)child_table_add(&own, 5, INHERIT_WORKER);
}

START_TEST(pid_twice_is_a_bug)
{
	ck_assert(process_aborts(add_twice));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("child_table");
	TCase *tcase = tcase_create("child_table");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, open_table, close_table);
	tcase_add_loop_test(tcase, children_come_and_go, 0, COUNT_OF(rows));
	tcase_add_test(tcase, table_grows_with_what_is_in_it);
	tcase_add_test(tcase, roles_are_counted);
	tcase_add_test(tcase, empty_table_holds_nobody);
	tcase_add_test(tcase, pid_twice_is_a_bug);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
