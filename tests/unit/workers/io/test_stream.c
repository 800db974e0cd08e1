/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/io/plain.c and heartbeat.c: every wait ends and says how, against a client that is
 * silent, slow, deaf or gone, and a stop is heard in each of them. What a test of a time limit
 * shows is that the call comes back and with which answer, never after how long. */
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/signals.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"
#include "workers/io/heartbeat.h"
#include "workers/io/stream.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LONG_MS 600000              /* no test lasts as long */
#define SOON_MS 20
#define LARGE_BYTES 4000000         /* more than any socket here holds */

static struct stream stream;
static int client;
static char large[LARGE_BYTES];

/* 0: a pair of local sockets, 1: TCP with small buffers. */
static const int socket_kinds[] = { AF_UNIX, AF_INET };

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
	ck_assert_int_eq(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
	close(listener);
}

static void
begin(int kind)
{
	int pair[2];

	signals_install_worker();
	if (kind == AF_INET)
		open_tcp_pair(pair);
	else
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	stream_init(&stream, pair[0]);
	client = pair[1];
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)(i % 251);
}

static void
say(const char *text)
{
	ck_assert_int_eq(write(client, text, strlen(text)), (ssize_t)strlen(text));
}

static int64_t
from_now(int64_t ms)
{
	return clock_mono_ms() + ms;
}

/* Both ways of waiting for bytes. */
enum reader { READ, WAIT, READER_COUNT };

static enum io_result
read_by(enum reader reader, void *out, size_t cap, unsigned timeout_ms, size_t *bytes)
{
	return reader == READ ? stream_read(&stream, out, cap, from_now(timeout_ms), bytes) :
	    stream_wait(&stream, out, cap, timeout_ms, bytes);
}

