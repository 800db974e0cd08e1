/* SPDX-License-Identifier: BSD-2-Clause */
/* server/master/tickets.c: a new key each session_timeout; reloads keep them, files replace
 * them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/master/state.h"

static struct master master;
static struct generation generation;
static struct config config;
static struct tls_means means;

static void
open_master(void)
{
	memset(&master, 0, sizeof master);
	memset(&generation, 0, sizeof generation);
	means.tickets = ticket_keys_open();
	ck_assert_ptr_nonnull(means.tickets);
	config.tls.session_timeout_s = 100;
	generation.config = &config;
	generation.means = &means;
	generation.credentials.key_count = 1;
	master.generation = &generation;
}

static void
close_master(void)
{
	ticket_keys_close(&means.tickets);
}

static struct ticket_key
newest(void)
{
	struct ticket_key key;

	ck_assert(ticket_keys_newest(means.tickets, &key));
	return key;
}

static bool
is_taken(const struct ticket_key *key)
{
	struct ticket_key found;
	bool is_newest;

	return ticket_keys_find(means.tickets, key->name, &found, &is_newest);
}

static bool
are_same(struct ticket_key a, struct ticket_key b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

START_TEST(rotation)
{
	struct ticket_key first, second;

	tickets_follow(&master, 1000);
	first = newest();
	tickets_tend(&master, 100999);
	ck_assert(are_same(first, newest()));
	tickets_tend(&master, 101000);
	second = newest();
	ck_assert(!are_same(first, second));
	ck_assert(is_taken(&first));
	tickets_tend(&master, 101001);
	ck_assert(are_same(second, newest()));
	tickets_tend(&master, 201000);
	tickets_tend(&master, 301000);
	ck_assert(is_taken(&first)); /* three rotations ago */
	tickets_tend(&master, 401000);
	ck_assert(!is_taken(&first));
}
END_TEST

START_TEST(reload_keeps_them)
{
	struct ticket_key first;

	tickets_follow(&master, 1000);
	first = newest();
	tickets_follow(&master, 50000);
	ck_assert(are_same(first, newest()));
	config.tls.session_timeout_s = 10; /* it does not wait for the long time to be over */
	tickets_follow(&master, 60000);
	ck_assert(are_same(first, newest()));
	tickets_tend(&master, 70000);
	ck_assert(!are_same(first, newest()));
}
END_TEST

START_TEST(files_replace_them)
{
	struct credentials *credentials = &generation.credentials;
	struct ticket_key made, from_file, older;

	memset(&from_file, 'f', sizeof from_file);
	memset(&older, 'o', sizeof older);
	tickets_follow(&master, 1000);
	made = newest();
	credentials->ticket_count = 2;
	credentials->tickets[0] = from_file;
	credentials->tickets[1] = older;
	tickets_follow(&master, 2000);
	ck_assert(are_same(from_file, newest()));
	ck_assert(is_taken(&older));
	ck_assert(!is_taken(&made));
	ck_assert_int_eq(credentials->tickets[0].cipher[0], 0); /* they are nowhere else */
	tickets_tend(&master, 900000);
	ck_assert(are_same(from_file, newest())); /* the administrator rotates these */
	credentials->ticket_count = 0;
	tickets_follow(&master, 900001);
	ck_assert(!is_taken(&from_file));
	ck_assert(!is_taken(&older));
	made = newest();
	tickets_tend(&master, 1000001);
	ck_assert(is_taken(&made));
	ck_assert(!are_same(made, newest()));
}
END_TEST

START_TEST(nothing_without_tls)
{
	struct ticket_key key;

	generation.credentials.key_count = 0;
	tickets_follow(&master, 1000);
	tickets_tend(&master, 900000);
	ck_assert(!ticket_keys_newest(means.tickets, &key));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tickets");
	TCase *tcase = tcase_create("tickets");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, open_master, close_master);
	tcase_add_test(tcase, rotation);
	tcase_add_test(tcase, reload_keeps_them);
	tcase_add_test(tcase, files_replace_them);
	tcase_add_test(tcase, nothing_without_tls);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
