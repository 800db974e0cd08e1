/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/unforked.c: zeroed, to write here, and not there in a child. */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/unforked.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static const size_t sizes[] = { 1, 4096, 4097, 1 << 20 };

START_TEST(child_does_not_get_it)
{
	size_t bytes = sizes[_i];
	char *memory = unforked_new(bytes);
	int ends[2];
	pid_t pid;
	int status;

	ck_assert_ptr_nonnull(memory);
	ck_assert_int_eq(memory[0], 0);
	ck_assert_int_eq(memory[bytes - 1], 0);
	memory[0] = memory[bytes - 1] = 'x';
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		/* The system looks, which a wrong access does not end. */
		_exit(write(ends[1], memory, 1) != -1 || errno != EFAULT ||
		    write(ends[1], memory + bytes - 1, 1) != -1 || errno != EFAULT);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_int_eq(memory[0], 'x');
	close(ends[0]);
	close(ends[1]);
	unforked_free(memory, bytes);
	unforked_free(NULL, bytes);
}
END_TEST

START_TEST(too_much_is_refused)
{
	ck_assert_ptr_null(unforked_new(SIZE_MAX / 2));
	ck_assert_int_eq(errno, ENOMEM);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("unforked");
	TCase *tcase = tcase_create("unforked");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, child_does_not_get_it, 0, COUNT_OF(sizes));
	tcase_add_test(tcase, too_much_is_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
