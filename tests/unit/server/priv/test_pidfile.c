/* SPDX-License-Identifier: BSD-2-Clause */
/* server/priv/pidfile.c: one instance at a time, the second is told who the first one is, and
 * what a dead one left behind is in nobody's way. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/role.h"
#include "server/priv/pidfile.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static char errbuf[512];

static int
open_written(void)
{
	int fd = pidfile_open_priv("pid", errbuf, sizeof errbuf);

	ck_assert_msg(fd >= 0, "%s", errbuf);
	ck_assert_msg(pidfile_write(fd, "pid", errbuf, sizeof errbuf) == 0, "%s", errbuf);
	return fd;
}

static void
assert_refused(const char *wanted)
{
	int open_count = process_open_count();

	errbuf[0] = '\0';
	ck_assert_int_eq(pidfile_open_priv("pid", errbuf, sizeof errbuf), -1);
	ck_assert_msg(strstr(errbuf, wanted) != NULL, "\"%s\" lacks \"%s\"", errbuf, wanted);
	ck_assert_int_eq(process_open_count(), open_count);
}

START_TEST(pid_is_in_the_file_while_it_lasts)
{
	char wanted[32];
	int fd = open_written();

	snprintf(wanted, sizeof wanted, "%ld\n", (long)getpid());
	scratch_assert_holds("pid", wanted);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	pidfile_close(&fd, "pid");
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(access("pid", F_OK), -1);
	/* And the next one has the place. */
	fd = open_written();
	pidfile_close(&fd, "pid");
}
END_TEST

/* By the name of the program and its pid. */
START_TEST(second_instance_is_refused_by_name_and_pid)
{
	char wanted[256], name[64];

	process_read(getpid(), "comm", name, sizeof name);
	name[strcspn(name, "\n")] = '\0';
	open_written();
	snprintf(wanted, sizeof wanted, "%s is already running with pid %ld (pid is locked)", name,
	    (long)getpid());
	assert_refused(wanted);
	snprintf(wanted, sizeof wanted, "%ld\n", (long)getpid());
	scratch_assert_holds("pid", wanted);
}
END_TEST

/* Also by one that has not written its pid yet, or when the pid in it is nobody's. */
static const char *const contents[] = { "", "junk", "0\n", "-5\n", "999999999\n" };

START_TEST(lock_counts_and_not_the_content)
{
	ck_assert_int_ge(pidfile_open_priv("pid", errbuf, sizeof errbuf), 0);
	scratch_write("pid", contents[_i]);
	assert_refused("another server is already running");
	scratch_assert_holds("pid", contents[_i]);
}
END_TEST

/* Longer than what is written over it. */
START_TEST(stale_file_is_taken_over)
{
	char wanted[32];

	scratch_write("pid", "999999999999999999999999\nmore\n");
	snprintf(wanted, sizeof wanted, "%ld\n", (long)getpid());
	open_written();
	scratch_assert_holds("pid", wanted);
}
END_TEST

/* The master forks twice with the lock held: it ends with the last copy, and no sooner. */
START_TEST(lock_survives_its_opener)
{
	int ends[2], fd = open_written();
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(fd);
	assert_refused("already running");
	close(ends[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	open_written();
}
END_TEST

/* The first instance ends, and removes its file, while the second has it open. */
START_TEST(file_that_was_removed_is_no_lock)
{
	int first = open_written(), second;
	struct stat st;

	ck_assert_int_eq(rename("pid", "elsewhere"), 0);
	second = open_written();
	ck_assert_int_eq(fstat(second, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 1);
	pidfile_close(&second, "pid");
	pidfile_close(&first, "elsewhere");
	ck_assert_int_eq(access("pid", F_OK), -1);
	ck_assert_int_eq(access("elsewhere", F_OK), -1);
}
END_TEST

START_TEST(link_is_not_followed)
{
	scratch_write("precious", "content");
	ck_assert_int_eq(symlink("precious", "pid"), 0);
	assert_refused("cannot open the pid file pid: ");
	scratch_assert_holds("precious", "content");
}
END_TEST

START_TEST(missing_folder_is_named)
{
	ck_assert_int_eq(pidfile_open_priv("no/pid", errbuf, sizeof errbuf), -1);
	ck_assert_str_eq(errbuf, "cannot open the pid file no/pid: No such file or directory");
}
END_TEST

START_TEST(failed_write_is_told)
{
	int fd = open("/dev/full", O_RDWR);

	ck_assert_int_eq(pidfile_write(fd, "pid", errbuf, sizeof errbuf), -1);
	ck_assert_msg(strstr(errbuf, "cannot write the pid file pid: ") != NULL, "%s", errbuf);
}
END_TEST

/* Its end removes a pid file; it must not remove what is none. */
START_TEST(what_is_no_file_is_refused_and_stays)
{
	int fd;

	if (_i == 0)
		ck_assert_int_eq(mkfifo("pid", 0600), 0);
	else
		ck_assert_int_eq(mkdir("pid", 0700), 0);
	fd = pidfile_open_priv("pid", errbuf, sizeof errbuf);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(access("pid", F_OK), 0);
}
END_TEST

START_TEST(nothing_is_closed_without_a_file)
{
	int fd = -1;

	scratch_write("pid", "another's");
	pidfile_close(&fd, "pid");
	scratch_assert_holds("pid", "another's");
}
END_TEST

static void
open_as_worker(void)
{
	role_set(ROLE_WORKER);
	(void)pidfile_open_priv("pid", errbuf, sizeof errbuf);
}

START_TEST(worker_cannot)
{
	ck_assert(process_aborts(open_as_worker));
	ck_assert_int_eq(access("pid", F_OK), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pidfile");
	TCase *tcase = tcase_create("pidfile");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_test(tcase, pid_is_in_the_file_while_it_lasts);
	tcase_add_test(tcase, second_instance_is_refused_by_name_and_pid);
	tcase_add_loop_test(tcase, lock_counts_and_not_the_content, 0, COUNT_OF(contents));
	tcase_add_test(tcase, stale_file_is_taken_over);
	tcase_add_test(tcase, lock_survives_its_opener);
	tcase_add_test(tcase, file_that_was_removed_is_no_lock);
	tcase_add_test(tcase, link_is_not_followed);
	tcase_add_test(tcase, missing_folder_is_named);
	tcase_add_test(tcase, failed_write_is_told);
	tcase_add_loop_test(tcase, what_is_no_file_is_refused_and_stays, 0, 2);
	tcase_add_test(tcase, nothing_is_closed_without_a_file);
	tcase_add_test(tcase, worker_cannot);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
