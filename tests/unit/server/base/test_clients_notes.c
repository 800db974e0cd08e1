/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/clients_notes.c: how many requests of a client are let through, and when wrong
 * passwords have to wait. Time is an argument here. One let through too early, one told to wait
 * too long, a debt that other clients can wash away, or one that falls upon them breaks it. */
#include <check.h>
#include <stdlib.h>

#include "server/base/clients_table.h"
#include "tests/lib/addresses.h"
#include "tests/lib/process.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LEAST 1024
#define MANY 20000
#define ALICE 4711                  /* whose password is guessed */
#define MALLORY 4712                /* who has one of his own */
#define START_MS 5000000            /* of the clock: an hour and more after the system's start */
#define PER_S UINT64_C(1000)        /* a rate of one a second */

static struct clients *clients;
static struct sockaddr_storage one, other;

static void
open_table(void)
{
	clients = clients_new(LEAST);
	ck_assert_ptr_nonnull(clients);
	one = address_of("192.0.2.1");
	other = address_of("2001:db8::1");
}

static void
close_table(void)
{
	clients_free(&clients);
}

/* A rate, and requests one after the other: at which time, and how long it has to wait. */
static const struct {
	const char *what;
	uint64_t rate_per_1000s;
	unsigned burst;
	struct { unsigned at_ms, wait_ms; } steps[12]; /* up to at_ms 0 behind the first */
} courses[] = {
	{ "10/s, no burst", 10 * PER_S, 0,
	    { { 1, 0 }, { 1, 100 }, { 2, 99 }, { 100, 1 }, { 101, 0 }, { 150, 51 },
	    { 201, 0 }, { 9999, 0 }, { 9999, 100 } } },
	{ "1/s, burst 2", PER_S, 2,
	    { { 1, 0 }, { 1, 0 }, { 1, 0 }, { 1, 1000 }, { 1000, 1 }, { 1001, 0 }, { 1001, 1000 },
	    { 4001, 0 }, { 4001, 0 }, { 4001, 0 }, { 4001, 1000 } } },
	{ "30/m, burst 1", PER_S / 2, 1,
	    { { 1, 0 }, { 1, 0 }, { 1, 2000 }, { 1001, 1000 }, { 2001, 0 }, { 2001, 2000 },
	    { 4001, 0 }, { 4001, 2000 } } },
	{ "1/m, burst 2: an odd number of ns", 17, 2,
	    { { 1, 0 }, { 1, 0 }, { 1, 0 }, { 1, 58824 }, { 58824, 1 }, { 58825, 0 } } },
	{ "3/s: no whole number of ms", 3 * PER_S, 0,
	    { { 1, 0 }, { 1, 334 }, { 334, 1 }, { 335, 0 }, { 668, 1 }, { 669, 0 } } },
	{ "1 in 1000 s", 1, 0,
	    { { 1, 0 }, { 1, 1000000 }, { 500001, 500000 }, { 1000001, 0 } } },
	{ "1000000/s", 1000000 * PER_S, 1,
	    { { 1, 0 }, { 1, 0 }, { 1, 1 }, { 2, 0 } } },
	{ "more than can be told apart", UINT64_MAX, 0,
	    { { 1, 0 }, { 1, 1 }, { 2, 0 } } },
};

START_TEST(requests_are_let_through_at_the_rate)
{
	for (int i = 0; i < COUNT_OF(courses[_i].steps) && courses[_i].steps[i].at_ms != 0; i++) {
		unsigned at_ms = courses[_i].steps[i].at_ms;
		unsigned wait_ms = clients_take(clients, &one, 7, courses[_i].rate_per_1000s,
		    courses[_i].burst, START_MS + at_ms);

		ck_assert_msg(wait_ms == courses[_i].steps[i].wait_ms,
		    "%s, step %d at %u: waits %u, should be %u", courses[_i].what, i, at_ms,
		    wait_ms, courses[_i].steps[i].wait_ms);
	}
}
END_TEST

/* Over a long time as many as the rate says, however hard one tries. */
START_TEST(rate_holds_for_long)
{
	static const unsigned paces_ms[] = { 1, 3, 7, 99, 100, 101, 1000 };
	unsigned count = 0, time_ms;

	for (time_ms = 0; time_ms < 1000000; time_ms += paces_ms[_i])
		count += clients_take(clients, &one, 7, 10 * PER_S, 20, START_MS + time_ms) == 0;
	if (paces_ms[_i] <= 100)
		ck_assert_uint_eq(count, paces_ms[_i] == 100 ? 10000 : 10020);
	else
		ck_assert_uint_eq(count, 1000000 / paces_ms[_i] + (1000000 % paces_ms[_i] != 0));
}
END_TEST

