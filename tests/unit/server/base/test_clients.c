/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/clients.c: connections are counted for each client, exactly, whoever counts at the
 * same time, dies while it does so, or fills the table with other clients. A count that is lost
 * lets too many in; one that stays shuts a client out for ever. */
#include <check.h>
#include <stdlib.h>

#include "server/base/clients_table.h"
#include "server/base/scoreboard.h"
#include "tests/lib/addresses.h"
#include "tests/lib/process.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LEAST 1024                  /* clients of the smallest table */
#define MANY 20000                  /* more than any set of it can take */
#define PROCESSES 4
#define ROUNDS 20000

static struct clients *clients;

static void
open_table(void)
{
	clients = clients_new(LEAST);
	ck_assert_ptr_nonnull(clients);
}

static void
close_table(void)
{
	clients_free(&clients);
	ck_assert_ptr_null(clients);
	clients_free(&clients);     /* accepts NULL */
}

static uint64_t
key_of(const char *text)
{
	struct sockaddr_storage address = address_of(text);

	return clients_key(clients, &address);
}

static void
assert_nobody_is_counted(void)
{
	for (size_t i = 0; i < (size_t)CLIENTS_SET_WORDS << clients->set_bits; i++)
		ck_assert_uint_eq(clients->words[i], 0);
}

static const struct {
	const char *a, *b;
	bool is_same;
} pairs[] = {
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "::ffff:192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "192.0.2.1", "193.0.2.1", false },
	{ "192.0.2.1", "::192.0.2.1", false },
	{ "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
	{ "2001:db8::1", "2001:db8::2", true },
	{ "2001:db8::1", "2001:db8:0:0:ffff:ffff:ffff:ffff", true },
	{ "2001:db8::1", "2001:db8:0:1::1", false },
	{ "2001:db8::1", "3001:db8::1", false },
	{ "::1", "2001:db8::1", false },
	{ "192.0.2.1", "c000:201::1", false }, /* the same bytes in front */
	{ "192.0.2.1", "0:0:c000:201::", false },
};

START_TEST(client_is_an_address_or_a_network)
{
	uint64_t a = key_of(pairs[_i].a), b = key_of(pairs[_i].b);

	ck_assert_msg((a == b) == pairs[_i].is_same, "%s and %s", pairs[_i].a, pairs[_i].b);
	ck_assert_uint_ne(a, 0);
	ck_assert_uint_eq(clients_count_enter(clients, a), 1);
	ck_assert_uint_eq(clients_count_enter(clients, b), pairs[_i].is_same ? 2 : 1);
}
END_TEST

START_TEST(unix_clients_and_no_table_are_not_counted)
{
	struct sockaddr_storage none = { .ss_family = AF_UNSPEC }, one = address_of("192.0.2.1");

	ck_assert_uint_eq(key_of("unix:"), 0);
	ck_assert_uint_eq(clients_key(clients, &none), 0);
	ck_assert_uint_eq(clients_count_enter(clients, 0), 0);
	clients_count_leave(clients, 0);
	ck_assert_uint_eq(clients_key(NULL, &one), 0);
	ck_assert_uint_eq(clients_count_enter(NULL, 1), 0);
	clients_count_leave(NULL, 1);
	ck_assert_uint_eq(clients_size(NULL), 0);
	ck_assert_uint_eq(clients_overflow_count(NULL), 0);
	ck_assert_uint_eq(clients_overflow_count(clients), 0);
}
END_TEST

START_TEST(connections_go_up_and_down)
{
	uint64_t one = key_of("192.0.2.1"), other = key_of("2001:db8::1");

	for (unsigned i = 1; i <= 1000; i++)
		ck_assert_uint_eq(clients_count_enter(clients, one), i);
	ck_assert_uint_eq(clients_count_enter(clients, other), 1);
	for (unsigned i = 0; i < 990; i++)
		clients_count_leave(clients, one);
	ck_assert_uint_eq(clients_count_enter(clients, one), 11);
	for (unsigned i = 0; i < 50; i++)
		clients_count_leave(clients, one); /* more than there are */
	ck_assert_uint_eq(clients_count_enter(clients, one), 1);
	ck_assert_uint_eq(clients_count_enter(clients, other), 2);
}
END_TEST

/* Two clients of one set, one with a tag of 0, which an empty word has as well. */
START_TEST(client_is_found_behind_an_empty_word)
{
	uint64_t zero = UINT64_C(1) << 63, other = zero | 5;

	ck_assert_uint_eq(clients_count_enter(clients, other), 1);
	ck_assert_uint_eq(clients_count_enter(clients, zero), 1);
	ck_assert_uint_eq(clients_count_enter(clients, zero), 2);
	clients_count_leave(clients, other);
	ck_assert_uint_eq(clients_count_enter(clients, zero), 3);
	clients_count_leave(clients, zero);
	ck_assert_uint_eq(clients_count_enter(clients, zero), 3);
}
END_TEST

/* Two tables hash differently, so nobody learns of one what hits one place of another. */
START_TEST(keys_are_of_one_table)
{
	struct clients *other = clients_new(LEAST);
	struct sockaddr_storage address = address_of("192.0.2.1");

	ck_assert_uint_ne(clients_key(clients, &address), clients_key(other, &address));
	clients_free(&other);
}
END_TEST

START_TEST(size_is_what_was_asked_for)
{
	static const unsigned sizes[] = { 1, LEAST, LEAST + 1, 65536, 1 << 24 };
	struct clients *table = clients_new(sizes[_i]);
	uint64_t key = key_of("192.0.2.1");

	ck_assert_ptr_nonnull(table);
	ck_assert_uint_eq(clients_size(table), sizes[_i]);
	ck_assert_uint_ge((uint64_t)CLIENTS_SET_NOTES << table->set_bits, sizes[_i]);
	ck_assert_uint_eq(clients_count_enter(table, key), 1);
	ck_assert_uint_eq(clients_count_enter(table, UINT64_MAX), 1); /* the last set */
	ck_assert_uint_eq(clients_count_enter(table, 1), 1);        /* the first one */
	clients_free(&table);
}
END_TEST

/* Those that found room keep it, the others are let in uncounted, and that is counted. */
START_TEST(full_table_lets_in_and_forgets_nobody)
{
	static bool is_counted[MANY];
	unsigned lost = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		struct sockaddr_storage address = address_number(i);

		is_counted[i] = clients_count_enter(clients, clients_key(clients, &address)) == 1;
		lost += !is_counted[i];
	}
	ck_assert_uint_eq(MANY - lost, LEAST);  /* every place is taken */
	ck_assert_uint_eq(clients_overflow_count(clients), lost);
	for (uint32_t i = 0; i < MANY; i++) {
		struct sockaddr_storage address = address_number(i);
		uint64_t key = clients_key(clients, &address);

		ck_assert_uint_eq(clients_count_enter(clients, key), is_counted[i] ? 2 : 0);
		if (is_counted[i])
			clients_count_leave(clients, key);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		struct sockaddr_storage address = address_number(i);

		if (is_counted[i])
			clients_count_leave(clients, clients_key(clients, &address));
	}
	assert_nobody_is_counted();
}
END_TEST

