/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/keeper/holds.c: whatever moves, each connection is in one list, the lists are sorted by
 * deadline, and the counts are theirs. */
#include <check.h>
#include <stdlib.h>

#include "tests/lib/process.h"
#include "workers/keeper/holds.h"

#define CAP 50

static struct holds holds;

static void
begin(void)
{
	ck_assert_int_eq(holds_init(&holds, CAP), 0);
}

/* Everything that must be true of all lists. */
static void
check_lists(void)
{
	int64_t next_ms = INT64_MAX;
	unsigned all_count = 0;
	int state, fd, older;

	for (state = HOLD_IDLE; state < HOLD_STATE_COUNT; state++) {
		unsigned count = 0;

		older = -1;
		for (fd = holds_oldest(&holds, (enum hold_state)state); fd >= 0;
		    fd = holds.all[fd].newer) {
			ck_assert_int_eq(holds.all[fd].state, state);
			ck_assert_int_eq(holds.all[fd].older, older);
			if (older >= 0)
				ck_assert_int_ge(holds.all[fd].deadline_mono_ms,
				    holds.all[older].deadline_mono_ms);
			else if (holds.all[fd].deadline_mono_ms < next_ms)
				next_ms = holds.all[fd].deadline_mono_ms;
			older = fd;
			ck_assert_uint_le(++count, CAP);
		}
		ck_assert_int_eq(holds.newest[state], older);
		ck_assert_uint_eq(holds.counts[state], count);
		all_count += count;
	}
	ck_assert_uint_eq(holds.count, all_count);
	ck_assert_int_eq(holds_next_deadline(&holds), next_ms);
}

START_TEST(test_empty)
{
	check_lists();
	ck_assert_int_eq(holds_next_deadline(&holds), INT64_MAX);
	ck_assert_int_eq(holds_oldest(&holds, HOLD_IDLE), -1);
	ck_assert_ptr_null(holds_get(&holds, -1));
	ck_assert_ptr_null(holds_get(&holds, CAP));
	ck_assert_int_eq(holds_get(&holds, CAP - 1)->state, HOLD_NONE);
	holds_move(&holds, 3, HOLD_NONE, 0); /* is not held, and stays so */
	check_lists();
}
END_TEST

START_TEST(test_sorted)
{
	holds_move(&holds, 5, HOLD_IDLE, 100);
	holds_move(&holds, 6, HOLD_IDLE, 300);
	holds_move(&holds, 7, HOLD_IDLE, 200);
	holds_move(&holds, 8, HOLD_IDLE, 50);
	check_lists();
	ck_assert_int_eq(holds_oldest(&holds, HOLD_IDLE), 8);
	ck_assert_int_eq(holds.all[8].newer, 5);
	ck_assert_int_eq(holds.all[5].newer, 7);
	ck_assert_int_eq(holds.all[7].newer, 6);
	holds_move(&holds, 8, HOLD_IDLE, 400); /* has asked for something */
	ck_assert_int_eq(holds.newest[HOLD_IDLE], 8);
	check_lists();
	holds_move(&holds, 5, HOLD_SENDING, 100);
	ck_assert_int_eq(holds_oldest(&holds, HOLD_IDLE), 7);
	ck_assert_int_eq(holds_oldest(&holds, HOLD_SENDING), 5);
	check_lists();
}
END_TEST

/* Who came first goes first when their time is over at the same moment. */
START_TEST(test_equal_deadlines)
{
	int fd;

	for (fd = 0; fd < CAP; fd++)
		holds_move(&holds, fd, HOLD_READING, 1000);
	for (fd = 0; fd < CAP; fd++) {
		ck_assert_int_eq(holds_oldest(&holds, HOLD_READING), fd);
		holds_move(&holds, fd, HOLD_NONE, 0);
		check_lists();
	}
}
END_TEST

START_TEST(test_any_order)
{
	unsigned seed = (unsigned)_i + 1;
	int step;

	for (step = 0; step < 300; step++) {
		int fd = rand_r(&seed) % CAP, state = rand_r(&seed) % HOLD_STATE_COUNT;

		holds_move(&holds, fd, (enum hold_state)state, rand_r(&seed) % 20);
		ck_assert_int_eq(holds_get(&holds, fd)->state, state);
		check_lists();
	}
}
END_TEST

static void
move_what_cannot_be_held(void)
{
	holds_move(&holds, CAP, HOLD_IDLE, 0);
}

START_TEST(test_a_descriptor_that_is_too_large)
{
	ck_assert(process_aborts(move_what_cannot_be_held));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("holds");
	TCase *tcase = tcase_create("holds");
	SRunner *runner;
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, NULL);
	tcase_add_test(tcase, test_empty);
	tcase_add_test(tcase, test_sorted);
	tcase_add_test(tcase, test_equal_deadlines);
	tcase_add_loop_test(tcase, test_any_order, 0, 8);
	tcase_add_test(tcase, test_a_descriptor_that_is_too_large);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
