/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/real_ip.c: whom a request is put down to. A client that can put itself down as
 * somebody else passes allow and deny and every limit; one that is put down as the proxy shares
 * its limits with all others. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/network.h"
#include "tests/lib/addresses.h"
#include "workers/handler/real_ip.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define FIELDS_MAX 3

static const char *const trusted_texts[] = { "10.0.0.0/8", "2001:db8:1::/48", "unix:" };
static struct network networks[COUNT_OF(trusted_texts)];
static struct config_access trusted[COUNT_OF(trusted_texts)];
static struct config config;
static struct http_request request;

static void
trust(void)
{
	for (int i = 0; i < COUNT_OF(trusted_texts); i++) {
		ck_assert_ptr_null(network_parse(trusted_texts[i], &networks[i]));
		trusted[i].network = &networks[i];
	}
	memset(&config, 0, sizeof config);
	config.trusted_proxies = trusted;
	config.trusted_proxy_count = COUNT_OF(trusted_texts);
}

static void
set_fields(const char *const lines[FIELDS_MAX])
{
	memset(&request, 0, sizeof request);
	for (int i = 0; i < FIELDS_MAX && lines[i] != NULL; i++) {
		const char *colon = strchr(lines[i], ':');

		request.fields[i].name = slice_make(lines[i], (size_t)(colon - lines[i]));
		request.fields[i].value = slice_trim(slice_from_text(colon + 1));
		request.field_count++;
	}
}

#define LIST CONFIG_X_FORWARDED_FOR
#define RFC7239 CONFIG_FORWARDED
#define UNSAID (-1)

static const struct {
	enum config_real_ip header;
	const char *peer;
	const char *fields[FIELDS_MAX];
	const char *client;
	int is_https;
} rows[] = {
	/* Nobody is believed but those in the list. */
	{ LIST, "192.0.2.1", { "X-Forwarded-For: 203.0.113.1", "X-Forwarded-Proto: https" },
	    "192.0.2.1", UNSAID },
	{ LIST, "11.0.0.1", { "X-Forwarded-For: 203.0.113.1" }, "11.0.0.1", UNSAID },
	{ RFC7239, "192.0.2.1", { "Forwarded: for=203.0.113.1;proto=https" }, "192.0.2.1",
	    UNSAID },
	/* One proxy. */
	{ LIST, "10.0.0.1", { NULL }, "10.0.0.1", UNSAID },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 203.0.113.1" }, "203.0.113.1", UNSAID },
	{ LIST, "::ffff:10.0.0.1", { "X-Forwarded-For: 203.0.113.1" }, "203.0.113.1", UNSAID },
	{ LIST, "2001:db8:1::5", { "X-Forwarded-For: 2001:db8:2::1" }, "2001:db8:2::1", UNSAID },
	{ LIST, "unix:", { "X-Forwarded-For: 203.0.113.1" }, "203.0.113.1", UNSAID },
	/* What the client said itself stands in front, and is not believed. */
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 10.0.0.9, 1.2.3.4, 203.0.113.1" },
	    "203.0.113.1", UNSAID },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 203.0.113.1" },
	    "203.0.113.1", UNSAID },
	/* Two and more. */
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 1.2.3.4, 203.0.113.1, 10.0.0.2, 10.0.0.3" },
	    "203.0.113.1", UNSAID },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 203.0.113.1, 2001:db8:1::1" }, "203.0.113.1",
	    UNSAID },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 10.0.0.3, 10.0.0.2" }, "10.0.0.3", UNSAID },
	/* What cannot be read ends the walk at the last good one. */
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 203.0.113.1, unknown" }, "10.0.0.1", UNSAID },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 203.0.113.1, _x, 10.0.0.2" }, "10.0.0.2",
	    UNSAID },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 203.0.113.1, rubbish, 10.0.0.2" }, "10.0.0.2",
	    UNSAID },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: rubbish" }, "10.0.0.1", UNSAID },
	/* Only the header that is configured counts. */
	{ LIST, "10.0.0.1", { "Forwarded: for=203.0.113.1;proto=https" }, "10.0.0.1", UNSAID },
	{ RFC7239, "10.0.0.1", { "X-Forwarded-For: 203.0.113.1", "X-Forwarded-Proto: https" },
	    "10.0.0.1", UNSAID },
	{ RFC7239, "10.0.0.1", { "Forwarded: for=203.0.113.1" }, "203.0.113.1", UNSAID },
	{ RFC7239, "10.0.0.1", { "Forwarded: for=1.2.3.4, for=203.0.113.1, for=\"10.0.0.2:80\"" },
	    "203.0.113.1", UNSAID },
	{ RFC7239, "10.0.0.1", { "Forwarded: for=\"1.2.3.4, for=203.0.113.1" }, "203.0.113.1",
	    UNSAID },
	{ RFC7239, "10.0.0.1", { "Forwarded: for=203.0.113.1, for=unknown" }, "10.0.0.1",
	    UNSAID },
	/* HTTPS: as the farthest one says that is believed. */
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 203.0.113.1", "X-Forwarded-Proto: https" },
	    "203.0.113.1", 1 },
	{ LIST, "10.0.0.1", { "X-Forwarded-Proto: https" }, "10.0.0.1", 1 },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 203.0.113.1, 10.0.0.2",
	    "X-Forwarded-Proto: https" }, "203.0.113.1", 1 },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 203.0.113.1, 10.0.0.2",
	    "X-Forwarded-Proto: https, http" }, "203.0.113.1", 1 },
	{ LIST, "10.0.0.1", { "X-Forwarded-For: 1.2.3.4, 203.0.113.1",
	    "X-Forwarded-Proto: https, http" }, "203.0.113.1", 0 },
	{ RFC7239, "10.0.0.1", { "Forwarded: for=203.0.113.1;proto=https" }, "203.0.113.1", 1 },
	{ RFC7239, "10.0.0.1", { "Forwarded: for=1.2.3.4;proto=https, for=203.0.113.1;proto=http" },
	    "203.0.113.1", 0 },
	{ RFC7239, "10.0.0.1", { "Forwarded: for=203.0.113.1;proto=https",
	    "Forwarded: for=10.0.0.2;proto=http" },
	    "203.0.113.1", 1 },
	{ RFC7239, "10.0.0.1", { "Forwarded: for=203.0.113.1, for=10.0.0.2;proto=https" },
	    "203.0.113.1", 1 },
	{ RFC7239, "10.0.0.1", { "Forwarded: for=1.2.3.4;proto=http, for=unknown;proto=https" },
	    "10.0.0.1", 1 },
};

