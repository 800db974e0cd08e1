/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/route.c: which host and location a request belongs to, whatever the order they
 * are written in, and what is looked up below the root. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/route.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LISTEN "types_file = \"\" listen \"127.0.0.1:0\" {}\n"

static struct config *config;

static void
load(const char *text)
{
	struct config_errors errors = { 0 };

	config = config_load_text(text, "f", &errors);
	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
}

static void
unload(void)
{
	config_free(&config);
}

static struct route
find(const char *host, const char *path)
{
	struct route route;

	route_find(config, slice_from_text(host), slice_from_text(path), &route);
	ck_assert_ptr_eq(route.settings, route.location != NULL ? &route.location->settings :
	    &route.host->settings);
	return route;
}

static const char hosts_text[] = LISTEN
    "host \"*.example.org\" {}\n"
    "host \"example.org\" { aliases = { \"www.example.org\", \"*.alias.net\" } }\n"
    "host \"*.deep.example.org\" {}\n"
    "host \"fallback\" { default = true }\n"
    "host \"one.deep.example.org\" {}\n"
    "host \"*.alias.net.example.org\" {}\n"
    "host \"127.0.0.1\" {}\n";

static const struct {
	const char *host, *name;
} hosts[] = {
	{ "example.org", "example.org" },
	{ "EXAMPLE.org", "example.org" },
	{ "example.org.", "example.org" },
	{ "www.example.org", "example.org" },           /* an alias before a wildcard */
	{ "WWW.Example.Org.", "example.org" },
	{ "x.alias.net", "example.org" },
	{ "alias.net", "fallback" },
	{ "a.example.org", "*.example.org" },
	{ "a.b.example.org", "*.example.org" },
	{ "deep.example.org", "*.example.org" },
	{ "a.deep.example.org", "*.deep.example.org" }, /* the longer one */
	{ "A.B.DEEP.example.org", "*.deep.example.org" },
	{ "one.deep.example.org", "one.deep.example.org" },
	{ "x.alias.net.example.org", "*.alias.net.example.org" },
	{ "127.0.0.1", "127.0.0.1" },
	{ ".example.org", "fallback" },
	{ "myexample.org", "fallback" },
	{ "example.org.evil", "fallback" },
	{ "example.orgx", "fallback" },
	{ "xample.org", "fallback" },
	{ "", "fallback" },
	{ ".", "fallback" },
	{ "..", "fallback" },
	{ "*.example.org", "*.example.org" },
	{ "[::1]", "fallback" },
};

START_TEST(host_is_chosen)
{
	load(hosts_text);
	ck_assert_str_eq(find(hosts[_i].host, "/").host->name, hosts[_i].name);
}
END_TEST

START_TEST(any_host_is_last_but_before_the_default)
{
	load(LISTEN "host \"*\" {} host \"*.b\" {} host \"c\" { default = true }");
	ck_assert_str_eq(find("a", "/").host->name, "*");
	ck_assert_str_eq(find("x.b", "/").host->name, "*.b");
	ck_assert_str_eq(find("c", "/").host->name, "c");
	ck_assert_str_eq(find("", "/").host->name, "*");
}
END_TEST

START_TEST(first_host_is_the_default)
{
	load(LISTEN "host \"a\" {} host \"b\" {}");
	ck_assert_str_eq(find("c", "/").host->name, "a");
}
END_TEST

/* A name as long as one may be is no less exact than a short one. */
START_TEST(longest_name_beats_its_wildcard)
{
#define LABEL "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define TAIL LABEL "." LABEL "." LABEL ".abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmn.org"
	load(LISTEN "host \"*." TAIL "\" {} host \"a." TAIL "\" {}");
	ck_assert_str_eq(find("a." TAIL, "/").host->name, "a." TAIL);
	ck_assert_str_eq(find("b." TAIL, "/").host->name, "*." TAIL);
}
END_TEST

static const char locations_text[] = LISTEN "root = \"/srv\" host \"h\" {\n"
    "location \"/files\" {}\n"
    "location \"/files/deep/\" {}\n"
    "location \"= /files/deep/x\" {}\n"
    "location \"= /exact\" {}\n"
    "location \"= /dir/\" {}\n"
    "location \"/alias/\" { alias = \"/data\" }\n"
    "location \"/short\" { alias = \"/data/short\" }\n"
    "location \"= /one\" { alias = \"/data/file.txt\" }\n"
    "location \"= /two\" { alias = \"/data/folder/\" }\n"
    "location \"/alias/in/\" {}\n"
    "}\n";

