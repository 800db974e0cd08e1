/* SPDX-License-Identifier: BSD-2-Clause */
/* server/signer/signer.c, harden.c: a real signer and real workers, each a process. What one worker
 * does must not take the signer from another; what no handshake asks for gets no signature. */
#include <check.h>
#include <stdlib.h>

#ifdef HAVE_OPENSSL
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "config/config.h"
#include "server/base/fdpass.h"
#include "server/base/log.h"
#include "server/base/scoreboard.h"
#include "server/signer/signer.h"
#include "tests/lib/lingering.h"
#include "tests/lib/process.h"
#include "tests/unit/server/signer/keys.h"

enum { RSA_KEY, P256_KEY, ED_KEY, KEY_COUNT };
static EVP_PKEY *made[KEY_COUNT];
static struct inherit_key keys[KEY_COUNT];
static struct config_certificate certificates[KEY_COUNT];
static struct config config;
static char name[] = "name";
static struct scoreboard *board;
static struct inheritance own;
static int sign_fd, log_fd;         /* a worker's end; what the signer logs */
static pid_t signer_pid;

static void
make_keys(void)
{
	static const char *const types[KEY_COUNT] = { "RSA", "P-256", "ED25519" };
	int i;

	for (i = 0; i < KEY_COUNT; i++) {
		made[i] = keys_make(types[i]);
		keys[i] = keys_pair(keys_write(made[i], NULL), made[i]);
		certificates[i] = (struct config_certificate){ name, name, name, 1 };
	}
	config.certificates = certificates;
	config.certificate_count = KEY_COUNT;
	config.pool.max_worker_count = 4;
	config.limits.drain_timeout_ms = 100;
}

/* It has said that it is ready, in the way that the master sees. */
static void
start_signer(void)
{
	struct pollfd woken = { own.wake_fd, POLLIN, 0 };
	uint64_t wakes;

	own.slot_index = scoreboard_claim(board, 1, 0);
	signer_pid = fork();
	ck_assert_int_ge(signer_pid, 0);
	if (signer_pid == 0) {
		log_set_sink(own.error_log);
		log_set_level(LOG_LEVEL_INFO);
		if (inherit_close_others(&own) == 0)
			signer_main(&own);
		_exit(99);
	}
	ck_assert_int_eq(poll(&woken, 1, 30000), 1);
	ck_assert_int_eq(read(own.wake_fd, &wakes, sizeof wakes), sizeof wakes);
	ck_assert_int_eq(slot_get_phase(scoreboard_slot(board, own.slot_index)), SLOT_HOLDING);
}

static void
open_all(void)
{
	int pair[2], logs[2];

	board = scoreboard_new();
	ck_assert_ptr_nonnull(board);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(pipe(logs), 0);
	sign_fd = pair[0];
	log_fd = logs[0];
	own = (struct inheritance){ .role = INHERIT_SIGNER, .config = &config,
		.scoreboard = board, .master_pid = getpid(), .sign_fd = pair[1],
		.keys = keys, .key_count = KEY_COUNT, .listen_fd = -1, .park_fd = -1,
		.parked_fd = -1, .handover_fd = -1, .log_wake_fd = -1, .log_request_fd = -1,
		.log_answer_fd = -1, .null_fd = -1, .wake_fd = eventfd(0, EFD_CLOEXEC),
		.error_log = { LOG_SINK_FD, logs[1] }, .access_log = { LOG_SINK_NONE, -1 } };
	start_signer();
}

/* Told to go, or killed before: the wait status. */
static int
end_signer(int number)
{
	int status;

	kill(signer_pid, number);
	ck_assert_int_eq(waitpid(signer_pid, &status, 0), signer_pid);
	signer_pid = 0;
	return status;
}

static void
close_all(void)
{
	if (signer_pid > 0)
		ck_assert_int_eq(end_signer(SIGTERM), 0);
	scoreboard_free(&board);
	close(sign_fd);
	close(own.sign_fd);
	close(own.wake_fd);
	close(own.error_log.fd);
	close(log_fd);
}