/* What a dead worker's slot says, whatever that is. */
START_TEST(hearsay_takes_one_at_most)
{
	uint64_t key = key_of("192.0.2.1"), other = key_of("192.0.2.2");

	ck_assert_uint_eq(clients_count_enter(clients, key), 1);
	ck_assert_uint_eq(clients_count_enter(clients, key), 2);
	for (uint64_t i = 0; i < 100000; i++)
		clients_count_leave(clients, i * UINT64_C(0x9e3779b97f4a7c15));
	clients_count_leave(clients, other);
	clients_count_leave(clients, UINT64_MAX);
	ck_assert_uint_eq(clients_count_enter(clients, key), 3);
	clients_count_leave(clients, key);
	ck_assert_uint_eq(clients_count_enter(clients, key), 3);
}
END_TEST

/* A hostile worker writes all of it: wrong answers, but answers, and nothing beside the table
 * is touched (sanitizers look). */
START_TEST(spoilt_table_answers)
{
	size_t count = (size_t)CLIENTS_SET_WORDS << clients->set_bits;

	for (size_t i = 0; i < count; i++)
		clients->words[i] = _i == 0 ? UINT64_MAX : i * UINT64_C(0x9e3779b97f4a7c15);
	for (uint32_t i = 0; i < MANY; i++) {
		struct sockaddr_storage address = address_number(i);
		uint64_t key = clients_key(clients, &address);
		unsigned now = clients_count_enter(clients, key);

		if (now != 0)
			clients_count_leave(clients, key);
	}
	/* A count at its end stays there. */
	for (size_t i = 0; i < count; i++)
		clients->words[i] = UINT64_MAX;
	ck_assert_uint_eq(clients_count_enter(clients, UINT64_MAX), 0);
	clients_count_leave(clients, UINT64_MAX);
	ck_assert_uint_eq(clients->words[count - CLIENTS_SET_WORDS] & 0xfffff, 0xffffe);
}
END_TEST

