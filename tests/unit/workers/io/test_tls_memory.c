/* SPDX-License-Identifier: BSD-2-Clause */
/* Breaks when OpenSSL loses what is in its memory, frees it where it does not belong, fills holes
 * that a worker shares with others, keeps large buffers of a quiet connection, or when two
 * processes that were forked from one draw the same random numbers. */
#include "workers/io/tls_memory.h"

#include <check.h>
#include <stdlib.h>

#ifdef HAVE_OPENSSL
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workers/io/tls_keys.h"

#define PAGE_BYTES ((size_t)4096)
#define RANDOM_BYTES 32
#define CHILDREN_COUNT 2

static const size_t sizes[] = { 1, sizeof(pthread_rwlock_t), 63, 64, 1000, 7999, 8000, 16384,
	100000, 600000, 3000000 };
#define SIZES_COUNT (int)(sizeof sizes / sizeof sizes[0])

static void *
filled(size_t bytes)
{
	unsigned char *piece = OPENSSL_malloc(bytes);

	ck_assert_ptr_nonnull(piece);
	memset(piece, (int)(bytes % 251), bytes);
	return piece;
}

static bool
is_whole(const unsigned char *piece, size_t bytes, size_t filled_bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (piece[i] != (unsigned char)(filled_bytes % 251))
			return false;
	}
	return true;
}

