/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/conn/send_h1.c: the bytes on the wire are one head and one body, framed in one way that
 * the client knows, and what could not be sent whole is never called whole. The sockets keep
 * each send apart, so that their number can be seen. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/signals.h"
#include "tests/lib/scratch.h"
#include "workers/conn/send_h1.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define CONTENT_BYTES 200000

static char content[CONTENT_BYTES];
static struct config config;
static struct inheritance own;
static struct conn conn;
static struct answer answer;
static struct send_options options;
static uint64_t body_sent;
static pid_t reader;

/* What the client gets, in a file, and how long each packet was, in another. */
static void __attribute__((noreturn))
read_all(int fd)
{
	static char packet[1 << 18];
	FILE *got = fopen("got", "w"), *sizes = fopen("sizes", "w");
	ssize_t n;

	while ((n = recv(fd, packet, sizeof packet, 0)) > 0) {
		fwrite(packet, 1, (size_t)n, got);
		fprintf(sizes, "%zd\n", n);
	}
	fclose(got);
	fclose(sizes);
	_exit(0);
}

static void
begin(void)
{
	static const struct log_sink none = { LOG_SINK_NONE, -1 };
	static char out[CONN_OUT_BYTES];
	int pair[2];

	log_set_sink(none);
	for (int i = 0; i < CONTENT_BYTES; i++)
		content[i] = (char)('a' + i % 26);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	reader = fork();
	ck_assert_int_ge(reader, 0);
	if (reader == 0) {
		close(pair[0]);
		read_all(pair[1]);
	}
	close(pair[1]);
	config.limits.send_timeout_ms = 30000;
	own.is_tcp = true;              /* for the pace: none of these tests has one */
	conn.own = &own;
	conn.config = &config;
	conn.out = out;
	conn.request.version_minor = 1;
	stream_init(&conn.stream, pair[0]);
	pace_init(&conn.pace, true, 30000);
	options.keeps_alive = true;
	options.now_wall_s = 1000000000;
	answer_init(&answer);
	answer.status = 200;
	answer_field(&answer, SLICE_LITERAL("X"), SLICE_LITERAL("y"));
}

static enum io_result
send_it(void)
{
	return send_h1(&conn, &answer, &options, &body_sent);
}

static char *
whole_file(const char *name, size_t *bytes_out)
{
	static char text[2][4 * CONTENT_BYTES];
	static int turn;
	FILE *file = fopen(name, "r");

	turn = !turn;
	ck_assert_ptr_nonnull(file);
	*bytes_out = fread(text[turn], 1, sizeof text[turn] - 1, file);
	text[turn][*bytes_out] = '\0';
	fclose(file);
	return text[turn];
}

static char *head, *body;
static size_t body_bytes, packet_count, first_packet_bytes;

/* Ends the connection and takes apart what the client has got. */
static void
receive(void)
{
	char *all, *mark, *sizes;
	size_t bytes;

	answer_fini(&answer);
	close(conn.stream.fd);
	ck_assert_int_eq(waitpid(reader, NULL, 0), reader);
	sizes = whole_file("sizes", &bytes);
	first_packet_bytes = (size_t)atol(sizes);
	for (packet_count = 0; *sizes != '\0'; sizes++)
		packet_count += *sizes == '\n';
	all = whole_file("got", &bytes);
	mark = memmem(all, bytes, "\r\n\r\n", 4);
	ck_assert_msg(mark != NULL, "no head: %.300s", all);
	mark[2] = '\0';
	head = all;
	body = mark + 4;
	body_bytes = bytes - (size_t)(body - all);
}

static bool
head_has(const char *line)
{
	char wanted[128];

	snprintf(wanted, sizeof wanted, "\r\n%s\r\n", line);
	return strstr(head, wanted) != NULL;
}

