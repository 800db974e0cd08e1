/* SPDX-License-Identifier: BSD-2-Clause */
/* server/master/crash.c: the line about a child that died names which, how, what it was at, and
 * for whom; it never runs over, whatever the child left in its slot. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "server/master/crash.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static const struct {
	const char *who;
	int wait_status;
	enum slot_phase phase;
	struct slot_request request; /* method, target, client */
	const char *line;
} deaths[] = {
	{ "worker", W_EXITCODE(0, SIGSEGV), SLOT_SENDING, { "GET", "/path", "127.0.0.1" },
	    "worker 4711 died of signal 11 (SIGSEGV) while sending \"GET /path\" to 127.0.0.1" },
	{ "worker", W_EXITCODE(0, SIGABRT | WCOREFLAG), SLOT_SENDING, { "GET", "/", "::1" },
	    "worker 4711 died of signal 6 (SIGABRT) while sending \"GET /\" to ::1" },
	{ "worker", W_EXITCODE(0, SIGKILL), SLOT_READING, { "POST", "/form?a=b", "unix:" },
	    "worker 4711 died of signal 9 (SIGKILL) while reading \"POST /form?a=b\" from unix:" },
	{ "worker", W_EXITCODE(0, SIGBUS), SLOT_READING, { "", "", "192.0.2.1" },
	    "worker 4711 died of signal 7 (SIGBUS) while reading, connected to 192.0.2.1" },
	{ "worker", W_EXITCODE(0, SIGSEGV), SLOT_KEEPALIVE, { "", "", "192.0.2.1" },
	    "worker 4711 died of signal 11 (SIGSEGV) while keep-alive, connected to 192.0.2.1" },
	{ "worker", W_EXITCODE(0, SIGSEGV), SLOT_IDLE, { "", "", "192.0.2.1" },
	    /* whom it served last */
	    "worker 4711 died of signal 11 (SIGSEGV) while idle" },
	{ "worker", W_EXITCODE(0, SIGSEGV), SLOT_STARTING, { "", "", "" },
	    "worker 4711 died of signal 11 (SIGSEGV) while starting" },
	{ "worker", W_EXITCODE(1, 0), SLOT_STARTING, { "", "", "" },
	    "worker 4711 exited with status 1 while starting" },
	{ "worker", W_EXITCODE(255, 0), SLOT_SENDING, { "GET", "/x", "::1" },
	    "worker 4711 exited with status 255 while sending \"GET /x\" to ::1" },
	{ "worker", W_EXITCODE(0, 64), SLOT_LEAVING, { "", "", "" },
	    "worker 4711 died of signal 64 (signal) while leaving" },
	{ "keeper", W_EXITCODE(0, SIGKILL), SLOT_HOLDING, { "", "", "" },
	    "keeper 4711 died of signal 9 (SIGKILL) while at work" },
	{ "keeper", W_EXITCODE(0, SIGSEGV), SLOT_HOLDING, { "GET", "/x", "192.0.2.1" },
	    "keeper 4711 died of signal 11 (SIGSEGV) while answering \"GET /x\" from 192.0.2.1" },
	{ "logger", W_EXITCODE(1, 0), SLOT_STARTING, { "", "", "" },
	    "logger 4711 exited with status 1 while starting" },
};

START_TEST(death_is_described)
{
	char line[768];

	ck_assert_ptr_eq(crash_describe(deaths[_i].who, 4711, deaths[_i].wait_status,
	    deaths[_i].phase, &deaths[_i].request, line, sizeof line), line);
	ck_assert_str_eq(line, deaths[_i].line);
}
END_TEST

START_TEST(line_is_cut_to_its_room)
{
	struct slot_request request;
	char line[768];

	memset(&request, 'x', sizeof request);
	request.method[sizeof request.method - 1] = '\0';
	request.target[sizeof request.target - 1] = '\0';
	request.client[sizeof request.client - 1] = '\0';
	memset(line, '#', sizeof line);
	crash_describe("worker", INT32_MAX, W_EXITCODE(0, SIGSEGV), SLOT_SENDING, &request,
	    line, sizeof line);
	/* Whole: the client stands at its end. */
	ck_assert_uint_gt(strlen(line), sizeof request);
	ck_assert(strstr(line, "\" to xxx") != NULL);
	for (size_t cap = 1; cap < 400; cap++) {
		memset(line, '#', sizeof line);
		crash_describe("worker", 1, W_EXITCODE(0, SIGSEGV), SLOT_SENDING, &request, line,
		    cap);
		ck_assert_uint_lt(strlen(line), cap);
		ck_assert_int_eq(line[cap], '#');
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("crash");
	TCase *tcase = tcase_create("crash");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, death_is_described, 0, COUNT_OF(deaths));
	tcase_add_test(tcase, line_is_cut_to_its_room);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
