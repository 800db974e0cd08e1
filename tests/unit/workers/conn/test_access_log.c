/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/conn/access_log.c: which writes leave the worker, and when. A datagram socket as the
 * sink shows where one write ends and the next begins; a record that is torn, lost, late or out
 * of order breaks it. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "server/base/signals.h"
#include "tests/lib/process.h"
#include "workers/conn/access_log.h"

#define FLUSH_MS 1000

static struct config *config;
static struct access_log log_under_test;
static struct log_sink sink;
static int sink_end, error_end;
static char *buffer;

static int
open_pair(int *end_out)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	*end_out = pair[1];
	return pair[0];
}

static void
begin(enum log_sink_kind kind, const char *buffer_bytes)
{
	struct config_errors errors = { 0 };
	char text[256];

	snprintf(text, sizeof text, "types_file = \"\" listen \"127.0.0.1:0\" {}\n"
	    "log { format = \"%%U\" buffer = \"%s\" flush = \"1s\" }", buffer_bytes);
	config = config_load_text(text, "f", &errors);
	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
	signals_install_worker();   /* a buffered record starts the heartbeat */
	log_set_sink((struct log_sink){ LOG_SINK_FD, open_pair(&error_end) });
	sink.kind = kind;
	sink.fd = kind == LOG_SINK_NONE ? -1 : open_pair(&sink_end);
	buffer = config->log.buffer_bytes == 0 ? NULL : malloc(config->log.buffer_bytes);
	access_log_init(&log_under_test, config, sink, buffer);
}

static void
end(void)
{
	free(buffer);
	config_free(&config);
}

static void
record_bytes(const char *path, size_t bytes, int64_t now_ms)
{
	const struct log_record record = { .target = slice_make(path, bytes), .status = 200 };

	access_log_record(&log_under_test, &record, now_ms);
}

static void
record(const char *path, int64_t now_ms)
{
	record_bytes(path, strlen(path), now_ms);
}