START_TEST(bytes_come_as_they_are_sent)
{
	char got[16] = "";
	size_t bytes;

	begin(AF_UNIX);
	say("one");
	ck_assert_int_eq(read_by((enum reader)_i, got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_uint_eq(bytes, 3);
	say("two, three");
	ck_assert_int_eq(read_by((enum reader)_i, got, 4, LONG_MS, &bytes), IO_OK);
	ck_assert_uint_eq(bytes, 4);
	ck_assert_int_eq(memcmp(got, "two,", 4), 0);
	/* What is there is read, however late it is. */
	ck_assert_int_eq(stream_read(&stream, got, sizeof got, from_now(-1000), &bytes), IO_OK);
	ck_assert_uint_eq(bytes, 6);
	ck_assert_uint_eq(stream.received_bytes, 13);
	say("more");
	ck_assert_int_eq(read_by((enum reader)_i, got, sizeof got, 0, &bytes), IO_OK);
	ck_assert_uint_eq(bytes, 4);
}
END_TEST

START_TEST(silent_client_is_a_timeout)
{
	char got[16];
	size_t bytes;

	begin(socket_kinds[_i % 2]);
	ck_assert_int_eq(read_by((enum reader)(_i / 2), got, sizeof got, SOON_MS, &bytes),
	    IO_TIMEOUT);
	ck_assert_int_eq(read_by((enum reader)(_i / 2), got, sizeof got, 0, &bytes), IO_TIMEOUT);
	/* It can still be heard afterwards. */
	say("late");
	ck_assert_int_eq(read_by((enum reader)(_i / 2), got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_uint_eq(stream.received_bytes, 4);
}
END_TEST

START_TEST(end_is_told_behind_the_last_bytes)
{
	char got[16];
	size_t bytes;

	begin(AF_UNIX);
	say("last");
	ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
	ck_assert_int_eq(read_by((enum reader)_i, got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_int_eq(read_by((enum reader)_i, got, sizeof got, LONG_MS, &bytes), IO_EOF);
	ck_assert_int_eq(read_by((enum reader)_i, got, sizeof got, LONG_MS, &bytes), IO_EOF);
}
END_TEST

START_TEST(broken_connection_is_an_error)
{
	const struct linger abort_it = { 1, 0 };
	char got[16];
	size_t bytes;

	begin(AF_INET);
	ck_assert_int_eq(setsockopt(client, SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it), 0);
	close(client);              /* with a reset */
	ck_assert_int_eq(read_by((enum reader)_i, got, sizeof got, LONG_MS, &bytes), IO_ERROR);
}
END_TEST

/* A child that interrupts this process in a call, and may say something afterwards. */
static void
when_blocked_in(long call, int number, const char *then)
{
	if (fork() != 0)
		return;
	process_interrupt(getppid(), call, number);
	if (then != NULL) {
		process_wait_blocked_in(getppid(), call);
		(void)!write(client, then, strlen(then));
	}
	_exit(0);
}

static long
blocking_call(enum reader reader)
{
	return reader == READ ? SYS_poll : SYS_recvfrom;
}

START_TEST(beat_does_not_end_a_wait)
{
	char got[16];
	size_t bytes;

	begin(socket_kinds[_i % 2]);
	when_blocked_in(blocking_call((enum reader)(_i / 2)), SIGALRM, "late");
	ck_assert_int_eq(read_by((enum reader)(_i / 2), got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_uint_eq(bytes, 4);
	ck_assert(signals_is_set(SIGNAL_TICK));
}
END_TEST

/* Nor does it make it longer. */
START_TEST(beat_does_not_prolong_a_wait)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	char got[16];
	size_t bytes;

	begin(AF_UNIX);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	ck_assert_int_eq(read_by((enum reader)_i, got, sizeof got, 50, &bytes), IO_TIMEOUT);
}
END_TEST

START_TEST(stop_ends_a_wait)
{
	char got[16];
	size_t bytes;

	begin(socket_kinds[_i % 2]);
	signals_guard_connection(stream.fd);
	when_blocked_in(blocking_call((enum reader)(_i / 2)), SIGTERM, NULL);
	ck_assert_int_eq(read_by((enum reader)(_i / 2), got, sizeof got, LONG_MS, &bytes),
	    IO_STOPPED);
}
END_TEST

/* One that came just before the wait. */
START_TEST(stop_before_a_wait_is_not_missed)
{
	char got[16];
	size_t bytes;

	begin(socket_kinds[_i % 2]);
	signals_guard_connection(stream.fd);
	raise(SIGTERM);
	ck_assert_int_eq(read_by((enum reader)(_i / 2), got, sizeof got, LONG_MS, &bytes),
	    IO_STOPPED);
}
END_TEST

/* Retired before the wait, and in it: at once, but what has been sent is read first. */
START_TEST(idle_connection_is_given_up)
{
	char got[16];
	size_t bytes;

	begin(AF_INET);
	signals_guard_connection(stream.fd);
	signals_guard_idle(true);
	say("next");
	while (recv(stream.fd, got, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
		sched_yield();
	raise(_i == 0 ? SIGQUIT : SIGUSR2);
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_int_eq(stream_write(&stream, "answer", 6, false, LONG_MS), IO_OK);
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_TIMEOUT);
}
END_TEST

/* ---- sending ---- */

/* The client's half in a child, which reads to the end; its status is 0 when exactly
 * `bytes` of `large` from `offset` on have come. */
static pid_t
fork_reader(size_t offset, size_t bytes)
{
	static char got[65536];
	size_t total = 0;
	pid_t pid = fork();
	ssize_t n;

	if (pid != 0)
		return pid;
	close(stream.fd);
	while ((n = read(client, got, sizeof got)) > 0) {
		if (total + (size_t)n > bytes ||
		    memcmp(got, large + offset + total, (size_t)n) != 0)
			_exit(1);
		total += (size_t)n;
	}
	_exit(total == bytes ? 0 : 2);
}

static void
assert_reader_is_content(pid_t pid)
{
	int status;

	close(stream.fd);
	close(client);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

START_TEST(all_is_written)
{
	static const size_t sizes[] = { 0, 1, 1000, 65536, 65537, 300000 };
	size_t total = 0;
	pid_t pid;

	begin(socket_kinds[_i]);
	for (int i = 0; i < COUNT_OF(sizes); i++)
		total += sizes[i];
	pid = fork_reader(0, total);
	total = 0;
	for (int i = 0; i < COUNT_OF(sizes); i++) {
		ck_assert_int_eq(stream_write(&stream, large + total, sizes[i], i % 2 == 0,
		    LONG_MS), IO_OK);
		total += sizes[i];
		ck_assert_uint_eq(stream.sent_bytes, total);
	}
	assert_reader_is_content(pid);
}
END_TEST

static int
open_large_file(void)
{
	int fd = open("large", O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, large, sizeof large), (ssize_t)sizeof large);
	return fd;
}

/* Part of a file, as it is sent where nobody else could go on with it. */
static enum io_result
send_part(int file_fd, uint64_t offset, uint64_t bytes, unsigned timeout_ms, uint64_t *sent)
{
	struct stream_file file = { .fd = file_fd, .offset = offset, .left_bytes = bytes };
	enum io_result result = stream_send_file(&stream, &file, timeout_ms);

	ck_assert_uint_eq(file.offset + file.left_bytes, offset + bytes);
	*sent = bytes - file.left_bytes;
	return result;
}

/* Both ways of sending more than fits. */
enum sender { FROM_MEMORY, FROM_FILE, SENDER_COUNT };

static enum io_result
send_by(enum sender sender, unsigned timeout_ms)
{
	uint64_t sent = 0;
	enum io_result result;

	if (sender == FROM_MEMORY)
		return stream_write(&stream, large, sizeof large, false, timeout_ms);
	result = send_part(open_large_file(), 0, sizeof large, timeout_ms, &sent);
	ck_assert_uint_eq(sent, stream.sent_bytes);
	return result;
}

/* TCP connections have the limit from their listening socket (server/priv/listen.c). */
START_TEST(deaf_client_is_a_timeout)
{
	begin(socket_kinds[_i % 2]);
	stream_set_send_timeout(&stream, SOON_MS);
	ck_assert_int_eq(send_by((enum sender)(_i / 2), SOON_MS), IO_TIMEOUT);
	ck_assert_uint_lt(stream.sent_bytes, sizeof large);
}
END_TEST

/* One who takes a little now and then keeps every single send going. Some 16 kB a second at
 * most: less than what is asked for even where a beat has to tell. */
static pid_t
fork_dripping_reader(void)
{
	const struct timespec pause = { 0, 4000000 };
	char got[64];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(stream.fd);
	while (read(client, got, sizeof got) > 0)
		nanosleep(&pause, NULL);
	_exit(0);
}

START_TEST(dripping_client_is_a_timeout)
{
	pid_t pid;

	begin(socket_kinds[_i % 2]);
	stream_set_send_timeout(&stream, 50);
	pid = fork_dripping_reader();
	ck_assert_int_eq(send_by((enum sender)(_i / 2), 50), IO_TIMEOUT);
	kill(pid, SIGKILL);
}
END_TEST

/* Without a limit of the socket: the heartbeat alone ends a send of a large file. */
START_TEST(beat_bounds_a_large_file)
{
	begin(socket_kinds[_i]);
	ck_assert_int_eq(send_by(FROM_FILE, 1), IO_TIMEOUT);
}
END_TEST

/* However often beats interrupt it: who reads gets all. */
START_TEST(beats_do_not_hurt_a_send)
{
	const struct itimerval often = { { 0, 300 }, { 0, 300 } };
	enum sender sender = (enum sender)(_i / 2);
	pid_t pid;

	begin(socket_kinds[_i % 2]);
	heartbeat_need();           /* or the send would set the timer itself */
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	pid = fork_reader(0, sizeof large);
	ck_assert_int_eq(send_by(sender, LONG_MS), IO_OK);
	ck_assert_uint_eq(stream.sent_bytes, sizeof large);
	heartbeat_rest();
	assert_reader_is_content(pid);
}
END_TEST

START_TEST(stop_ends_a_send)
{
	enum sender sender = (enum sender)(_i / 2);
	enum io_result result;

	begin(socket_kinds[_i % 2]);
	signals_guard_connection(stream.fd);
	when_blocked_in(sender == FROM_MEMORY ? SYS_sendto : SYS_sendfile, SIGTERM, NULL);
	result = send_by(sender, LONG_MS);
	/* The handler has shut the connection: either is said of it. */
	ck_assert_msg(result == IO_STOPPED || result == IO_ERROR, "%d", result);
	ck_assert(signals_is_set(SIGNAL_STOP));
}
END_TEST

/* Breaks (by dying of SIGPIPE, too) when the client's end is not expected. */
START_TEST(client_that_left_is_an_error)
{
	begin(socket_kinds[_i % 2]);
	close(client);
	ck_assert_int_eq(send_by((enum sender)(_i / 2), LONG_MS), IO_ERROR);
}
END_TEST

static const struct {
	uint64_t offset, bytes;
} parts[] = {
	{ 0, 0 }, { 0, 1 }, { 0, LARGE_BYTES }, { LARGE_BYTES - 1, 1 }, { 4095, 2 }, { 1, 65536 },
	{ 12345, 65537 }, { 100000, 3000000 },
};

START_TEST(part_of_a_file_is_sent)
{
	uint64_t sent = 99, offset = parts[_i].offset, bytes = parts[_i].bytes;
	int file_fd;
	pid_t pid;

	begin(AF_INET);
	file_fd = open_large_file();
	ck_assert_int_eq(lseek(file_fd, 7, SEEK_SET), 7);
	pid = fork_reader(offset, bytes);
	ck_assert_int_eq(send_part(file_fd, offset, bytes, LONG_MS, &sent), IO_OK);
	ck_assert_uint_eq(sent, bytes);
	ck_assert_uint_eq(stream.sent_bytes, bytes);
	ck_assert_int_eq(lseek(file_fd, 0, SEEK_CUR), 7); /* its place is nobody's business */
	assert_reader_is_content(pid);
}
END_TEST

/* Cut before it is sent, and cut while it is. */
START_TEST(truncated_file_is_told)
{
	uint64_t sent = 99;
	int file_fd;

	begin(AF_UNIX);
	file_fd = open_large_file();
	ck_assert_int_eq(ftruncate(file_fd, 1000), 0);
	ck_assert_int_eq(send_part(file_fd, 0, 1001, LONG_MS, &sent),
	    IO_FILE_SHORT);
	ck_assert_uint_eq(sent, 1000);
	ck_assert_int_eq(send_part(file_fd, 1000, 1, LONG_MS, &sent),
	    IO_FILE_SHORT);
	ck_assert_uint_eq(sent, 0);
	ck_assert_uint_eq(stream.sent_bytes, 1000);
}
END_TEST

START_TEST(file_may_be_truncated_under_a_send)
{
	static char got[65536];
	uint64_t sent;
	int file_fd;
	pid_t pid;

	begin(AF_UNIX);
	file_fd = open_large_file();
	pid = fork();
	if (pid == 0) {
		close(stream.fd);
		process_wait_blocked_in(getppid(), SYS_sendfile);
		if (ftruncate(file_fd, 1) < 0)
			_exit(1);
		while (read(client, got, sizeof got) > 0)
			continue;
		_exit(0);
	}
	ck_assert_int_eq(send_part(file_fd, 0, sizeof large, LONG_MS, &sent),
	    IO_FILE_SHORT);
	ck_assert_uint_eq(sent, stream.sent_bytes);
	ck_assert_uint_lt(sent, sizeof large);
	assert_reader_is_content(pid);
}
END_TEST

/* ---- files that are taken slowly ---- */

static struct stream_file
a_large_file(void)
{
	return (struct stream_file){ .fd = open_large_file(), .may_stall = true,
		.left_bytes = sizeof large };
}

/* A beat finds the socket full: the worker need not wait for it. */
START_TEST(blocked_send_stalls_on_a_beat)
{
	struct stream_file file;
	uint64_t sent;
	pid_t pid;

	begin(socket_kinds[_i]);
	file = a_large_file();
	when_blocked_in(SYS_sendfile, SIGALRM, NULL);
	ck_assert_int_eq(stream_send_file(&stream, &file, LONG_MS), IO_STALLED);
	sent = stream.sent_bytes;
	ck_assert_uint_gt(sent, 0);
	ck_assert_uint_eq(file.offset, sent);
	ck_assert_uint_eq(file.left_bytes, sizeof large - sent);
	ck_assert_int_gt(file.progress.since_mono_ms, 0);
	pid = fork_reader(0, sizeof large);
	file.may_stall = false;     /* it can be gone on with, waiting */
	ck_assert_int_eq(stream_send_file(&stream, &file, LONG_MS), IO_OK);
	ck_assert_uint_eq(stream.sent_bytes, sizeof large);
	assert_reader_is_content(pid);
}
END_TEST

START_TEST(full_socket_stalls_at_once)
{
	struct stream_file file;
	uint64_t sent;

	begin(socket_kinds[_i]);
	file = a_large_file();
	stream_set_nonblocking(&stream, true);
	ck_assert_int_eq(stream_send_file(&stream, &file, LONG_MS), IO_STALLED);
	sent = stream.sent_bytes;
	ck_assert_uint_gt(sent, 0);
	ck_assert_int_eq(stream_send_file(&stream, &file, LONG_MS), IO_STALLED);
	ck_assert_int_eq(stream_wait_for_room(&stream, 0), IO_TIMEOUT);
	ck_assert_int_eq(stream_wait_for_room(&stream, SOON_MS), IO_TIMEOUT);
	ck_assert_uint_eq(stream.sent_bytes, sent);
	ck_assert_uint_eq(file.offset, sent);
}
END_TEST

/* Whatever the client's pace, and however often nobody waits for it: all comes, once. */
START_TEST(stalled_file_arrives_whole)
{
	const struct itimerval often = { { 0, 300 }, { 0, 300 } };
	struct stream_file file;
	enum io_result result;
	int64_t since_ms = 0;
	pid_t pid;

	begin(socket_kinds[_i]);
	file = a_large_file();
	heartbeat_need();
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	stream_set_nonblocking(&stream, true);
	pid = fork_reader(0, sizeof large);
	while ((result = stream_send_file(&stream, &file, LONG_MS)) == IO_STALLED) {
		(void)stream_wait_for_room(&stream, LONG_MS);
		ck_assert_int_ge(file.progress.since_mono_ms, since_ms);
		since_ms = file.progress.since_mono_ms;
	}
	heartbeat_rest();
	ck_assert_int_eq(result, IO_OK);
	ck_assert_uint_eq(file.left_bytes, 0);
	stream_set_nonblocking(&stream, false);
	ck_assert_int_eq(fcntl(stream.fd, F_GETFL) & O_NONBLOCK, 0);
	assert_reader_is_content(pid);
}
END_TEST

/* The time limit is one of the answer, whoever has it: it began before this call. */
START_TEST(stalled_time_is_counted)
{
	struct stream_file file;

	begin(socket_kinds[_i]);
	file = a_large_file();
	stream_set_nonblocking(&stream, true);
	ck_assert_int_eq(stream_send_file(&stream, &file, LONG_MS), IO_STALLED);
	file.progress.since_mono_ms -= LONG_MS;
	file.progress.bytes = STREAM_PROGRESS_BYTES - 1;
	ck_assert_int_eq(stream_send_file(&stream, &file, LONG_MS), IO_TIMEOUT);
}
END_TEST

START_TEST(room_is_also_the_end)
{
	struct stream_file file;

	begin(socket_kinds[_i]);
	file = a_large_file();
	stream_set_nonblocking(&stream, true);
	ck_assert_int_eq(stream_send_file(&stream, &file, LONG_MS), IO_STALLED);
	if (fork() == 0) {
		process_wait_blocked_in(getppid(), SYS_poll);
		close(stream.fd);
		close(client);
		_exit(0);
	}
	close(client);
	ck_assert_int_eq(stream_wait_for_room(&stream, LONG_MS), IO_OK);
	ck_assert_int_eq(stream_send_file(&stream, &file, LONG_MS), IO_ERROR);
}
END_TEST

START_TEST(stop_ends_a_wait_for_room)
{
	struct stream_file file;
	enum io_result result;

	begin(socket_kinds[_i]);
	file = a_large_file();
	stream_set_nonblocking(&stream, true);
	ck_assert_int_eq(stream_send_file(&stream, &file, LONG_MS), IO_STALLED);
	signals_guard_connection(stream.fd);
	when_blocked_in(SYS_poll, SIGTERM, NULL);
	result = stream_wait_for_room(&stream, LONG_MS);
	ck_assert_msg(result == IO_STOPPED || result == IO_OK, "%d", result);
	result = stream_send_file(&stream, &file, LONG_MS);
	ck_assert_msg(result == IO_STOPPED || result == IO_ERROR, "%d", result);
}
END_TEST

/* ---- the end ---- */

START_TEST(lingering_lets_the_client_finish)
{
	char got[64] = "";

	begin(socket_kinds[_i / 2]);
	ck_assert_int_eq(_i % 2 == 0 ? stream_write(&stream, "answer", 6, false, LONG_MS) :
	    stream_write_last(&stream, "answer", 6, LONG_MS), IO_OK);
	say("what it still had to say");
	ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
	stream_linger(&stream, LONG_MS, 1000000); /* to the client's end, no longer */
	close(stream.fd);
	ck_assert_int_eq(read(client, got, sizeof got), 6);
	ck_assert_str_eq(got, "answer");
	ck_assert_int_eq(read(client, got, sizeof got), 0); /* an end, not a reset */
}
END_TEST

/* A client that ends when the server has. */
START_TEST(lingering_tells_the_client_to_end)
{
	char byte;
	pid_t pid;

	begin(socket_kinds[_i]);
	pid = fork();
	if (pid == 0) {
		close(stream.fd);
		_exit(read(client, &byte, 1) == 0 ? 0 : 1);
	}
	close(client);
	stream_linger(&stream, LONG_MS, 1000000);
	assert_reader_is_content(pid);
}
END_TEST

START_TEST(lingering_has_an_end)
{
	pid_t pid;

	begin(AF_UNIX);
	stream_linger(&stream, SOON_MS, 1000000);       /* a client that stays silent */
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		close(stream.fd);
		for (;;)
			(void)!write(client, large, 4096); /* and one that talks for ever */
	}
	close(client);
	stream_linger(&stream, LONG_MS, 100000);
	ck_assert_uint_ge(stream.received_bytes, 100000);
	ck_assert_uint_lt(stream.received_bytes, 200000);
	kill(pid, SIGKILL);
}
END_TEST

static bool
heart_beats(void)
{
	struct itimerval interval;

	ck_assert_int_eq(getitimer(ITIMER_REAL, &interval), 0);
	return timerisset(&interval.it_value);
}

START_TEST(heart_beats_on_demand)
{
	begin(AF_UNIX);
	heartbeat_rest();
	ck_assert(!heart_beats());
	heartbeat_need();
	ck_assert(heart_beats());
	heartbeat_need();
	ck_assert(heart_beats());
	heartbeat_rest();
	ck_assert(!heart_beats());
	heartbeat_need();
	ck_assert(heart_beats());
}
END_TEST

START_TEST(idle_wait_is_given_up)
{
	char got[16];
	size_t bytes;

	begin(socket_kinds[_i % 2]);
	signals_guard_connection(stream.fd);
	signals_guard_idle(true);
	when_blocked_in(SYS_recvfrom, _i / 2 == 0 ? SIGQUIT : SIGUSR2, NULL);
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_TIMEOUT);
	/* The next client's wait is a whole one again, when only shedding was asked for. */
	(void)signals_take(SIGNAL_DRAIN);
	(void)signals_take(SIGNAL_SHED);
	when_blocked_in(SYS_recvfrom, SIGALRM, "late");
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_uint_eq(bytes, 4);
}
END_TEST

static void
count_interrupt(void *context)
{
	++*(int *)context;
}

START_TEST(interrupted_wait_is_told)
{
	char got[16];
	size_t bytes;
	int count = 0;

	begin(socket_kinds[_i % 2]);
	stream.on_interrupt = count_interrupt;
	stream.interrupt_context = &count;
	when_blocked_in(blocking_call((enum reader)(_i / 2)), SIGALRM, "late");
	ck_assert_int_eq(read_by((enum reader)(_i / 2), got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_int_eq(count, 1);
}
END_TEST

/* A long send as well: what the beat is for must not wait for the end of a download. */
START_TEST(interrupted_send_is_told)
{
	enum sender sender = (enum sender)(_i / 2);
	static char got[65536];
	int count = 0;

	begin(socket_kinds[_i % 2]);
	stream.on_interrupt = count_interrupt;
	stream.interrupt_context = &count;
	if (fork() == 0) {
		close(stream.fd);
		process_interrupt(getppid(), sender == FROM_MEMORY ? SYS_sendto : SYS_sendfile,
		    SIGALRM);
		while (read(client, got, sizeof got) > 0)
			continue;
		_exit(0);
	}
	ck_assert_int_eq(send_by(sender, LONG_MS), IO_OK);
	ck_assert_int_gt(count, 0);
}
END_TEST

static void
add_reading_tests(Suite *suite)
{
	TCase *tcase = tcase_create("reading");

	tcase_add_loop_test(tcase, bytes_come_as_they_are_sent, 0, READER_COUNT);
	tcase_add_loop_test(tcase, silent_client_is_a_timeout, 0, 2 * READER_COUNT);
	tcase_add_loop_test(tcase, end_is_told_behind_the_last_bytes, 0, READER_COUNT);
	tcase_add_loop_test(tcase, broken_connection_is_an_error, 0, READER_COUNT);
	tcase_add_loop_test(tcase, beat_does_not_end_a_wait, 0, 2 * READER_COUNT);
	tcase_add_loop_test(tcase, beat_does_not_prolong_a_wait, 0, READER_COUNT);
	tcase_add_loop_test(tcase, stop_ends_a_wait, 0, 2 * READER_COUNT);
	tcase_add_loop_test(tcase, stop_before_a_wait_is_not_missed, 0, 2 * READER_COUNT);
	tcase_add_loop_test(tcase, idle_connection_is_given_up, 0, 2);
	tcase_add_loop_test(tcase, idle_wait_is_given_up, 0, 4);
	tcase_add_loop_test(tcase, interrupted_wait_is_told, 0, 2 * READER_COUNT);
	suite_add_tcase(suite, tcase);
}

static void
add_sending_tests(Suite *suite)
{
	TCase *tcase = tcase_create("sending");

	scratch_use(tcase);
	tcase_set_timeout(tcase, 20); /* the heart beats once a second */
	tcase_add_loop_test(tcase, all_is_written, 0, 2);
	tcase_add_loop_test(tcase, deaf_client_is_a_timeout, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, dripping_client_is_a_timeout, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, beat_bounds_a_large_file, 0, 2);
	tcase_add_loop_test(tcase, beats_do_not_hurt_a_send, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, interrupted_send_is_told, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, stop_ends_a_send, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, client_that_left_is_an_error, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, part_of_a_file_is_sent, 0, COUNT_OF(parts));
	tcase_add_test(tcase, truncated_file_is_told);
	tcase_add_test(tcase, file_may_be_truncated_under_a_send);
	tcase_add_loop_test(tcase, blocked_send_stalls_on_a_beat, 0, 2);
	tcase_add_loop_test(tcase, full_socket_stalls_at_once, 0, 2);
	tcase_add_loop_test(tcase, stalled_file_arrives_whole, 0, 2);
	tcase_add_loop_test(tcase, stalled_time_is_counted, 0, 2);
	tcase_add_loop_test(tcase, room_is_also_the_end, 0, 2);
	tcase_add_loop_test(tcase, stop_ends_a_wait_for_room, 0, 2);
	tcase_add_loop_test(tcase, lingering_lets_the_client_finish, 0, 4);
	tcase_add_loop_test(tcase, lingering_tells_the_client_to_end, 0, 2);
	tcase_add_test(tcase, lingering_has_an_end);
	tcase_add_test(tcase, heart_beats_on_demand);
	suite_add_tcase(suite, tcase);
}

int
main(void)
{
	Suite *suite = suite_create("stream");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	add_reading_tests(suite);
	add_sending_tests(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
