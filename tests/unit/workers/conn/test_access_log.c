/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/conn/access_log.c: a record is in the ring when the call comes back, the logger is woken
 * when it has to be and not otherwise, and a ring that is full makes the process wait or count,
 * as configured, but never for ever. */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/base/signals.h"
#include "tests/lib/load_config.h"
#include "tests/lib/process.h"
#include "workers/conn/access_log.h"

#define LOG_GENERATION 5

static struct config *config;
static struct scoreboard *board;
static struct inheritance own;
static struct logring ring;
static struct access_log log_under_test;

static void
begin(enum log_sink_kind kind, const char *full)
{
	char text[256];

	snprintf(text, sizeof text, "log { format = \"%%U\" full = \"%s\" }", full);
	config = load_config(text);
	board = scoreboard_new();
	ck_assert_ptr_nonnull(board);
	own = (struct inheritance){ .config = config, .scoreboard = board,
		.access_log = { kind, -1 }, .log_wake_fd = eventfd(0, EFD_NONBLOCK),
		.slot_index = scoreboard_claim(board, 1, 0), .master_pid = getppid() };
	atomic_store(&scoreboard_header(board)->log_generation, LOG_GENERATION);
	scoreboard_ring(board, own.slot_index, &ring);
	signals_install_worker();
	access_log_init(&log_under_test, &own);
}

static void
end(void)
{
	scoreboard_free(&board);
	config_free(&config);
}

static void
record_bytes(const char *path, size_t bytes, int64_t now_us)
{
	const struct log_record record = { .target = slice_make(path, bytes), .status = 200 };

	access_log_record(&log_under_test, &record, now_us);
}

static void
record(const char *path, int64_t now_us)
{
	record_bytes(path, strlen(path), now_us);
}

/* How often it was woken since this was last asked. */
static uint64_t
take_wakes(void)
{
	uint64_t wakes = 0;

	(void)!read(own.log_wake_fd, &wakes, sizeof wakes);
	return wakes;
}

/* All that is in the ring; takes it out. */
static const char *
drain(void)
{
	static char text[LOGRING_BYTES + 1];
	struct logring_record head;
	struct logring_span span;
	size_t used = 0;

	if (logring_look(&ring, &span) == LOGRING_FILLED) {
		while (span.at != span.end) {
			ck_assert(logring_peek(&ring, &span, &head));
			ck_assert_uint_eq(head.log_generation, LOG_GENERATION);
			logring_take(&ring, &span, &head, text + used);
			used += head.bytes;
		}
		logring_advance(&ring, &span, span.end);
	}
	text[used] = '\0';
	return text;
}

static void
set_sleeps(uint32_t sleeps)
{
	atomic_store(&scoreboard_header(board)->logger_sleeps, sleeps);
}

static void
fill_ring(void)
{
	while (logring_put(&ring, "/\n", 2, LOG_GENERATION, 0) > 0)
		continue;
}

START_TEST(record_is_in_the_ring)
{
	struct logring_record head;
	struct logring_span span;

	begin(LOG_SINK_FD, "wait");
	ck_assert(!access_log_is_off(&log_under_test));
	record("/a", 4711);
	ck_assert_int_eq(logring_look(&ring, &span), LOGRING_FILLED);
	ck_assert(logring_peek(&ring, &span, &head));
	ck_assert_int_eq(head.mono_us, 4711);
	record("/b", 4712);
	ck_assert_str_eq(drain(), "/a\n/b\n");
}
END_TEST

START_TEST(log_that_is_off_takes_nothing)
{
	begin(LOG_SINK_NONE, "wait");
	ck_assert(access_log_is_off(&log_under_test));
	set_sleeps(1);
	record("/a", 0);
	ck_assert_uint_eq(take_wakes(), 0);
	ck_assert_str_eq(drain(), "");
}
END_TEST

/* A process that was killed has left records; the next one in its slot goes on. */
START_TEST(what_the_slot_has_is_kept)
{
	begin(LOG_SINK_FD, "wait");
	record("/a", 0);
	access_log_init(&log_under_test, &own);
	record("/b", 0);
	ck_assert_str_eq(drain(), "/a\n/b\n");
}
END_TEST

