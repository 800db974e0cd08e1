/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/logpass.c: who asks has the new logs in place of the old ones, or, when nobody
 * answers, the old ones untouched; the access log is the logger's alone; and whatever a hostile
 * worker does to its ends costs the master neither a descriptor nor a wait. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/logpass.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define PATIENCE_MS 60000
#define GENERATION 4711

static const struct log_sink none = { LOG_SINK_NONE, -1 };
static struct logpass pass;

static void
open_pass(void)
{
	ck_assert_int_eq(logpass_open(&pass), 0);
}

static struct log_sink
open_log(enum log_sink_kind kind, const char *name)
{
	struct log_sink sink = { kind, -1 };

	if (kind != LOG_SINK_NONE)
		sink.fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return sink;
}

/* As a worker, or with an access log as the logger. */
static int
fetch(uint32_t wanted, int timeout_ms, struct log_sink *error_log, struct log_sink *access_log,
    uint32_t *log_generation)
{
	return logpass_fetch(pass.worker_request_fd,
	    access_log == NULL || access_log->kind == LOG_SINK_NONE ? pass.worker_answer_fd :
	    pass.logger_answer_fd, wanted, timeout_ms,
	    log_generation, error_log, access_log);
}

static void
ask_as(char who, int count)
{
	for (; count > 0; count--)
		ck_assert_int_eq(write(pass.worker_request_fd, &who, 1), 1);
}

/* A request alone; the answer is some worker's. */
static void
ask(int count)
{
	ask_as('w', count);
}

