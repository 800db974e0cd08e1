/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/conn/parcel.c: what was sent arrives whole, and whatever else another process writes is
 * told from it and leaves no descriptor open. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/process.h"
#include "workers/conn/parcel.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define IN_CAP 4096
#define SENT_FDS_MAX 8

static const struct parcel_fds only = { STDERR_FILENO, -1 };
static int pair[2];
static char in[IN_CAP];

static void
begin(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static void
end(void)
{
	close(pair[0]);
	close(pair[1]);
}

static void
close_both(struct parcel_fds fds)
{
	close(fds.conn);
	if (fds.file >= 0)
		close(fds.file);
}

static struct parcel
a_parcel(void)
{
	struct parcel parcel = { .socket_index = 7, .is_https = 1, .request_count = 41,
		.client_key = UINT64_C(0x123456789abcdef0), .head_deadline_mono_ms = 77000 };
	struct sockaddr_storage address = { .ss_family = AF_INET };

	((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(0x7f000001);
	((struct sockaddr_in *)&address)->sin_port = htons(4711);
	parcel_set_client(&parcel, &address);
	return parcel;
}

/* What of a sound message is changed, how much of it is sent, with how many descriptors. */
static const struct {
	size_t offset;              /* of a byte that is turned over; 999: none */
	int more_bytes;             /* than belong to it; negative: fewer */
	int fd_count;
	int result;
	uint8_t kind;
} messages[] = {
	{ 999, 0, 1, 1, PARCEL_REQUEST },
	/* In the middle of a file that comes along. */
	{ 999, 0, 2, 1, PARCEL_STALLED }, { 999, 0, 2, 1, PARCEL_REFUSED },
	{ 999, 0, 0, 0, PARCEL_STALLED }, { 999, 0, 1, 0, PARCEL_STALLED },
	{ 999, 0, 3, 0, PARCEL_STALLED }, { 999, 0, 8, 0, PARCEL_STALLED },
	{ 999, 0, 1, 0, PARCEL_REFUSED }, { 999, 1, 2, 0, PARCEL_STALLED },
	{ 999, 0, 1, 0, PARCEL_REFUSED + 1 }, { 999, 0, 2, 0, PARCEL_REFUSED + 1 },
	{ 999, 0, 2, 0, 255 },
	{ 999, 0, 0, 0, PARCEL_REQUEST }, { 999, 0, 2, 0, PARCEL_REQUEST },
	{ 999, 0, 4, 0, PARCEL_REQUEST }, { 999, 0, 5, 0, PARCEL_REQUEST },
	{ 999, 0, 8, 0, PARCEL_REQUEST }, { 999, 1, 1, 0, PARCEL_REQUEST },
	{ 999, -1, 1, 0, PARCEL_REQUEST }, { 999, -8, 1, 0, PARCEL_REQUEST },
	{ 999, -9, 1, 0, PARCEL_REQUEST }, { 999, -60, 1, 0, PARCEL_REQUEST },
	{ 999, IN_CAP, 1, 0, PARCEL_REQUEST }, { 999, IN_CAP, 8, 0, PARCEL_REQUEST },
	{ offsetof(struct parcel, magic), 0, 1, 0, PARCEL_REQUEST },
	{ offsetof(struct parcel, magic), 0, 3, 0, PARCEL_REQUEST },
	{ offsetof(struct parcel, in_bytes), 0, 1, 0, PARCEL_REQUEST },
	{ offsetof(struct parcel, in_bytes) + 3, 0, 1, 0, PARCEL_REQUEST },
	{ offsetof(struct parcel, family), 0, 1, 0, PARCEL_REQUEST },
	{ offsetof(struct parcel, is_https), 0, 1, 0, PARCEL_REQUEST },
	{ offsetof(struct parcel, awaits_hello), 0, 1, 0, PARCEL_REQUEST },
	/* The caller's to check. */
	{ offsetof(struct parcel, socket_index), 0, 1, 1, PARCEL_REQUEST },
};

static void
send_with(const void *data, size_t bytes, int fd_count)
{
	union {
		char bytes[CMSG_SPACE(SENT_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { (void *)(uintptr_t)data, bytes };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[SENT_FDS_MAX], i;
	struct cmsghdr *header;

	for (i = 0; i < SENT_FDS_MAX; i++)
		fds[i] = STDERR_FILENO;
	memset(&control, 0, sizeof control);
	if (fd_count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, (size_t)fd_count * sizeof(int));
	}
	ck_assert_int_eq(sendmsg(pair[0], &message, 0), (ssize_t)bytes);
}

START_TEST(test_goes_whole)
{
	static const size_t lengths[] = { 0, 1, 100, IN_CAP };
	struct parcel sent = a_parcel(), got;
	struct sockaddr_storage before, after;
	size_t bytes = lengths[_i];
	struct stat want, have;
	struct parcel_fds fds;
	char out[IN_CAP];
	int i;

	for (i = 0; i < IN_CAP; i++)
		out[i] = (char)(i * 7);
	memset(in, 0, sizeof in);
	parcel_get_client(&sent, &before);
	ck_assert_int_eq(parcel_send(pair[0], &sent, out, bytes, only), 0);
	ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT), 1);
	ck_assert_int_eq(memcmp(&sent, &got, sizeof sent), 0);
	ck_assert_uint_eq(got.in_bytes, bytes);
	ck_assert_int_eq(memcmp(in, out, bytes), 0);
	ck_assert(bytes == IN_CAP || in[bytes] == 0);
	ck_assert_int_eq(fstat(STDERR_FILENO, &want) | fstat(fds.conn, &have), 0);
	ck_assert(want.st_ino == have.st_ino && want.st_dev == have.st_dev);
	ck_assert_int_eq(fcntl(fds.conn, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fds.file, -1);
	parcel_get_client(&got, &after);
	ck_assert_int_eq(memcmp(&before, &after, sizeof(struct sockaddr_in6)), 0);
	close(fds.conn);
}
END_TEST

/* Which is which must not be mixed up: the client would get what it has sent. */
START_TEST(test_a_file_comes_along)
{
	struct parcel sent = a_parcel(), got;
	struct parcel_fds fds;
	struct stat want, have;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	sent.kind = PARCEL_STALLED;
	ck_assert_int_eq(parcel_send(pair[0], &sent, "abc", 3,
	    (struct parcel_fds){ pair[0], ends[0] }), 0);
	ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT), 1);
	ck_assert_uint_eq(got.kind, PARCEL_STALLED);
	ck_assert_int_eq(fstat(pair[0], &want) | fstat(fds.conn, &have), 0);
	ck_assert(want.st_ino == have.st_ino);
	ck_assert_int_eq(fstat(ends[0], &want) | fstat(fds.file, &have), 0);
	ck_assert(want.st_ino == have.st_ino);
	ck_assert_int_eq(fcntl(fds.file, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fds.conn);
	close(fds.file);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static const struct {
	int family;
	const char *address;
	uint32_t scope_id;
} clients[] = {
	{ AF_INET, "192.0.2.1", 0 }, { AF_INET, "255.255.255.255", 0 },
	{ AF_INET6, "2001:db8::1", 0 }, { AF_INET6, "fe80::1", 3 },
	{ AF_INET6, "::ffff:192.0.2.1", 0 },
};

START_TEST(test_clients)
{
	struct sockaddr_storage address, got;
	struct sockaddr_in *four = (void *)&address;
	struct sockaddr_in6 *six = (void *)&address;
	struct parcel parcel = { .magic = 0 };

	memset(&address, 0, sizeof address);
	memset(&got, 0, sizeof got);
	address.ss_family = (sa_family_t)clients[_i].family;
	if (clients[_i].family == AF_INET) {
		four->sin_port = htons(80);
		ck_assert_int_eq(inet_pton(AF_INET, clients[_i].address, &four->sin_addr), 1);
	} else {
		six->sin6_port = htons(80);
		six->sin6_scope_id = clients[_i].scope_id;
		ck_assert_int_eq(inet_pton(AF_INET6, clients[_i].address, &six->sin6_addr), 1);
	}
	parcel_set_client(&parcel, &address);
	parcel_get_client(&parcel, &got);
	ck_assert_int_eq(memcmp(&address, &got, sizeof *six), 0);
}
END_TEST

START_TEST(test_a_client_without_an_address)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	struct parcel parcel = a_parcel();

	parcel_set_client(&parcel, &address);
	parcel_get_client(&parcel, &address);
	ck_assert_int_eq(address.ss_family, AF_UNIX);
	ck_assert_uint_eq(parcel.port_be, 0);
	ck_assert_uint_eq(parcel.address[0], 0);
}
END_TEST

START_TEST(test_messages_of_a_liar)
{
	static char data[sizeof(struct parcel) + 2 * IN_CAP];
	struct parcel parcel = a_parcel(), got;
	struct parcel_fds fds;
	int before, result;
	ssize_t bytes;

	/* A sound one, as it stands on the wire. */
	parcel.kind = PARCEL_REQUEST;
	ck_assert_int_eq(parcel_send(pair[0], &parcel, "12345678", 8, only), 0);
	bytes = recv(pair[1], data, sizeof data, 0);
	ck_assert_int_eq(bytes, (ssize_t)sizeof parcel + 8);
	data[offsetof(struct parcel, kind)] = (char)messages[_i].kind;
	if (messages[_i].offset < 999)
		data[messages[_i].offset] = (char)~data[messages[_i].offset];
	before = process_open_count();
	send_with(data, (size_t)(bytes + messages[_i].more_bytes), messages[_i].fd_count);
	result = parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT);
	ck_assert_int_eq(result, messages[_i].result);
	ck_assert_int_eq(process_open_count(), before + (result == 1 ? messages[_i].fd_count : 0));
	if (result == 1)
		close_both(fds);
	/* The next one is none the worse. */
	ck_assert_int_eq(parcel_send(pair[0], &parcel, NULL, 0, only), 0);
	ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT), 1);
	close_both(fds);
}
END_TEST

