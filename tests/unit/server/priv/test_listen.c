/* SPDX-License-Identifier: BSD-2-Clause */
/* server/priv/listen.c: sockets are bound as asked and described as bound, a stale socket file is
 * in nobody's way and a live one is, and the queue's length is the kernel's. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "server/base/role.h"
#include "server/priv/listen.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define AT_ONCE "defer_accept = \"0s\"" /* a client is in the queue before it says a word */

static char errbuf[512];

/* One listener, on line 2 of "f". '@' in the address stands for this folder. */
static struct config *
load(const char *address, const char *options)
{
	struct config_errors errors = { 0 };
	struct config *config;
	char text[2048], here[256];

	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	snprintf(text, sizeof text, "types_file = \"\"\nlisten \"%.*s%s%s\" { %s }",
	    (int)strcspn(address, "@"), address, strchr(address, '@') != NULL ? here : "",
	    strchr(address, '@') != NULL ? strchr(address, '@') + 1 : "", options);
	config = config_load_text(text, "f", &errors);
	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
	return config;
}

static int
open_listener(const struct config *config)
{
	int fd = listen_open_priv(&config->listeners[0], config, errbuf, sizeof errbuf);

	ck_assert_msg(fd >= 0, "%s", errbuf);
	return fd;
}

static void
assert_refused(const struct config *config, const char *wanted)
{
	int open_count = process_open_count();

	ck_assert_int_eq(listen_open_priv(&config->listeners[0], config, errbuf, sizeof errbuf),
	    -1);
	ck_assert_msg(strstr(errbuf, wanted) != NULL, "\"%s\" lacks \"%s\"", errbuf, wanted);
	ck_assert_int_eq(process_open_count(), open_count);
}

static unsigned
port_of(int fd)
{
	struct sockaddr_storage bound;
	socklen_t bytes = sizeof bound;

	ck_assert_int_eq(getsockname(fd, (void *)&bound, &bytes), 0);
	return ntohs(bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port :
	    ((struct sockaddr_in6 *)&bound)->sin6_port);
}

/* A client of whatever fd listens on; family: AF_INET reaches a dual-stack socket too. */
static int
connect_to(int fd, int family)
{
	struct sockaddr_storage address;
	struct sockaddr_in *four = (void *)&address;
	struct sockaddr_in6 *six = (void *)&address;
	socklen_t bytes = sizeof address;
	unsigned port = 0;
	int client = socket(family, SOCK_STREAM, 0);

	if (family != AF_UNIX)
		port = port_of(fd);
	ck_assert_int_eq(getsockname(fd, (void *)&address, &bytes), 0);
	if (family == AF_INET) {
		memset(&address, 0, sizeof address);
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		bytes = sizeof *four;
	} else if (family == AF_INET6) {
		six->sin6_addr = in6addr_loopback;
	}
	ck_assert_int_eq(connect(client, (void *)&address, bytes), 0);
	return client;
}

static bool
has_ipv6(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool result = fd >= 0 && bind(fd, (void *)&address, sizeof address) == 0;

	close(fd);
	return result;
}

static const struct {
	const char *address, *text; /* text: "PORT" stands for the number */
	bool is_tcp, needs_ipv6;
	int families[2];            /* by which it can be reached; 0: none */
} addresses[] = {
	{ "127.0.0.1:0", "127.0.0.1:PORT", true, false, { AF_INET, 0 } },
	{ "0.0.0.0:0", "0.0.0.0:PORT", true, false, { AF_INET, 0 } },
	{ "[::1]:0", "[::1]:PORT", true, true, { AF_INET6, 0 } },
	{ "*:0", "*:PORT", true, false, { AF_INET, 0 } },
	{ "*:0", "*:PORT", true, true, { AF_INET, AF_INET6 } },
	{ "unix:@/socket", "unix:HERE/socket", false, false, { AF_UNIX, 0 } },
};

