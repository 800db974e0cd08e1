/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/conn/pace.c: the kernel is told the rate, once, and told otherwise only when nothing of
 * what was limited is left; where it does not pace, pieces and due times make the rate. No
 * test here looks at a clock. */
#include <check.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/signals.h"
#include "tests/lib/process.h"
#include "workers/conn/pace.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define TIMEOUT_MS 30000

static struct stream stream;
static struct pace pace;
static int client;

static void
open_tcp_pair(int pair[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), small = 4096;

	pair[1] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(setsockopt(pair[1], SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	ck_assert_int_eq(bind(listener, (void *)&address, bytes), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (void *)&address, &bytes), 0);
	ck_assert_int_eq(connect(pair[1], (void *)&address, bytes), 0);
	pair[0] = accept(listener, NULL, NULL);
	close(listener);
}

static void
begin(bool is_tcp)
{
	int pair[2];

	if (is_tcp)
		open_tcp_pair(pair);
	else
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	stream_init(&stream, pair[0]);
	client = pair[1];
	memset(&pace, 0xee, sizeof pace);
	pace_init(&pace, is_tcp, TIMEOUT_MS);
}

static uint64_t
kernel_rate(void)
{
	unsigned long rate = 0;
	socklen_t bytes = sizeof rate;

	ck_assert_int_eq(getsockopt(stream.fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &bytes), 0);
	return bytes == sizeof rate ? rate : (unsigned)rate;
}

static long
kernel_timeout_ms(void)
{
	struct timeval limit;
	socklen_t bytes = sizeof limit;

	ck_assert_int_eq(getsockopt(stream.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &bytes), 0);
	return limit.tv_sec * 1000 + limit.tv_usec / 1000;
}

static const uint64_t rates[] = { 1000, 100000, 123456789, UINT64_C(1) << 36 };

START_TEST(kernel_is_told)
{
	begin(true);
	pace_set(&pace, &stream, rates[_i]);
	if (rates[_i] <= ULONG_MAX)
		ck_assert_uint_eq(kernel_rate(), rates[_i]);
	ck_assert(!pace.sleeps);
	ck_assert_uint_eq(pace_piece_bytes(&pace), SIZE_MAX);
	ck_assert_int_eq(pace_wait(&pace, &stream, SIZE_MAX), IO_OK);
	pace_set(&pace, &stream, 0);
	ck_assert_uint_eq(kernel_rate(), ULONG_MAX);
}
END_TEST

START_TEST(unlimited_connection_is_let_be)
{
	begin(true);
	close(stream.fd);
	pace_set(&pace, &stream, 0);    /* would fail, and be remembered */
	ck_assert(!pace.sleeps);
	ck_assert_uint_eq(pace_piece_bytes(&pace), SIZE_MAX);
	ck_assert_int_eq(pace_wait(&pace, &stream, 1000), IO_OK);
}
END_TEST

static const struct {
	uint64_t first, second;
	bool is_slower;
} changes[] = {
	{ 100000, 0, false },
	{ 100000, 200000, false },
	{ 100000, 50000, true },
};

/* Breaks when the rest of a limited answer, which may be megabytes in the socket, is let go at
 * full speed because the next answer has no limit. */
START_TEST(limit_ends_with_the_bytes_it_was_for)
{
	static char large[1000000];
	char got[65536];
	uint64_t second = changes[_i].second == 0 ? ULONG_MAX : changes[_i].second;

	begin(true);
	pace_set(&pace, &stream, changes[_i].first);
	/* The client takes next to nothing of it. */
	ck_assert_int_gt(send(stream.fd, large, sizeof large, MSG_DONTWAIT), 100000);
	pace_set(&pace, &stream, changes[_i].second);
	ck_assert_uint_eq(kernel_rate(), changes[_i].is_slower ? second : changes[_i].first);
	/* The test need not wait for what is left at that rate. */
	ck_assert_int_eq(setsockopt(stream.fd, SOL_SOCKET, SO_MAX_PACING_RATE,
	    &(unsigned long){ ULONG_MAX }, sizeof (unsigned long)), 0);
	ck_assert_int_eq(shutdown(stream.fd, SHUT_WR), 0);
	while (read(client, got, sizeof got) > 0)
		continue;
	pace_set(&pace, &stream, changes[_i].second);
	if (!changes[_i].is_slower)
		ck_assert_uint_eq(kernel_rate(), second);
}
END_TEST

static const struct {
	uint64_t rate_bytes_s;
	unsigned timeout_ms;
} timeouts[] = {
	{ 0, TIMEOUT_MS },
	{ 1000000000, TIMEOUT_MS },
	{ 4370, TIMEOUT_MS },
	{ 4000, 32768 },                /* 64 KiB take half of it */
	{ 1000, 131072 },
	{ 1, 131072000 },
};

START_TEST(slow_rate_has_a_longer_time_limit)
{
	begin(_i % 2 == 0);
	stream_set_send_timeout(&stream, TIMEOUT_MS);
	pace_set(&pace, &stream, timeouts[_i / 2].rate_bytes_s);
	ck_assert_uint_eq(pace.timeout_ms, timeouts[_i / 2].timeout_ms);
	ck_assert_int_eq(kernel_timeout_ms(), timeouts[_i / 2].timeout_ms);
	pace_set(&pace, &stream, 0);
	ck_assert_uint_eq(pace.timeout_ms, TIMEOUT_MS);
	ck_assert_int_eq(kernel_timeout_ms(), TIMEOUT_MS);
}
END_TEST

static const struct {
	uint64_t rate_bytes_s;
	size_t piece_bytes;
} pieces[] = {
	{ 0, SIZE_MAX },
	{ 1, 1024 },
	{ 8192, 1024 },
	{ 80000, 10000 },
	{ UINT64_C(1) << 40, 262144 },
};

START_TEST(pieces_go_by_the_rate)
{
	begin(false);
	pace_set(&pace, &stream, pieces[_i].rate_bytes_s);
	ck_assert_uint_eq(pace_piece_bytes(&pace), pieces[_i].piece_bytes);
}
END_TEST

/* The next write is due when the last one would have gone through; what was not used is not
 * saved up. */
START_TEST(writes_come_when_they_are_due)
{
	int64_t start_us, due_us;

	begin(false);
	start_us = clock_mono_us();
	pace_set(&pace, &stream, 1000000);
	ck_assert_int_eq(pace_wait(&pace, &stream, 500), IO_OK);
	due_us = pace.due_mono_us;
	ck_assert_int_ge(due_us, start_us + 500);
	ck_assert_int_eq(pace_wait(&pace, &stream, 20000), IO_OK);
	ck_assert_int_ge(clock_mono_us(), due_us);
	ck_assert_int_ge(pace.due_mono_us, due_us + 20000);
	pace.due_mono_us = 1;           /* long ago */
	start_us = clock_mono_us();
	ck_assert_int_eq(pace_wait(&pace, &stream, 30000), IO_OK);
	ck_assert_int_ge(pace.due_mono_us, start_us + 30000);
}
END_TEST

static void
wait_long(void)
{
	begin(false);
	signals_install_worker();
	pace_set(&pace, &stream, 1);
	(void)pace_wait(&pace, &stream, 1000000);
	_exit(pace_wait(&pace, &stream, 1) == IO_STOPPED ? 17 : 18);
}

START_TEST(stop_ends_the_wait)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		wait_long();
	process_wait_blocked_in(pid, SYS_clock_nanosleep);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 17);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pace");
	TCase *tcase = tcase_create("pace");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, kernel_is_told, 0, COUNT_OF(rates));
	tcase_add_test(tcase, unlimited_connection_is_let_be);
	tcase_add_loop_test(tcase, limit_ends_with_the_bytes_it_was_for, 0, COUNT_OF(changes));
	tcase_add_loop_test(tcase, slow_rate_has_a_longer_time_limit, 0,
	    2 * COUNT_OF(timeouts));
	tcase_add_loop_test(tcase, pieces_go_by_the_rate, 0, COUNT_OF(pieces));
	tcase_add_test(tcase, writes_come_when_they_are_due);
	tcase_add_test(tcase, stop_ends_the_wait);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
