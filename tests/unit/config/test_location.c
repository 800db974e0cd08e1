/* SPDX-License-Identifier: BSD-2-Clause */
/* config/location.c and config/alias.c: locations within locations, and which directory each
 * form of alias and each location around makes of it. */
#include "tests/lib/load_config.h"

#include "config/template.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static const char *
root_of(const struct config *config, const struct config_settings *settings)
{
	if (settings->root_index == CONFIG_NO_ROOT)
		return "";
	ck_assert_uint_lt(settings->root_index, config->root_count);
	return config->roots[settings->root_index].path;
}

/* The innermost location of the host. */
static const struct {
	const char *text;
	const char *root;
	bool is_alias;
	const char *alias_path, *file, *target; /* NULL: none; target: its first text */
} rows[] = {
	{ "location \"/files/\" {}", "/srv", false, NULL, NULL, NULL },
	{ "location \"/files\" { root = \"/a/\" }", "/a", false, NULL, NULL, NULL },
	{ "location \"/files\" { root = \"\" }", "", false, NULL, NULL, NULL },
	{ "location \"/files\" { alias = \"/a/b\" }", "/a/b", true, "/files", NULL, NULL },
	{ "location \"/files/\" { alias = \"/a/b/\" }", "/a/b", true, "/files/", NULL, NULL },
	{ "location \"/files\" { alias = \"\" }", "/srv", false, NULL, NULL, NULL },
	{ "location \"= /x\" {}", "/srv", false, NULL, NULL, NULL },
	{ "location \"=/x\" { alias = \"/a//b\" }", "/a", true, NULL, "b", NULL },
	{ "location \"= /x\" { alias = \"/b\" }", "/", true, NULL, "b", NULL },
	{ "location \"= /x\" { alias = \"/a/b/\" }", "/a/b", true, "/x", NULL, NULL },
	{ "location \"= /x\" { alias = \"/\" }", "/", true, "/x", NULL, NULL },
	/* What is within goes on below the same directory. */
	{ "location \"/f\" { alias = \"/a\" location \"/f/g\" {} }", "/a", true, "/f", NULL, NULL },
	{ "location \"/f\" { alias = \"/a\" location \"= /f/g\" {} }", "/a", true, "/f", NULL,
	    NULL },
	{ "location \"/f\" { alias = \"/a\" location \"/f/g\" { location \"/f/g/h\" {} } }", "/a",
	    true,
	    "/f", NULL, NULL },
	{ "location \"/f\" { alias = \"/a\" location \"/f/g\" { root = \"/b\" } }", "/b", false,
	    NULL,
	    NULL, NULL },
	{ "location \"/f\" { alias = \"/a\" location \"/f/g\" { alias = \"/b\" } }", "/b", true,
	    "/f/g", NULL, NULL },
	{ "location \"/f\" { alias = \"/a\" location \"/f/g\" { reset = root } }", "", false, NULL,
	    NULL, NULL },
	{ "location \"/f\" { root = \"/a\" location \"/f/g\" {} }", "/a", false, NULL, NULL, NULL },
#ifdef HAVE_PCRE2
	{ "location \"~ ^/i/(.*)\" { alias = \"/a/$1\" }", "/a", true, NULL, NULL, "" },
	{ "location \"~ ^/i/(.*)\" { alias = \"/a/b-$1.png\" }", "/a", true, NULL, NULL, "b-" },
	{ "location \"~ ^/i/(.*)\" { alias = \"/b-$1\" }", "/", true, NULL, NULL, "b-" },
	{ "location \"~ ^/i\" { alias = \"/a/index.html\" }", "/a", true, NULL, NULL,
	    "index.html" },
	{ "location \"~ ^/i/(.*)\" { alias = \"/a//$1/b\" }", "/a", true, NULL, NULL, "" },
	{ "location \"/f\" { alias = \"/a\" location \"~ g\" {} }", "/a", true, "/f", NULL, NULL },
	{ "location \"~ f\" { alias = \"/a/$0\" location \"~ g\" { root = \"/b\" } }", "/b", false,
	    NULL, NULL, NULL },
	{ "location \"~ f\" { root = \"/a\" location \"~ g\" {} }", "/a", false, NULL, NULL, NULL },
#endif
};

START_TEST(location_has_its_place)
{
	char text[256];
	struct config *config;
	const struct config_location *location;

	snprintf(text, sizeof(text), "root = \"/srv\" host a { %s }", rows[_i].text);
	config = load_config(text);
	location = config->hosts[0].locations;
	while (location->location_count > 0)
		location = location->locations;
	ck_assert_str_eq(root_of(config, &location->settings), rows[_i].root);
	ck_assert_int_eq(location->is_alias, rows[_i].is_alias);
	ck_assert_pstr_eq(location->alias_path, rows[_i].alias_path);
	ck_assert_pstr_eq(location->alias_file, rows[_i].file);
	ck_assert_int_eq(location->alias_target != NULL, rows[_i].target != NULL);
	if (rows[_i].target != NULL && rows[_i].target[0] != '\0')
		ck_assert_str_eq(location->alias_target->parts[0].text, rows[_i].target);
	config_free(&config);
}
END_TEST