static void
send_hello(size_t bytes, const int *fds, size_t fd_count)
{
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct sign_hello hello;
	struct iovec iov = { &hello, bytes };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *header;

	(void)sign_hello_seal(&hello);
	memset(&control, 0, sizeof control);
	if (fd_count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
	}
	ck_assert_int_eq(sendmsg(sign_fd, &message, MSG_NOSIGNAL), (ssize_t)bytes);
}

static int
open_pair(void)
{
	const struct timeval limit = { 30, 0 };
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	send_hello(sizeof(struct sign_hello), &pair[1], 1);
	close(pair[1]);
	return pair[0];
}

/* Asks and takes the answer: its signature's bytes, 0: refused, -1: the pair was closed. */
static long
ask(int fd, const struct sign_request *request, size_t bytes, struct sign_answer *answer)
{
	ssize_t n;

	if (send(fd, request, bytes, MSG_NOSIGNAL) < 0)
		return -1;
	n = recv(fd, answer, sizeof *answer, 0);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return -1;
	ck_assert(sign_answer_is_sound(answer, (size_t)n));
	ck_assert_uint_eq(answer->serial, request->serial);
	return (long)answer->signature_bytes;
}

static void
must_sign(int fd, uint32_t key_index, uint16_t scheme, bool is_tls13, const char *digest,
    bool is_pss)
{
	static struct sign_request request;
	static struct sign_answer answer;
	long bytes;

	keys_ask(&request, key_index, scheme, is_tls13);
	bytes = ask(fd, &request, sign_request_seal(&request), &answer);
	ck_assert_int_gt(bytes, 0);
	ck_assert(keys_verify(made[key_index], digest, is_pss, &request, answer.signature,
	    (size_t)bytes));
}

static void
must_sign_all(int fd)
{
	must_sign(fd, RSA_KEY, 0x0401, false, "SHA256", false);
	must_sign(fd, RSA_KEY, 0x0804, true, "SHA256", true);
	must_sign(fd, P256_KEY, 0x0403, true, "SHA256", false);
	must_sign(fd, P256_KEY, 0x0403, false, "SHA256", false);
	must_sign(fd, ED_KEY, 0x0807, true, NULL, false);
}

/* A worker is another process than the signer's parent. */
static pid_t
start_worker(void (*function)(void))
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		function();
		_exit(0);
	}
	return pid;
}

