/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/log.c: what a line looks like, that each message is one write and one line whatever
 * is in it, which levels are kept, and that no sink is waited for. A datagram socket as the sink
 * shows where one write ends and the next begins. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/log.h"
#include "tests/lib/process.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static int sink_fd, reader_fd;

static void
open_sink(enum log_sink_kind kind)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	sink_fd = pair[0];
	reader_fd = pair[1];
	log_set_sink((struct log_sink){ kind, sink_fd });
}

/* The next write's bytes as text; "" when there was none. */
static const char *
next_write(int fd)
{
	static char text[8192];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void
assert_matches(const char *text, const char *pattern)
{
	regex_t regex;
	int result;

	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	result = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	ck_assert_msg(result == 0, "\"%s\" is not %s", text, pattern);
}

/* Behind the stamp. */
static const char *
message_of(const char *line)
{
	const char *mark = strstr(line, "]: notice: ");

	return mark == NULL ? line : mark + strlen("]: notice: ");
}

START_TEST(line_has_time_pid_and_level)
{
	char pattern[256];

	open_sink(LOG_SINK_FD);
	log_warn("%d of %s", 3, "four");
	snprintf(pattern, sizeof pattern, "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:"
	    "[0-6][0-9]\\.[0-9]{3}Z musterd\\[%ld\\]: warn: 3 of four\n$", (long)getpid());
	assert_matches(next_write(reader_fd), pattern);
	ck_assert_str_eq(next_write(reader_fd), "");
}
END_TEST

static const struct {
	enum log_level level;
	const char *name;
} levels[] = {
	{ LOG_LEVEL_ERROR, ": error: x\n" }, { LOG_LEVEL_WARN, ": warn: x\n" },
	{ LOG_LEVEL_NOTICE, ": notice: x\n" }, { LOG_LEVEL_INFO, ": info: x\n" },
	{ LOG_LEVEL_DEBUG, ": debug: x\n" },
};

START_TEST(less_important_levels_are_left_out)
{
	open_sink(LOG_SINK_FD);
	for (int least = 0; least < COUNT_OF(levels); least++) {
		const char *text;

		log_set_level(levels[least].level);
		log_write(levels[_i].level, "x");
		text = next_write(reader_fd);
		if (_i <= least)
			ck_assert_msg(strstr(text, levels[_i].name) != NULL, "%s", text);
		else
			ck_assert_str_eq(text, "");
	}
}
END_TEST

START_TEST(notice_is_the_least_level_at_first)
{
	open_sink(LOG_SINK_FD);
	log_info("x");
	ck_assert_str_eq(next_write(reader_fd), "");
	log_notice("x");
	ck_assert_str_ne(next_write(reader_fd), "");
}
END_TEST

static const struct {
	const char *text, *line;
} escapes[] = {
	{ "a\nb", "a\\x0ab\n" }, { "a\r\n2026-11-21T00:00:00.000Z forged", "a\\x0d\\x0a"
	    "2026-11-21T00:00:00.000Z forged\n" },
	{ "\x01\x1f\x7f\t\x1b[2J", "\\x01\\x1f\\x7f\\x09\\x1b[2J\n" },
	{ "b\303\274cher \342\202\254", "b\303\274cher \342\202\254\n" },
	{ "\302\240\337\277\340\240\200\357\277\277\360\220\200\200\364\217\277\277",
	    "\302\240\337\277\340\240\200\357\277\277\360\220\200\200\364\217\277\277\n" },
	{ "\302\2332J \302\200 \302\237", "\\xc2\\x9b2J \\xc2\\x80 \\xc2\\x9f\n" }, /* C1 */
	{ "\2332J \200 \237 \377", "\\x9b2J \\x80 \\x9f \\xff\n" },
	{ "\303", "\\xc3\n" }, { "\342\202a", "\\xe2\\x82a\n" },   /* cut short */
	{ "\303\303\274", "\\xc3\303\274\n" },
	{ "\300\212 \340\202\233", "\\xc0\\x8a \\xe0\\x82\\x9b\n" },   /* too long a form */
	{ "\355\240\200 \364\220\200\200 \370\210", "\\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 "
	    "\\xf8\\x88\n" },
	{ "100% \"quoted\" \\", "100% \"quoted\" \\\n" }, { "", "\n" },
};

START_TEST(control_bytes_are_escaped)
{
	open_sink(LOG_SINK_FD);
	log_notice("%s", escapes[_i].text);
	ck_assert_str_eq(message_of(next_write(reader_fd)), escapes[_i].line);
	ck_assert_str_eq(next_write(reader_fd), "");
}
END_TEST

/* Of any length, also where an escape would just not fit any more. */
START_TEST(long_message_is_cut_and_one_line)
{
	static char text[5000];

	open_sink(LOG_SINK_FD);
	for (size_t len = 1500; len < sizeof text; len += len < 2300 ? 1 : 100) {
		const char *got;

		memset(text, _i == 0 ? 'x' : '\n', len);
		text[len] = '\0';
		log_notice("%s", text);
		got = next_write(reader_fd);
		ck_assert_uint_gt(strlen(got), 1500);
		ck_assert_uint_lt(strlen(got), 2300);
		ck_assert_ptr_eq(strchr(got, '\n'), got + strlen(got) - 1);
		ck_assert_str_eq(next_write(reader_fd), "");
	}
}
END_TEST

START_TEST(errno_is_left_alone)
{
	log_set_sink((struct log_sink){ LOG_SINK_FD, -1 });
	errno = ENOENT;
	log_error("nobody reads this");
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static void
redirect_stderr(int ends[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	ck_assert_int_eq(dup2(ends[0], STDERR_FILENO), STDERR_FILENO);
}

static void
read_all(int fd, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (const char *text = next_write(fd); *text != '\0'; text = next_write(fd))
		len += (size_t)snprintf(out + len, cap - len, "%s", text);
}

START_TEST(bad_news_is_copied_to_stderr)
{
	char copies[512];
	int ends[2];

	redirect_stderr(ends);
	open_sink(LOG_SINK_FD);
	log_error("before");
	log_set_stderr_copy(true);
	log_error("one");
	log_warn("two");
	log_notice("three");
	log_set_stderr_copy(false);
	log_error("after");
	read_all(ends[1], copies, sizeof copies);
	ck_assert_str_eq(copies, "musterd: one\nmusterd: two\n");
}
END_TEST

START_TEST(stderr_as_sink_gets_no_copy)
{
	char lines[512];
	int ends[2];

	redirect_stderr(ends);
	log_set_stderr_copy(true);
	log_error("once");          /* stderr is the first sink of all */
	read_all(ends[1], lines, sizeof lines);
	assert_matches(lines, "^20[^\n]*: error: once\n$");
}
END_TEST

START_TEST(sink_is_given_back)
{
	struct log_sink sink = log_get_sink();

	ck_assert_int_eq(sink.kind, LOG_SINK_FD);
	ck_assert_int_eq(sink.fd, STDERR_FILENO);
	open_sink(LOG_SINK_SYSLOG);
	sink = log_get_sink();
	ck_assert_int_eq(sink.kind, LOG_SINK_SYSLOG);
	ck_assert_int_eq(sink.fd, sink_fd);
}
END_TEST

/* Facility daemon is 3; no time, no newline, no level's name: syslog adds what it wants. */
START_TEST(syslog_gets_a_datagram_as_it_expects)
{
	char wanted[64];

	open_sink(LOG_SINK_SYSLOG);
	log_set_level(levels[_i].level);
	log_write(levels[_i].level, "a\nb");
	snprintf(wanted, sizeof wanted, "<%d>musterd[%ld]: a\\x0ab", 3 * 8 + (int)levels[_i].level,
	    (long)getpid());
	ck_assert_str_eq(next_write(reader_fd), wanted);
	ck_assert_str_eq(next_write(reader_fd), "");
}
END_TEST

/* Breaks (by never ending) when the sending may block. */
START_TEST(full_syslog_is_not_waited_for)
{
	char copies[512];
	int ends[2], count = 0;

	redirect_stderr(ends);
	open_sink(LOG_SINK_SYSLOG);
	while (send(sink_fd, "x", 1, MSG_DONTWAIT) == 1)
		count++;
	ck_assert_int_gt(count, 0);
	log_error("kept");
	read_all(ends[1], copies, sizeof copies);
	assert_matches(copies, "^20[^\n]*: error: kept\n$");
}
END_TEST

/* Whatever a reader that stalls does not take is counted, and the count is told when it reads
 * again: once, before the next message. */
START_TEST(lost_messages_are_counted)
{
	int count = 0;

	open_sink(LOG_SINK_FD);
	ck_assert_int_eq(fcntl(sink_fd, F_SETFL, O_NONBLOCK), 0);
	while (send(sink_fd, "x", 1, MSG_DONTWAIT) == 1)
		count++;
	log_error("lost");
	log_notice("lost");
	log_error("lost");
	while (count-- > 0)
		ck_assert_str_eq(next_write(reader_fd), "x");
	ck_assert_str_eq(next_write(reader_fd), "");
	log_error("kept");
	assert_matches(next_write(reader_fd),
	    "^20[^\n]*: warn: 3 messages before this one were lost\n$");
	assert_matches(next_write(reader_fd), "^20[^\n]*: error: kept\n$");
	log_error("kept");
	assert_matches(next_write(reader_fd), "^20[^\n]*: error: kept\n$");
}
END_TEST

START_TEST(record_goes_to_any_sink)
{
	struct log_sink none = { LOG_SINK_NONE, -1 }, closed = { LOG_SINK_FD, -1 };
	struct log_sink strange = { (enum log_sink_kind)9, 1 };
	char wanted[64];

	open_sink(LOG_SINK_FD);
	ck_assert_int_eq(log_sink_write(&none, LOG_LEVEL_INFO, "a\n", 2), 0);
	ck_assert_int_eq(log_sink_write(&closed, LOG_LEVEL_INFO, "a\n", 2), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(log_sink_write(&strange, LOG_LEVEL_INFO, "a\n", 2), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(log_sink_write(&(struct log_sink){ LOG_SINK_FD, sink_fd },
	    LOG_LEVEL_INFO, "a\nb\n", 4), 0);
	ck_assert_str_eq(next_write(reader_fd), "a\nb\n");
	ck_assert_int_eq(log_sink_write(&(struct log_sink){ LOG_SINK_SYSLOG, sink_fd },
	    LOG_LEVEL_INFO, "record\n", 7), 0);
	snprintf(wanted, sizeof wanted, "<30>musterd[%ld]: record", (long)getpid());
	ck_assert_str_eq(next_write(reader_fd), wanted);
}
END_TEST

static void
find_a_bug(void)
{
	log_set_sink((struct log_sink){ LOG_SINK_FD, sink_fd });
	bug_if(1 + 1 == 2, "sums are wrong");
}

static void
find_no_bug(void)
{
	bug_if(1 + 1 == 3, "sums are wrong");
}

START_TEST(bug_is_said_and_ends_the_process)
{
	open_sink(LOG_SINK_FD);
	ck_assert(process_aborts(find_a_bug));
	assert_matches(next_write(reader_fd),
	    ": error: bug at [^ ]*test_log\\.c:[0-9]+: sums are wrong\n$");
	ck_assert_int_eq(process_run(find_no_bug), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tcase = tcase_create("log");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_test(tcase, line_has_time_pid_and_level);
	tcase_add_loop_test(tcase, less_important_levels_are_left_out, 0, COUNT_OF(levels));
	tcase_add_test(tcase, notice_is_the_least_level_at_first);
	tcase_add_loop_test(tcase, control_bytes_are_escaped, 0, COUNT_OF(escapes));
	tcase_add_loop_test(tcase, long_message_is_cut_and_one_line, 0, 2);
	tcase_add_test(tcase, errno_is_left_alone);
	tcase_add_test(tcase, bad_news_is_copied_to_stderr);
	tcase_add_test(tcase, stderr_as_sink_gets_no_copy);
	tcase_add_test(tcase, sink_is_given_back);
	tcase_add_loop_test(tcase, syslog_gets_a_datagram_as_it_expects, 0, COUNT_OF(levels));
	tcase_add_test(tcase, full_syslog_is_not_waited_for);
	tcase_add_test(tcase, lost_messages_are_counted);
	tcase_add_test(tcase, record_goes_to_any_sink);
	tcase_add_test(tcase, bug_is_said_and_ends_the_process);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
