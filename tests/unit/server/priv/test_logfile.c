/* SPDX-License-Identifier: BSD-2-Clause */
/* server/priv/logfile.c: each kind of log, how its descriptor is open, and that one that cannot
 * be written is an error and not a wait. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/base/role.h"
#include "server/priv/logfile.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static char errbuf[512];

static struct log_sink
open_log(const char *where)
{
	struct log_sink sink;

	ck_assert_msg(logfile_open_priv(where, &sink, errbuf, sizeof errbuf) == 0, "%s", errbuf);
	return sink;
}

static void
assert_refused(const char *where, const char *wanted)
{
	struct log_sink sink = { LOG_SINK_FD, 0 };
	int open_count = process_open_count();

	ck_assert_int_eq(logfile_open_priv(where, &sink, errbuf, sizeof errbuf), -1);
	ck_assert_str_eq(errbuf, wanted);
	ck_assert_int_eq(sink.kind, LOG_SINK_NONE);
	ck_assert_int_eq(sink.fd, -1);
	ck_assert_int_eq(process_open_count(), open_count);
}

START_TEST(file_is_appended_to)
{
	struct log_sink sink;
	struct stat st;

	umask(0);
	scratch_write("log", "old\n");
	sink = open_log("log");
	ck_assert_int_eq(sink.kind, LOG_SINK_FD);
	ck_assert_int_ne(fcntl(sink.fd, F_GETFD) & FD_CLOEXEC, 0);
	/* O_APPEND keeps the records of several workers whole; a worker may wait. */
	ck_assert_int_eq(fcntl(sink.fd, F_GETFL) & (O_APPEND | O_NONBLOCK | O_ACCMODE),
	    O_APPEND | O_WRONLY);
	ck_assert_int_eq(write(sink.fd, "new\n", 4), 4);
	scratch_assert_holds("log", "old\nnew\n");
	logfile_close(&sink);
	sink = open_log("other");
	ck_assert_int_eq(fstat(sink.fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
}
END_TEST

static const struct {
	const char *where;
	int fd;
} standards[] = { { "stdout", STDOUT_FILENO }, { "stderr", STDERR_FILENO } };

START_TEST(standard_stream_is_copied)
{
	struct log_sink sink;
	int ends[2];
	char got[8] = "";

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], standards[_i].fd), standards[_i].fd);
	sink = open_log(standards[_i].where);
	ck_assert_int_eq(sink.kind, LOG_SINK_FD);
	ck_assert_int_gt(sink.fd, STDERR_FILENO);
	ck_assert_int_ne(fcntl(sink.fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(write(sink.fd, "x", 1), 1);
	ck_assert_int_eq(read(ends[0], got, sizeof got), 1);
	logfile_close(&sink);
	ck_assert(process_is_open(standards[_i].fd));
}
END_TEST

START_TEST(off_is_no_log)
{
	struct log_sink sink = { LOG_SINK_FD, 0 };
	int open_count = process_open_count();

	ck_assert_int_eq(logfile_open_priv("off", &sink, errbuf, sizeof errbuf), 0);
	ck_assert_int_eq(sink.kind, LOG_SINK_NONE);
	ck_assert_int_eq(sink.fd, -1);
	ck_assert_int_eq(process_open_count(), open_count);
	ck_assert_int_eq(access("off", F_OK), -1);
}
END_TEST

/* As this machine has it: its socket, or the reason why there is none. */
START_TEST(syslog_is_connected_or_refused)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), type;
	bool is_there = connect(fd, (const void *)&address, sizeof address) == 0;
	char wanted[128];
	struct log_sink sink;
	socklen_t bytes = sizeof type;

	snprintf(wanted, sizeof wanted, "cannot open log syslog: %s", strerror(errno));
	if (!is_there) {
		assert_refused("syslog", wanted);
		return;
	}
	sink = open_log("syslog");
	ck_assert_int_eq(sink.kind, LOG_SINK_SYSLOG);
	ck_assert_int_eq(getsockopt(sink.fd, SOL_SOCKET, SO_TYPE, &type, &bytes), 0);
	ck_assert_int_eq(type, SOCK_DGRAM);
	ck_assert_int_ne(fcntl(sink.fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

/* Breaks (by never ending) when it is opened the blocking way. */
START_TEST(fifo_without_a_reader_is_an_error)
{
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	assert_refused("fifo",
	    "cannot open log fifo: No such device or address (nobody reads the pipe)");
}
END_TEST

START_TEST(fifo_with_a_reader_is_a_log)
{
	struct log_sink sink;
	char got[8] = "";
	int reader;

	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	sink = open_log("fifo");
	ck_assert_int_eq(write(sink.fd, "x", 1), 1);
	ck_assert_int_eq(read(reader, got, sizeof got), 1);
	ck_assert_int_eq(fcntl(sink.fd, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

/* The master's own: a reader that stalls must cost it messages and not its time, and a flag that
 * a worker sets on the shared one must not reach it. */
START_TEST(master_has_a_log_that_does_not_block)
{
	struct log_sink shared, own;
	char path[300];
	int reader;

	ck_assert_ptr_nonnull(getcwd(path, sizeof path - 8));
	strcat(path, "/fifo");
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(reader, 0);
	shared = open_log(path);
	ck_assert_int_eq(logfile_open_own_priv(path, &own, errbuf, sizeof errbuf), 0);
	ck_assert_int_eq(own.kind, LOG_SINK_FD);
	ck_assert_int_ne(fcntl(own.fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(own.fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(fcntl(shared.fd, F_SETFL, O_APPEND), 0);
	ck_assert_int_ne(fcntl(own.fd, F_GETFL) & O_NONBLOCK, 0);
	while (write(own.fd, "x", 1) == 1)
		continue;
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(master_has_its_own_stderr)
{
	struct log_sink own;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(logfile_open_own_priv("stderr", &own, errbuf, sizeof errbuf), 0);
	ck_assert_int_gt(own.fd, STDERR_FILENO);
	ck_assert_int_ne(fcntl(own.fd, F_GETFL) & O_NONBLOCK, 0);
	/* That of who started it is as it was. */
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(write(own.fd, "x", 1), 1);
	ck_assert_int_eq(read(ends[0], errbuf, 1), 1);
}
END_TEST

START_TEST(master_log_falls_back_and_fails_alike)
{
	struct log_sink own = { LOG_SINK_FD, 0 };
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(dup2(pair[0], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(logfile_open_own_priv("stderr", &own, errbuf, sizeof errbuf), 0);
	ck_assert_int_eq(write(own.fd, "x", 1), 1);
	ck_assert_int_eq(read(pair[1], errbuf, 1), 1);
	ck_assert_int_eq(logfile_open_own_priv("/no/such/folder/log", &own, errbuf, sizeof errbuf),
	    -1);
	ck_assert_str_eq(errbuf, "cannot open log /no/such/folder/log: No such file or directory");
	ck_assert_int_eq(own.kind, LOG_SINK_NONE);
}
END_TEST

static const struct {
	const char *where, *error;
} wrong[] = {
	{ "no/log", "cannot open log no/log: No such file or directory" },
	{ "folder", "cannot open log folder: Is a directory" },
	{ "file/log", "cannot open log file/log: Not a directory" },
};

START_TEST(what_cannot_be_opened_is_named)
{
	scratch_write("file", "");
	ck_assert_int_eq(mkdir("folder", 0700), 0);
	assert_refused(wrong[_i].where, wrong[_i].error);
}
END_TEST

START_TEST(closed_log_is_none)
{
	struct log_sink sink = open_log("log");
	int fd = sink.fd;

	logfile_close(&sink);
	ck_assert(!process_is_open(fd));
	ck_assert_int_eq(sink.kind, LOG_SINK_NONE);
	fd = dup(STDERR_FILENO);
	logfile_close(&sink);
	sink.fd = fd;               /* means nothing with NONE */
	logfile_close(&sink);
	ck_assert(process_is_open(fd));
}
END_TEST

static void
open_as_worker(void)
{
	struct log_sink sink;

	role_set(ROLE_WORKER);
	(void)logfile_open_priv("log", &sink, errbuf, sizeof errbuf);
}

START_TEST(worker_cannot)
{
	ck_assert(process_aborts(open_as_worker));
	ck_assert_int_eq(access("log", F_OK), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("logfile");
	TCase *tcase = tcase_create("logfile");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_test(tcase, file_is_appended_to);
	tcase_add_loop_test(tcase, standard_stream_is_copied, 0, COUNT_OF(standards));
	tcase_add_test(tcase, off_is_no_log);
	tcase_add_test(tcase, syslog_is_connected_or_refused);
	tcase_add_test(tcase, fifo_without_a_reader_is_an_error);
	tcase_add_test(tcase, fifo_with_a_reader_is_a_log);
	tcase_add_test(tcase, master_has_a_log_that_does_not_block);
	tcase_add_test(tcase, master_has_its_own_stderr);
	tcase_add_test(tcase, master_log_falls_back_and_fails_alike);
	tcase_add_loop_test(tcase, what_cannot_be_opened_is_named, 0, COUNT_OF(wrong));
	tcase_add_test(tcase, closed_log_is_none);
	tcase_add_test(tcase, worker_cannot);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
