/* SPDX-License-Identifier: BSD-2-Clause */
/* config/address.c: every form of a listen address to the right sockaddr, what is none is
 * refused with a hint, and two that cannot be bound together are seen. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/address.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static const struct {
	const char *text;
	int family;
	const char *host;       /* as inet_ntop() writes it, or the path */
	unsigned port;
	bool is_dual_stack;
} rows[] = {
	{ "*:80", AF_INET6, "::", 80, true },
	{ "[::]:80", AF_INET6, "::", 80, false },
	{ "0.0.0.0:80", AF_INET, "0.0.0.0", 80, false },
	{ "127.0.0.1:0", AF_INET, "127.0.0.1", 0, false },
	{ "127.0.0.1:65535", AF_INET, "127.0.0.1", 65535, false },
	{ "[::1]:8080", AF_INET6, "::1", 8080, false },
	{ "[2001:DB8::1]:443", AF_INET6, "2001:db8::1", 443, false },
	{ "unix:/run/muster.sock", AF_UNIX, "/run/muster.sock", 0, false },
	{ "unix:/run/a:80", AF_UNIX, "/run/a:80", 0, false },
};

START_TEST(address_is_parsed)
{
	struct address address;
	char host[INET6_ADDRSTRLEN];
	const struct sockaddr_in *in = (const struct sockaddr_in *)&address.storage;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address.storage;
	const struct sockaddr_un *un = (const struct sockaddr_un *)&address.storage;

	ck_assert_ptr_null(address_parse(rows[_i].text, &address));
	ck_assert_int_eq(address.storage.ss_family, rows[_i].family);
	ck_assert_int_eq(address.is_dual_stack, rows[_i].is_dual_stack);
	ck_assert_uint_eq(address_port(&address.storage), rows[_i].port);
	if (rows[_i].family == AF_UNIX) {
		ck_assert_str_eq(un->sun_path, rows[_i].host);
		ck_assert_uint_eq(address.bytes,
		    offsetof(struct sockaddr_un, sun_path) + strlen(rows[_i].host) + 1);
		return;
	}
	ck_assert_uint_eq(address.bytes, rows[_i].family == AF_INET ? sizeof(*in) : sizeof(*in6));
	ck_assert_uint_eq(ntohs(in->sin_port), rows[_i].port);
	ck_assert_ptr_nonnull(inet_ntop(rows[_i].family, rows[_i].family == AF_INET ?
	    (const void *)&in->sin_addr : (const void *)&in6->sin6_addr, host, sizeof(host)));
	ck_assert_str_eq(host, rows[_i].host);
}
END_TEST

/* A part of what was expected. */
static const struct {
	const char *text, *hint;
} refused[] = {
	{ "", "*:80" }, { "80", "*:80" }, { "localhost:80", "*:80" }, { ":80", "*:80" },
	{ "127.0.0.1", "*:80" }, { "127.1:80", "*:80" }, { "1.2.3.256:80", "*:80" },
	{ "*:", "port" }, { "*:http", "port" }, { "*:65536", "port" }, { "*:-1", "port" },
	{ "*:80 ", "port" }, { "*:0x50", "port" }, { "*:000080", "port" },
	{ "::1:80", "brackets" }, { "[::1]80", "bracket" }, { "[::1]", "bracket" },
	{ "[::g]:80", "IPv6" }, { "[]:80", "IPv6" }, { "[127.0.0.1]:80", "IPv6" },
	{ "[fe80::1%lo]:80", "IPv6" }, { "[::ffff:1.2.3.4]:80", "IPv4" },
	{ "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80", "*:80" },
	{ "unix:", "absolute" }, { "unix:run/x", "absolute" }, { "unix:/", "absolute" },
	{ "unix:/0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456", "107" },
};

START_TEST(other_text_is_refused_with_a_hint)
{
	struct address address;
	const char *expected = address_parse(refused[_i].text, &address);

	ck_assert_msg(expected != NULL, "\"%s\" was taken", refused[_i].text);
	ck_assert_msg(strstr(expected, refused[_i].hint) != NULL, "\"%s\": %s", refused[_i].text,
	    expected);
}
END_TEST

static const struct {
	const char *a, *b;
	bool collides;
} pairs[] = {
	{ "*:80", "*:80", true }, { "*:80", "*:81", false }, { "*:80", "0.0.0.0:80", true },
	{ "*:80", "127.0.0.1:80", true }, { "*:80", "[::1]:80", true }, { "*:80", "[::]:80", true },
	{ "[::]:80", "0.0.0.0:80", false }, { "[::]:80", "[::1]:80", true },
	{ "[::1]:80", "[0:0::1]:80", true }, { "[::1]:80", "[::2]:80", false },
	{ "0.0.0.0:80", "127.0.0.1:80", true }, { "127.0.0.1:80", "127.0.0.2:80", false },
	{ "127.0.0.1:0", "127.0.0.1:0", false }, { "*:0", "*:0", false },
	{ "unix:/run/a", "unix:/run/a", true }, { "unix:/run/a", "unix:/run/ab", false },
	{ "unix:/run/a", "*:80", false },
};

START_TEST(collision_is_seen_both_ways)
{
	struct address a, b;

	ck_assert_ptr_null(address_parse(pairs[_i].a, &a));
	ck_assert_ptr_null(address_parse(pairs[_i].b, &b));
	ck_assert_msg(address_collides(&a, &b) == pairs[_i].collides, "%s %s", pairs[_i].a,
	    pairs[_i].b);
	ck_assert_msg(address_collides(&b, &a) == pairs[_i].collides, "%s %s", pairs[_i].b,
	    pairs[_i].a);
}
END_TEST

static const struct {
	const char *a, *b;
	bool is_same;
} spellings[] = {
	{ "*:80", "*:80", true }, { "*:80", "*:080", true }, { "*:80", "*:81", false },
	{ "*:80", "[::]:80", false }, { "*:80", "0.0.0.0:80", false },
	{ "[::1]:80", "[0:0::1]:80", true }, { "[::1]:80", "[::2]:80", false },
	{ "[2001:DB8::a]:0", "[2001:db8:0::A]:0", true },
	{ "127.0.0.1:80", "127.0.0.1:00080", true }, { "127.0.0.1:80", "127.0.0.2:80", false },
	{ "127.0.0.1:0", "127.0.0.1:0", true }, { "unix:/run/a", "unix:/run/a", true },
	{ "unix:/run/a", "unix:/run/ab", false }, { "unix:/run/a", "*:80", false },
};

START_TEST(spelling_does_not_matter)
{
	struct address a, b;

	ck_assert_ptr_null(address_parse(spellings[_i].a, &a));
	ck_assert_ptr_null(address_parse(spellings[_i].b, &b));
	ck_assert_msg(address_is_same(&a, &b) == spellings[_i].is_same, "%s %s", spellings[_i].a,
	    spellings[_i].b);
	ck_assert(address_is_same(&b, &a) == spellings[_i].is_same);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("address");
	TCase *tcase = tcase_create("address");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, address_is_parsed, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, other_text_is_refused_with_a_hint, 0, COUNT_OF(refused));
	tcase_add_loop_test(tcase, spelling_does_not_matter, 0, COUNT_OF(spellings));
	tcase_add_loop_test(tcase, collision_is_seen_both_ways, 0, COUNT_OF(pairs));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