/* Connects and leaves all the time, with clients that share sets. 0: never saw a wrong count. */
static int
hammer(unsigned seed)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		/* A client that all share, and one of a crowd that keeps the sets moving. */
		struct sockaddr_storage shared = address_number(round % 3);
		struct sockaddr_storage other =
		    address_number(1000 + (seed * ROUNDS + round) % 3000);
		uint64_t a = clients_key(clients, &shared), b = clients_key(clients, &other);
		unsigned a_count = clients_count_enter(clients, a);
		unsigned b_count = clients_count_enter(clients, b);

		if (a_count > PROCESSES || b_count > PROCESSES)
			return 1;
		if (a_count != 0)
			clients_count_leave(clients, a);
		if (b_count != 0)
			clients_count_leave(clients, b);
	}
	return 0;
}

/* Those that only come: none of them may be lost. */
START_TEST(several_workers_miss_nobody)
{
	uint64_t key = key_of("192.0.2.1");
	int gate[2];
	char byte;

	ck_assert_int_eq(pipe(gate), 0);
	for (unsigned i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			close(gate[1]);
			(void)!read(gate[0], &byte, 1); /* until it is closed for all */
			for (unsigned round = 0; round < 10 * ROUNDS; round++)
				if (clients_count_enter(clients, key) == 0)
					_exit(1);
			_exit(0);
		}
	}
	close(gate[1]);
	for (unsigned i = 0; i < PROCESSES; i++)
		ck_assert_int_gt(wait(NULL), 0);
	ck_assert_uint_eq(clients_count_enter(clients, key), PROCESSES * 10 * ROUNDS + 1);
}
END_TEST

START_TEST(several_workers_count_together)
{
	pid_t pids[PROCESSES];

	for (unsigned i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			_exit(hammer(i));
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert(WIFEXITED(status));
		ck_assert_int_eq(WEXITSTATUS(status), 0);
	}
	assert_nobody_is_counted();
}
END_TEST

static void __attribute__((noreturn))
come_and_go(struct scoreboard_slot *slot)
{
	for (unsigned round = 0;; round++) {
		struct sockaddr_storage address = address_number(round % 3);
		uint64_t key = clients_key(clients, &address);

		slot_set_client_key(slot, key);
		if (clients_count_enter(clients, key) == 0)
			slot_set_client_key(slot, 0);
		else
			clients_count_leave(clients, key);
		slot_set_client_key(slot, 0);
		atomic_fetch_add(&slot->connection_count, 1);
	}
}

/* Killed wherever it is: the master takes off what it has left, and nothing stays for ever. */
START_TEST(killed_workers_leave_nothing_behind)
{
	struct scoreboard *board = scoreboard_new();

	for (unsigned i = 0; i < 100; i++) {
		uint32_t index = scoreboard_claim(board, 1, 0);
		struct scoreboard_slot *slot = scoreboard_slot(board, index);
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			come_and_go(slot);
		while (atomic_load(&slot->connection_count) < 1 + i)
			sched_yield();
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		clients_count_leave(clients, slot_get_client_key(slot));
		scoreboard_release(board, index);
	}
	assert_nobody_is_counted();
	scoreboard_free(&board);
}
END_TEST

/* The one way that cannot be left to chance: in the middle of a connection. */
START_TEST(worker_that_dies_in_a_connection_is_left_for)
{
	struct scoreboard *board = scoreboard_new();
	struct scoreboard_slot *slot = scoreboard_slot(board, scoreboard_claim(board, 1, 0));
	uint64_t key = key_of("192.0.2.1");
	pid_t pid;

	ck_assert_uint_eq(clients_count_enter(clients, key), 1);
	pid = fork();
	if (pid == 0) {
		slot_set_client_key(slot, key);
		_exit(clients_count_enter(clients, key) == 2 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_eq(clients_count_enter(clients, key), 3);
	clients_count_leave(clients, slot_get_client_key(slot));
	ck_assert_uint_eq(clients_count_enter(clients, key), 3);
	scoreboard_free(&board);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clients");
	TCase *tcase = tcase_create("clients");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, open_table, close_table);
	tcase_add_loop_test(tcase, client_is_an_address_or_a_network, 0, COUNT_OF(pairs));
	tcase_add_test(tcase, unix_clients_and_no_table_are_not_counted);
	tcase_add_test(tcase, connections_go_up_and_down);
	tcase_add_test(tcase, client_is_found_behind_an_empty_word);
	tcase_add_test(tcase, keys_are_of_one_table);
	tcase_add_loop_test(tcase, size_is_what_was_asked_for, 0, 5);
	tcase_add_test(tcase, full_table_lets_in_and_forgets_nobody);
	tcase_add_test(tcase, hearsay_takes_one_at_most);
	tcase_add_loop_test(tcase, spoilt_table_answers, 0, 2);
	tcase_add_test(tcase, several_workers_miss_nobody);
	tcase_add_test(tcase, several_workers_count_together);
	tcase_add_test(tcase, killed_workers_leave_nothing_behind);
	tcase_add_test(tcase, worker_that_dies_in_a_connection_is_left_for);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
