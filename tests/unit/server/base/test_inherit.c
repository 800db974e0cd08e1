/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/inherit.c: a child keeps what is on the list and the standard three, nothing else.
 * A descriptor of the list that is forgotten there, or one more that stays, breaks it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/inherit.h"
#include "tests/lib/process.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define FIRST_FD 100
#define LAST_FD 129                 /* all of these are open before */

static const int two_roots[] = { 128, 103 };
static const struct inherit_key two_keys[] = { { 124, NULL, 0 }, { 106, NULL, 0 } };

/* In an order that is not theirs in the list. */
static const struct {
	struct inheritance own;
	const char *what;
	int kept[16];
	size_t kept_count;
} lists[] = {
	{ { .listen_fd = 120, .park_fd = 125, .parked_fd = 107, .handover_fd = 118,
	    .log_wake_fd = 100, .wake_fd = 110, .log_request_fd = 115,
	    .log_answer_fd = 122, .null_fd = 101,
	    .error_log = { LOG_SINK_FD, 104 }, .access_log = { LOG_SINK_SYSLOG, 127 },
	    .root_fds = two_roots, .root_count = 2 },
	    "everything", { 100, 101, 103, 104, 107, 110, 115, 118, 120, 122, 125, 127, 128 }, 13 },
	{ { .listen_fd = -1, .park_fd = -1, .parked_fd = -1, .handover_fd = -1,
	    .log_wake_fd = 129, .wake_fd = 110, .log_request_fd = 115,
	    .log_answer_fd = 122, .null_fd = -1,
	    .error_log = { LOG_SINK_FD, 104 }, .access_log = { LOG_SINK_FD, -1 },
	    .root_fds = NULL, .root_count = 0 },
	    "a role without most of them", { 104, 110, 115, 122, 129 }, 5 },
	{ { .listen_fd = 100, .wake_fd = 129, .log_request_fd = 101,
	    .log_answer_fd = 121, .null_fd = -1,
	    .error_log = { LOG_SINK_FD, 102 }, .access_log = { LOG_SINK_FD, 105 },
	    .root_fds = NULL, .root_count = 0 },
	    "in the foreground, no root", { 100, 101, 102, 105, 121, 129 }, 6 },
	{ { .listen_fd = -1, .park_fd = -1, .parked_fd = -1, .handover_fd = -1,
	    .log_wake_fd = -1, .wake_fd = 110, .log_request_fd = 115, .sign_fd = 109,
	    .log_answer_fd = 122, .null_fd = -1, .keys = two_keys, .key_count = 2,
	    .error_log = { LOG_SINK_FD, 104 }, .access_log = { LOG_SINK_NONE, -1 },
	    .root_fds = NULL, .root_count = 0 },
	    "the signer's", { 104, 106, 109, 110, 115, 122, 124 }, 7 },
	{ { .listen_fd = 111, .wake_fd = 112, .log_request_fd = 113,
	    .log_answer_fd = 115, .null_fd = 114,
	    .error_log = { LOG_SINK_FD, 116 }, .access_log = { LOG_SINK_NONE, 117 },
	    .root_fds = two_roots, .root_count = 1 },
	    "no access log", { 111, 112, 113, 114, 115, 116, 128 }, 7 },
	{ { .listen_fd = 111, .wake_fd = 112, .log_request_fd = 113,
	    .log_answer_fd = 113, .null_fd = 112,
	    .error_log = { LOG_SINK_FD, 116 }, .access_log = { LOG_SINK_FD, 116 },
	    .root_fds = two_roots, .root_count = 2 },
	    "some of them are the same", { 103, 111, 112, 113, 116, 128 }, 6 },
};

static bool
is_kept(int row, int fd)
{
	size_t i;

	for (i = 0; i < lists[row].kept_count; i++)
		if (lists[row].kept[i] == fd)
			return true;
	return false;
}

/* In the child: 0, or the number of the descriptor that is not as it should be. */
static int
close_and_look(int row)
{
	int fd;

	for (fd = FIRST_FD; fd <= LAST_FD; fd++)
		if (dup2(STDERR_FILENO, fd) < 0)
			return 250;
	if (inherit_close_others(&lists[row].own) < 0)
		return 251;
	for (fd = 3; fd < 200; fd++)
		if (process_is_open(fd) != is_kept(row, fd))
			return fd;
	for (fd = 0; fd < 3; fd++)
		if (!process_is_open(fd))
			return 252;
	return 0;
}

START_TEST(list_is_what_stays_open)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(close_and_look(_i));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "%s", lists[_i].what);
	ck_assert_msg(WEXITSTATUS(status) == 0, "%s: descriptor %d", lists[_i].what,
	    WEXITSTATUS(status));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("inherit");
	TCase *tcase = tcase_create("inherit");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, list_is_what_stays_open, 0, COUNT_OF(lists));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