START_TEST(locations_keep_their_order)
{
	struct config *config = load_config("host a {\nlocation \"/b\" {\nlocation \"/b/d\" {}\n"
	    "location \"= /b\" {}\n}\nlocation \"/a\" { etag = no }\n}");
	const struct config_host *host = &config->hosts[0];

	ck_assert_uint_eq(host->location_count, 2);
	ck_assert_str_eq(host->locations[0].matcher.title, "/b");
	ck_assert_str_eq(host->locations[0].file, "f");
	ck_assert_uint_eq(host->locations[0].line, 2);
	ck_assert_uint_eq(host->locations[0].location_count, 2);
	ck_assert_str_eq(host->locations[0].locations[0].matcher.title, "/b/d");
	ck_assert_uint_eq(host->locations[0].locations[0].line, 3);
	ck_assert_str_eq(host->locations[0].locations[1].matcher.title, "= /b");
	ck_assert(host->locations[0].locations[1].settings.etag);
	ck_assert_str_eq(host->locations[1].matcher.title, "/a");
	ck_assert(!host->locations[1].settings.etag);
	config_free(&config);
}
END_TEST

/* Fit within each other, where that is not plain to see. */
static const char *const right[] = {
	"location \"/a\" { location \"/a\" {} }", "location \"/a/\" { location \"= /a\" {} }",
	"location \"/\" { location \"/a\" { location \"/a/b\" { location \"/a/b/c\" {} } } }",
	"location \"^~ /a\" { location \"^~ /a/b\" {} }",
#ifdef HAVE_PCRE2
	"location \"/a\" { location \"~ b\" { location \"/a/c\" {} } }",
	"location \"~ a\" { location \"/b\" {} location \"= /c\" {} }",
#endif
};

START_TEST(right_place_loads)
{
	char text[256];
	struct config *config;

	snprintf(text, sizeof(text), "host a { %s }", right[_i]);
	config = load_config(text);
	config_free(&config);
}
END_TEST

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "location \"/a\" {\nlocation \"/b\" {} }",
	    "2: location \"/b\" is within \"/a\", expected a path that begins with it" },
	{ "location \"/a\" { location \"/ab\" {} }",
	    "1: location \"/ab\" is within \"/a\", expected a path that begins with it" },
	{ "location \"/a/\" { location \"= /\" {} }",
	    "1: location \"= /\" is within \"/a/\", expected a path that begins with it" },
	{ "location \"= /a\" {\nlocation \"/a/b\" {} }",
	    "2: location \"/a/b\" is within \"= /a\", expected none within an exact location" },
	{ "location \"/\" { alias = \"/a/../b\" }", "1: location.alias is \"/a/../b\", expected an "
	    "absolute path without \".\" and \"..\", or \"\"" },
	{ "location \"/\" { alias = \"a\" }", "1: location.alias is \"a\", expected an absolute "
	    "path without \".\" and \"..\", or \"\"" },
	{ "location \"/\" { alias = \"/a\\x01\" }", "1: location.alias is \"/a\\x01\", expected at "
	    "most 4095 bytes without control characters" },
#ifdef HAVE_PCRE2
	{ "location \"/a\" { location \"~ b\" { location \"/c\" {} } }",
	    "1: location \"/c\" is within \"/a\", expected a path that begins with it" },
	{ "location \"~ a\" { alias = \"/a/\" }", "1: location.alias is \"/a/\", expected an "
	    "absolute path of a file, or one with captures such as \"/srv/img/$1\"" },
	{ "location \"~ a\" { alias = \"$1\" }", "1: location.alias is \"$1\", expected an "
	    "absolute path of a file, or one with captures such as \"/srv/img/$1\"" },
	{ "location \"~ a\" { alias = \"a/$0\" }", "1: location.alias is \"a/$0\", expected an "
	    "absolute path without \".\" and \"..\", or \"\"" },
	{ "location \"~ (a)\" { alias = \"/a/$2\" }", "1: location.alias is \"/a/$2\", expected no "
	    "more captures than the pattern has" },
	{ "location \"~ f\" { alias = \"/a/$0\"\nlocation \"~ g\" {} }", "2: location \"~ g\" is "
	    "within \"~ f\", which has an alias with captures, expected a root or an alias of its "
	    "own" },
#endif
};

START_TEST(mistake_is_told)
{
	char text[256];

	snprintf(text, sizeof(text), "host a { %s }", mistakes[_i].text);
	refuse_config(text, mistakes[_i].error);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("location");
	TCase *tcase = tcase_create("location");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, location_has_its_place, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, right_place_loads, 0, COUNT_OF(right));
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_test(tcase, locations_keep_their_order);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
