/* SPDX-License-Identifier: BSD-2-Clause */
/* config/network.c: every form of a network, who belongs to it to the last bit, which of two is
 * the closer one, and a hint for what is none. A bit too many or too few lets in whoever was
 * to be kept out. */
#include <check.h>
#include <stdlib.h>

#include "config/network.h"
#include "tests/lib/addresses.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static const struct {
	const char *text;
	enum network_kind kind;
	unsigned prefix_bits;
	unsigned rank;
} rows[] = {
	{ "all", NETWORK_ALL, 0, 0 },
	{ "unix:", NETWORK_UNIX, 128, 129 },
	{ "192.0.2.1", NETWORK_IPV4, 32, 129 },
	{ "192.0.2.0/24", NETWORK_IPV4, 24, 121 },
	{ "192.0.2.0/31", NETWORK_IPV4, 31, 128 },
	{ "128.0.0.0/1", NETWORK_IPV4, 1, 98 },
	{ "0.0.0.0/0", NETWORK_IPV4, 0, 97 },
	{ "2001:db8::1", NETWORK_IPV6, 128, 129 },
	{ "2001:DB8::/32", NETWORK_IPV6, 32, 33 },
	{ "2001:db8:8000::/33", NETWORK_IPV6, 33, 34 },
	{ "::/0", NETWORK_IPV6, 0, 1 },
	{ "::1", NETWORK_IPV6, 128, 129 },
	{ "::ffff:192.0.2.1", NETWORK_IPV4, 32, 129 },
	{ "::ffff:192.0.2.0/120", NETWORK_IPV4, 24, 121 },
	{ "::ffff:0:0/96", NETWORK_IPV4, 0, 97 },
	{ "::192.0.2.1", NETWORK_IPV6, 128, 129 },
};

START_TEST(network_is_parsed)
{
	struct network network;
	const char *expected = network_parse(rows[_i].text, &network);

	ck_assert_msg(expected == NULL, "%s: %s", rows[_i].text, expected);
	ck_assert_int_eq(network.kind, rows[_i].kind);
	ck_assert_uint_eq(network.prefix_bits, rows[_i].prefix_bits);
	ck_assert_uint_eq(network_rank(&network), rows[_i].rank);
}
END_TEST

/* A part of what was expected. */
static const struct {
	const char *text, *hint;
} refused[] = {
	{ "", "\"all\"" },
	{ "All", "\"all\"" },
	{ "all ", "\"all\"" },
	{ " all", "\"all\"" },
	{ "localhost", "\"all\"" },
	{ "unix", "\"unix:\"" },
	{ "unix:/run/x", "\"unix:\"" },
	{ "all/0", "an address" },
	{ "192.0.2", "an address" },
	{ "192.0.2.0.0", "an address" },
	{ "192.0.2.256", "an address" },
	{ "192.0.02.1", "an address" },
	{ "192.0.2.1:80", "an address" },
	{ "[2001:db8::1]", "an address" },
	{ "fe80::1%lo", "an address" },
	{ "2001:db8::1::1", "an address" },
	{ "/24", "an address" },
	{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", "an address" },
	{ "192.0.2.0/", "0 to 32" },
	{ "192.0.2.0/33", "0 to 32" },
	{ "192.0.2.0/-1", "0 to 32" },
	{ "192.0.2.0/+24", "0 to 32" },
	{ "192.0.2.0/ 24", "0 to 32" },
	{ "192.0.2.0/24x", "0 to 32" },
	{ "192.0.2.0/0024", "0 to 32" },
	{ "192.0.2.0/4294967320", "0 to 32" },
	{ "192.0.2.0/24/24", "0 to 32" },
	{ "192.0.2.0/255.255.255.0", "0 to 32" },
	{ "2001:db8::/129", "0 to 128" },
	{ "192.0.2.1/24", "bits beyond" },
	{ "192.0.2.1/31", "bits beyond" },
	{ "192.0.2.1/0", "bits beyond" },
	{ "2001:db8::1/127", "bits beyond" },
	{ "2001:db8::/16", "bits beyond" },
	{ "::ffff:192.0.2.1/120", "bits beyond" },
	{ "::ffff:0:0/80", "bits beyond" },
};

START_TEST(other_text_is_refused_with_a_hint)
{
	struct network network;
	const char *expected = network_parse(refused[_i].text, &network);

	ck_assert_msg(expected != NULL, "\"%s\" was taken", refused[_i].text);
	ck_assert_msg(strstr(expected, refused[_i].hint) != NULL, "\"%s\": %s", refused[_i].text,
	    expected);
}
END_TEST

static const struct {
	const char *network, *address;
	bool holds;
} members[] = {
	{ "all", "192.0.2.1", true },
	{ "all", "2001:db8::1", true },
	{ "all", "unix:", true },
	{ "unix:", "unix:", true },
	{ "unix:", "127.0.0.1", false },
	{ "unix:", "::1", false },
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.0", false },
	{ "192.0.2.1", "192.0.2.3", false },
	{ "192.0.2.1", "unix:", false },
	{ "192.0.2.1", "::ffff:192.0.2.1", true },
	{ "192.0.2.1", "::ffff:192.0.2.2", false },
	{ "192.0.2.1", "::192.0.2.1", false },
	{ "::ffff:192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.0/24", "192.0.1.255", false },
	{ "192.0.2.0/24", "193.0.2.1", false },
	{ "192.0.2.0/25", "192.0.2.127", true },
	{ "192.0.2.0/25", "192.0.2.128", false },
	{ "192.0.2.128/25", "192.0.2.128", true },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.4/30", "192.0.2.7", true },
	{ "192.0.2.4/30", "192.0.2.8", false },
	{ "192.0.2.4/30", "192.0.2.3", false },
	{ "128.0.0.0/1", "255.255.255.255", true },
	{ "128.0.0.0/1", "127.255.255.255", false },
	{ "0.0.0.0/0", "255.255.255.255", true },
	{ "0.0.0.0/0", "::ffff:10.0.0.1", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "0.0.0.0/0", "unix:", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "10.0.0.1", false },
	{ "::/0", "::ffff:10.0.0.1", false },
	{ "::/0", "unix:", false },
	{ "2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true },
	{ "2001:db8::/32", "2001:db9::", false },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "2001:db8::1", "2001:db8::1", true },
	{ "2001:db8::1", "2001:db8::", false },
	{ "2001:db8::1", "3001:db8::1", false },
	{ "::1", "127.0.0.1", false },
	{ "c000:201::/32", "192.0.2.1", false },  /* the same four bytes in front */
	{ "192.0.2.1", "c000:201::", false },
};

START_TEST(members_are_known_to_the_last_bit)
{
	struct sockaddr_storage address = address_of(members[_i].address);
	struct network network;

	ck_assert_ptr_null(network_parse(members[_i].network, &network));
	ck_assert_msg(network_holds(&network, &address) == members[_i].holds, "%s in %s",
	    members[_i].address, members[_i].network);
}
END_TEST

START_TEST(unnamed_socket_is_a_unix_client)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	struct network network;

	ck_assert_ptr_null(network_parse("unix:", &network));
	ck_assert(network_holds(&network, &address));
	ck_assert_ptr_null(network_parse("::/0", &network));
	ck_assert(!network_holds(&network, &address));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("network");
	TCase *tcase = tcase_create("network");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, network_is_parsed, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, other_text_is_refused_with_a_hint, 0, COUNT_OF(refused));
	tcase_add_loop_test(tcase, members_are_known_to_the_last_bit, 0, COUNT_OF(members));
	tcase_add_test(tcase, unnamed_socket_is_a_unix_client);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
