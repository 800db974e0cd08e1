/* SPDX-License-Identifier: BSD-2-Clause */
/* config/build.c and config/folder.c: hosts and the listeners that serve them, which host is the
 * default, and that each root is there once. */
#include "tests/lib/load_config.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

START_TEST(host_is_implied)
{
	struct config *config = load_config("root = \"/srv/www//\" etag = off header a { value = b "
	    "}\n"
	    "redirect \"/\" { to = \"/x\" }");
	const struct config_host *host = &config->hosts[0];

	ck_assert_uint_eq(config->host_count, 1);
	ck_assert_str_eq(host->name, "*");
	ck_assert(host->is_default);
	ck_assert(!host->settings.etag);
	ck_assert_str_eq(config->roots[host->settings.root_index].path, "/srv/www");
	ck_assert_uint_eq(host->settings.header_count, 1);
	ck_assert_uint_eq(host->rule_count, 1);
	ck_assert_uint_eq(host->own_rule_index, 1);
	ck_assert_uint_eq(host->listener_bits, 1);
	config_free(&config);
}
END_TEST

START_TEST(root_is_there_once)
{
	struct config *config = load_config("root = \"/a\"\nhost x { root = \"//a/\"\n"
	    "location \"/\" { alias = \"/b\" } }\nhost y { root = \"/b/\" user_dir = \"/a/*\"\n"
	    "auth_user_file = \"/c/d\" auth_group_file = \"/c/e\" }");

	ck_assert_uint_eq(config->root_count, 3);
	ck_assert_str_eq(config->roots[0].path, "/a");
	ck_assert_uint_eq(config->roots[0].line, 1);
	ck_assert_str_eq(config->roots[1].path, "/b");
	ck_assert_uint_eq(config->roots[1].line, 3);
	ck_assert_str_eq(config->roots[1].file, "f");
	ck_assert_str_eq(config->roots[2].path, "/c");
	ck_assert_uint_eq(config->roots[2].line, 5);
	config_free(&config);
}
END_TEST

START_TEST(many_roots_are_kept)
{
	char text[4096] = "";
	struct config *config;
	size_t used = 0;

	for (unsigned i = 0; i < 100; i++)
		used += (size_t)sprintf(text + used, "host h%u { root = \"/r%u\" }\n", i, i);
	config = load_config(text);
	ck_assert_uint_eq(config->root_count, 100);
	for (unsigned i = 0; i < 100; i++) {
		char path[16];

		sprintf(path, "/r%u", i);
		ck_assert_str_eq(config->roots[i].path, path);
		ck_assert_uint_eq(config->hosts[i].settings.root_index, i);
	}
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
	struct config *config = load_config(defaults[_i].hosts);

	for (size_t i = 0; i < config->host_count; i++)
		ck_assert_int_eq(config->hosts[i].is_default, i == defaults[_i].default_index);
	config_free(&config);
}
END_TEST

/* Three listeners; the bits of the first host. */
static const struct {
	const char *hosts;
	uint64_t bits;
} listeners[] = {
	{ "host a {}", 7 },
	{ "host a { listen = \"*:80\" } host b {}", 1 },
	{ "host a { listen = { \"unix:/s\", \"*:81\" } } host b {}", 6 },
	{ "host a { listen = { \"*:81\", \"*:81\" } } host b {}", 2 },
	{ "host a { listen = {} }", 7 },
};

START_TEST(host_is_served_by_its_listeners)
{
	char text[256];
	struct config *config;

	/* Behind the hosts: the order of sections does not matter. */
	snprintf(text, sizeof(text), "%s listen \"*:81\" {} listen \"unix:/s\" {}",
	    listeners[_i].hosts);
	config = load_config(text);
	ck_assert_uint_eq(config->hosts[0].listener_bits, listeners[_i].bits);
	config_free(&config);
}
END_TEST

START_TEST(names_are_small_letters)
{
	struct config *config = load_config("host A.Example. { aliases = { \"*.B\", C } }");
	const struct config_host *host = &config->hosts[0];

	ck_assert_str_eq(host->name, "a.example");
	ck_assert_uint_eq(host->alias_count, 2);
	ck_assert_str_eq(host->aliases[0], "*.b");
	ck_assert_str_eq(host->aliases[1], "c");
	config_free(&config);
}
END_TEST

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "\nhost \"a:80\" {}", "2: host is \"a:80\", expected a host name without a port" },
	{ "host a { aliases = { b,\n \"c d\" } }", "2: host.aliases is \"c d\", expected a host "
	    "name such as \"example.org\", \"*.example.org\" or \"*\"" },
	{ "root = \"srv\"",
	    "1: root is \"srv\", expected an absolute path without \".\" and \"..\", or \"\"" },
	{ "listen \"x\" {}", "1: listen is \"x\", expected \"*:80\", \"192.0.2.1:80\", "
	    "\"[2001:db8::1]:80\" or \"unix:/path\"" },
};

START_TEST(mistake_is_told)
{
	refuse_config(mistakes[_i].text, mistakes[_i].error);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("build");
	TCase *tcase = tcase_create("build");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, one_host_is_the_default, 0, COUNT_OF(defaults));
	tcase_add_loop_test(tcase, host_is_served_by_its_listeners, 0, COUNT_OF(listeners));
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_test(tcase, host_is_implied);
	tcase_add_test(tcase, root_is_there_once);
	tcase_add_test(tcase, many_roots_are_kept);
	tcase_add_test(tcase, names_are_small_letters);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