START_TEST(logger_is_woken_when_it_sleeps)
{
	begin(_i == 0 ? LOG_SINK_FD : LOG_SINK_SYSLOG, "wait");
	for (int i = 0; i < 100; i++)
		record("/a", i);
	ck_assert_uint_eq(take_wakes(), 0);
	set_sleeps(1);
	record("/b", 100);
	ck_assert_uint_eq(take_wakes(), 1);
	set_sleeps(0);
	record("/c", 101);
	ck_assert_uint_eq(take_wakes(), 0);
}
END_TEST

/* Once on the way up, and again after it was emptied. */
START_TEST(logger_is_woken_when_half_is_full)
{
	char path[1000];

	begin(LOG_SINK_FD, "wait");
	memset(path, '/', sizeof path);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 30; i++)
			record_bytes(path, sizeof path, i);
		ck_assert_uint_eq(take_wakes(), 0);
		for (int i = 0; i < 30; i++)
			record_bytes(path, sizeof path, i);
		ck_assert_uint_eq(take_wakes(), 1);
		drain();
	}
}
END_TEST

START_TEST(full_ring_counts)
{
	begin(LOG_SINK_FD, "count");
	fill_ring();
	for (int i = 0; i < 10; i++)
		record("/long-enough-not-to-fit", i);
	ck_assert_uint_eq(logring_take_lost(&ring), 10);
	ck_assert_uint_eq(take_wakes(), 0); /* a call for each would be a price */
	ck_assert_ptr_null(strstr(drain(), "fit"));
	record("/again", 11);
	ck_assert_str_eq(drain(), "/again\n");
	ck_assert_uint_eq(logring_take_lost(&ring), 0);
}
END_TEST

static pid_t
fork_recorder(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	log_under_test.master_pid = getppid();
	record("/waited", 0);
	_exit(logring_take_lost(&ring) == 0 ? 0 : 9);
}

static int
await_end(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* It naps with ppoll(2), between which it wakes the logger. */
START_TEST(full_ring_is_waited_for)
{
	struct pollfd woken = { .events = POLLIN };
	char *text;
	pid_t pid;

	begin(LOG_SINK_FD, "wait");
	fill_ring();
	pid = fork_recorder();
	woken.fd = own.log_wake_fd;
	ck_assert_int_eq(poll(&woken, 1, -1), 1);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	/* Signals that mean something else do not end it. */
	process_interrupt(pid, SYS_ppoll, SIGQUIT);
	process_interrupt(pid, SYS_ppoll, SIGUSR1);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	text = strdup(drain());
	ck_assert_int_eq(await_end(pid), 0);
	ck_assert_ptr_null(strstr(text, "waited"));
	ck_assert_str_eq(drain(), "/waited\n");
	free(text);
}
END_TEST

/* Or a stalled reader of the log would hold the master's stop. */
START_TEST(stop_ends_the_wait)
{
	pid_t pid;

	begin(LOG_SINK_FD, "wait");
	fill_ring();
	pid = fork_recorder();
	process_wait_blocked_in(pid, SYS_ppoll);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(await_end(pid), 9);
}
END_TEST

/* Then there may be nobody who makes room, and nobody who says stop. */
START_TEST(death_of_the_master_ends_the_wait)
{
	int status;
	pid_t master, pid;

	begin(LOG_SINK_FD, "wait");
	fill_ring();
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	master = fork();
	if (master == 0) {
		pid = fork_recorder();
		process_wait_blocked_in(pid, SYS_ppoll);
		_exit(0);
	}
	ck_assert_int_eq(await_end(master), 0);
	pid = wait(&status);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(WEXITSTATUS(status), 9);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("access_log");
	TCase *tcase = tcase_create("access_log");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, NULL, end);
	tcase_add_test(tcase, record_is_in_the_ring);
	tcase_add_test(tcase, log_that_is_off_takes_nothing);
	tcase_add_test(tcase, what_the_slot_has_is_kept);
	tcase_add_loop_test(tcase, logger_is_woken_when_it_sleeps, 0, 2);
	tcase_add_test(tcase, logger_is_woken_when_half_is_full);
	tcase_add_test(tcase, full_ring_counts);
	tcase_add_test(tcase, full_ring_is_waited_for);
	tcase_add_test(tcase, stop_ends_the_wait);
	tcase_add_test(tcase, death_of_the_master_ends_the_wait);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