static const struct {
	const char *path, *title;   /* title NULL: the host itself */
	const char *below_root;
} locations[] = {
	{ "/", NULL, "" },
	{ "/x", NULL, "x" },
	{ "/x/", NULL, "x/" },
	{ "/files", "/files", "files" },
	{ "/files/", "/files", "files/" },
	{ "/files/x/y", "/files", "files/x/y" },
	{ "/filesystem", NULL, "filesystem" },          /* whole segments only */
	{ "/file", NULL, "file" },
	{ "/FILES", NULL, "FILES" },
	{ "/x/files", NULL, "x/files" },
	{ "/files/deep", "/files/deep/", "files/deep" },
	{ "/files/deep/", "/files/deep/", "files/deep/" },
	{ "/files/deep/y", "/files/deep/", "files/deep/y" },
	{ "/files/deeper", "/files", "files/deeper" },
	{ "/files/deep/x", "= /files/deep/x", "files/deep/x" },
	{ "/files/deep/x/", "/files/deep/", "files/deep/x/" },
	{ "/files/deep/xy", "/files/deep/", "files/deep/xy" },
	{ "/exact", "= /exact", "exact" },
	{ "/exact/", NULL, "exact/" },
	{ "/exactly", NULL, "exactly" },
	{ "/dir/", "= /dir/", "dir/" },
	{ "/dir", NULL, "dir" },
	{ "/alias/a/b", "/alias/", "a/b" },
	{ "/alias/", "/alias/", "" },
	{ "/alias", "/alias/", "" },
	{ "/aliases", NULL, "aliases" },
	{ "/alias/in/x", "/alias/in/", "alias/in/x" },  /* the alias does not reach in */
	{ "/alias/inner", "/alias/", "inner" },
	{ "/short/x", "/short", "x" },
	{ "/short/", "/short", "" },
	{ "/short", "/short", "" },
	{ "/shorts", NULL, "shorts" },
	{ "/one", "= /one", "file.txt" },
	{ "/one/", NULL, "one/" },
	{ "/two", "= /two", "" },
};

START_TEST(location_is_chosen)
{
	struct route route;

	load(locations_text);
	route = find("h", locations[_i].path);
	if (locations[_i].title == NULL)
		ck_assert_msg(route.location == NULL, "%s", route.location->title);
	else
		ck_assert_str_eq(route.location->title, locations[_i].title);
	/* A text: it goes to the system as it is. */
	ck_assert_str_eq(route.below_root.data, locations[_i].below_root);
	ck_assert_uint_eq(route.below_root.len, strlen(locations[_i].below_root));
}
END_TEST

START_TEST(location_of_all_takes_the_rest)
{
	load(LISTEN "host \"h\" { location \"/\" { alias = \"/data\" } location \"/a\" {} }");
	ck_assert_str_eq(find("h", "/").location->title, "/");
	ck_assert_str_eq(find("h", "/").below_root.data, "");
	ck_assert_str_eq(find("h", "/x/y").location->title, "/");
	ck_assert_str_eq(find("h", "/x/y").below_root.data, "x/y");
	ck_assert_str_eq(find("h", "/a").location->title, "/a");
	ck_assert_str_eq(find("h", "/ab").location->title, "/");
}
END_TEST

/* Those of another host do not count. */
START_TEST(locations_belong_to_their_host)
{
	load(LISTEN "host \"a\" { location \"/x\" {} } host \"b\" {}");
	ck_assert_ptr_nonnull(find("a", "/x").location);
	ck_assert_ptr_null(find("b", "/x").location);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("route");
	TCase *tcase = tcase_create("route");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, NULL, unload);
	tcase_add_loop_test(tcase, host_is_chosen, 0, COUNT_OF(hosts));
	tcase_add_test(tcase, any_host_is_last_but_before_the_default);
	tcase_add_test(tcase, first_host_is_the_default);
	tcase_add_test(tcase, longest_name_beats_its_wildcard);
	tcase_add_loop_test(tcase, location_is_chosen, 0, COUNT_OF(locations));
	tcase_add_test(tcase, location_of_all_takes_the_rest);
	tcase_add_test(tcase, locations_belong_to_their_host);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