/* Takes the chunks apart where they are; the last one has to be there, and nothing behind it. */
static void
join_chunks(void)
{
	char *from = body, *to = body, *end = body + body_bytes, *mark;

	for (;;) {
		size_t bytes = strtoul(from, &mark, 16);

		ck_assert_msg(mark > from && (*from != '0' || bytes == 0), "a bad size");
		ck_assert_int_eq(memcmp(mark, "\r\n", 2), 0);
		from = mark + 2;
		ck_assert_uint_le(bytes, (size_t)(end - from));
		memmove(to, from, bytes);
		to += bytes;
		from += bytes;
		ck_assert_int_eq(memcmp(from, "\r\n", 2), 0);
		from += 2;
		if (bytes == 0)
			break;
	}
	ck_assert_ptr_eq(from, end);
	body_bytes = (size_t)(to - body);
}

static struct {
	size_t left;
	size_t piece_bytes;         /* at most, in one call */
	size_t fails_at;            /* so many bytes left */
	int read_count, close_count;
} source = { .fails_at = SIZE_MAX };

static long
read_source(void *context, char *out, size_t cap)
{
	size_t bytes = source.left < cap ? source.left : cap;

	ck_assert_ptr_eq(context, &source);
	ck_assert_uint_ge(cap, 4096);
	source.read_count++;
	if (source.left <= source.fails_at && source.fails_at != SIZE_MAX)
		return -1;
	if (bytes > source.piece_bytes)
		bytes = source.piece_bytes;
	memcpy(out, content + CONTENT_BYTES - source.left, bytes);
	source.left -= bytes;
	return (long)bytes;
}

static void
close_source(void *context)
{
	ck_assert_ptr_eq(context, &source);
	source.close_count++;
}

static void
answer_with_source(size_t bytes, size_t piece_bytes)
{
	source.left = bytes;
	source.piece_bytes = piece_bytes;
	answer.source = (struct answer_source){ read_source, close_source, &source };
}

static void
assert_body(size_t bytes)
{
	ck_assert_uint_eq(body_bytes, bytes);
	ck_assert_int_eq(memcmp(body, content + CONTENT_BYTES - bytes, bytes), 0);
	ck_assert_uint_eq(body_sent, bytes);
}

static const size_t sizes[] = { 0, 1, 15, 16, 4095, 4096, 28000, 32000, 33000, 65536, 200000 };
static const size_t pieces[] = { 1000, 7000, SIZE_MAX };

START_TEST(source_goes_in_chunks)
{
	size_t bytes = sizes[_i % COUNT_OF(sizes)];

	answer_with_source(bytes, pieces[_i / COUNT_OF(sizes)]);
	ck_assert(!send_h1_ends_connection(&conn, &answer));
	ck_assert_int_eq(send_it(), IO_OK);
	receive();
	ck_assert(head_has("Transfer-Encoding: chunked"));
	ck_assert(strstr(head, "Content-Length") == NULL);
	ck_assert(strstr(head, "Connection") == NULL);
	join_chunks();
	assert_body(bytes);
	ck_assert_int_eq(source.close_count, 1);
}
END_TEST

/* Breaks when the head or the end has a send of its own, or chunks are smaller than they could
 * be. */
START_TEST(chunks_are_as_large_as_can_be)
{
	size_t bytes = sizes[_i % COUNT_OF(sizes)];

	answer_with_source(bytes, pieces[_i / COUNT_OF(sizes)]);
	ck_assert_int_eq(send_it(), IO_OK);
	receive();
	/* A source is not asked when there is no room for the least it may count on. */
	ck_assert_uint_le(packet_count, bytes / (CONN_OUT_BYTES - 4096 - 200) + 1);
	ck_assert_uint_gt(first_packet_bytes, strlen(head) + 2);
}
END_TEST

START_TEST(old_clients_get_no_chunks)
{
	size_t bytes = sizes[_i];

	conn.request.version_minor = 0;
	options.names_keep_alive = true;
	answer_with_source(bytes, 5000);
	ck_assert(send_h1_ends_connection(&conn, &answer));
	ck_assert_int_eq(send_it(), IO_OK);
	receive();
	ck_assert(strstr(head, "Transfer-Encoding") == NULL);
	ck_assert(strstr(head, "Content-Length") == NULL);
	ck_assert(head_has("Connection: close"));
	assert_body(bytes);
}
END_TEST

