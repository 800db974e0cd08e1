/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/signals.c: which signal sets which flag in master and worker, what the worker's
 * handlers take away, and that a stop reaches a blocked call and one just before it alike. */
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "server/base/signals.h"
#include "tests/lib/process.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define NOTHING SIGNAL_FLAG_COUNT

static const struct {
	int number;
	enum signal_flag in_master, in_worker; /* NOTHING: it has no effect at all */
} meanings[] = {
	{ SIGTERM, SIGNAL_STOP, SIGNAL_STOP }, { SIGINT, SIGNAL_STOP, NOTHING },
	{ SIGQUIT, SIGNAL_DRAIN, SIGNAL_DRAIN }, { SIGHUP, SIGNAL_RELOAD, NOTHING },
	{ SIGUSR1, SIGNAL_REOPEN, SIGNAL_REOPEN }, { SIGUSR2, NOTHING, SIGNAL_SHED },
	{ SIGCHLD, SIGNAL_CHILD, NOTHING }, { SIGALRM, NOTHING, SIGNAL_TICK },
	{ SIGPIPE, NOTHING, NOTHING }, { SIGXFSZ, NOTHING, NOTHING },
};

static void
assert_only_flag(enum signal_flag wanted)
{
	for (int flag = 0; flag < SIGNAL_FLAG_COUNT; flag++)
		ck_assert_int_eq(signals_is_set((enum signal_flag)flag), flag == (int)wanted);
}

static int
let_in(const sigset_t *mask)
{
	const struct timespec no_time = { 0, 0 };

	return ppoll(NULL, 0, &no_time, mask);
}

START_TEST(master_lets_signals_in_while_it_waits)
{
	sigset_t mask;

	signals_install_master(&mask);
	raise(meanings[_i].number);
	assert_only_flag(NOTHING);
	let_in(&mask);
	assert_only_flag(meanings[_i].in_master);
}
END_TEST

/* However often it is forked and installed again. */
START_TEST(wait_mask_stays_open)
{
	sigset_t mask;

	signals_install_master(&mask);
	signals_install_master(&mask);
	raise(SIGTERM);
	ck_assert_int_eq(let_in(&mask), -1);
	ck_assert_int_eq(errno, EINTR);
	ck_assert(signals_is_set(SIGNAL_STOP));
}
END_TEST

START_TEST(worker_notes_its_signals)
{
	signals_install_worker();
	raise(meanings[_i].number);
	assert_only_flag(meanings[_i].in_worker);
}
END_TEST

/* Between fork and signals_install_worker() nothing gets lost and nothing kills. */
START_TEST(signals_wait_for_the_worker_to_be_ready)
{
	sigset_t mask;

	signals_install_master(&mask);
	raise(meanings[_i].number);
	signals_install_worker();
	assert_only_flag(meanings[_i].in_worker);
}
END_TEST

/* A keeper, the logger: a signal that comes just before the wait ends it. */
START_TEST(waiter_lets_signals_in_while_it_waits)
{
	sigset_t mask;

	signals_install_master(&mask);
	signals_install_waiter(&mask);
	raise(meanings[_i].number);
	assert_only_flag(NOTHING);
	let_in(&mask);
	assert_only_flag(meanings[_i].in_worker);
}
END_TEST

START_TEST(taken_flag_is_clear)
{
	signals_install_worker();
	ck_assert(!signals_take(SIGNAL_TICK));
	raise(SIGALRM);
	raise(SIGUSR1);
	ck_assert(signals_take(SIGNAL_TICK));
	ck_assert(!signals_take(SIGNAL_TICK));
	assert_only_flag(SIGNAL_REOPEN);
}
END_TEST

START_TEST(handler_keeps_errno)
{
	signals_install_worker();
	signals_guard_listener(250); /* not open: close(2) in the handler fails */
	signals_guard_connection(251);
	errno = EAGAIN;
	raise(SIGTERM);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

static const struct {
	int number;
	bool is_idle, closes_listener, shuts, ends_idling;
} effects[] = {
	{ SIGTERM, false, true, true, false }, { SIGTERM, true, true, true, false },
	{ SIGQUIT, false, true, false, false }, { SIGQUIT, true, true, false, true },
	{ SIGUSR2, false, false, false, false }, { SIGUSR2, true, false, false, true },
	{ SIGUSR1, true, false, false, false }, { SIGALRM, true, false, false, false },
	{ SIGINT, true, false, false, false }, { SIGHUP, true, false, false, false },
};

static bool
reads_end(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* A receive that would block comes back at once instead. */
static bool
has_receive_limit(int fd)
{
	struct timeval limit;
	socklen_t bytes = sizeof limit;
	char byte;

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &bytes), 0);
	if (!timerisset(&limit))
		return false;
	ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, EAGAIN);
	return true;
}