START_TEST(socket_listens_where_it_says)
{
	struct config *config = load(addresses[_i].address, AT_ONCE);
	const char *wanted = addresses[_i].text, *mark = strstr(wanted, "PORT");
	char text[LISTEN_TEXT_BYTES], expected[LISTEN_TEXT_BYTES];
	int fd, client;

	if (addresses[_i].needs_ipv6 && !has_ipv6()) {
		config_free(&config);
		return;
	}
	fd = open_listener(config);
	listen_describe(fd, &config->listeners[0], text);
	if (mark != NULL)
		snprintf(expected, sizeof expected, "%.*s%u", (int)(mark - wanted), wanted,
		    port_of(fd));
	else
		snprintf(expected, sizeof expected, "%s", config->listeners[0].text);
	ck_assert_str_eq(text, expected);
	ck_assert_int_eq(listen_is_tcp(&config->listeners[0]), addresses[_i].is_tcp);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	for (int i = 0; i < 2 && addresses[_i].families[i] != 0; i++) {
		client = connect_to(fd, addresses[_i].families[i]);
		ck_assert_int_ge(accept(fd, NULL, NULL), 0);
		close(client);
	}
	config_free(&config);
}
END_TEST

START_TEST(only_dual_stack_takes_both)
{
	struct config *config;
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, client = socket(AF_INET, SOCK_STREAM, 0);

	if (!has_ipv6())
		return;
	config = load("[::]:0", "");
	fd = open_listener(config);
	four.sin_port = htons((uint16_t)port_of(fd));
	ck_assert_int_eq(connect(client, (void *)&four, sizeof four), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	config_free(&config);
}
END_TEST

START_TEST(tcp_queue_is_counted)
{
	struct config *config = load("127.0.0.1:0", AT_ONCE);
	int fd = open_listener(config);

	ck_assert_uint_eq(listen_queue_length(fd, true), 0);
	for (unsigned i = 1; i <= 5; i++) {
		connect_to(fd, AF_INET);
		while (listen_queue_length(fd, true) < i) /* the last packet may be on its way */
			sched_yield();
		ck_assert_uint_eq(listen_queue_length(fd, true), i);
	}
	for (unsigned i = 5; i > 0; i--) {
		ck_assert_int_ge(accept(fd, NULL, NULL), 0);
		ck_assert_uint_eq(listen_queue_length(fd, true), i - 1);
	}
	config_free(&config);
}
END_TEST

static const char *const shut_addresses[] = { "127.0.0.1:0", "0.0.0.0:0", "*:0", "[::1]:0" };

/* Of a port that the system has chosen, which is given up then, and of one that was asked for. */
START_TEST(what_was_shut_down_listens_again)
{
	const char *address = shut_addresses[_i];
	struct config *config;
	unsigned port = 0, i;
	char text[64];
	int fd;

	if (strchr(address, '[') != NULL && !has_ipv6())
		return;
	for (i = 0; i < 2; i++) {
		snprintf(text, sizeof text, "%.*s%u", (int)strlen(address) - 1, address, port);
		config = load(text, AT_ONCE);
		fd = open_listener(config);
		port = listen_port(fd);
		ck_assert_int_eq(shutdown(fd, SHUT_RDWR), 0);
		ck_assert_int_lt(accept(fd, NULL, NULL), 0);
		ck_assert(!listen_is_on(fd));
		ck_assert_int_eq(listen_again_priv(fd, &config->listeners[0], port, config), 0);
		ck_assert_uint_eq(port_of(fd), port);
		close(connect_to(fd, address[0] == '[' ? AF_INET6 : AF_INET));
		ck_assert_int_ge(accept(fd, NULL, NULL), 0);
		close(fd);
		config_free(&config);
	}
}
END_TEST

START_TEST(unix_queue_is_there_or_not)
{
	struct config *config = load("unix:@/socket", "");
	int fd = open_listener(config);

	ck_assert_uint_eq(listen_queue_length(fd, false), 0);
	connect_to(fd, AF_UNIX);
	connect_to(fd, AF_UNIX);
	ck_assert_uint_eq(listen_queue_length(fd, false), 1);
	ck_assert_int_ge(accept(fd, NULL, NULL), 0);
	ck_assert_uint_eq(listen_queue_length(fd, false), 1);
	ck_assert_int_ge(accept(fd, NULL, NULL), 0);
	ck_assert_uint_eq(listen_queue_length(fd, false), 0);
	config_free(&config);
}
END_TEST

static int
get_int(int fd, int level, int option)
{
	int value = -1;
	socklen_t bytes = sizeof value;

	ck_assert_int_eq(getsockopt(fd, level, option, &value, &bytes), 0);
	return value;
}

static unsigned
backlog_of(int fd)
{
	struct tcp_info info;
	socklen_t bytes = sizeof info;

	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes), 0);
	return info.tcpi_sacked;    /* of a listening socket: its longest queue */
}