START_TEST(head_of_a_source_has_its_fields)
{
	options.is_head = true;
	conn.request.version_minor = (unsigned)_i;
	answer_with_source(1000, 1000);
	ck_assert_int_eq(send_it(), IO_OK);
	receive();
	ck_assert(head_has("Transfer-Encoding: chunked") == (_i == 1));
	ck_assert(head_has("Connection: close") == (_i == 0));
	ck_assert(strstr(head, "Content-Length") == NULL);
	ck_assert_uint_eq(body_bytes, 0);
	ck_assert_uint_eq(body_sent, 0);
	ck_assert_int_eq(source.read_count, 0);
	ck_assert_int_eq(source.close_count, 1);
}
END_TEST

START_TEST(source_that_fails_at_once_says_nothing)
{
	answer_with_source(CONTENT_BYTES, 5000);
	source.fails_at = CONTENT_BYTES - 5000 * (size_t)_i; /* with some of it read */
	ck_assert_int_eq(send_it(), IO_FILE_SHORT);
	ck_assert_uint_eq(conn.stream.sent_bytes, 0);
	ck_assert_uint_eq(body_sent, 0);
	/* The caller says 500. */
	answer_restart(&answer);
	ck_assert_int_eq(source.close_count, 1);
	answer.status = 500;
	ck_assert_int_eq(send_it(), IO_OK);
	receive();
	ck_assert_int_eq(strncmp(head, "HTTP/1.1 500 ", 13), 0);
}
END_TEST

/* Breaks when a client can take the part for the whole. */
START_TEST(source_that_fails_later_has_no_last_chunk)
{
	answer_with_source(CONTENT_BYTES, 5000);
	source.fails_at = CONTENT_BYTES / 2;
	ck_assert_int_eq(send_it(), IO_FILE_SHORT);
	receive();
	ck_assert(head_has("Transfer-Encoding: chunked"));
	ck_assert_uint_gt(body_sent, 0);
	ck_assert_uint_le(body_sent, CONTENT_BYTES / 2);
	ck_assert_ptr_null(memmem(body, body_bytes, "\r\n0\r\n", 5));
}
END_TEST

START_TEST(stop_ends_it_between_chunks)
{
	answer_with_source(CONTENT_BYTES, 5000);
	signals_install_worker();
	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert_int_eq(send_it(), IO_STOPPED);
	ck_assert_int_eq(source.read_count, 0);
}
END_TEST

START_TEST(length_is_told_but_for_the_head_of_another)
{
	static const char *const lines[] = { "Content-Length: 5", NULL, "Content-Length: 5" };

	options.is_head = _i > 0;
	answer.hides_length = _i < 2;
	answer_memory(&answer, SLICE_LITERAL("hello"));
	ck_assert_int_eq(send_it(), IO_OK);
	receive();
	ck_assert(lines[_i] != NULL ? head_has(lines[_i]) :
	    strstr(head, "Content-Length") == NULL);
	ck_assert(strstr(head, "Transfer-Encoding") == NULL);
	ck_assert_uint_eq(body_bytes, _i == 0 ? 5 : 0);
}
END_TEST

START_TEST(answer_without_content_has_no_framing)
{
	answer.status = _i == 0 ? 204 : 304;
	answer.has_content = false;
	ck_assert_int_eq(send_it(), IO_OK);
	receive();
	ck_assert(strstr(head, "Content-Length") == NULL);
	ck_assert(strstr(head, "Transfer-Encoding") == NULL);
	ck_assert_uint_eq(body_bytes, 0);
}
END_TEST

START_TEST(segments_go_whole)
{
	size_t bytes = sizes[_i];
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
	const char *from = content + CONTENT_BYTES - bytes;
	char line[64];

	ck_assert_int_eq(write(fd, from, bytes), (ssize_t)bytes);
	answer.file_fd = fd;
	answer_memory(&answer, slice_make(from, bytes / 3));
	answer_file(&answer, bytes / 3, bytes - bytes / 3);
	ck_assert_int_eq(send_it(), IO_OK);
	receive();
	snprintf(line, sizeof line, "Content-Length: %zu", bytes);
	ck_assert(head_has(line));
	assert_body(bytes);
}
END_TEST