START_TEST(burst_is_let_through_at_once)
{
	static const unsigned bursts[] = { 0, 1, 20, 5000, 1000000 };

	unsigned count = 0;

	while (clients_take(clients, &one, 7, PER_S, bursts[_i], START_MS) == 0)
		count++;
	ck_assert_uint_eq(count, bursts[_i] + 1);
	ck_assert_uint_eq(clients_take(clients, &one, 7, PER_S, bursts[_i], START_MS), 1000);
}
END_TEST

START_TEST(clients_and_scopes_are_apart)
{
	struct sockaddr_storage same_network = address_of("2001:db8::2");

	ck_assert_uint_eq(clients_take(clients, &one, 7, PER_S, 0, START_MS), 0);
	ck_assert_uint_ne(clients_take(clients, &one, 7, PER_S, 0, START_MS), 0);
	ck_assert_uint_eq(clients_take(clients, &one, 8, PER_S, 0, START_MS), 0);
	ck_assert_uint_eq(clients_take(clients, &one, UINT64_C(7) << 32, PER_S, 0, START_MS), 0);
	ck_assert_uint_eq(clients_take(clients, &other, 7, PER_S, 0, START_MS), 0);
	ck_assert_uint_ne(clients_take(clients, &same_network, 7, PER_S, 0, START_MS), 0);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 0);
}
END_TEST

START_TEST(unix_clients_and_no_table_are_not_limited)
{
	struct sockaddr_storage local = address_of("unix:");

	for (unsigned i = 0; i < 10; i++) {
		ck_assert_uint_eq(clients_take(clients, &local, 7, PER_S, 0, START_MS), 0);
		ck_assert_uint_eq(clients_take(NULL, &one, 7, PER_S, 0, START_MS), 0);
		ck_assert_uint_eq(clients_take(clients, &one, 7, 0, 0, START_MS), 0);
		clients_note_failure(clients, &local, ALICE, START_MS);
		clients_note_failure(NULL, &one, ALICE, START_MS);
		ck_assert_uint_eq(clients_failure_wait(clients, &local, START_MS), 0);
		ck_assert_uint_eq(clients_failure_wait(NULL, &one, START_MS), 0);
	}
	clients_clear_failures(clients, &local, ALICE, START_MS);
	clients_clear_failures(NULL, &one, ALICE, START_MS);
}
END_TEST

/* A reload has lowered burst or rate: what was used up before can't shut a client out. */
START_TEST(lowered_burst_is_a_full_bucket)
{
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_uint_eq(clients_take(clients, &one, 7, PER_S, 1000, START_MS), 0);
	ck_assert_uint_eq(clients_take(clients, &one, 7, PER_S, 5, START_MS), 1000);
	ck_assert_uint_eq(clients_take(clients, &one, 7, 10 * PER_S, 5, START_MS), 100);
}
END_TEST

static void
be_wrong(unsigned count, int64_t at_ms)
{
	for (unsigned i = 0; i < count; i++)
		clients_note_failure(clients, &one, ALICE, at_ms);
}

START_TEST(first_wrong_passwords_are_free)
{
	be_wrong(4, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 0);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 0);
	be_wrong(1, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 1000);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 999), 1);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 1000), 0);
	ck_assert_uint_eq(clients_failure_wait(clients, &other, START_MS), 0);
}
END_TEST

/* The wait after that many. */
static const struct { unsigned count, wait_ms; } waits[] = {
	{ 5, 1000 }, { 6, 2000 }, { 7, 4000 }, { 8, 8000 }, { 9, 16000 }, { 10, 32000 },
	{ 11, 60000 }, { 12, 60000 }, { 40, 60000 }, { 70000, 60000 },
};

START_TEST(wait_doubles)
{
	unsigned wait_ms = waits[_i].wait_ms;
	int64_t later_ms;

	be_wrong(waits[_i].count, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), wait_ms);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + wait_ms), 0);
	/* A minute of peace after it, and all is forgotten. */
	be_wrong(1, START_MS + wait_ms);
	ck_assert_uint_ne(clients_failure_wait(clients, &one, START_MS + wait_ms), 0);
	later_ms = START_MS + 3 * 60000 + wait_ms + 1;
	be_wrong(4, later_ms);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, later_ms), 0);
}
END_TEST

