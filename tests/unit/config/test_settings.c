/* SPDX-License-Identifier: BSD-2-Clause */
/* config/settings.c: what a host and a location inherit, how lists of scopes add up, what reset
 * takes back, and settings of more than one field. */
#include "tests/lib/load_config.h"

#include "config/network.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

/* Also from directives that stand behind the section. */
START_TEST(inner_scope_wins)
{
	struct config *config = load_config("host a { max_ranges = 3 dot_files = on\n"
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

/* A list of the innermost scope, with a blank after each element. */
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
	{ "index = g", "reset = index", "", "index.html " },
	{ "index = g", "reset = index index = h", "", "h " },
	{ "index = g", "index = h reset = { index }", "index = l", "l h " },
	{ "index = g", "index = h", "reset = all index = {}", "" },
	{ "index = g", "index = h", "reset = root", "h g " },
};

START_TEST(inner_names_come_first)
{
	char text[256], joined[128];
	struct config *config;

	snprintf(text, sizeof(text), "%s host a { %s\nlocation \"/\" { %s } }",
	    indexes[_i].global, indexes[_i].host, indexes[_i].location);
	config = load_config(text);
	ck_assert_str_eq(load_join(&load_innermost(config)->index, joined, sizeof(joined)),
	    indexes[_i].merged);
	config_free(&config);
}
END_TEST

/* A dump's line of the location, of lists that join in another way. */
static const struct {
	const char *text, *line;
} joined[] = {
	{ "try_files = { $uri, \"/a\" } host a { location \"/\" { try_files = \"/b\" } }",
	    "\t\ttry_files = { \"/b\" }\n" },
	{ "try_files = { $uri, \"/a\" } host a { location \"/\" {} }",
	    "\t\ttry_files = { \"$uri\", \"/a\" }\n" },
	{ "try_files = \"/a\" host a { location \"/\" { try_files = {} } }",
	    "\t\ttry_files = {}\n" },
	{ "languages = de host a { location \"/\" { languages = { en, fr } } }",
	    "\t\tlanguages = { \"en\", \"fr\" }\n" },
	{ "compress_codings = {} host a { location \"/\" {} }", "\t\tcompress_codings = {}\n" },
	{ "compress_types = \"a/b\" host a { compress_types = \"c/*\" location \"/\" {\n"
	    "compress_types = { \"a/b\", \"d/e\" } } }",
	    "\t\tcompress_types = { \"a/b\", \"c/*\", \"d/e\" }\n" },
	{ "host a { location \"/\" { reset = compress_types compress_types = \"d/e\" } }",
	    "\t\tcompress_types = { \"d/e\" }\n" },
	{ "types = \"a/b c\" host a { types = \"d/e f\" location \"/\" {} }",
	    "\t\ttypes = { \"d/e f\", \"a/b c\" }\n" },
	{ "expires = \"* 1h\" host a { location \"/\" { expires = \"* off\" } }",
	    "\t\texpires = { \"* off\", \"* 1h\" }\n" },
	{ "cors = \"https://a\" host a { location \"/\" { cors = \"https://b\" } }",
	    "\t\tcors = { \"https://a\", \"https://b\" }\n" },
	{ "cors_headers = A host a { location \"/\" { cors_headers = B } }",
	    "\t\tcors_headers = { \"A\", \"B\" }\n" },
	{ "access_log_status = 404 host a { location \"/\" { access_log_status = 5xx } }",
	    "\t\taccess_log_status = { \"404\", \"5xx\" }\n" },
	{ "access_log_status = 404 host a { location \"/\" { reset = access_log_status } }",
	    "\t\taccess_log_status = {}\n" },
	{ "allow = 10.0.0.0/8 host a { location \"/\" { allow = 192.0.2.1 } }",
	    "\t\tallow = { \"10.0.0.0/8\", \"192.0.2.1\" }\n" },
	/* What this scope allows, an outer one cannot deny. */
	{ "deny = { all, 10.0.0.0/8 } host a { location \"/\" { allow = 10.0.0.0/8 } }",
	    "\t\tdeny = { \"all\" }\n" },
	{ "deny = 10.0.0.0/8 host a { location \"/\" { allow = all deny = 10.0.0.0/8 } }",
	    "\t\tdeny = { \"10.0.0.0/8\", \"10.0.0.0/8\" }\n" },
	{ "deny = all host a { allow = all location \"/\" { deny = all } }",
	    "\t\tdeny = { \"all\" }\n" },
	{ "deny = all host a { allow = all location \"/\" {} }", "\t\tdeny = {}\n" },
	/* The reverse stays: without any allow, everybody would be let in. */
	{ "allow = 10.0.0.0/8 host a { location \"/\" { deny = 10.0.0.0/8 } }",
	    "\t\tallow = { \"10.0.0.0/8\" }\n" },
};

START_TEST(lists_of_scopes_join)
{
	struct config *config = load_config(joined[_i].text);
	char *text = config_dump(config);

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(strstr(text, joined[_i].line) != NULL, "no %s", joined[_i].line);
	free(text);
	config_free(&config);
}
END_TEST

START_TEST(network_knows_its_depth)
{
	struct config *config = load_config("allow = 10.0.0.0/8 host a { allow = 10.1.0.0/16\n"
	    "location \"/x\" { location \"/x/y\" { allow = ::1 deny = unix: } } }");
	const struct config_settings *settings = load_innermost(config);

	ck_assert_uint_eq(settings->allow_count, 3);
	ck_assert_uint_eq(settings->allow[0].depth, 0);
	ck_assert_uint_eq(settings->allow[1].depth, 1);
	ck_assert_uint_eq(settings->allow[2].depth, 3);
	ck_assert_int_eq(settings->allow[2].network->kind, NETWORK_IPV6);
	ck_assert_uint_eq(settings->deny_count, 1);
	ck_assert_int_eq(settings->deny[0].network->kind, NETWORK_UNIX);
	ck_assert_uint_eq(config->hosts[0].settings.allow_count, 2);
	ck_assert_uint_eq(config->settings.allow_count, 1);
	config_free(&config);
}
END_TEST

/* Each goes back to the default, wherever reset stands, and nothing else does. */
static const struct {
	const char *set, *reset, *line;
} resets[] = {
	{ "etag = off", "etag", "\tetag = true\n" },
	{ "etag = off", "charset", "\tetag = false\n" },
	{ "root = \"/r\"", "root", "\troot = \"\"\n" },
	{ "root = \"/r\"", "all", "\troot = \"\"\n" },
	{ "user_dir = \"/u/*\"", "user_dir", "\tuser_dir = \"\"\n" },
	{ "auth_user_file = \"/u\"", "auth_user_file", "\tauth_user_file = \"\"\n" },
	{ "request_rate = 1/s", "request_rate", "\trequest_rate = \"\"\n" },
	{ "request_burst = 1", "all", "\trequest_burst = 20\n" },
	{ "hsts = 1d", "hsts", "\thsts = \"0s\"\n" },
	{ "satisfy = any", "satisfy", "\tsatisfy = \"all\"\n" },
	{ "limit_rate = 1k", "limit_rate", "\tlimit_rate = \"0\"\n" },
};

START_TEST(reset_takes_back)
{
	char text[128], *dumped;
	struct config *config;

	snprintf(text, sizeof(text), "%s host a { reset = %s }", resets[_i].set,
	    resets[_i].reset);
	config = load_config(text);
	dumped = config_dump(config);
	ck_assert_ptr_nonnull(dumped);
	ck_assert_msg(strstr(strstr(dumped, "\nhost "), resets[_i].line) != NULL, "no %s",
	    resets[_i].line);
	free(dumped);
	config_free(&config);
}
END_TEST

/* NULL: refused. */
static const struct {
	const char *text, *root, *below;
} user_dirs[] = {
	{ "/home/*/public_html", "/home", "public_html" }, { "/home/*", "/home", "" },
	{ "/home/*/", "/home", "" }, { "/*/www", "/", "www" },
	{ "/srv//u/*/a//b/", "/srv/u", "a/b" }, { "", NULL, "" }, { "/home", NULL, NULL },
	{ "/home/*/*", NULL, NULL }, { "/u/a*", NULL, NULL }, { "/home/*a", NULL, NULL },
	{ "home/*", NULL, NULL }, { "/home/../*", NULL, NULL }, { "*", NULL, NULL },
};

START_TEST(user_dir_is_taken_apart)
{
	char text[128], error[256];
	const struct config_settings *settings;
	struct config *config;

	snprintf(text, sizeof(text), "user_dir = \"%s\"", user_dirs[_i].text);
	if (user_dirs[_i].below == NULL) {
		snprintf(error, sizeof(error), "1: user_dir is \"%s\", expected an absolute path "
		    "with \"*\" in place of the user, such as \"/home/*/public_html\", or \"\"",
		    user_dirs[_i].text);
		refuse_config(text, error);
		return;
	}
	config = load_config(text);
	settings = &config->settings;
	ck_assert_str_eq(settings->user_dir, user_dirs[_i].text);
	ck_assert_str_eq(settings->user_dir_below, user_dirs[_i].below);
	if (user_dirs[_i].root == NULL)
		ck_assert_uint_eq(settings->user_dir_root_index, CONFIG_NO_ROOT);
	else
		ck_assert_str_eq(config->roots[settings->user_dir_root_index].path,
		    user_dirs[_i].root);
	config_free(&config);
}
END_TEST

static const struct {
	const char *text, *folder, *name;       /* name NULL: refused */
} files[] = {
	{ "/etc/muster/users", "/etc/muster", "users" }, { "/users", "/", "users" },
	{ "/etc//users", "/etc", "users" }, { "", NULL, "" }, { "users", NULL, NULL },
	{ "/etc/", NULL, NULL }, { "/etc/../users", NULL, NULL }, { "/", NULL, NULL },
};

START_TEST(file_is_taken_apart)
{
	char text[128], error[256];
	const struct config_file *file;
	struct config *config;

	snprintf(text, sizeof(text), "auth_group_file = \"%s\"", files[_i].text);
	if (files[_i].name == NULL) {
		snprintf(error, sizeof(error), "1: auth_group_file is \"%s\", expected an absolute "
		    "path of a file without \".\" and \"..\", or \"\"", files[_i].text);
		refuse_config(text, error);
		return;
	}
	config = load_config(text);
	file = &config->settings.auth_group_file;
	ck_assert_str_eq(file->path, files[_i].text);
	ck_assert_str_eq(file->name, files[_i].name);
	if (files[_i].folder == NULL)
		ck_assert_uint_eq(file->root_index, CONFIG_NO_ROOT);
	else
		ck_assert_str_eq(config->roots[file->root_index].path, files[_i].folder);
	config_free(&config);
}
END_TEST

static const struct {
	const char *text;
	long per_1000s;             /* -1: refused */
} rates[] = {
	{ "10/s", 10000 }, { "600/m", 10000 }, { "1/m", 17 }, { "1/s", 1000 }, { "", 0 },
	{ "1000000/s", 1000000000 }, { "1000001/s", -1 }, { "0/s", -1 }, { "10", -1 },
	{ "10/h", -1 }, { "/s", -1 }, { "1.5/s", -1 }, { "10/s ", -1 }, { "-1/s", -1 },
};

START_TEST(rate_is_in_1000_seconds)
{
	char text[64], error[128];
	struct config *config;

	snprintf(text, sizeof(text), "request_rate = \"%s\"", rates[_i].text);
	if (rates[_i].per_1000s < 0) {
		snprintf(error, sizeof(error), "1: request_rate is \"%s\", expected a rate such as "
		    "\"10/s\" or \"600/m\", or \"\"", rates[_i].text);
		refuse_config(text, error);
		return;
	}
	config = load_config(text);
	ck_assert_uint_eq(config->settings.request_rate.per_1000s,
	    (unsigned long)rates[_i].per_1000s);
	ck_assert_str_eq(config->settings.request_rate.text, rates[_i].text);
	config_free(&config);
}
END_TEST

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "cache_control = \" a\"", "1: cache_control is \" a\", expected the value of a header "
	    "field without blanks around it" },
	{ "cache_control = \"a\\x0d\"", "1: cache_control is \"a\\x0d\", expected at most 4095 "
	    "bytes without control characters" },
	{ "auth_name = \"\"",
	    "1: auth_name is \"\", expected a text without quotes and backslashes" },
	{ "auth_name = 'a\"b'",
	    "1: auth_name is \"a\"b\", expected a text without quotes and backslashes" },
	{ "auth_name = \"a\\\\\"",
	    "1: auth_name is \"a\\\", expected a text without quotes and backslashes" },
	{ "hsts = 3651d", "1: hsts is \"3651d\", expected a duration in whole seconds with its "
	    "unit (s, m, h, d) from 0s to 3650d" },
	{ "gzip_level = 0", "1: gzip_level is \"0\", expected a whole number from 1 to 9" },
	{ "brotli_level = 12", "1: brotli_level is \"12\", expected a whole number from 0 to 11" },
	{ "zstd_level = 20", "1: zstd_level is \"20\", expected a whole number from 1 to 19" },
	{ "satisfy = none", "1: satisfy is \"none\", expected \"all\" or \"any\"" },
	{ "auth_type = ntlm", "1: auth_type is \"ntlm\", expected \"off\", \"basic\" or "
	    "\"digest\"" },
	{ "unknown_host = 404", "1: unknown_host is \"404\", expected \"default\", \"400\" or "
	    "\"421\"" },
	{ "real_ip_header = X-Real-IP", "1: real_ip_header is \"X-Real-IP\", expected "
	    "\"X-Forwarded-For\" or \"Forwarded\"" },
	{ "limit_rate = 2T",
	    "1: limit_rate is \"2T\", expected a size in bytes or with its unit (k, M, G, T) "
	    "from 0 to 1T" },
	{ "limits { clients = 1000 }",
	    "1: limits.clients is \"1000\", expected a whole number from 1024 to 16777216" },
	{ "host a { location \"/\" { root = srv } }", "1: location.root is \"srv\", expected an "
	    "absolute path without \".\" and \"..\", or \"\"" },
};

