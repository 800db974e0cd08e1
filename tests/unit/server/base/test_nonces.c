/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/nonces.c: each number of a nonce is let through once, by all processes together,
 * whatever the order; what is not known any more is refused, never let through. */
#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/nonces.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define NOW_S INT64_C(1700000000)

static struct nonces *nonces;

static void
begin(void)
{
	nonces = nonces_new();
	ck_assert_ptr_nonnull(nonces);
}

static void
end(void)
{
	nonces_free(&nonces);
	ck_assert_ptr_null(nonces);
	nonces_free(&nonces);
}

/* One nonce, several requests. */
static const struct {
	uint32_t counts[8];
	bool are_new[8];
	unsigned count;
} orders[] = {
	{ { 1, 1, 1 }, { true, false, false }, 3 },
	{ { 1, 2, 3, 2, 4, 1 }, { true, true, true, false, true, false }, 6 },
	{ { 5, 3, 4, 3, 1, 2, 5 }, { true, true, true, false, true, true, false }, 7 },
	{ { 20, 1, 1, 20 }, { true, true, false, false }, 4 },
	{ { 21, 1 }, { true, false }, 2 },      /* too far behind to know */
	{ { 1, 21, 1, 2, 2 }, { true, true, false, true, false }, 5 },
	{ { 1, 1000, 999, 1, 981, 980 }, { true, true, true, false, true, false }, 6 },
	{ { 65535, 65534, 65535 }, { true, true, false }, 3 },
	{ { 0 }, { false }, 1 },
	{ { 65536, 4294967295u, 1 }, { false, false, true }, 3 },
};

START_TEST(each_number_counts_once)
{
	for (unsigned i = 0; i < orders[_i].count; i++)
		ck_assert_msg(nonces_use(nonces, NOW_S, 7, orders[_i].counts[i]) ==
		    orders[_i].are_new[i], "row %d, number %u of the row", _i, i);
}
END_TEST

START_TEST(nonces_do_not_share_numbers)
{
	for (uint32_t tag = 0; tag < 8; tag++) {
		ck_assert(nonces_use(nonces, NOW_S, tag, 1));
		ck_assert(nonces_use(nonces, NOW_S + 1, tag, 1));
	}
	for (uint32_t tag = 0; tag < 8; tag++) {
		ck_assert(!nonces_use(nonces, NOW_S, tag, 1));
		ck_assert(nonces_use(nonces, NOW_S, tag, 2));
	}
}
END_TEST

/* A second with more nonces than there is room for refuses the rest, and forgets none. */
START_TEST(a_full_second_refuses)
{
	uint32_t tag, taken_count = 0;

	for (tag = 0; tag < 1000; tag++)
		taken_count += nonces_use(nonces, NOW_S, tag, 1);
	ck_assert_uint_ge(taken_count, 16);
	ck_assert_uint_lt(taken_count, 1000);
	for (tag = 0; tag < 1000; tag++)
		ck_assert(!nonces_use(nonces, NOW_S, tag, 1));
	ck_assert(nonces_use(nonces, NOW_S + 1, 0, 1));
}
END_TEST

/* Hours later there is room in every row again. */
START_TEST(old_nonces_make_room)
{
	for (int64_t at_s = NOW_S; at_s < NOW_S + 5000; at_s++) {
		for (uint32_t tag = 0; tag < 16; tag++)
			ck_assert(nonces_use(nonces, at_s, tag, 1));
		if (at_s >= NOW_S + NONCES_LIFE_S)
			ck_assert(!nonces_use(nonces, at_s - NONCES_LIFE_S, 3, 1));
	}
}
END_TEST

START_TEST(keys_are_random)
{
	static const uint8_t zeros[NONCES_KEY_BYTES];
	struct nonces *other = nonces_new();

	ck_assert_ptr_nonnull(other);
	ck_assert_mem_ne(nonces_key(nonces), zeros, NONCES_KEY_BYTES);
	ck_assert_mem_ne(nonces_key(nonces), nonces_key(other), NONCES_KEY_BYTES);
	nonces_free(&other);
}
END_TEST

/* Breaks when a word is written without a compare, or when two processes look for a place in
 * different orders: several of them then let the same request through. */
START_TEST(of_several_processes_one_lets_a_request_through)
{
	enum { PROCESSES = 4, NONCES = 400, NUMBERS = 8 };
	static const unsigned total = NONCES * NUMBERS;
	_Atomic unsigned *taken = mmap(NULL, sizeof *taken, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint8_t key[NONCES_KEY_BYTES];

	ck_assert(taken != MAP_FAILED);
	memcpy(key, nonces_key(nonces), sizeof key);
	for (int p = 0; p < PROCESSES; p++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid != 0)
			continue;
		if (memcmp(key, nonces_key(nonces), sizeof key) != 0)
			_exit(2);
		for (uint32_t i = 0; i < total; i++) {
			if (nonces_use(nonces, NOW_S + i / NUMBERS / 8, i / NUMBERS,
			    i % NUMBERS + 1))
				atomic_fetch_add(taken, 1);
		}
		_exit(0);
	}
	for (int p = 0; p < PROCESSES; p++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(atomic_load(taken), total);
	(void)munmap(taken, sizeof *taken);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nonces");
	TCase *tcase = tcase_create("nonces");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, each_number_counts_once, 0, COUNT_OF(orders));
	tcase_add_test(tcase, nonces_do_not_share_numbers);
	tcase_add_test(tcase, a_full_second_refuses);
	tcase_add_test(tcase, old_nonces_make_room);
	tcase_add_test(tcase, keys_are_random);
	tcase_add_test(tcase, of_several_processes_one_lets_a_request_through);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