static void
end_worker(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
sign_often(void)
{
	int fd = open_pair(), i;

	for (i = 0; i < 20; i++)
		must_sign_all(fd);
}

START_TEST(two_workers)
{
	pid_t first = start_worker(sign_often), second = start_worker(sign_often);

	end_worker(first);
	end_worker(second);
}
END_TEST

static void
ask_wrongly(void)
{
	static struct sign_request request;
	static struct sign_answer answer;
	int fd = open_pair();
	size_t bytes;

	keys_ask(&request, RSA_KEY, 0x0403, true); /* not RSA's */
	ck_assert_int_eq(ask(fd, &request, sign_request_seal(&request), &answer), 0);
	keys_ask(&request, KEY_COUNT, 0x0804, true);
	ck_assert_int_eq(ask(fd, &request, sign_request_seal(&request), &answer), 0);
	keys_ask(&request, RSA_KEY, 0x0804, true);
	request.content[0] = 'x';
	ck_assert_int_eq(ask(fd, &request, sign_request_seal(&request), &answer), 0);
	must_sign_all(fd);          /* such a worker is still served */
	keys_ask(&request, RSA_KEY, 0x0804, true);
	bytes = sign_request_seal(&request);
	ck_assert_int_eq(ask(fd, &request, bytes - 1, &answer), -1); /* but not one that babbles */
	fd = open_pair();
	ck_assert_int_eq(ask(fd, &request, bytes + 1, &answer), -1);
	fd = open_pair();
	ck_assert_int_eq(ask(fd, &request, 0, &answer), -1);
	fd = open_pair();
	request.magic++;
	ck_assert_int_eq(ask(fd, &request, bytes, &answer), -1);
	fd = open_pair();
	must_sign_all(fd);
}

static void
read_log(char *text, size_t cap)
{
	ssize_t n = read(log_fd, text, cap - 1);

	text[n > 0 ? n : 0] = '\0';
}

START_TEST(wrong_requests)
{
	char text[4096];

	end_worker(start_worker(ask_wrongly));
	ck_assert_int_eq(end_signer(SIGQUIT), 0);
	read_log(text, sizeof text);
	ck_assert_msg(strstr(text, "signer: 10 signatures, 6 refused") != NULL, "%s", text);
	ck_assert_msg(strstr(text, "warn") != NULL, "%s", text);
}
END_TEST

/* Asks and never takes an answer, until it is not heard any more; again and again. */
static void
flood(void)
{
	static struct sign_request request;
	size_t bytes;
	int i;

	keys_ask(&request, RSA_KEY, 0x0804, true);
	bytes = sign_request_seal(&request);
	for (i = 0; i < 3; i++) {
		int fd = open_pair();

		while (send(fd, &request, bytes, MSG_NOSIGNAL) > 0)
			;
		ck_assert(errno == EPIPE || errno == ECONNRESET);
		close(fd);
	}
}

START_TEST(flood_of_one)
{
	pid_t flooder = start_worker(flood), other = start_worker(sign_often);

	end_worker(other);
	end_worker(flooder);
	end_worker(start_worker(sign_often));
}
END_TEST

/* Hellos with what a signer has no use for: all of it is closed, and the next one is heard. */
static void
greet_wrongly(void)
{
	int stream[2], file_fd = open("/dev/null", O_RDWR), many[6], fd, i;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
	for (i = 0; i < 6; i++)
		many[i] = stream[0];
	send_hello(sizeof(struct sign_hello), NULL, 0);
	send_hello(0, NULL, 0);
	send_hello(0, &stream[0], 1);
	send_hello(sizeof(struct sign_hello) - 1, &stream[0], 1);
	send_hello(sizeof(struct sign_hello), &stream[0], 1);
	send_hello(sizeof(struct sign_hello), &file_fd, 1);
	send_hello(sizeof(struct sign_hello), &sign_fd, 1); /* the master's pair */
	send_hello(sizeof(struct sign_hello), many, 2);
	send_hello(sizeof(struct sign_hello), many, 6);
	fd = open_pair();
	must_sign_all(fd);
	close(stream[0]);
	/* All copies are closed: this end is the last one. */
	ck_assert_int_eq(read(stream[1], &fd, 1), 0);
}

START_TEST(wrong_hellos)
{
	end_worker(start_worker(greet_wrongly));
}
END_TEST

static void
send_with(int fd, const void *data, size_t bytes, int passed_fd)
{
	struct iovec iov = { (void *)(uintptr_t)data, bytes };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fdpass_room room;

	fdpass_attach(&message, &room, &passed_fd, 1);
	ck_assert_int_eq(sendmsg(fd, &message, MSG_NOSIGNAL), (ssize_t)bytes);
	close(passed_fd);
}

/* Whose close(2) waits for an hour if the signer is the last to have it: instead of a pair, with a
 * request, and behind what ends the pair, be it an empty message. */
static void
send_what_lingers(void)
{
	static struct sign_request request;
	int clients[26], fd = open_pair(), late, i;
	size_t bytes;
	char byte;

	must_sign_all(fd);
	for (i = 0; i < 20; i++)
		send_with(sign_fd, "what", 4, lingering_open(&clients[i]));
	keys_ask(&request, RSA_KEY, 0x0804, true);
	bytes = sign_request_seal(&request);
	send_with(fd, &request, bytes, lingering_open(&clients[20]));
	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
	late = open_pair();
	must_sign_all(late);
	kill(signer_pid, SIGSTOP);
	send_with(late, &request, bytes - 1, lingering_open(&clients[21]));
	ck_assert_int_eq(send(late, "", 0, MSG_NOSIGNAL), 0);
	for (i = 22; i < 26; i++)
		send_with(late, "", (size_t)(i & 1), lingering_open(&clients[i]));
	kill(signer_pid, SIGCONT);
	ck_assert_int_eq(recv(late, &byte, 1, 0), 0);
	must_sign_all(open_pair());
}

START_TEST(what_lingers_is_closed)
{
	end_worker(start_worker(send_what_lingers));
	end_worker(start_worker(sign_often));
}
END_TEST

static void
open_many(void)
{
	int first = open_pair(), fd = -1, i;
	char byte;

	must_sign_all(first);
	for (i = 0; i < 20; i++)
		fd = open_pair();   /* more than there are workers */
	must_sign_all(fd);
	ck_assert_int_eq(recv(first, &byte, 1, 0), 0); /* the newer has taken its place */
}

START_TEST(one_pair_for_a_worker)
{
	end_worker(start_worker(open_many));
}
END_TEST

static void
see_signer_replaced(void)
{
	int fd = open_pair(), next;
	char byte;

	must_sign_all(fd);
	kill(signer_pid, SIGKILL);
	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
	next = open_pair();         /* while there is none */
	must_sign_all(next);
}

START_TEST(signer_is_replaced)
{
	pid_t worker = start_worker(see_signer_replaced);
	int status;

	ck_assert_int_eq(waitpid(signer_pid, &status, 0), signer_pid);
	ck_assert(WIFSIGNALED(status));
	start_signer();
	end_worker(worker);
}
END_TEST

/* What all workers share is shut down by one: no more of them are met, those that are known are
 * served, and the signer does not spin. */
static const int ways[] = { SHUT_WR, SHUT_RDWR };
static int way;

static void
shut_down(void)
{
	int fd = open_pair();

	must_sign_all(fd);
	ck_assert_int_eq(shutdown(sign_fd, way), 0);
	must_sign_all(fd);
	process_wait_blocked_in(signer_pid, SYS_epoll_pwait);
	must_sign_all(fd);
}

START_TEST(shut_down_by_a_worker)
{
	char text[4096];

	way = ways[_i];
	end_worker(start_worker(shut_down));
	ck_assert_int_eq(end_signer(SIGQUIT), 0);
	read_log(text, sizeof text);
	ck_assert_msg(strstr(text, "the socket was shut down") != NULL, "%s", text);
}
END_TEST

START_TEST(hardened)
{
	char text[8192];
	const char *found;

	process_read(signer_pid, "limits", text, sizeof text);
	found = strstr(text, "Max core file size");
	ck_assert_ptr_nonnull(found);
	ck_assert_int_eq(strtol(found + strlen("Max core file size"), NULL, 10), 0);
	process_read(signer_pid, "status", text, sizeof text);
#if defined(HAVE_SECCOMP) && !defined(__SANITIZE_ADDRESS__)
	ck_assert_ptr_nonnull(strstr(text, "Seccomp:\t2"));
#endif
	end_worker(start_worker(sign_often)); /* the filter lets through what it needs */
}
END_TEST

static void
wait_for_death_of_master(void)
{
	int fd = open_pair();

	must_sign_all(fd);
	kill(signer_pid, SIGQUIT);
	must_sign_all(fd);
}

/* As when the master has died: the one that is told to go has another parent. */
START_TEST(outlives_pairs_of_a_dead_master)
{
	int status;

	ck_assert_int_eq(end_signer(SIGTERM), 0);
	own.master_pid = getppid();
	config.limits.drain_timeout_ms = 600000;
	start_signer();
	end_worker(start_worker(wait_for_death_of_master));
	ck_assert_int_eq(waitpid(signer_pid, &status, 0), signer_pid);
	ck_assert_int_eq(status, 0);
	signer_pid = 0;
}
END_TEST
#endif

int
main(void)
{
	Suite *suite = suite_create("signer");
	TCase *tcase = tcase_create("signer");
	SRunner *runner = srunner_create(suite);
	int failed_count;

#ifdef HAVE_OPENSSL
	tcase_add_unchecked_fixture(tcase, make_keys, NULL);
	tcase_add_checked_fixture(tcase, open_all, close_all);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, two_workers);
	tcase_add_test(tcase, wrong_requests);
	tcase_add_test(tcase, flood_of_one);
	tcase_add_test(tcase, wrong_hellos);
	tcase_add_test(tcase, what_lingers_is_closed);
	tcase_add_test(tcase, one_pair_for_a_worker);
	tcase_add_test(tcase, signer_is_replaced);
	tcase_add_loop_test(tcase, shut_down_by_a_worker, 0, 2);
	tcase_add_test(tcase, hardened);
	tcase_add_test(tcase, outlives_pairs_of_a_dead_master);
#endif
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