START_TEST(mistake_is_told)
{
	refuse_config(mistakes[_i].text, mistakes[_i].error);
}
END_TEST

START_TEST(access_log_statuses_are_bits)
{
	struct config *config = load_config("host a { access_log_status = { 404, 5xx } }");

	ck_assert(config_statuses_hold(&config->settings.access_log_statuses, 200));
	ck_assert(!config_statuses_hold(&config->hosts[0].settings.access_log_statuses, 200));
	ck_assert(config_statuses_hold(&config->hosts[0].settings.access_log_statuses, 503));
	config_free(&config);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tcase = tcase_create("settings");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, inner_names_come_first, 0, COUNT_OF(indexes));
	tcase_add_loop_test(tcase, lists_of_scopes_join, 0, COUNT_OF(joined));
	tcase_add_loop_test(tcase, reset_takes_back, 0, COUNT_OF(resets));
	tcase_add_loop_test(tcase, user_dir_is_taken_apart, 0, COUNT_OF(user_dirs));
	tcase_add_loop_test(tcase, file_is_taken_apart, 0, COUNT_OF(files));
	tcase_add_loop_test(tcase, rate_is_in_1000_seconds, 0, COUNT_OF(rates));
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_test(tcase, inner_scope_wins);
	tcase_add_test(tcase, network_knows_its_depth);
	tcase_add_test(tcase, access_log_statuses_are_bits);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
