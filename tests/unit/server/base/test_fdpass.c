/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/fdpass.c: as many descriptors arrive as were sent, each of them once, and of too many
 * none is forgotten. */
#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/fdpass.h"
#include "tests/lib/process.h"

#define MANY 9                      /* more than there is room for */

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
	union fdpass_room room;
	size_t count;

	for (i = 0; i < _i; i++) {
		sent[i] = open("/dev/null", O_RDONLY);
		ck_assert_int_ge(sent[i], 0);
		ck_assert_int_eq(fcntl(sent[i], F_SETFL, i % 2 == 0 ? O_APPEND : 0), 0);
	}
	if (_i > 0)
		fdpass_attach(&message, &room, sent, (size_t)_i);
	ck_assert_int_eq(sendmsg(pair[0], &message, 0), 1);
	before = process_open_count();
	ck_assert_int_eq(receive(got, &count) & MSG_CTRUNC, 0);
	ck_assert_uint_eq(count, (size_t)_i);
	ck_assert_int_eq(process_open_count(), before + _i);
	for (i = 0; i < _i; i++) {  /* in their order: one file description each */
		ck_assert_int_eq((fcntl(got[i], F_GETFL) & O_APPEND) != 0, i % 2 == 0);
		close(got[i]);
		close(sent[i]);
	}
}
END_TEST

/* In headers of so many each, which an honest sender does not make. */
static const struct sent {
	size_t counts[2];
} odd_messages[] = { { { MANY, 0 } }, { { FDPASS_MAX + 1, 0 } }, { { 1, 1 } }, { { 2, 2 } },
	{ { 3, 2 } }, { { 1, MANY } } };

static void
send_oddly(const struct sent *sent)
{
	union {
		struct cmsghdr align;
		char bytes[2 * CMSG_SPACE(MANY * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	const int fds[MANY] = { 2, 2, 2, 2, 2, 2, 2, 2, 2 };
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
	int fds[FDPASS_MAX], before, flags;

	send_oddly(sent);
	before = process_open_count();
	flags = receive(fds, &count);
	ck_assert_int_eq((flags & MSG_CTRUNC) != 0, sent_count > FDPASS_MAX);
	ck_assert_uint_eq(count, sent_count > FDPASS_MAX ? FDPASS_MAX : sent_count);
	ck_assert_int_eq(process_open_count(), before + (int)count);
	while (count > 0)
		ck_assert_int_eq(close(fds[--count]), 0);
	ck_assert_int_eq(process_open_count(), before);
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
	tcase_add_loop_test(tcase, all_arrive, 0, FDPASS_MAX + 1);
	tcase_add_loop_test(tcase, none_is_forgotten, 0,
	    sizeof odd_messages / sizeof odd_messages[0]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
