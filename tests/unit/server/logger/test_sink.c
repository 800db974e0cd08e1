/* SPDX-License-Identifier: BSD-2-Clause */
/* server/logger/sink.c: whole lines arrive, each once, as long as somebody takes them; a reader
 * that is slow holds the logger only until a signal or the deadline; a log that fails is said
 * once, and what comes after a torn line begins on its own. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/signals.h"
#include "server/logger/sink.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define LINE "0123456789abcdef0123456789abcde\n"
#define LINE_BYTES (sizeof LINE - 1)

static struct sink sink;
static sigset_t wait_mask;
static int error_end, reader_fd;

static void
begin(void)
{
	int pair[2];

	signals_install_waiter(&wait_mask);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	log_set_sink((struct log_sink){ LOG_SINK_FD, pair[0] });
	error_end = pair[1];
}

/* "": none. */
static const char *
next_error(void)
{
	static char text[4096];
	ssize_t n = recv(error_end, text, sizeof text - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void
assert_error(const char *wanted)
{
	const char *text = next_error();

	ck_assert_msg(*wanted == '\0' ? *text == '\0' : strstr(text, wanted) != NULL,
	    "\"%s\" and not \"%s\"", text, wanted);
}

static void
use(enum log_sink_kind kind, int fd)
{
	sink_init(&sink, (struct log_sink){ kind, fd }, &wait_mask);
}

static void
use_pipe(void)
{
	int pair[2];

	ck_assert_int_eq(pipe(pair), 0);
	reader_fd = pair[0];
	use(LOG_SINK_FD, pair[1]);
}

static void
use_datagrams(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	reader_fd = pair[0];
	use(LOG_SINK_SYSLOG, pair[1]);
}

/* For ever, but for a signal. */
static size_t
write_text(const char *text)
{
	const struct sink_patience patience = { INT64_MAX / 2, true };

	return sink_write(&sink, text, strlen(text), &patience);
}

/* Whatever signal comes. */
static size_t
write_for(const char *text, int wait_ms)
{
	const struct sink_patience patience = { clock_mono_ms() + wait_ms, false };

	return sink_write(&sink, text, strlen(text), &patience);
}

static void
write_all(const char *text)
{
	ck_assert_uint_eq(write_text(text), strlen(text));
}

static char *
many_lines(size_t count)
{
	char *text = malloc(count * LINE_BYTES + 1);

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * LINE_BYTES, LINE, LINE_BYTES + 1);
	return text;
}

START_TEST(file_gets_lines)
{
	use(LOG_SINK_FD, open("log", O_WRONLY | O_CREAT | O_APPEND, 0600));
	write_all("a\nb\n");
	write_all("");
	write_all("c\n");
	scratch_assert_holds("log", "a\nb\nc\n");
	assert_error("");
}
END_TEST

START_TEST(no_log_takes_all)
{
	use(LOG_SINK_NONE, -1);
	write_all("a\n");
	assert_error("");
}
END_TEST

START_TEST(failure_is_said_once_and_its_end_too)
{
	int full_fd = open("/dev/full", O_WRONLY), null_fd = open("/dev/null", O_WRONLY);

	use(LOG_SINK_FD, dup(full_fd));
	write_all("a\nb\n");
	assert_error("error: access log: No space left on device\n");
	write_all("c\n");
	write_all("");
	assert_error("");
	ck_assert_int_eq(dup2(null_fd, sink.to.fd), sink.to.fd);
	write_all("d\n");
	assert_error("notice: access log: it can be written again, 3 records were lost\n");
	write_all("e\n");
	assert_error("");
	ck_assert_int_eq(dup2(full_fd, sink.to.fd), sink.to.fd);
	write_all("f\n");
	assert_error("error: access log: No space left on device\n");
}
END_TEST

/* On a full disk a write may end within a record. The next one is not hung on to it. */
START_TEST(torn_record_ends_its_line)
{
	struct rlimit limit = { 10, RLIM_INFINITY };

	use(LOG_SINK_FD, open("log", O_WRONLY | O_CREAT | O_APPEND, 0600));
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	write_all("/first\n/second\n/third\n");
	assert_error("error: access log: File too large\n");
	write_all("/fourth\n");
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	write_all("/fifth\n/sixth\n");
	scratch_assert_holds("log", "/first\n/se\n/fifth\n/sixth\n");
	assert_error("3 records were lost\n"); /* second, third, fourth */
}
END_TEST

/* ---- a reader ---- */

static void *
read_all(void *out)
{
	char *at = out;
	ssize_t n;

	while ((n = read(reader_fd, at, 1000)) > 0)
		at += n;
	*at = '\0';
	return NULL;
}

/* More than the pipe holds, and a line that is longer than what is written at once. */
START_TEST(slow_reader_gets_all)
{
	size_t count = 20000, bytes;
	char *text = many_lines(count), *got;
	pthread_t reader;

	memset(text + 100 * LINE_BYTES, 'x', 300 * LINE_BYTES);
	text[400 * LINE_BYTES - 1] = '\n';
	bytes = strlen(text);
	got = malloc(bytes + 2000);
	use_pipe();
	ck_assert_int_eq(pthread_create(&reader, NULL, read_all, got), 0);
	write_all(text);
	close(sink.to.fd);
	ck_assert_int_eq(pthread_join(reader, NULL), 0);
	ck_assert(strcmp(got, text) == 0);
	free(got);
	free(text);
}
END_TEST

static void
assert_pipe_holds(size_t bytes)
{
	char *got = malloc(bytes + 1), *wanted = many_lines(bytes / LINE_BYTES);

	ck_assert_uint_eq(bytes % LINE_BYTES, 0);
	ck_assert_int_eq(read(reader_fd, got, bytes), (ssize_t)bytes);
	got[bytes] = '\0';
	ck_assert(strcmp(got, wanted) == 0);
	ck_assert_int_eq(fcntl(reader_fd, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(read(reader_fd, got, 1), -1);
	free(got);
	free(wanted);
}

/* What was written is in the pipe, what was not is told, and there is no third. */
START_TEST(deadline_ends_the_wait_between_lines)
{
	char *text = many_lines(20000);
	size_t done;

	use_pipe();
	done = write_for(text, _i * 20);
	ck_assert_uint_gt(done, 0);
	ck_assert_uint_lt(done, strlen(text));
	assert_error("");
	assert_pipe_holds(done);
	free(text);
}
END_TEST

static const int signals[] = { SIGTERM, SIGQUIT, SIGUSR1 };

static void
wait_and_exit(void)
{
	char *text = many_lines(20000);
	size_t done = write_text(text);

	_exit(done > 0 && done % LINE_BYTES == 0 && done < strlen(text) ? 0 : 1);
}

START_TEST(signal_ends_the_wait)
{
	int status;
	pid_t pid;

	use_pipe();
	pid = fork();
	if (pid == 0)
		wait_and_exit();
	process_wait_blocked_in(pid, SYS_ppoll);
	ck_assert_int_eq(kill(pid, signals[_i]), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* The time that is left is short anyhow. */
START_TEST(signal_does_not_end_every_wait)
{
	char *text = many_lines(20000);
	int64_t start_ms = clock_mono_ms();

	use_pipe();
	raise(SIGUSR1);
	(void)write_for(text, 30);
	ck_assert_int_ge(clock_mono_ms() - start_ms, 30);
	free(text);
}
END_TEST

/* It came while no reader was waited for. */
START_TEST(pending_signal_ends_the_wait_at_once)
{
	char *text = many_lines(20000);

	use_pipe();
	raise(SIGUSR1);
	ck_assert_uint_lt(write_text(text), strlen(text));
	ck_assert(signals_take(SIGNAL_REOPEN));
	free(text);
}
END_TEST

START_TEST(reader_that_has_gone_is_said_once)
{
	use_pipe();
	close(reader_fd);
	write_all("a\n");
	assert_error("error: access log: Broken pipe\n");
	write_all("b\n");
	assert_error("");
}
END_TEST

START_TEST(reader_that_goes_ends_the_wait)
{
	char *text = many_lines(20000), *got = malloc(5000);

	use_pipe();
	(void)write_for(text, 0); /* full */
	ck_assert_int_gt(read(reader_fd, got, 5000), 0);
	close(reader_fd);
	write_all(text);
	assert_error("error: access log: Broken pipe\n");
	free(text);
	free(got);
}
END_TEST

/* A line that is longer than a part was out half: it comes again whole, on a line of its own. */
START_TEST(long_line_that_was_cut_comes_again)
{
	size_t cap = 16 * PIPE_BUF, bytes = 2 * cap, got_bytes = 0;
	char *text = malloc(bytes + 1), *got = malloc(4 * cap), *newline;
	ssize_t n;

	use_pipe();
	ck_assert_int_ge(fcntl(reader_fd, F_SETPIPE_SZ, (int)cap), 0);
	ck_assert_int_eq(fcntl(reader_fd, F_SETFL, O_NONBLOCK), 0);
	memset(text, 'x', bytes);
	memcpy(text + bytes - 1, "\n", 2);
	ck_assert_uint_eq(write_for(text, 0), 0);
	while ((n = read(reader_fd, got, 4 * cap)) > 0)
		got_bytes += (size_t)n;
	ck_assert_uint_gt(got_bytes, 0);
	write_all("next\n");
	n = read(reader_fd, got, 4 * cap);
	ck_assert_int_eq(n, 6);
	newline = memchr(got, '\n', 6);
	ck_assert(newline == got && memcmp(got, "\nnext\n", 6) == 0);
	free(text);
	free(got);
}
END_TEST

/* ---- syslog ---- */

static void
assert_datagram(const char *text)
{
	char wanted[64], got[256];
	ssize_t n = recv(reader_fd, got, sizeof got - 1, MSG_DONTWAIT);

	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	snprintf(wanted, sizeof wanted, "<30>musterd[%ld]: %s", (long)getpid(), text);
	ck_assert_str_eq(got, wanted);
}

START_TEST(each_record_is_a_datagram)
{
	use_datagrams();
	write_all("a\nbc\n");
	write_all("d\n");
	assert_datagram("a");
	assert_datagram("bc");
	assert_datagram("d");
	ck_assert_int_eq(recv(reader_fd, (char[1]){ 0 }, 1, MSG_DONTWAIT), -1);
}
END_TEST

/* The system's log takes no more at the moment: nothing is dropped for that. */
START_TEST(slow_syslog_is_waited_for)
{
	char *text = many_lines(20000), buffer[256];
	size_t done, taken = 0;

	use_datagrams();
	done = write_for(text, 20);
	ck_assert_uint_gt(done, 0);
	ck_assert_uint_lt(done, strlen(text));
	ck_assert_uint_eq(done % LINE_BYTES, 0);
	assert_error("");
	while (recv(reader_fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
		taken++;
	ck_assert_uint_eq(taken, done / LINE_BYTES);
	write_all("next\n");
	assert_datagram("next");
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sink");
	TCase *tcase = tcase_create("sink");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, begin, NULL);
	tcase_add_test(tcase, file_gets_lines);
	tcase_add_test(tcase, no_log_takes_all);
	tcase_add_test(tcase, failure_is_said_once_and_its_end_too);
	tcase_add_test(tcase, torn_record_ends_its_line);
	tcase_add_test(tcase, slow_reader_gets_all);
	tcase_add_loop_test(tcase, deadline_ends_the_wait_between_lines, 0, 2);
	tcase_add_loop_test(tcase, signal_ends_the_wait, 0, 3);
	tcase_add_test(tcase, signal_does_not_end_every_wait);
	tcase_add_test(tcase, pending_signal_ends_the_wait_at_once);
	tcase_add_test(tcase, reader_that_has_gone_is_said_once);
	tcase_add_test(tcase, reader_that_goes_ends_the_wait);
	tcase_add_test(tcase, long_line_that_was_cut_comes_again);
	tcase_add_test(tcase, each_record_is_a_datagram);
	tcase_add_test(tcase, slow_syslog_is_waited_for);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