START_TEST(options_are_applied_and_again_at_a_reload)
{
	struct config *config = load("127.0.0.1:0", "backlog = 3 defer_accept = \"7s\"");
	struct config *next = load("127.0.0.1:0", "backlog = 2 " AT_ONCE);
	int fd = open_listener(config);

	ck_assert_uint_eq(backlog_of(fd), 3);
	ck_assert_int_gt(get_int(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
	ck_assert_int_ne(get_int(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	ck_assert_int_eq(get_int(fd, SOL_SOCKET, SO_REUSEPORT), 0);
	ck_assert_int_eq(listen_apply(fd, &next->listeners[0], next), 0);
	ck_assert_uint_eq(backlog_of(fd), 2);
	ck_assert_int_eq(get_int(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
	config_free(&config);
	config_free(&next);
}
END_TEST

/* workers/io/plain.c counts on it: no send blocks for longer. */
START_TEST(accepted_connection_has_the_send_limit)
{
	struct config *config = load("127.0.0.1:0",
	    AT_ONCE "} limits { send_timeout = \"1500ms\"");
	int fd = open_listener(config), accepted;
	struct timeval limit;
	socklen_t bytes = sizeof limit;

	connect_to(fd, AF_INET);
	accepted = accept(fd, NULL, NULL);
	ck_assert_int_eq(getsockopt(accepted, SOL_SOCKET, SO_SNDTIMEO, &limit, &bytes), 0);
	ck_assert_int_eq(limit.tv_sec, 1);
	ck_assert_int_ge(limit.tv_usec, 400000); /* the kernel rounds to its ticks */
	ck_assert_int_ne(get_int(accepted, IPPROTO_TCP, TCP_NODELAY), 0);
	config_free(&config);
}
END_TEST

START_TEST(taken_port_is_refused)
{
	struct config *config = load("127.0.0.1:0", AT_ONCE), *same;
	char address[64], wanted[160];
	int fd = open_listener(config), client;

	snprintf(address, sizeof address, "127.0.0.1:%u", port_of(fd));
	same = load(address, AT_ONCE);
	snprintf(wanted, sizeof wanted, "f:2: cannot listen on %s: Address already in use "
	    "(another server listens there)", address);
	assert_refused(same, wanted);
	/* A connection of the last run that the server ended (TIME_WAIT) is no server. */
	client = connect_to(fd, AF_INET);
	close(accept(fd, NULL, NULL));
	ck_assert_int_eq(read(client, address, 1), 0);
	close(client);
	close(fd);
	close(open_listener(same));
	config_free(&config);
	config_free(&same);
}
END_TEST

START_TEST(low_port_needs_root)
{
	struct config *config = load("127.0.0.1:1", "");
	char text[16] = "";
	int fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_RDONLY);

	if (getuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	if (fd < 0 || (read(fd, text, sizeof text - 1) > 0 && atoi(text) > 1))
		assert_refused(config, "f:2: cannot listen on 127.0.0.1:1: Permission denied "
		    "(ports below 1024 need root)");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0); /* or the leak sanitizer cannot look */
	config_free(&config);
}
END_TEST

START_TEST(stale_socket_file_is_replaced)
{
	struct config *config = load("unix:@/socket", "");
	int fd = open_listener(config);

	close(fd);                  /* as if killed: the file stays */
	ck_assert_int_eq(access("socket", F_OK), 0);
	fd = open_listener(config);
	close(connect_to(fd, AF_UNIX));
	config_free(&config);
}
END_TEST

/* Also when its queue is full. */
START_TEST(live_socket_file_is_refused)
{
	struct config *config = load("unix:@/socket", "backlog = 1");
	const struct config_listener *wanted = &config->listeners[0];
	int fd = open_listener(config), client;

	assert_refused(config, "Address already in use (another server listens there)");
	do {
		client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	} while (connect(client, (const void *)&wanted->address, wanted->address_bytes) == 0);
	ck_assert_int_eq(errno, EAGAIN);
	assert_refused(config, "Address already in use (another server listens there)");
	ck_assert_int_eq(access("socket", F_OK), 0);
	ck_assert_int_ge(accept(fd, NULL, NULL), 0);
	config_free(&config);
}
END_TEST

START_TEST(other_file_is_not_removed)
{
	struct config *config = load("unix:@/socket", "");

	scratch_write("target", "content");
	if (_i == 0)
		scratch_write("socket", "content");
	else
		ck_assert_int_eq(symlink("target", "socket"), 0);
	assert_refused(config, "f:2: cannot listen on unix:");
	scratch_assert_holds("socket", "content");
	scratch_assert_holds("target", "content");
	config_free(&config);
}
END_TEST

/* Whatever umask the administrator's shell had; and that is put back. */
START_TEST(socket_file_is_for_everybody)
{
	struct config *config = load("unix:@/socket", "");
	struct stat st;

	umask(077);
	open_listener(config);
	ck_assert_int_eq(stat("socket", &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0777);
	ck_assert_uint_eq(umask(077), 077);
	config_free(&config);
}
END_TEST

START_TEST(umask_is_put_back_after_a_failure)
{
	struct config *config = load("unix:@/no/socket", "");

	umask(077);
	assert_refused(config, "No such file or directory");
	ck_assert_uint_eq(umask(077), 077);
	config_free(&config);
}
END_TEST

START_TEST(socket_file_is_unlinked)
{
	struct config *config = load("unix:@/socket", ""), *tcp = load("127.0.0.1:0", AT_ONCE);

	open_listener(config);
	listen_unlink(&tcp->listeners[0]);
	ck_assert_int_eq(access("socket", F_OK), 0);
	listen_unlink(&config->listeners[0]);
	ck_assert_int_eq(access("socket", F_OK), -1);
	config_free(&config);
	config_free(&tcp);
}
END_TEST

static void
open_as_worker(void)
{
	struct config *config = load("unix:@/socket", "");

	role_set(ROLE_WORKER);
	(void)listen_open_priv(&config->listeners[0], config, errbuf, sizeof errbuf);
}

START_TEST(worker_cannot)
{
	ck_assert(process_aborts(open_as_worker));
	ck_assert_int_eq(access("socket", F_OK), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("listen");
	TCase *tcase = tcase_create("listen");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_loop_test(tcase, socket_listens_where_it_says, 0, COUNT_OF(addresses));
	tcase_add_test(tcase, only_dual_stack_takes_both);
	tcase_add_test(tcase, tcp_queue_is_counted);
	tcase_add_loop_test(tcase, what_was_shut_down_listens_again, 0,
	    COUNT_OF(shut_addresses));
	tcase_add_test(tcase, unix_queue_is_there_or_not);
	tcase_add_test(tcase, options_are_applied_and_again_at_a_reload);
	tcase_add_test(tcase, accepted_connection_has_the_send_limit);
	tcase_add_test(tcase, taken_port_is_refused);
	tcase_add_test(tcase, low_port_needs_root);
	tcase_add_test(tcase, stale_socket_file_is_replaced);
	tcase_add_test(tcase, live_socket_file_is_refused);
	tcase_add_loop_test(tcase, other_file_is_not_removed, 0, 2);
	tcase_add_test(tcase, socket_file_is_for_everybody);
	tcase_add_test(tcase, umask_is_put_back_after_a_failure);
	tcase_add_test(tcase, socket_file_is_unlinked);
	tcase_add_test(tcase, worker_cannot);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