/* The sender had room for more: what came is told from the rest. */
START_TEST(test_more_than_there_is_room_for)
{
	static const size_t lengths[] = { IN_CAP + 1, 3 * IN_CAP };
	struct parcel sent = a_parcel(), got;
	size_t bytes = lengths[_i];
	char out[3 * IN_CAP];
	struct parcel_fds fds;
	int i;

	for (i = 0; i < 3 * IN_CAP; i++)
		out[i] = (char)(i * 7);
	ck_assert_int_eq(parcel_send(pair[0], &sent, out, bytes, only), 0);
	ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT), 1);
	ck_assert_int_eq(memcmp(&sent, &got, sizeof sent), 0);
	ck_assert_uint_eq(got.in_bytes, bytes);
	ck_assert_int_eq(memcmp(in, out, IN_CAP), 0);
	close_both(fds);
}
END_TEST

/* Only a request can be refused by what has come of it. */
START_TEST(test_no_room_for_an_answer_on_its_way)
{
	const struct parcel_fds both = { STDERR_FILENO, STDERR_FILENO };
	struct parcel sent = a_parcel(), got;
	char out[IN_CAP + 1] = "";
	struct parcel_fds fds;
	int before = process_open_count();

	sent.kind = PARCEL_STALLED;
	ck_assert_int_eq(parcel_send(pair[0], &sent, out, sizeof out, both), 0);
	ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT), 0);
	ck_assert_int_eq(process_open_count(), before);
}
END_TEST