START_TEST(ends_are_closed)
{
	int open_count;

	logpass_close(&pass);
	open_count = process_open_count();
	ck_assert_int_eq(logpass_open(&pass), 0);
	ck_assert_int_eq(process_open_count(), open_count + 6);
	ck_assert_int_ne(fcntl(pass.request_read_fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(pass.answer_fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(pass.worker_request_fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(pass.worker_answer_fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(pass.logger_send_fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(pass.logger_answer_fd, F_GETFD) & FD_CLOEXEC, 0);
	logpass_close(&pass);
	ck_assert_int_eq(process_open_count(), open_count);
	logpass_close(&pass);
}
END_TEST

static const struct {
	enum log_sink_kind old_error, old_access, error, access;
} kinds[] = {
	{ LOG_SINK_FD, LOG_SINK_FD, LOG_SINK_FD, LOG_SINK_FD },
	{ LOG_SINK_FD, LOG_SINK_FD, LOG_SINK_FD, LOG_SINK_NONE },
	{ LOG_SINK_NONE, LOG_SINK_FD, LOG_SINK_FD, LOG_SINK_FD },
	{ LOG_SINK_FD, LOG_SINK_FD, LOG_SINK_SYSLOG, LOG_SINK_NONE },
	{ LOG_SINK_SYSLOG, LOG_SINK_SYSLOG, LOG_SINK_FD, LOG_SINK_SYSLOG },
	{ LOG_SINK_NONE, LOG_SINK_SYSLOG, LOG_SINK_NONE, LOG_SINK_NONE },
	{ LOG_SINK_NONE, LOG_SINK_FD, LOG_SINK_NONE, LOG_SINK_FD },
};

/* The master's half in a child; ends when it has answered once. */
static pid_t
fork_master(uint32_t log_generation, const struct log_sink *error_log,
    const struct log_sink *access_log)
{
	struct pollfd waiting = { pass.request_read_fd, POLLIN, 0 };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	while (poll(&waiting, 1, -1) < 0)
		continue;
	logpass_serve(&pass, log_generation, error_log, access_log);
	_exit(pass.pending_count == 0 ? 0 : 1);
}

static void
assert_sink(const struct log_sink *sink, enum log_sink_kind kind, const char *name)
{
	ck_assert_int_eq(sink->kind, kind);
	if (kind == LOG_SINK_NONE) {
		ck_assert_int_eq(sink->fd, -1);
		return;
	}
	ck_assert_int_ne(fcntl(sink->fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(write(sink->fd, name, strlen(name)), (ssize_t)strlen(name));
	scratch_assert_holds(name, name);
}

START_TEST(logger_gets_the_new_logs)
{
	struct log_sink error_log = open_log(kinds[_i].old_error, "old-error");
	struct log_sink access_log = open_log(kinds[_i].old_access, "old-access");
	struct log_sink next_error = open_log(kinds[_i].error, "error");
	struct log_sink next_access = open_log(kinds[_i].access, "access");
	uint32_t log_generation = 0;
	int status, open_count;
	pid_t pid = fork_master(GENERATION, &next_error, &next_access);

	if (next_error.kind != LOG_SINK_NONE)
		close(next_error.fd);
	if (next_access.kind != LOG_SINK_NONE)
		close(next_access.fd);
	open_count = process_open_count();
	ck_assert_int_eq(fetch(GENERATION, PATIENCE_MS, &error_log, &access_log, &log_generation),
	    0);
	ck_assert_uint_eq(log_generation, GENERATION);
	assert_sink(&error_log, kinds[_i].error, "error");
	assert_sink(&access_log, kinds[_i].access, "access");
	/* One for one: the old ones are closed, and nothing else is left open. */
	ck_assert_int_eq(process_open_count() - open_count,
	    (kinds[_i].error != LOG_SINK_NONE) + (kinds[_i].access != LOG_SINK_NONE) -
	    (kinds[_i].old_error != LOG_SINK_NONE) - (kinds[_i].old_access != LOG_SINK_NONE));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* What it does not have it cannot spoil. */
START_TEST(worker_gets_the_error_log_only)
{
	struct log_sink next_error = open_log(kinds[_i].error, "error");
	struct log_sink next_access = open_log(kinds[_i].access, "access");
	struct log_sink error_log = open_log(kinds[_i].old_error, "old-error");
	int open_count = process_open_count();
	uint32_t log_generation = 0;

	ask(1);
	logpass_serve(&pass, GENERATION, &next_error, &next_access);
	ck_assert_int_eq(fetch(GENERATION, PATIENCE_MS, &error_log, NULL, &log_generation), 0);
	ck_assert_uint_eq(log_generation, GENERATION);
	assert_sink(&error_log, kinds[_i].error, "error");
	ck_assert_int_eq(process_open_count() - open_count,
	    (kinds[_i].error != LOG_SINK_NONE) - (kinds[_i].old_error != LOG_SINK_NONE));
}
END_TEST

/* In whoever's name it asks: the answers that a worker can read hold no access log. */
START_TEST(worker_cannot_ask_for_the_access_log)
{
	struct log_sink next = open_log(LOG_SINK_FD, "new"), error_log = none;
	struct pollfd waiting = { pass.worker_answer_fd, POLLIN, 0 };
	uint32_t log_generation = 0;
	int open_count = process_open_count();

	ask_as('l', 1000);
	logpass_serve(&pass, GENERATION, &next, &next);
	ck_assert_int_eq(poll(&waiting, 1, 0), 0);
	ask_as('l', 1000);
	logpass_serve(&pass, GENERATION, &next, &next);
	ask_as('?', 1);             /* nobody's: taken for a worker's */
	logpass_serve(&pass, GENERATION, &next, &next);
	ck_assert_int_eq(fetch(GENERATION, 0, &error_log, NULL, &log_generation), 0);
	ck_assert_int_eq(process_open_count(), open_count + 1);
	/* And the logger's queue holds one answer, not one for each. */
	waiting.fd = pass.logger_answer_fd;
	ck_assert_int_eq(poll(&waiting, 1, 0), 1);
	logpass_restart(&pass);
	ck_assert_uint_eq(pass.pending_count, 0);
	ck_assert_int_eq(poll(&waiting, 1, 0), 0);
}
END_TEST

START_TEST(standard_descriptors_stay_open)
{
	struct log_sink error_log = { LOG_SINK_FD, STDERR_FILENO };
	struct log_sink access_log = { LOG_SINK_FD, STDOUT_FILENO };
	struct log_sink next = open_log(LOG_SINK_FD, "error");
	uint32_t log_generation;

	fork_master(GENERATION, &next, &none);
	ck_assert_int_eq(fetch(GENERATION, PATIENCE_MS, &error_log, &access_log, &log_generation),
	    0);
	ck_assert_int_gt(error_log.fd, STDERR_FILENO);
	ck_assert(process_is_open(STDOUT_FILENO) && process_is_open(STDERR_FILENO));
}
END_TEST

static void
assert_fetch_fails(int error)
{
	struct log_sink error_log = open_log(LOG_SINK_FD, "error"), was = error_log;
	struct log_sink access_log = none;
	uint32_t log_generation = 7;
	int open_count = process_open_count();

	errno = 0;
	ck_assert_int_eq(fetch(GENERATION, 1, &error_log, &access_log, &log_generation), -1);
	ck_assert_int_eq(errno, error);
	ck_assert_uint_eq(log_generation, 7);
	ck_assert_int_eq(error_log.kind, was.kind);
	ck_assert_int_eq(error_log.fd, was.fd);
	ck_assert(process_is_open(was.fd));
	ck_assert_int_eq(access_log.kind, LOG_SINK_NONE);
	ck_assert_int_eq(process_open_count(), open_count);
	close(error_log.fd);
}

START_TEST(old_logs_stay_without_an_answer)
{
	assert_fetch_fails(ETIMEDOUT);
	close(pass.answer_fd);      /* the master has gone half-way, and then wholly */
	assert_fetch_fails(EPROTO);
	close(pass.request_read_fd);
	signal(SIGPIPE, SIG_IGN);   /* as in a worker */
	assert_fetch_fails(EPIPE);
}
END_TEST

/* Left there by a worker that died, or for one that waited no longer. */
START_TEST(answer_of_an_old_generation_is_dropped)
{
	struct log_sink old = open_log(LOG_SINK_FD, "old"), next = open_log(LOG_SINK_FD, "new");
	struct log_sink error_log = none;
	uint32_t log_generation = 0;
	int open_count;

	ask(3);
	logpass_serve(&pass, GENERATION - 1, &old, &old);
	ask(1);
	logpass_serve(&pass, GENERATION, &next, &none);
	open_count = process_open_count();
	ck_assert_int_eq(fetch(GENERATION, PATIENCE_MS, &error_log, NULL, &log_generation),
	    0);
	ck_assert_uint_eq(log_generation, GENERATION);
	assert_sink(&error_log, LOG_SINK_FD, "new");
	ck_assert_int_eq(process_open_count(), open_count + 1);
}
END_TEST

/* A newer one than was asked for is as good; the number may wrap around. */
static const struct {
	uint32_t wanted, answered;
} newer[] = {
	{ 1, 1 }, { 1, 2 }, { 1, 1000 }, { UINT32_MAX, 0 }, { UINT32_MAX, 5 },
};

START_TEST(newer_answer_is_taken)
{
	struct log_sink next = open_log(LOG_SINK_FD, "new"), error_log = none;
	uint32_t log_generation = 0;

	ask(1);
	logpass_serve(&pass, newer[_i].answered, &next, &none);
	ck_assert_int_eq(fetch(newer[_i].wanted, PATIENCE_MS, &error_log, NULL,
	    &log_generation), 0);
	ck_assert_uint_eq(log_generation, newer[_i].answered);
}
END_TEST

/* Their files could be moved away and would be held open for ever. But who waits for one of
 * them must get one of the next. */
START_TEST(restart_takes_answers_back)
{
	struct log_sink old = open_log(LOG_SINK_FD, "old");
	struct pollfd waiting = { pass.worker_answer_fd, POLLIN, 0 };
	int open_count = process_open_count();

	ask(5);
	logpass_serve(&pass, GENERATION, &old, &old);
	ck_assert_int_eq(poll(&waiting, 1, 0), 1);
	logpass_restart(&pass);
	ck_assert_int_eq(poll(&waiting, 1, 0), 0);
	ck_assert_int_eq(process_open_count(), open_count);
	ck_assert_uint_eq(pass.pending_count, 5);
	logpass_serve(&pass, GENERATION + 1, &old, &old);
	ck_assert_uint_eq(pass.pending_count, 0);
	ck_assert_int_eq(poll(&waiting, 1, 0), 1);
}
END_TEST

START_TEST(restart_takes_the_loggers_answer_back)
{
	struct log_sink old = open_log(LOG_SINK_FD, "old"), next = open_log(LOG_SINK_FD, "new");
	struct log_sink error_log = none, access_log = open_log(LOG_SINK_FD, "old");
	uint32_t log_generation = 0;

	ck_assert_int_eq(logpass_poll_fd(&pass), -1);
	ask_as('l', 1);
	logpass_serve(&pass, GENERATION, &old, &old);
	ck_assert_int_eq(logpass_poll_fd(&pass), -1);
	logpass_restart(&pass);
	ck_assert_int_eq(logpass_poll_fd(&pass), pass.answer_fd); /* or it would wait in vain */
	logpass_serve(&pass, GENERATION + 1, &next, &next);
	ck_assert_int_eq(logpass_poll_fd(&pass), -1);
	ck_assert_int_eq(logpass_fetch(-1, pass.logger_answer_fd, GENERATION, 0, &log_generation,
	    &error_log, &access_log), -1); /* asks first */
	ck_assert_int_eq(fetch(GENERATION, 0, &error_log, &access_log, &log_generation), 0);
	ck_assert_uint_eq(log_generation, GENERATION + 1);
	assert_sink(&access_log, LOG_SINK_FD, "new");
}
END_TEST

/* More workers ask at once than answers fit the queue: all are served in the end. */
START_TEST(crowd_is_served_whole)
{
	struct log_sink next = open_log(LOG_SINK_FD, "new");
	struct log_sink error_log = none;
	uint32_t log_generation;

	ask(2000);
	for (int taken = 0; taken < 4000; taken++) { /* each asks once more, besides */
		logpass_serve(&pass, GENERATION, &next, &next);
		ck_assert_int_eq(fetch(GENERATION, 0, &error_log, NULL, &log_generation),
		    0);
	}
}
END_TEST

/* Waits for its turn: the answer comes later than the look. */
START_TEST(late_answer_is_waited_for)
{
	struct log_sink next = open_log(LOG_SINK_FD, "new");
	struct pollfd asked = { pass.request_read_fd, POLLIN, 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct log_sink error_log = none;
		uint32_t log_generation;

		_exit(fetch(GENERATION, PATIENCE_MS, &error_log, NULL, &log_generation));
	}
	ck_assert_int_eq(poll(&asked, 1, -1), 1);
	logpass_serve(&pass, GENERATION, &next, &none);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- hostile workers; all of it breaks by never ending, too ---- */

START_TEST(deaf_workers_are_not_waited_for)
{
	struct log_sink next = open_log(LOG_SINK_FD, "new");

	ask(5000);
	logpass_serve(&pass, GENERATION, &next, &next);
	ck_assert_uint_gt(pass.pending_count, 0); /* kept for later */
	logpass_serve(&pass, GENERATION, &next, &next);
}
END_TEST

/* Without end: the count does not run over. */
START_TEST(flood_of_requests_is_bounded)
{
	char bytes[4096] = "";

	for (int i = 0; i < 1000; i++) {
		while (write(pass.worker_request_fd, bytes, sizeof bytes) > 0)
			continue;
		logpass_serve(&pass, GENERATION, &none, &none);
	}
	ck_assert_uint_lt(pass.pending_count, 1000000);
}
END_TEST

/* A descriptor from a worker might be one whose closing blocks. */
START_TEST(nothing_comes_from_a_worker)
{
	int open_count = process_open_count();

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(send(pass.worker_answer_fd, "x", 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(read(pass.worker_request_fd, &open_count, 1), -1);
	logpass_serve(&pass, GENERATION, &none, &none);
	logpass_restart(&pass);
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

/* Then nobody can be answered, and the master must not wait for it in a circle: its poll of
 * pending answers would return at once each time. */
START_TEST(broken_socket_leaves_nothing_pending)
{
	struct log_sink next = open_log(LOG_SINK_FD, "new");

	ask(5);
	ck_assert_int_eq(shutdown(pass.worker_answer_fd, SHUT_RDWR), 0);
	logpass_serve(&pass, GENERATION, &next, &none);
	ck_assert_uint_eq(pass.pending_count, 0);
}
END_TEST

/* One that takes answers as fast as they come and asks for more: each look ends. */
START_TEST(greedy_worker_does_not_hold_the_master)
{
	struct log_sink next = open_log(LOG_SINK_FD, "new");
	struct log_sink error_log = none;
	uint32_t log_generation;
	char bytes[4096] = "";
	pid_t pid = fork();

	while (pid == 0) {
		(void)!write(pass.worker_request_fd, bytes, sizeof bytes);
		(void)fetch(GENERATION, 0, &error_log, NULL, &log_generation);
	}
	for (int looks = 0; looks < 50; looks++)
		logpass_serve(&pass, GENERATION, &next, &none);
	kill(pid, SIGKILL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("logpass");
	TCase *tcase = tcase_create("logpass");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, open_pass, NULL);
	tcase_add_test(tcase, ends_are_closed);
	tcase_add_loop_test(tcase, logger_gets_the_new_logs, 0, COUNT_OF(kinds));
	tcase_add_loop_test(tcase, worker_gets_the_error_log_only, 0, COUNT_OF(kinds));
	tcase_add_test(tcase, worker_cannot_ask_for_the_access_log);
	tcase_add_test(tcase, standard_descriptors_stay_open);
	tcase_add_test(tcase, old_logs_stay_without_an_answer);
	tcase_add_test(tcase, answer_of_an_old_generation_is_dropped);
	tcase_add_loop_test(tcase, newer_answer_is_taken, 0, COUNT_OF(newer));
	tcase_add_test(tcase, restart_takes_answers_back);
	tcase_add_test(tcase, restart_takes_the_loggers_answer_back);
	tcase_add_test(tcase, crowd_is_served_whole);
	tcase_add_test(tcase, late_answer_is_waited_for);
	tcase_add_test(tcase, deaf_workers_are_not_waited_for);
	tcase_add_test(tcase, flood_of_requests_is_bounded);
	tcase_add_test(tcase, nothing_comes_from_a_worker);
	tcase_add_test(tcase, broken_socket_leaves_nothing_pending);
	tcase_add_test(tcase, greedy_worker_does_not_hold_the_master);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
