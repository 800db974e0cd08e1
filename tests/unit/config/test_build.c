/* SPDX-License-Identifier: BSD-2-Clause */
/* config/build.c and config/settings.c: what a host and a location inherit, what an alias
 * becomes, that each root is there once, and which host is the default. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

#define LISTEN "types_file = \"\" listen \"*:80\" {}\n"

static struct config *
load(const char *text)
{
	struct config_errors errors;
	struct config *config = config_load_text(text, "f", &errors);

	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
	return config;
}

static const char *
root_of(const struct config *config, const struct config_settings *settings)
{
	if (settings->root_index == CONFIG_NO_ROOT)
		return "";
	ck_assert_uint_lt(settings->root_index, config->root_count);
	return config->roots[settings->root_index].path;
}

START_TEST(host_is_implied)
{
	struct config *config = load(LISTEN "root = \"/srv/www//\" etag = off");

	ck_assert_uint_eq(config->host_count, 1);
	ck_assert_str_eq(config->hosts[0].name, "*");
	ck_assert(config->hosts[0].is_default);
	ck_assert(!config->hosts[0].settings.etag);
	ck_assert_str_eq(root_of(config, &config->hosts[0].settings), "/srv/www");
	config_free(&config);
}
END_TEST

/* Also from directives that stand behind the section. */
START_TEST(inner_scope_wins)
{
	struct config *config = load(LISTEN "host a { max_ranges = 3 dot_files = on\n"
	    "location \"/x\" { max_ranges = 0 charset = \"\" } }\n"
	    "host b {} max_ranges = 5 charset = latin1 default_type = \"text/x; a=b\"");
	const struct config_host *a = &config->hosts[0], *b = &config->hosts[1];

	ck_assert_uint_eq(config->settings.max_range_count, 5);
	ck_assert_uint_eq(a->settings.max_range_count, 3);
	ck_assert_uint_eq(a->locations[0].settings.max_range_count, 0);
	ck_assert_uint_eq(b->settings.max_range_count, 5);
	ck_assert(!config->settings.dot_files && !b->settings.dot_files);
	ck_assert(a->settings.dot_files && a->locations[0].settings.dot_files);
	ck_assert_str_eq(a->settings.charset, "latin1");
	ck_assert_str_eq(a->locations[0].settings.charset, "");
	ck_assert_str_eq(a->locations[0].settings.default_type, "text/x; a=b");
	config_free(&config);
}
END_TEST

/* index of the location, names with a blank after each. */
static const struct {
	const char *global, *host, *location, *merged;
} indexes[] = {
	{ "", "", "", "index.html " },
	{ "index = { a, b }", "", "", "a b " },
	{ "index = {}", "", "", "" },
	{ "", "index = { a }", "", "a index.html " },
	{ "", "", "index = { index.html, a }", "index.html a " },
	{ "index = { g }", "index = { h }", "index = l", "l h g " },
	{ "index = { g, h }", "index = { h, h }", "index = { x, g }", "x g h " },
	{ "index = {}", "index = {}", "index = { l }", "l " },
	{ "index = { a } index += { b }", "index += c", "", "c a b " },
};

START_TEST(inner_names_come_first)
{
	char text[256], merged[128] = "";
	struct config *config;
	const struct config_settings *settings;

	snprintf(text, sizeof(text), LISTEN "%s host a { %s\nlocation \"/\" { %s } }",
	    indexes[_i].global, indexes[_i].host, indexes[_i].location);
	config = load(text);
	settings = &config->hosts[0].locations[0].settings;
	for (size_t i = 0; i < settings->index_count; i++) {
		strcat(merged, settings->index[i]);
		strcat(merged, " ");
	}
	ck_assert_str_eq(merged, indexes[_i].merged);
	config_free(&config);
}
END_TEST

static const struct {
	const char *title, *directive;
	const char *path, *root, *file;  /* file NULL: none */
	bool is_exact, is_alias;
} locations[] = {
	{ "/files/", "", "/files/", "/srv", NULL, false, false },
	{ "/files", "root = \"/a/\"", "/files", "/a", NULL, false, false },
	{ "/files", "root = \"\"", "/files", "", NULL, false, false },
	{ "/files", "alias = \"/a/b\"", "/files", "/a/b", NULL, false, true },
	{ "/files", "alias = \"/a/b/\"", "/files", "/a/b", NULL, false, true },
	{ "/files", "alias = \"\"", "/files", "/srv", NULL, false, false },
	{ "= /x", "", "/x", "/srv", NULL, true, false },
	{ "=/x", "alias = \"/a//b\"", "/x", "/a", "b", true, true },
	{ "= /x", "alias = \"/b\"", "/x", "/", "b", true, true },
	{ "= /x", "alias = \"/a/b/\"", "/x", "/a/b", NULL, true, true },
	{ "= /x", "alias = \"/\"", "/x", "/", NULL, true, true },
};

