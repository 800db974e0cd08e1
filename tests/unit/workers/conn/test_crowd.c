/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/conn/crowd.c: the connections of a client are counted and given back, whatever way they
 * end; who is turned away gets a whole answer and is not waited for; handshakes have a rate. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "config/network.h"
#include "server/base/clients.h"
#include "server/base/log.h"
#include "server/base/scoreboard.h"
#include "tests/lib/addresses.h"
#include "tests/lib/scratch.h"
#include "workers/conn/crowd.h"

#define LIMIT 2

static struct config config;
static struct clients *clients;
static struct scoreboard *board;
static struct scoreboard_slot *slot;
static struct crowd crowd;
static struct sockaddr_storage one;

static void
begin(void)
{
	memset(&config, 0, sizeof config);
	config.limits.connections_per_client = LIMIT;
	clients = clients_new(1024);
	board = scoreboard_new();
	slot = scoreboard_slot(board, scoreboard_claim(board, 1, 0));
	one = address_of("192.0.2.1");
	crowd_init(&crowd, &config, clients, slot);
	log_set_sink((struct log_sink){ LOG_SINK_NONE, -1 });
}

static void
end(void)
{
	clients_free(&clients);
	scoreboard_free(&board);
}

/* How many there are besides. */
static unsigned
open_count(const struct sockaddr_storage *address)
{
	uint64_t key = clients_key(clients, address);
	unsigned count = clients_count_enter(clients, key);

	clients_count_leave(clients, key);
	return count - 1;
}

START_TEST(connection_is_counted_while_it_lasts)
{
	ck_assert(crowd_enter(&crowd, &one));
	ck_assert_uint_eq(open_count(&one), 1);
	ck_assert_uint_eq(slot_get_client_key(slot), clients_key(clients, &one));
	crowd_leave(&crowd);
	ck_assert_uint_eq(open_count(&one), 0);
	ck_assert_uint_eq(slot_get_client_key(slot), 0);
	crowd_leave(&crowd);        /* once more does no harm */
	ck_assert_uint_eq(open_count(&one), 0);
}
END_TEST

START_TEST(one_too_many_is_not_counted)
{
	uint64_t key = clients_key(clients, &one);

	for (unsigned i = 1; i < LIMIT; i++)
		(void)clients_count_enter(clients, key);
	ck_assert(crowd_enter(&crowd, &one)); /* the last one that may be */
	crowd_leave(&crowd);
	(void)clients_count_enter(clients, key);
	ck_assert(!crowd_enter(&crowd, &one));
	ck_assert_uint_eq(slot_get_client_key(slot), 0);
	crowd_leave(&crowd);
	ck_assert_uint_eq(open_count(&one), LIMIT);
}
END_TEST

START_TEST(some_are_not_counted)
{
	struct sockaddr_storage local = address_of("unix:");
	struct network network;
	struct config_access proxy = { .network = &network };

	ck_assert(crowd_enter(&crowd, &local));
	ck_assert_uint_eq(slot_get_client_key(slot), 0);
	crowd_leave(&crowd);
	ck_assert_ptr_null(network_parse("192.0.2.1", &network));
	config.trusted_proxies = &proxy;
	config.trusted_proxy_count = 1;
	ck_assert(crowd_enter(&crowd, &one));
	ck_assert_uint_eq(open_count(&one), 0);
	crowd_leave(&crowd);
	config.trusted_proxy_count = 0;
	config.limits.connections_per_client = 0;
	ck_assert(crowd_enter(&crowd, &one));
	ck_assert_uint_eq(open_count(&one), 0);
	crowd_leave(&crowd);
	config.limits.connections_per_client = LIMIT;
	crowd_init(&crowd, &config, NULL, slot);
	for (unsigned i = 0; i <= LIMIT; i++)
		ck_assert(crowd_enter(&crowd, &one));
	crowd_leave(&crowd);
}
END_TEST

static char rate_text[] = "1/m";

static bool
shakes_hands(const char *address)
{
	struct sockaddr_storage client = address_of(address);

	return crowd_allows_handshake(&crowd, &client, address);
}

START_TEST(handshakes_have_a_rate)
{
	config.limits.handshake_rate = (struct config_rate){ rate_text, 17 };
	config.limits.handshake_burst = 1;
	ck_assert(shakes_hands("192.0.2.1") && shakes_hands("192.0.2.1"));
	ck_assert(!shakes_hands("192.0.2.1"));
	ck_assert(shakes_hands("192.0.2.2"));
	ck_assert(shakes_hands("2001:db8::1") && shakes_hands("2001:db8::2"));
	ck_assert(!shakes_hands("2001:db8::3"));
	ck_assert(shakes_hands("2001:db8:0:1::1"));
	ck_assert_uint_eq(slot_get_client_key(slot), 0);
}
END_TEST

