/* SPDX-License-Identifier: BSD-2-Clause */
/* server/priv/seclude.c: who was secluded reaches nobody on the network; as root, where the system
 * lets root do so. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/role.h"
#include "server/priv/seclude.h"
#include "tests/lib/process.h"

static struct sockaddr_in address = { .sin_family = AF_INET };

static int
connect_there(void)
{
	return connect(socket(AF_INET, SOCK_STREAM, 0), (const void *)&address, sizeof address);
}

static void
seclude_and_connect(void)
{
	char errbuf[256] = "";

	if (connect_there() < 0)
		_exit(1);
	if (seclude_postfork(errbuf, sizeof errbuf) < 0)
		_exit(errbuf[0] != '\0' ? 77 : 2);
	if (geteuid() == 0 && (connect_there() == 0 || errno != ENETUNREACH))
		_exit(3);
}

START_TEST(no_network)
{
	socklen_t bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0), status;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (const void *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (void *)&address, &bytes), 0);
	status = process_run(seclude_and_connect);
	ck_assert(WIFEXITED(status));
	ck_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
	close(fd);
}
END_TEST

static void
seclude_worker(void)
{
	char errbuf[256];

	role_set(ROLE_WORKER);
	(void)seclude_postfork(errbuf, sizeof errbuf);
}

START_TEST(before_root_is_given_up)
{
	ck_assert(process_aborts(seclude_worker));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("seclude");
	TCase *tcase = tcase_create("seclude");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_test(tcase, no_network);
	tcase_add_test(tcase, before_root_is_given_up);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
