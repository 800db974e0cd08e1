/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/fdio.c: writes are whole and reads go on although signals interrupt them, small
 * files come whole or not at all, and closing leaves exactly what was named. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LARGE_BYTES 300000          /* more than a pipe holds */

static volatile sig_atomic_t interrupt_count;

static void
count_interrupt(int number)
{
	(void)number;
	interrupt_count++;
}

/* No SA_RESTART: the blocked call must return. */
static void
let_signals_interrupt(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = count_interrupt;
	sigaction(SIGUSR1, &action, NULL);
}

/* The first signal finds the pipe filled, so that the write ends short; the second finds
 * the next write with nothing written: EINTR. */
static void
interrupt_twice_then_drain(int fd)
{
	char got[4096];
	size_t total = 0, i;
	ssize_t n;

	for (int times = 0; times < 2; times++)
		process_interrupt(getppid(), SYS_write, SIGUSR1);
	process_wait_blocked_in(getppid(), SYS_write);
	while ((n = read(fd, got, sizeof got)) > 0)
		for (i = 0; i < (size_t)n; i++, total++)
			if (got[i] != (char)(total % 251))
				_exit(1);
	_exit(total == LARGE_BYTES ? 0 : 2);
}

START_TEST(write_is_whole_in_spite_of_signals)
{
	static char data[LARGE_BYTES];
	int ends[2], status;
	pid_t pid;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i % 251);
	let_signals_interrupt();
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		interrupt_twice_then_drain(ends[0]);
	}
	close(ends[0]);
	ck_assert_int_eq(fdio_write_all(ends[1], data, sizeof data), 0);
	close(ends[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(interrupt_count, 2);
}
END_TEST

START_TEST(write_says_why_it_failed)
{
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	ck_assert_int_eq(fdio_write_all(ends[1], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(fdio_write_all(ends[1], "", 0), 0);
	ck_assert_int_eq(fdio_write_all(-1, "x", 1), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(read_goes_on_after_a_signal)
{
	char got[8] = "";
	int ends[2];
	pid_t pid;

	let_signals_interrupt();
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		process_interrupt(getppid(), SYS_read, SIGUSR1);
		process_wait_blocked_in(getppid(), SYS_read);
		_exit(write(ends[1], "late", 4) == 4 ? 0 : 1);
	}
	ck_assert_int_eq(fdio_read(ends[0], got, sizeof got), 4);
	ck_assert_str_eq(got, "late");
	ck_assert_int_eq(interrupt_count, 1);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(ends[1]);
	ck_assert_int_eq(fdio_read(ends[0], got, sizeof got), 0);
	close(ends[0]);
	ck_assert_int_eq(fdio_read(ends[0], got, sizeof got), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(closed_is_forgotten)
{
	int fd = open("/dev/null", O_RDONLY), number = fd, none = -1;

	fdio_close(&fd);
	ck_assert_int_eq(fd, -1);
	ck_assert(!process_is_open(number));
	fdio_close(&fd);
	fdio_close(&none);
	ck_assert_int_eq(none, -1);
}
END_TEST

START_TEST(nonblocking_keeps_other_flags)
{
	int fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);

	ck_assert_int_eq(fdio_set_nonblocking(fd), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);
	ck_assert_int_eq(fdio_set_nonblocking(-1), -1);
}
END_TEST

/* Descriptors 100 to 109 are open; which are left? */
static const struct {
	int keep[6];
	size_t count;
	int first;
	const char *left;
} closings[] = {
	{ { 0 }, 0, 100, "" },
	{ { 0 }, 0, 105, "01234" },
	{ { 100 }, 1, 100, "0" },
	{ { 109 }, 1, 100, "9" },
	{ { 103, 104, 107 }, 3, 100, "347" },
	{ { 103, 103, 103, 106 }, 4, 100, "36" },
	{ { -1, -1, 2, 50, 108 }, 5, 100, "8" },
	{ { 101, 107 }, 2, 105, "012347" },
	{ { 102, 400 }, 2, 100, "2" },
	{ { 100, 101, 102, 103, 104, 105 }, 6, 100, "012345" },
	{ { 110, 200 }, 2, 100, "" },
};

START_TEST(all_but_the_named_are_closed)
{
	int keep[6], fd, status;
	const char *left = closings[_i].left;
	pid_t pid = fork();

	if (pid == 0) {
		memcpy(keep, closings[_i].keep, sizeof keep);
		for (fd = 100; fd < 110; fd++)
			if (dup2(STDERR_FILENO, fd) < 0)
				_exit(100);
		if (fdio_close_all_but(keep, closings[_i].count, closings[_i].first) < 0)
			_exit(101);
		for (fd = 100; fd < 110; fd++)
			if (process_is_open(fd) != (strchr(left, fd - 100 + '0') != NULL))
				_exit(fd - 100 + 1);
		_exit(process_is_open(STDERR_FILENO) ? 0 : 102);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(small_file_comes_whole)
{
	size_t bytes = 77;
	char *text;

	scratch_write("file", "one\ntwo\n");
	text = fdio_read_file("file", 8, &bytes);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(bytes, 8);
	ck_assert_str_eq(text, "one\ntwo\n");
	free(text);
	scratch_write("empty", "");
	text = fdio_read_file("empty", 0, &bytes);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

static const struct {
	const char *path;
	int error;
} unread[] = {
	{ "large", EFBIG }, { "folder", EINVAL }, { "fifo", EINVAL }, { "/dev/null", EINVAL },
	{ "missing", ENOENT }, { "large/x", ENOTDIR },
};

/* Breaks (by never ending) when a FIFO is opened the blocking way. */
START_TEST(other_file_is_refused)
{
	int open_count = process_open_count();
	size_t bytes;

	scratch_write("large", "nine byte");
	ck_assert_int_eq(mkdir("folder", 0700), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_ptr_null(fdio_read_file(unread[_i].path, 8, &bytes));
	ck_assert_int_eq(errno, unread[_i].error);
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fdio");
	TCase *tcase = tcase_create("fdio");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_test(tcase, write_is_whole_in_spite_of_signals);
	tcase_add_test(tcase, write_says_why_it_failed);
	tcase_add_test(tcase, read_goes_on_after_a_signal);
	tcase_add_test(tcase, closed_is_forgotten);
	tcase_add_test(tcase, nonblocking_keeps_other_flags);
	tcase_add_loop_test(tcase, all_but_the_named_are_closed, 0, COUNT_OF(closings));
	tcase_add_test(tcase, small_file_comes_whole);
	tcase_add_loop_test(tcase, other_file_is_refused, 0, COUNT_OF(unread));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
