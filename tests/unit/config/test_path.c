/* SPDX-License-Identifier: BSD-2-Clause */
/* config/path.c: two spellings of one place come out the same, and names that could mean two
 * things are refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/path.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static const struct {
	const char *path, *cleaned;     /* NULL: refused */
} paths[] = {
	{ "/", "/" }, { "///", "/" }, { "/srv", "/srv" }, { "/srv/", "/srv" },
	{ "//srv///www//", "/srv/www" }, { "/srv/.hidden", "/srv/.hidden" },
	{ "/srv/...", "/srv/..." }, { "/srv/..a", "/srv/..a" },
	{ "", NULL }, { "srv", NULL }, { "./srv", NULL }, { "/srv/..", NULL },
	{ "/srv/../etc", NULL }, { "/./srv", NULL }, { "/srv/.", NULL },
};

START_TEST(path_is_cleaned)
{
	bool is_wrong = false;
	char *cleaned = path_clean(paths[_i].path, &is_wrong);

	ck_assert_int_eq(is_wrong, paths[_i].cleaned == NULL);
	if (paths[_i].cleaned == NULL)
		ck_assert_msg(cleaned == NULL, "\"%s\": %s", paths[_i].path, cleaned);
	else
		ck_assert_str_eq(cleaned, paths[_i].cleaned);
	free(cleaned);
}
END_TEST

static const struct {
	const char *path, *folder;
	bool is_below;
} nested[] = {
	{ "/srv", "/srv", true }, { "/srv/www", "/srv", true }, { "/srvx", "/srv", false },
	{ "/sr", "/srv", false }, { "/", "/srv", false }, { "/srv", "/", true }, { "/", "/", true },
};

START_TEST(whole_segments_are_compared)
{
	ck_assert_msg(path_is_below(nested[_i].path, nested[_i].folder) == nested[_i].is_below,
	    "%s %s", nested[_i].path, nested[_i].folder);
}
END_TEST

static const struct {
	const char *path;
	bool is_right;
} locations[] = {
	{ "/", true }, { "/files", true }, { "/files/", true }, { "/a/b/c.html", true },
	{ "/a%20b", true }, { "/a b", true }, { "/.well-known/x", true }, { "/a/...", true },
	{ "", false }, { "files", false }, { "~ \\.php$", false }, { "//", false },
	{ "/a//b", false }, { "/a//", false }, { "/..", false }, { "/a/../b", false },
	{ "/a/./b", false }, { "/.", false },
};

START_TEST(location_path_is_normal)
{
	ck_assert_msg((path_check_location(locations[_i].path) == NULL) == locations[_i].is_right,
	    "\"%s\"", locations[_i].path);
}
END_TEST

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define NAME_251 LABEL_63 "." LABEL_63 "." LABEL_63 "." "abcdefghijklmnopqrstuvwxyz0123456789" \
	"abcdefghijklmnopqrstuvw"

static const struct {
	const char *text, *host;        /* NULL: refused */
} hosts[] = {
	{ "example.org", "example.org" }, { "Example.ORG", "example.org" },
	{ "example.org.", "example.org" }, { "localhost", "localhost" }, { "*", "*" },
	{ "*.Example.org", "*.example.org" }, { "127.0.0.1", "127.0.0.1" },
	{ "my_host.example", "my_host.example" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ LABEL_63 ".org", LABEL_63 ".org" }, { NAME_251 ".a", NAME_251 ".a" },
	{ NAME_251 ".a.", NAME_251 ".a" },
	{ NAME_251 ".ab", NULL }, { "*." NAME_251 ".a", NULL }, { LABEL_63 "x.org", NULL },
	{ "", NULL }, { ".", NULL }, { ".org", NULL }, { "a..b", NULL }, { "a.b..", NULL },
	{ "*.", NULL }, { "**", NULL }, { "*.*.org", NULL }, { "a.*.org", NULL },
	{ "*a.org", NULL },
	{ "example.org:80", NULL }, { "[::1]", NULL }, { "-a.org", NULL }, { "a-.org", NULL },
	{ "a b", NULL }, { "b\303\274cher.example", NULL }, { "a/b", NULL },
};

START_TEST(host_name_is_normal_or_refused)
{
	char host[PATH_HOST_BYTES] = "";
	const char *expected = path_parse_host(hosts[_i].text, host);

	if (hosts[_i].host == NULL)
		ck_assert_msg(expected != NULL, "\"%s\": %s", hosts[_i].text, host);
	else
		ck_assert_str_eq(host, hosts[_i].host);
	ck_assert_int_eq(expected == NULL, hosts[_i].host != NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("path");
	TCase *tcase = tcase_create("path");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, path_is_cleaned, 0, COUNT_OF(paths));
	tcase_add_loop_test(tcase, whole_segments_are_compared, 0, COUNT_OF(nested));
	tcase_add_loop_test(tcase, location_path_is_normal, 0, COUNT_OF(locations));
	tcase_add_loop_test(tcase, host_name_is_normal_or_refused, 0, COUNT_OF(hosts));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