START_TEST(small_body_goes_with_the_head)
{
	answer_memory(&answer, slice_make(content, 20000));
	ck_assert_int_eq(send_it(), IO_OK);
	receive();
	ck_assert_uint_eq(packet_count, 1);
	ck_assert_uint_eq(body_bytes, 20000);
}
END_TEST

START_TEST(head_that_lacks_a_field_is_not_sent)
{
	answer_memory(&answer, SLICE_LITERAL("hello"));
	answer.lacks_room = true;
	ck_assert_int_eq(send_it(), IO_FILE_SHORT);
	ck_assert_uint_eq(conn.stream.sent_bytes, 0);
}
END_TEST

START_TEST(forbidden_byte_is_not_sent)
{
	answer_field(&answer, SLICE_LITERAL("X"), SLICE_LITERAL("a\r\nSet-Cookie: b"));
	ck_assert_int_eq(send_it(), IO_FILE_SHORT);
	ck_assert_uint_eq(conn.stream.sent_bytes, 0);
}
END_TEST

START_TEST(client_that_goes_is_told_from_one_that_stays)
{
	answer_with_source(CONTENT_BYTES, SIZE_MAX);
	ck_assert_int_eq(shutdown(conn.stream.fd, SHUT_RDWR), 0);
	ck_assert_int_eq(send_it(), IO_ERROR);
	ck_assert_uint_eq(body_sent, 0);
}
END_TEST

/* Slowly: a few pieces, without a wait that would last. */
START_TEST(paced_body_goes_whole)
{
	static const char *const lines[] = { "Content-Length: 200000",
		"Transfer-Encoding: chunked" };
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_eq(write(fd, content, CONTENT_BYTES), CONTENT_BYTES);
	pace_init(&conn.pace, false, 30000);
	options.rate_bytes_s = 1000000;
	if (_i == 0) {
		answer.file_fd = fd;
		answer_memory(&answer, slice_make(content, 100000));
		answer_file(&answer, 100000, 100000);
	} else {
		answer_with_source(CONTENT_BYTES, SIZE_MAX);
	}
	ck_assert_int_eq(send_it(), IO_OK);
	ck_assert(conn.pace.sleeps);
	ck_assert_uint_eq(conn.pace.rate_bytes_s, 1000000);
	receive();
	ck_assert(head_has(lines[_i]));
	if (_i == 1)
		join_chunks();
	assert_body(CONTENT_BYTES);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("send_h1");
	TCase *tcase = tcase_create("send_h1");
	SRunner *runner = srunner_create(suite);
	int failed_count, row_count = COUNT_OF(sizes) * COUNT_OF(pieces);

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, begin, NULL);
	tcase_add_loop_test(tcase, source_goes_in_chunks, 0, row_count);
	tcase_add_loop_test(tcase, chunks_are_as_large_as_can_be, 0, row_count);
	tcase_add_loop_test(tcase, old_clients_get_no_chunks, 0, COUNT_OF(sizes));
	tcase_add_loop_test(tcase, head_of_a_source_has_its_fields, 0, 2);
	tcase_add_loop_test(tcase, source_that_fails_at_once_says_nothing, 0, 3);
	tcase_add_test(tcase, source_that_fails_later_has_no_last_chunk);
	tcase_add_test(tcase, stop_ends_it_between_chunks);
	tcase_add_loop_test(tcase, length_is_told_but_for_the_head_of_another, 0, 3);
	tcase_add_loop_test(tcase, answer_without_content_has_no_framing, 0, 2);
	tcase_add_loop_test(tcase, segments_go_whole, 0, COUNT_OF(sizes));
	tcase_add_test(tcase, small_body_goes_with_the_head);
	tcase_add_test(tcase, head_that_lacks_a_field_is_not_sent);
	tcase_add_test(tcase, forbidden_byte_is_not_sent);
	tcase_add_test(tcase, client_that_goes_is_told_from_one_that_stays);
	tcase_add_loop_test(tcase, paced_body_goes_whole, 0, 2);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