/* "": none. */
static const char *
next_write(int fd)
{
	static char text[65536];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void
assert_next_write(const char *wanted)
{
	ck_assert_str_eq(next_write(sink_end), wanted);
}

static void
assert_no_write(void)
{
	ck_assert_str_eq(next_write(sink_end), "");
}

START_TEST(record_without_a_buffer_is_a_write)
{
	begin(LOG_SINK_FD, "0");
	record("/a", 0);
	assert_next_write("/a\n");
	record("/b", 0);
	record("/c", 0);
	assert_next_write("/b\n");
	assert_next_write("/c\n");
	access_log_flush(&log_under_test);
	assert_no_write();
}
END_TEST

START_TEST(log_that_is_off_writes_nothing)
{
	begin(LOG_SINK_NONE, _i == 0 ? "0" : "4k");
	ck_assert(access_log_is_off(&log_under_test));
	record("/a", 0);
	access_log_flush(&log_under_test);
	ck_assert_str_eq(next_write(error_end), "");
	ck_assert_uint_eq(log_under_test.used, 0);
}
END_TEST

START_TEST(buffered_records_are_written_together)
{
	begin(LOG_SINK_FD, "4k");
	ck_assert(!access_log_is_off(&log_under_test));
	record("/a", 0);
	record("/b", 1);
	record("/c", FLUSH_MS - 1);
	assert_no_write();
	access_log_flush(&log_under_test);
	assert_next_write("/a\n/b\n/c\n");
	access_log_flush(&log_under_test);
	assert_no_write();
	record("/d", 0);
	access_log_flush(&log_under_test);
	assert_next_write("/d\n");
}
END_TEST

/* Each write ends where a record ends, and none is lost or twice. */
START_TEST(full_buffer_is_written_in_whole_records)
{
	char path[64];
	int next = 0, writes = 0;

	begin(LOG_SINK_FD, "200");
	for (int i = 0; i < 500; i++) {
		snprintf(path, sizeof path, "/%0*d", 1 + i % 40, i);
		record(path, 0);
		for (const char *text = next_write(sink_end); *text != '\0';) {
			writes += next > 0 && strlen(text) <= 200;
			ck_assert_uint_le(strlen(text), 200);
			ck_assert_int_eq(text[strlen(text) - 1], '\n');
			for (; *text != '\0'; text = strchr(text, '\n') + 1)
				ck_assert_int_eq(atoi(text + 1), next++);
		}
	}
	ck_assert_int_gt(writes, 20);
	ck_assert_int_lt(writes, 250);      /* several at once, or it is no buffer */
	ck_assert_uint_gt(log_under_test.used, 0);
	access_log_flush(&log_under_test);
	for (const char *text = next_write(sink_end); *text != '\0'; text = strchr(text, '\n') + 1)
		ck_assert_int_eq(atoi(text + 1), next++);
	ck_assert_int_eq(next, 500);
}
END_TEST

/* Exactly as large as the buffer, and one byte more, behind records that wait. */
START_TEST(large_record_keeps_the_order)
{
	char path[400];

	begin(LOG_SINK_FD, "300");
	memset(path, 'x', sizeof path);
	for (size_t bytes = 299; bytes <= 300; bytes++) {
		const char *text;

		record("/small", 0);
		assert_no_write();
		record_bytes(path, bytes, 0);
		assert_next_write("/small\n");
		access_log_flush(&log_under_test);
		text = next_write(sink_end);
		ck_assert_uint_eq(strlen(text), bytes + 1);
		assert_no_write();
	}
}
END_TEST

START_TEST(old_records_are_written)
{
	begin(LOG_SINK_FD, "4k");
	access_log_flush_old(&log_under_test, FLUSH_MS * 10);
	record("/a", 5000);
	record("/b", 5000 + FLUSH_MS - 1);
	access_log_flush_old(&log_under_test, 5000 + FLUSH_MS - 1);
	assert_no_write();
	access_log_flush_old(&log_under_test, 5000 + FLUSH_MS);
	assert_next_write("/a\n/b\n");
	/* The oldest counts, and a record that comes late takes the others along. */
	record("/c", 9000);
	record("/d", 9000 + FLUSH_MS);
	assert_next_write("/c\n/d\n");
	access_log_flush_old(&log_under_test, 9000 + FLUSH_MS * 10);
	assert_no_write();
}
END_TEST

static bool
heart_beats(void)
{
	struct itimerval interval;

	ck_assert_int_eq(getitimer(ITIMER_REAL, &interval), 0);
	return timerisset(&interval.it_interval) && timerisset(&interval.it_value);
}

/* So that they do not wait for the next client. */
START_TEST(buffered_record_starts_the_heartbeat)
{
	begin(LOG_SINK_FD, _i == 0 ? "0" : "4k");
	ck_assert(!heart_beats());
	record("/a", 0);
	ck_assert_int_eq(heart_beats(), _i == 1);
}
END_TEST

/* A buffer would have to be cut into datagrams again. */
START_TEST(syslog_gets_one_record_at_a_time)
{
	char wanted[64];

	begin(LOG_SINK_SYSLOG, _i == 0 ? "0" : "4k");
	record("/a", 0);
	snprintf(wanted, sizeof wanted, "<30>musterd[%ld]: /a", (long)getpid());
	assert_next_write(wanted);
	assert_no_write();
}
END_TEST

static void
break_sink(void)
{
	int fd = open("/dev/full", O_WRONLY);

	ck_assert_int_eq(dup2(fd, sink.fd), sink.fd);
	close(fd);
}

static void
mend_sink(void)
{
	int fd = open("/dev/null", O_WRONLY);

	ck_assert_int_eq(dup2(fd, sink.fd), sink.fd);
	close(fd);
}

static void
assert_error_count(int wanted)
{
	int count = 0;

	for (;;) {
		const char *text = next_write(error_end);

		if (*text == '\0')
			break;
		ck_assert_msg(strstr(text, "error: access log: No space left on device\n") != NULL,
		    "%s", text);
		count++;
	}
	ck_assert_int_eq(count, wanted);
}

START_TEST(failing_sink_is_said_once)
{
	begin(LOG_SINK_FD, _i == 0 ? "0" : "16");
	break_sink();
	for (int i = 0; i < 10; i++)
		record("/some-path", 0);
	assert_error_count(1);
	mend_sink();
	record("/some-path", 0);
	record("/some-path", 0);
	assert_error_count(0);
	break_sink();               /* it is news again */
	record("/some-path", 0);
	record("/some-path", 0);
	assert_error_count(1);
}
END_TEST

/* What could not be written is gone; it must not fill the buffer for ever. */
START_TEST(buffer_is_free_after_a_failure)
{
	begin(LOG_SINK_FD, "4k");
	record("/a", 0);
	break_sink();
	access_log_flush(&log_under_test);
	assert_error_count(1);
	ck_assert_uint_eq(log_under_test.used, 0);
	access_log_flush(&log_under_test);
	assert_error_count(0);
}
END_TEST

/* On a full disk a write may end within a record. The next one is not hung on to it. */
START_TEST(torn_record_ends_its_line)
{
	struct rlimit limit = { 10, RLIM_INFINITY };
	FILE *file = tmpfile();
	char text[128] = "";

	begin(LOG_SINK_FD, "0");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(dup2(fileno(file), sink.fd), sink.fd);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	record("/first", 0);        /* 7 bytes with its newline */
	record("/second", 0);
	ck_assert_str_ne(next_write(error_end), "");
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	record("/third", 0);
	record("/fourth", 0);
	ck_assert_int_gt(pread(fileno(file), text, sizeof text - 1, 0), 0);
	ck_assert_str_eq(text, "/first\n/se\n/third\n/fourth\n");
	fclose(file);
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
	tcase_add_test(tcase, record_without_a_buffer_is_a_write);
	tcase_add_loop_test(tcase, log_that_is_off_writes_nothing, 0, 2);
	tcase_add_test(tcase, buffered_records_are_written_together);
	tcase_add_test(tcase, full_buffer_is_written_in_whole_records);
	tcase_add_test(tcase, large_record_keeps_the_order);
	tcase_add_test(tcase, old_records_are_written);
	tcase_add_loop_test(tcase, buffered_record_starts_the_heartbeat, 0, 2);
	tcase_add_loop_test(tcase, syslog_gets_one_record_at_a_time, 0, 2);
	tcase_add_loop_test(tcase, failing_sink_is_said_once, 0, 2);
	tcase_add_test(tcase, buffer_is_free_after_a_failure);
	tcase_add_test(tcase, torn_record_ends_its_line);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
