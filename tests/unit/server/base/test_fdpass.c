/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/fdpass.c: as many descriptors arrive as were sent, each of them once, however they
 * were sent; none is forgotten; to close one does not wait. */
#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/fdpass.h"
#include "tests/lib/lingering.h"
#include "tests/lib/process.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define PART 9

static const int counts[] = { 0, 1, 2, 3, 4, 5, 31, FDPASS_MAX - 1, FDPASS_MAX };

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

static int pair[2];
static char byte;
static struct iovec iov = { &byte, 1 };

static void
begin(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
}

static void
end(void)
{
	close(pair[0]);
	close(pair[1]);
}

/* Returns the message's flags. */
static int
receive(int fds[FDPASS_MAX], size_t *count_out)
{
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fdpass_room room;

	fdpass_expect(&message, &room);
	ck_assert_int_eq(recvmsg(pair[1], &message, MSG_DONTWAIT), 1);
	*count_out = fdpass_take(&message, fds);
	return message.msg_flags;
}

START_TEST(all_arrive)
{
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	int sent[FDPASS_MAX], got[FDPASS_MAX], before, i;
	const int sent_count = counts[_i];
	union fdpass_room room;
	size_t count;

	for (i = 0; i < sent_count; i++) {
		sent[i] = open("/dev/null", O_RDONLY);
		ck_assert_int_ge(sent[i], 0);
		ck_assert_int_eq(fcntl(sent[i], F_SETFL, i % 2 == 0 ? O_APPEND : 0), 0);
	}
	if (sent_count > 0)
		fdpass_attach(&message, &room, sent, (size_t)sent_count);
	ck_assert_int_eq(sendmsg(pair[0], &message, 0), 1);
	before = process_open_count();
	ck_assert_int_eq(receive(got, &count) & MSG_CTRUNC, 0);
	ck_assert_uint_eq(count, (size_t)sent_count);
	ck_assert_int_eq(process_open_count(), before + sent_count);
	for (i = 0; i < sent_count; i++) {  /* in their order: one file description each */
		ck_assert_int_eq((fcntl(got[i], F_GETFL) & O_APPEND) != 0, i % 2 == 0);
		close(got[i]);
		close(sent[i]);
	}
}
END_TEST

/* In headers of so many each, which an honest sender does not make; the receiver may have so many
 * more open than it has. */
static const struct sent {
	size_t counts[2];
	unsigned room_count;
} odd_messages[] = { { { PART, 0 }, 100 }, { { 1, 1 }, 100 }, { { 2, 2 }, 100 },
	{ { 3, PART }, 100 }, { { 1, 1 }, 1 }, { { PART, 0 }, 4 }, { { 2, 3 }, 2 }, { { 2, 3 }, 3 },
	{ { 1, 0 }, 0 } };

static void
send_oddly(const struct sent *sent)
{
	union {
		struct cmsghdr align;
		char bytes[2 * CMSG_SPACE(PART * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	const int fds[PART] = { 2, 2, 2, 2, 2, 2, 2, 2, 2 };
	size_t used = 0, i;

	for (i = 0; i < 2 && sent->counts[i] > 0; i++) {
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sent->counts[i] * sizeof fds[0]);
		memcpy(CMSG_DATA(header), fds, sent->counts[i] * sizeof fds[0]);
		used += CMSG_SPACE(sent->counts[i] * sizeof fds[0]);
		header = (void *)(control.bytes + used);
	}
	message.msg_controllen = used;
	ck_assert_int_eq(sendmsg(pair[0], &message, 0), 1);
}

START_TEST(none_is_forgotten)
{
	const struct sent *sent = &odd_messages[_i];
	size_t sent_count = sent->counts[0] + sent->counts[1], count;
	size_t fitting_count = sent_count < sent->room_count ? sent_count : sent->room_count;
	int fds[FDPASS_MAX], before = process_open_count(), flags, next = dup(2);
	struct rlimit limit;

	close(next);                /* all below are taken */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	send_oddly(sent);
	limit.rlim_cur = (rlim_t)next + sent->room_count;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	flags = receive(fds, &count);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq((flags & MSG_CTRUNC) != 0, sent_count > fitting_count);
	ck_assert_uint_eq(count, fitting_count);
	ck_assert_int_eq(process_open_count(), before + (int)count);
	fdpass_discard(fds, count);
	ck_assert_int_eq(process_open_count(), before);
}
END_TEST

/* Waits for an hour otherwise. */
START_TEST(nor_one_that_nobody_has_sent)
{
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	int got[FDPASS_MAX], before = process_open_count();
	const int on = 1, sent = STDERR_FILENO;
	union fdpass_room room;
	size_t count;

	if (setsockopt(pair[1], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof on) < 0)
		return;             /* a system that cannot */
	fdpass_attach(&message, &room, &sent, 1);
	ck_assert_int_eq(sendmsg(pair[0], &message, 0), 1);
	(void)receive(got, &count);
	ck_assert_uint_eq(count, 1);
	close(got[0]);
	ck_assert_int_eq(process_open_count(), before);
}
END_TEST

START_TEST(closing_does_not_wait)
{
	int clients[2], fds[2] = { lingering_open(&clients[0]), lingering_open(&clients[1]) };

	fdpass_close(fds[0]);
	fdpass_discard(&fds[1], 1);
	ck_assert_int_lt(fcntl(fds[0], F_GETFD), 0);
	ck_assert_int_lt(fcntl(fds[1], F_GETFD), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fdpass");
	TCase *tcase = tcase_create("fdpass");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, all_arrive, 0, COUNT_OF(counts));
	tcase_add_loop_test(tcase, none_is_forgotten, 0, COUNT_OF(odd_messages));
	tcase_add_test(tcase, nor_one_that_nobody_has_sent);
	tcase_add_test(tcase, closing_does_not_wait);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