START_TEST(guarded_descriptors_are_taken_away)
{
	int listener = dup(STDERR_FILENO), pair[2];
	char byte;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	signals_install_worker();
	signals_guard_listener(listener);
	signals_guard_connection(pair[0]);
	signals_guard_idle(effects[_i].is_idle);
	raise(effects[_i].number);
	ck_assert_int_eq(process_is_open(listener), !effects[_i].closes_listener);
	ck_assert_int_eq(signals_listener_is_closed(), effects[_i].closes_listener);
	ck_assert(process_is_open(pair[0])); /* whoever accepted it closes it */
	ck_assert_int_eq(reads_end(pair[0]), effects[_i].shuts);
	ck_assert_int_eq(reads_end(pair[1]), effects[_i].shuts);
	ck_assert_int_eq(has_receive_limit(pair[0]), effects[_i].ends_idling);
	/* A request that comes after all can be read and answered. */
	if (!effects[_i].shuts)
		ck_assert(write(pair[1], "x", 1) == 1 && read(pair[0], &byte, 1) == 1 &&
		    write(pair[0], "y", 1) == 1);
}
END_TEST

START_TEST(unguarded_connection_is_let_be)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	signals_install_worker();
	signals_guard_connection(pair[0]);
	signals_guard_idle(true);
	signals_guard_connection(-1);
	raise(SIGTERM);
	ck_assert(!reads_end(pair[0]) && !reads_end(pair[1]) && !has_receive_limit(pair[0]));
}
END_TEST

/* The number may belong to another descriptor by then. */
START_TEST(listener_is_closed_once)
{
	int listener = dup(STDERR_FILENO);

	signals_install_worker();
	signals_guard_listener(listener);
	raise(SIGQUIT);
	ck_assert_int_eq(dup(STDERR_FILENO), listener);
	raise(SIGTERM);
	ck_assert(process_is_open(listener));
}
END_TEST

static int
open_listener(void)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (const void *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

static const struct {
	int number;
	bool is_before;             /* raised before the call instead of during it */
	int error;
} stops[] = {
	{ SIGTERM, false, EINTR }, { SIGQUIT, false, EINTR }, { SIGUSR1, false, EINTR },
	{ SIGTERM, true, EBADF }, { SIGQUIT, true, EBADF },
};

/* Breaks (by never ending) when a signal can be missed by accept. */
START_TEST(accept_ends)
{
	int listener = open_listener(), status;
	pid_t pid = fork();

	if (pid == 0) {
		signals_guard_listener(listener);
		signals_install_worker();
		if (stops[_i].is_before)
			raise(stops[_i].number);
		_exit(accept4(listener, NULL, NULL, 0) < 0 ? errno : 0);
	}
	if (!stops[_i].is_before) {
		process_wait_blocked_in(pid, SYS_accept4);
		kill(pid, stops[_i].number);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), stops[_i].error);
}
END_TEST

static int reset_number;

static void
reset_and_raise(void)
{
	sigset_t mask;

	signals_install_master(&mask);
	signals_reset();
	for (int flag = 0; flag < SIGNAL_FLAG_COUNT; flag++)
		if (signals_is_set((enum signal_flag)flag))
			_exit(1);
	raise(reset_number);
}

START_TEST(reset_gives_the_defaults_back)
{
	int status;

	reset_number = meanings[_i].number;
	status = process_run(reset_and_raise);
	if (reset_number == SIGCHLD)
		ck_assert_int_eq(status, 0);
	else
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == reset_number);
}
END_TEST

START_TEST(signals_have_names)
{
	ck_assert_str_eq(signals_name(SIGSEGV), "SIGSEGV");
	ck_assert_str_eq(signals_name(SIGKILL), "SIGKILL");
	ck_assert_str_eq(signals_name(0), "signal");
	ck_assert_str_eq(signals_name(-1), "signal");
	ck_assert_str_eq(signals_name(64), "signal");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("signals");
	TCase *tcase = tcase_create("signals");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, master_lets_signals_in_while_it_waits, 0, COUNT_OF(meanings));
	tcase_add_test(tcase, wait_mask_stays_open);
	tcase_add_loop_test(tcase, worker_notes_its_signals, 0, COUNT_OF(meanings));
	tcase_add_loop_test(tcase, signals_wait_for_the_worker_to_be_ready, 0, COUNT_OF(meanings));
	tcase_add_loop_test(tcase, waiter_lets_signals_in_while_it_waits, 0, COUNT_OF(meanings));
	tcase_add_test(tcase, taken_flag_is_clear);
	tcase_add_test(tcase, handler_keeps_errno);
	tcase_add_loop_test(tcase, guarded_descriptors_are_taken_away, 0, COUNT_OF(effects));
	tcase_add_test(tcase, unguarded_connection_is_let_be);
	tcase_add_test(tcase, listener_is_closed_once);
	tcase_add_loop_test(tcase, accept_ends, 0, COUNT_OF(stops));
	tcase_add_loop_test(tcase, reset_gives_the_defaults_back, 0, COUNT_OF(meanings));
	tcase_add_test(tcase, signals_have_names);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