START_TEST(some_shake_hands_as_they_like)
{
	struct network network;
	struct config_access proxy = { .network = &network };

	for (unsigned i = 0; i < 100; i++)
		ck_assert(shakes_hands("192.0.2.1")); /* no rate */
	config.limits.handshake_rate = (struct config_rate){ rate_text, 17 };
	ck_assert_ptr_null(network_parse("192.0.2.1", &network));
	config.trusted_proxies = &proxy;
	config.trusted_proxy_count = 1;
	for (unsigned i = 0; i < 100; i++)
		ck_assert(shakes_hands("192.0.2.1") && shakes_hands("unix:"));
	config.trusted_proxy_count = 0;
	ck_assert(shakes_hands("192.0.2.1") && !shakes_hands("192.0.2.1"));
}
END_TEST

/* What the client gets that has sent this. */
static const char *
refuse(const char *sent, bool closes)
{
	static char got[4096];
	struct log_sink before = log_get_sink();
	int pair[2], log_fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0666);
	ssize_t n, total = 0;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(write(pair[1], sent, strlen(sent)), (ssize_t)strlen(sent));
	if (closes)
		ck_assert_int_eq(shutdown(pair[1], SHUT_WR), 0);
	log_set_sink((struct log_sink){ LOG_SINK_FD, log_fd });
	crowd_refuse(&crowd, pair[0], "192.0.2.1", false);
	log_set_sink(before);
	close(log_fd);
	close(pair[0]);
	while ((n = read(pair[1], got + total, sizeof got - 1 - (size_t)total)) > 0)
		total += n;
	ck_assert_int_eq(n, 0);     /* an end and no reset: all was read */
	got[total] = '\0';
	close(pair[1]);
	return got;
}

static const struct {
	const char *sent;
	bool closes, has_answer;
} refusals[] = {
	{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false, true },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true, true },
	{ "", false, true },        /* it has said nothing yet */
	{ "", true, false },        /* it has gone */
	{ "GE", false, true },
	{ "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", false, true },
	{ "PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n", false,
	    true },
	{ "\x16\x03\x01", false, true },
};

START_TEST(refusal_is_a_whole_answer)
{
	const char *got = refuse(refusals[_i].sent, refusals[_i].closes);
	const char *body = strstr(got, "\r\n\r\n");

	if (!refusals[_i].has_answer) {
		ck_assert_str_eq(got, "");
		return;
	}
	ck_assert_ptr_eq(strstr(got, "HTTP/1.1 429 Too Many Requests\r\n"), got);
	ck_assert_ptr_nonnull(strstr(got, "\r\nRetry-After: 1\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "\r\nConnection: close\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "\r\nDate: "));
	ck_assert_ptr_nonnull(strstr(got, "\r\nContent-Length: 0\r\n"));
	ck_assert_ptr_nonnull(body);
	ck_assert_str_eq(body + 4, "");
}
END_TEST

/* More than is read away at most: the answer may be lost then, but the worker is not held. */
START_TEST(flood_is_not_read_to_its_end)
{
	static char flood[200000];
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
	while (write(pair[1], flood, sizeof flood) > 0)
		continue;
	crowd_refuse(&crowd, pair[0], "192.0.2.1", false);
	ck_assert_int_gt(read(pair[0], flood, 1), 0);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(refusal_is_logged_once_in_a_while)
{
	char text[4096] = "";
	FILE *file;

	for (int i = 0; i < 3; i++)
		(void)refuse("GET / HTTP/1.1\r\n\r\n", true);
	file = fopen("log", "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
	fclose(file);
	ck_assert_ptr_nonnull(strstr(text, "192.0.2.1 has 2 connections"));
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("crowd");
	TCase *tcase = tcase_create("crowd");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, connection_is_counted_while_it_lasts);
	tcase_add_test(tcase, one_too_many_is_not_counted);
	tcase_add_test(tcase, some_are_not_counted);
	tcase_add_test(tcase, handshakes_have_a_rate);
	tcase_add_test(tcase, some_shake_hands_as_they_like);
	tcase_add_loop_test(tcase, refusal_is_a_whole_answer, 0,
	    (int)(sizeof refusals / sizeof refusals[0]));
	tcase_add_test(tcase, flood_is_not_read_to_its_end);
	tcase_add_test(tcase, refusal_is_logged_once_in_a_while);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