START_TEST(location_names_its_place)
{
	char text[256];
	struct config *config;
	const struct config_location *location;

	snprintf(text, sizeof(text), LISTEN "root = \"/srv\" host a { location \"%s\" { %s } }",
	    locations[_i].title, locations[_i].directive);
	config = load(text);
	location = &config->hosts[0].locations[0];
	ck_assert_str_eq(location->path, locations[_i].path);
	ck_assert_int_eq(location->is_exact, locations[_i].is_exact);
	ck_assert_int_eq(location->is_alias, locations[_i].is_alias);
	ck_assert_str_eq(root_of(config, &location->settings), locations[_i].root);
	if (locations[_i].file == NULL)
		ck_assert_ptr_null(location->alias_file);
	else
		ck_assert_str_eq(location->alias_file, locations[_i].file);
	config_free(&config);
}
END_TEST

START_TEST(root_is_there_once)
{
	struct config *config = load(LISTEN "root = \"/a\"\nhost x { root = \"//a/\"\n"
	    "location \"/\" { alias = \"/b\" } }\nhost y { root = \"/b/\" }");

	ck_assert_uint_eq(config->root_count, 2);
	ck_assert_str_eq(config->roots[0].path, "/a");
	ck_assert_uint_eq(config->roots[0].line, 2);
	ck_assert_str_eq(config->roots[1].path, "/b");
	ck_assert_uint_eq(config->roots[1].line, 4);
	ck_assert_str_eq(config->roots[1].file, "f");
	config_free(&config);
}
END_TEST

static const struct {
	const char *hosts;
	size_t default_index;
} defaults[] = {
	{ "host a {} host b {}", 0 },
	{ "host a {} host b { default = yes } host c {}", 1 },
	{ "host a { default = no } host b {}", 0 },
	{ "host b {} host \"*\" {}", 0 },
};

START_TEST(one_host_is_the_default)
{
	char text[256];
	struct config *config;

	snprintf(text, sizeof(text), LISTEN "%s", defaults[_i].hosts);
	config = load(text);
	for (size_t i = 0; i < config->host_count; i++)
		ck_assert_int_eq(config->hosts[i].is_default, i == defaults[_i].default_index);
	config_free(&config);
}
END_TEST

static const struct {
	const char *text, *error;
} wrong[] = {
	{ "host \"a:80\" {}", "f:2: host is \"a:80\", expected a host name without a port" },
	{ "host a { aliases = { b,\n \"c d\" } }",
	    "f:3: host.aliases is \"c d\", expected a host name "
	    "such as \"example.org\", \"*.example.org\" or \"*\"" },
	{ "host a { location \"x\" {} }", "f:2: location is \"x\", expected \"/prefix\" or \"= "
	    "/exact\"" },
	{ "host a { location \"~ x\" {} }",
	    "f:2: location is \"~ x\", expected \"/prefix\" or \"= /exact\"" },
	{ "host a { location \"/a/../b\" {} }",
	    "f:2: location is \"/a/../b\", expected a path without \".\" and \"..\"" },
	{ "host a { location \"= /a//b\" {} }",
	    "f:2: location is \"= /a//b\", expected a path without \"//\"" },
	{ "root = \"srv\"",
	    "f:2: root is \"srv\", expected an absolute path without \".\" and \"..\", or \"\"" },
	{ "host a { location \"/\" { alias = \"/a/../b\" } }",
	    "f:2: location.alias is \"/a/../b\", "
	    "expected an absolute path without \".\" and \"..\", or \"\"" },
	{ "index = { \"a/b\" }", "f:2: index is \"a/b\", expected names of files without \"/\"" },
	{ "index = { \"..\" }", "f:2: index is \"..\", expected names of files without \"/\"" },
	{ "index = { \"\" }", "f:2: index is \"\", expected names of files without \"/\"" },
};

START_TEST(wrong_name_is_refused)
{
	char text[256];
	struct config_errors errors;

	snprintf(text, sizeof(text), LISTEN "%s", wrong[_i].text);
	ck_assert_ptr_null(config_load_text(text, "f", &errors));
	ck_assert_uint_eq(errors.count, 1);
	ck_assert_str_eq(errors.lines[0], wrong[_i].error);
	config_errors_fini(&errors);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("build");
	TCase *tcase = tcase_create("build");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, inner_names_come_first, 0, COUNT_OF(indexes));
	tcase_add_loop_test(tcase, location_names_its_place, 0, COUNT_OF(locations));
	tcase_add_loop_test(tcase, one_host_is_the_default, 0, COUNT_OF(defaults));
	tcase_add_loop_test(tcase, wrong_name_is_refused, 0, COUNT_OF(wrong));
	tcase_add_test(tcase, host_is_implied);
	tcase_add_test(tcase, inner_scope_wins);
	tcase_add_test(tcase, root_is_there_once);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