/* A worker that took its time a moment before the one that noted the failure. */
START_TEST(failure_of_a_moment_to_come_counts)
{
	be_wrong(5, START_MS + 5);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 1000);
	be_wrong(1, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 2000);
}
END_TEST

START_TEST(peace_has_to_be_a_whole_minute)
{
	be_wrong(5, START_MS);
	be_wrong(1, START_MS + 1000 + 60000);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 61000), 2000);
	be_wrong(1, START_MS + 61000 + 2000 + 60001);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 123001), 0);
}
END_TEST

/* Somebody who is wrong now and then never waits, however long it goes on. */
START_TEST(seldom_wrong_is_not_slowed)
{
	for (int i = 0; i < 1000; i++) {
		int64_t at_ms = START_MS + i * 16000;

		ck_assert_uint_eq(clients_failure_wait(clients, &one, at_ms), 0);
		be_wrong(1, at_ms);
		ck_assert_uint_eq(clients_failure_wait(clients, &one, at_ms), 0);
	}
}
END_TEST

START_TEST(right_password_clears)
{
	be_wrong(9, START_MS);
	clients_clear_failures(clients, &other, ALICE, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 16000);
	clients_clear_failures(clients, &one, ALICE, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 0);
	be_wrong(4, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 0);
	clients_clear_failures(clients, &one, ALICE, START_MS);
	clients_clear_failures(clients, &one, ALICE, START_MS);
	be_wrong(4, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 0);
}
END_TEST

/* Else who has a password of his own could guess another's for ever, logging in after each
 * fourth guess. */
START_TEST(own_password_does_not_clear_guesses_of_others)
{
	for (int i = 0; i < 4; i++) {
		be_wrong(1, START_MS);
		clients_clear_failures(clients, &one, MALLORY, START_MS);
	}
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 0);
	be_wrong(1, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 1000);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 1000), 0);
	clients_clear_failures(clients, &one, MALLORY, START_MS + 1000);
	/* The right one costs no wait, the wrong one still doubles it. */
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 1000), 0);
	be_wrong(1, START_MS + 1000);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 1000), 2000);
}
END_TEST

START_TEST(guesses_for_several_users_are_nobodys_to_clear)
{
	be_wrong(4, START_MS);
	clients_note_failure(clients, &one, MALLORY, START_MS);
	clients_clear_failures(clients, &one, ALICE, START_MS);
	clients_clear_failures(clients, &one, MALLORY, START_MS);
	be_wrong(1, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 2000);
}
END_TEST

/* A hundred tries side by side, when the wait is over, are one. */
START_TEST(only_one_try_at_a_time)
{
	be_wrong(7, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 4000), 0);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 4000), 4000);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 4001), 3999);
	/* It was right: the others may go on. */
	clients_clear_failures(clients, &one, ALICE, START_MS + 4001);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS + 4002), 0);
}
END_TEST

/* Nobody is limited for want of room; what is lost is counted; and a debt cannot be washed
 * away with other addresses that have done nothing yet. */
START_TEST(full_table_limits_nobody_wrongly)
{
	be_wrong(11, START_MS);
	ck_assert_uint_eq(clients_overflow_count(clients), 0);
	for (uint32_t i = 0; i < MANY; i++) {
		struct sockaddr_storage address = address_number(i);

		ck_assert_uint_eq(clients_take(clients, &address, 7, PER_S, 3, START_MS), 0);
		ck_assert_uint_eq(clients_failure_wait(clients, &address, START_MS), 0);
	}
	ck_assert_uint_ge(clients_overflow_count(clients), MANY - LEAST);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 60000);
}
END_TEST

/* Notes that say nothing any more make room without a loss. */
START_TEST(old_notes_make_room)
{
	for (uint32_t i = 0; i < MANY; i++) {
		struct sockaddr_storage address = address_number(i);

		ck_assert_uint_eq(clients_take(clients, &address, 7, PER_S, 3,
		    START_MS + (int64_t)i * 1000), 0);
	}
	ck_assert_uint_eq(clients_overflow_count(clients), 0);
}
END_TEST