START_TEST(a_piece_keeps_what_is_in_it)
{
	size_t bytes = sizes[_i], before_bytes = bytes;
	unsigned char *inherited, *own;

	tls_memory_init();
	inherited = filled(bytes);
	tls_memory_use_own();
	own = filled(bytes);
	for (int i = 0; i < SIZES_COUNT; i++) {
		size_t kept = before_bytes < sizes[i] ? before_bytes : sizes[i];

		inherited = OPENSSL_realloc(inherited, sizes[i]);
		own = OPENSSL_realloc(own, sizes[i]);
		ck_assert(is_whole(inherited, kept, bytes));
		ck_assert(is_whole(own, kept, bytes));
		memset(inherited, (int)(bytes % 251), sizes[i]);
		memset(own, (int)(bytes % 251), sizes[i]);
		before_bytes = sizes[i];
	}
	OPENSSL_free(inherited);
	OPENSSL_free(own);
	ck_assert_ptr_null(OPENSSL_malloc(0));
	OPENSSL_free(NULL);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
START_TEST(what_is_shared_is_left_alone)
{
	void *pieces[64];
	size_t before_bytes;

	tls_memory_init();
	tls_memory_use_own();
	before_bytes = mallinfo2().uordblks;
	for (int i = 0; i < 64; i++)
		pieces[i] = filled((size_t)i * 37 + 1);
	ck_assert_uint_eq(mallinfo2().uordblks, before_bytes);
	for (int i = 0; i < 64; i++)
		OPENSSL_free(pieces[i]);
	ck_assert_uint_eq(mallinfo2().uordblks, before_bytes);
}
END_TEST

static bool
is_resident(const void *piece)
{
	uintptr_t page = ((uintptr_t)piece + PAGE_BYTES) / PAGE_BYTES * PAGE_BYTES;
	unsigned char state = 0;

	ck_assert_int_eq(mincore((void *)page, PAGE_BYTES, &state), 0);
	return (state & 1) != 0;
}

START_TEST(what_was_freed_is_given_back)
{
	unsigned char *first, *second, *again;

	tls_memory_init();
	tls_memory_use_own();
	first = filled(20000);
	second = filled(20000);
	OPENSSL_free(first);
	tls_memory_trim();          /* the other is in use */
	ck_assert(!is_resident(first));
	ck_assert(is_resident(second));
	ck_assert(is_whole(second, 20000, 20000));
	OPENSSL_free(second);
	ck_assert(is_resident(second));
	tls_memory_trim();
	ck_assert(!is_resident(second));
	again = filled(20000);
	ck_assert(is_whole(again, 20000, 20000));
	OPENSSL_free(again);
}
END_TEST
#endif

START_TEST(locks_of_the_master_are_apart)
{
	const size_t bytes = sizeof(pthread_rwlock_t);
	char *locks[3], *others[3];

	tls_memory_init();
	for (int i = 0; i < 3; i++) {
		locks[i] = filled(bytes);
		others[i] = filled(bytes + 1);
	}
	ck_assert_uint_lt((size_t)llabs(locks[1] - locks[0]), 2 * bytes);
	ck_assert_uint_lt((size_t)llabs(locks[2] - locks[1]), 2 * bytes);
	OPENSSL_free(locks[1]);
	ck_assert_ptr_eq(filled(bytes), locks[1]);
	tls_memory_use_own();
	OPENSSL_free(locks[1]);     /* by who has inherited it */
	for (int i = 0; i < 3; i++)
		ck_assert(is_whole((unsigned char *)others[i], bytes + 1, bytes + 1));
	OPENSSL_free(locks[0]);
	OPENSSL_free(locks[2]);
	for (int i = 0; i < 3; i++)
		OPENSSL_free(others[i]);
}
END_TEST

/* What a worker draws, of both kinds that OpenSSL has. */
static void
draw(int fd)
{
	unsigned char drawn[2 * RANDOM_BYTES];

	if (RAND_bytes(drawn, RANDOM_BYTES) == 1 &&
	    RAND_priv_bytes(drawn + RANDOM_BYTES, RANDOM_BYTES) == 1 &&
	    write(fd, drawn, sizeof drawn) == (ssize_t)sizeof drawn)
		_exit(0);
	_exit(1);
}

START_TEST(no_two_processes_draw_the_same)
{
	unsigned char drawn[CHILDREN_COUNT + 1][2 * RANDOM_BYTES];
	int pipe_fds[2], status;

	ck_assert_int_eq(tls_keys_init(), 0);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_eq(RAND_bytes(drawn[0], RANDOM_BYTES), 1); /* so there is a state to copy */
	ck_assert_int_eq(RAND_priv_bytes(drawn[0], RANDOM_BYTES), 1);
	for (int i = 0; i < CHILDREN_COUNT; i++) {
		pid_t pid = fork();

		if (pid == 0)
			draw(pipe_fds[1]);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(read(pipe_fds[0], drawn[i], sizeof drawn[i]),
		    (ssize_t)sizeof drawn[i]);
	}
	ck_assert_int_eq(RAND_bytes(drawn[2], RANDOM_BYTES), 1);
	ck_assert_int_eq(RAND_priv_bytes(drawn[2] + RANDOM_BYTES, RANDOM_BYTES), 1);
	for (int i = 0; i < 2 * (CHILDREN_COUNT + 1); i++) {
		for (int j = 0; j < i; j++)
			ck_assert_mem_ne((unsigned char *)drawn + i * RANDOM_BYTES,
			    (unsigned char *)drawn + j * RANDOM_BYTES, RANDOM_BYTES);
	}
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}
END_TEST

static void
add_tests(Suite *suite)
{
	TCase *tcase = tcase_create("memory");

	tcase_add_loop_test(tcase, a_piece_keeps_what_is_in_it, 0, SIZES_COUNT);
#ifndef __SANITIZE_ADDRESS__
	tcase_add_test(tcase, what_is_shared_is_left_alone);
	tcase_add_test(tcase, what_was_freed_is_given_back);
#endif
	tcase_add_test(tcase, locks_of_the_master_are_apart);
	tcase_add_test(tcase, no_two_processes_draw_the_same);
	suite_add_tcase(suite, tcase);
}
#else
static void
add_tests(Suite *suite)
{
	(void)suite;
	tls_memory_use_own();       /* a stub */
}
#endif

int
main(void)
{
	Suite *suite = suite_create("tls_memory");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	add_tests(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