START_TEST(client_is_found)
{
	struct sockaddr_storage peer = address_of(rows[_i].peer), client;
	char text[INET6_ADDRSTRLEN];

	set_fields(rows[_i].fields);
	config.real_ip_header = rows[_i].header;
	for (int before = 0; before <= 1; before++) {
		bool is_https = before != 0;

		memset(&client, 0xee, sizeof client);
		real_ip_find(&config, &request, &peer, &client, &is_https);
		ck_assert_msg(strcmp(address_text(&client, text), rows[_i].client) == 0,
		    "%s and %s: %s, should be %s", rows[_i].peer, rows[_i].fields[0], text,
		    rows[_i].client);
		ck_assert_msg(is_https == (rows[_i].is_https == UNSAID ? before != 0 :
		    rows[_i].is_https != 0), "%s and %s: HTTPS is %d", rows[_i].peer,
		    rows[_i].fields[0], is_https);
	}
}
END_TEST

START_TEST(nobody_is_trusted_by_default)
{
	static const char *const lines[FIELDS_MAX] = { "X-Forwarded-For: 203.0.113.1" };
	struct sockaddr_storage peer = address_of("127.0.0.1"), client;
	bool is_https = false;
	char text[INET6_ADDRSTRLEN];

	set_fields(lines);
	memset(&config, 0, sizeof config);
	real_ip_find(&config, &request, &peer, &client, &is_https);
	ck_assert_str_eq(address_text(&client, text), "127.0.0.1");
	ck_assert(!real_ip_is_trusted(&config, &peer));
}
END_TEST

/* Thousands of trusted hops, as long a list as a head can hold. */
START_TEST(long_list_is_walked_to_its_client)
{
	static char value[32768] = "203.0.113.1";
	struct sockaddr_storage peer = address_of("10.0.0.1"), client;
	bool is_https = false;
	char text[INET6_ADDRSTRLEN];

	for (size_t len = strlen(value); len + 11 < sizeof value; len += 10)
		strcpy(value + len, ", 10.0.0.7");
	memset(&request, 0, sizeof request);
	request.fields[0].name = SLICE_LITERAL("X-Forwarded-For");
	request.fields[0].value = slice_from_text(value);
	request.field_count = 1;
	real_ip_find(&config, &request, &peer, &client, &is_https);
	ck_assert_str_eq(address_text(&client, text), "203.0.113.1");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("real_ip");
	TCase *tcase = tcase_create("real_ip");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, trust, NULL);
	tcase_add_loop_test(tcase, client_is_found, 0, COUNT_OF(rows));
	tcase_add_test(tcase, nobody_is_trusted_by_default);
	tcase_add_test(tcase, long_list_is_walked_to_its_client);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