START_TEST(spoilt_table_answers)
{
	static const uint64_t rubbish[] = { UINT64_MAX, UINT64_MAX - 1, 0, 1,
		UINT64_C(0x8000000000000000), UINT64_C(0x7fffffffffffffff) };
	size_t count = (size_t)CLIENTS_SET_NOTES << clients->set_bits;

	be_wrong(11, START_MS);
	(void)clients_take(clients, &one, 7, PER_S, 3, START_MS);
	for (size_t i = 0; i < count; i++)
		clients->notes[i].state = rubbish[_i];
	ck_assert_uint_le(clients_take(clients, &one, 7, PER_S, 3, START_MS), 1000);
	ck_assert_uint_le(clients_failure_wait(clients, &one, START_MS), 60000);
	ck_assert_uint_le(clients_take(clients, &one, 8, PER_S, 3, START_MS), 1000);
	be_wrong(3, START_MS);
	ck_assert_uint_le(clients_failure_wait(clients, &one, START_MS), 60000);
	clients_clear_failures(clients, &one, ALICE, START_MS);
	ck_assert_uint_eq(clients_failure_wait(clients, &one, START_MS), 0);
}
END_TEST

#define PROCESSES 4
#define TAKES 3000

static unsigned
count_taken(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < TAKES; i++)
		count += clients_take(clients, &one, 7, PER_S, TAKES, START_MS) == 0;
	return count;
}

/* Each request is counted once, though all workers change the same note. */
START_TEST(several_workers_share_a_bucket)
{
	unsigned taken = 1;         /* the note is there before: see clients_notes.c */
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_uint_eq(clients_take(clients, &one, 7, PER_S, TAKES, START_MS), 0);
	for (unsigned i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			unsigned count = count_taken();

			_exit(write(ends[1], &count, sizeof count) == sizeof count ? 0 : 1);
		}
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		unsigned count = 0;

		ck_assert_int_eq(read(ends[0], &count, sizeof count), sizeof count);
		taken += count;
		ck_assert_int_gt(wait(NULL), 0);
	}
	ck_assert_uint_eq(taken, TAKES + 1);
}
END_TEST

/* All notes taken over again and again, by everybody: every call comes back and no client that
 * has done nothing is told to wait for long. 0: fine. */
static int
churn(unsigned seed)
{
	for (uint32_t i = 0; i < TAKES; i++) {
		struct sockaddr_storage address = address_number(seed * TAKES + i);

		if (clients_take(clients, &address, 7, PER_S, 3, START_MS + i) != 0)
			return 1;
		clients_note_failure(clients, &address, ALICE, START_MS + i);
		if (clients_failure_wait(clients, &address, START_MS + i) != 0)
			return 2;
		clients_clear_failures(clients, &address, ALICE, START_MS);
	}
	return 0;
}

START_TEST(several_workers_take_over_notes)
{
	for (unsigned i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			_exit(churn(i));
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		ck_assert_int_eq(WEXITSTATUS(status), 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clients_notes");
	TCase *tcase = tcase_create("clients_notes");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, open_table, close_table);
	tcase_add_loop_test(tcase, requests_are_let_through_at_the_rate, 0, COUNT_OF(courses));
	tcase_add_loop_test(tcase, rate_holds_for_long, 0, 7);
	tcase_add_loop_test(tcase, burst_is_let_through_at_once, 0, 5);
	tcase_add_test(tcase, clients_and_scopes_are_apart);
	tcase_add_test(tcase, unix_clients_and_no_table_are_not_limited);
	tcase_add_test(tcase, lowered_burst_is_a_full_bucket);
	tcase_add_test(tcase, first_wrong_passwords_are_free);
	tcase_add_loop_test(tcase, wait_doubles, 0, COUNT_OF(waits));
	tcase_add_test(tcase, failure_of_a_moment_to_come_counts);
	tcase_add_test(tcase, peace_has_to_be_a_whole_minute);
	tcase_add_test(tcase, seldom_wrong_is_not_slowed);
	tcase_add_test(tcase, right_password_clears);
	tcase_add_test(tcase, own_password_does_not_clear_guesses_of_others);
	tcase_add_test(tcase, guesses_for_several_users_are_nobodys_to_clear);
	tcase_add_test(tcase, only_one_try_at_a_time);
	tcase_add_test(tcase, full_table_limits_nobody_wrongly);
	tcase_add_test(tcase, old_notes_make_room);
	tcase_add_loop_test(tcase, spoilt_table_answers, 0, 6);
	tcase_add_test(tcase, several_workers_share_a_bucket);
	tcase_add_test(tcase, several_workers_take_over_notes);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