START_TEST(test_nothing_and_the_end)
{
	struct parcel_fds fds;
	struct parcel got;

	errno = 0;
	ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EAGAIN);
	close(pair[0]);
	ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, 0), -1);
	ck_assert_int_eq(errno, EPIPE);
	pair[0] = -1;
}
END_TEST

START_TEST(test_a_full_queue_takes_no_part)
{
	struct parcel parcel = a_parcel(), got;
	struct parcel_fds fds;
	char out[1000] = "";
	int count = 0;

	while (parcel_send(pair[0], &parcel, out, sizeof out, only) == 0)
		count++;
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_gt(count, 1);
	for (; count > 0; count--) {
		ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT), 1);
		ck_assert_uint_eq(got.in_bytes, sizeof out);
		close_both(fds);
	}
	ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT), -1);
}
END_TEST

START_TEST(test_outlives_who_sent_it)
{
	struct parcel parcel = a_parcel(), got;
	int other = dup(pair[0]), ends[2];
	struct parcel_fds fds;
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	fds = (struct parcel_fds){ ends[1], -1 };
	ck_assert_int_eq(parcel_send(other, &parcel, NULL, 0, fds), 0);
	close(ends[1]);
	close(other);
	ck_assert_int_eq(parcel_receive(pair[1], &got, in, IN_CAP, &fds, MSG_DONTWAIT), 1);
	ck_assert_int_eq(write(fds.conn, "x", 1), 1);
	close_both(fds);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("parcel");
	TCase *tcase = tcase_create("parcel");
	SRunner *runner;
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, test_goes_whole, 0, 4);
	tcase_add_test(tcase, test_a_file_comes_along);
	tcase_add_loop_test(tcase, test_clients, 0, COUNT_OF(clients));
	tcase_add_test(tcase, test_a_client_without_an_address);
	tcase_add_loop_test(tcase, test_messages_of_a_liar, 0, COUNT_OF(messages));
	tcase_add_loop_test(tcase, test_more_than_there_is_room_for, 0, 2);
	tcase_add_test(tcase, test_no_room_for_an_answer_on_its_way);
	tcase_add_test(tcase, test_nothing_and_the_end);
	tcase_add_test(tcase, test_a_full_queue_takes_no_part);
	tcase_add_test(tcase, test_outlives_who_sent_it);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
