/* SPDX-License-Identifier: BSD-2-Clause */
/* config/dump.c: the dump of a dump is the same text, it holds what was set, and a string
 * survives its quoting. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static struct config *
load(const char *text)
{
	struct config_errors errors;
	struct config *config = config_load_text(text, "f", &errors);

	ck_assert_msg(config != NULL, "%s\n%s", errors.count > 0 ? errors.lines[0] : "", text);
	config_errors_fini(&errors);
	return config;
}

static char *
dump(const char *text)
{
	struct config *config = load(text);
	char *dumped = config_dump(config);

	ck_assert_ptr_nonnull(dumped);
	config_free(&config);
	return dumped;
}

#define LISTEN "types_file = \"\" listen \"*:80\" {}\n"

/* Each `holds` is a part of the dump. */
static const struct {
	const char *text, *holds;
} rows[] = {
	{ LISTEN, "\nhost \"*\" {\n\tdefault = true\n\taliases = {}\n\troot = \"\"\n" },
	{ LISTEN, "\tstart = 8\n\tmin_idle = 4\n\tmax_idle = 32\n\tmax_workers = 512\n" },
	{ LISTEN, "\nlisten \"*:80\" {\n\tbacklog = 1024\n\tdefer_accept = \"1s\"\n}\n" },
	{ LISTEN "keepalive { timeout = 120000ms }", "\ttimeout = \"2m\"\n" },
	{ LISTEN "limits { body_size = 1024k }", "\tbody_size = \"1M\"\n" },
	{ LISTEN "log { buffer = 4096 level = debug }", "\tbuffer = \"4k\"\n" },
	{ LISTEN "log { buffer = 4096 level = debug }", "\tlevel = \"debug\"\n" },
	{ LISTEN "etag = no", "\netag = false\n" },
	{ LISTEN "index = {}", "\nindex = {}\n" },
	{ LISTEN "log { format = \"%h \\\"%r\\\"\\t\\\\ \\${A}\" }",
	    "\tformat = \"%h \\\"%r\\\"\\x09\\\\ \\${A}\"\n" },
	{ LISTEN "host A.b. { aliases = { C, \"*.D\" } }", "\taliases = { \"c\", \"*.d\" }\n" },
	{ LISTEN "host a {} host b { default = yes }", "host \"a\" {\n\tdefault = false\n" },
	{ LISTEN "root = \"/r\" host a { root = \"/s/\" }", "\n\troot = \"/s\"\n" },
	{ LISTEN "root = \"/r\" host a { root = \"\" }", "\n\troot = \"\"\n" },
	{ LISTEN "index = { i } host a { index = { j } location \"/\" { index = { k } } }",
	    "\t\tindex = { \"k\", \"j\", \"i\" }\n" },
	{ LISTEN "host a { location \"=/x\" { alias = \"/y\" max_ranges = 0 } }",
	    "\tlocation \"= /x\" {\n\t\talias = \"/y\"\n\t\tindex = " },
	{ LISTEN "root = \"/r\" host a { max_ranges = 3 location \"/x\" { etag = no } }",
	    "\tlocation \"/x\" {\n\t\troot = \"/r\"\n\t\tindex = { \"index.html\" }\n"
	    "\t\tfollow_symlinks = false\n\t\tdot_files = false\n\t\tetag = false\n"
	    "\t\tmax_ranges = 3\n" },
	{ LISTEN "host a { location \"= /x\" { alias = \"/y/z/\" } }", "\t\talias = \"/y/z/\"\n" },
	{ LISTEN "host a { location \"= /x\" { alias = \"/\" } }", "\t\talias = \"/\"\n" },
	{ LISTEN "host a { location \"/x\" { alias = \"/y/\" } }", "\t\talias = \"/y\"\n" },
	{ LISTEN "host a { location \"/a\\\"b\" { charset = \"\" } }",
	    "\tlocation \"/a\\\"b\" {\n\t\troot = \"\"\n" },
	{ LISTEN "host a { location \"/\" { charset = \"\" } }", "\t\tcharset = \"\"\n\t}\n" },
};

START_TEST(dump_of_dump_is_identical)
{
	char *first = dump(rows[_i].text);
	char *second = dump(first);

	ck_assert_str_eq(first, second);
	ck_assert_msg(strstr(first, rows[_i].holds) != NULL, "no %s in:\n%s", rows[_i].holds,
	    first);
	free(first);
	free(second);
}
END_TEST

static const char *const texts[] = {
	"/", "/a \"b\" c", "/back\\slash\\", "/${HOME} $HOME $${A}", "/\xc3\xbc", "/it's # {}",
	"/a\\${B}",
};

START_TEST(quoted_text_is_read_back)
{
	char text[256];
	char *quoted = config_quote(texts[_i]);
	struct config *config;

	ck_assert_ptr_nonnull(quoted);
	snprintf(text, sizeof(text), LISTEN "pid_file = %s", quoted);
	config = load(text);
	ck_assert_str_eq(config->pid_file, texts[_i]);
	config_free(&config);
	free(quoted);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dump");
	TCase *tcase = tcase_create("dump");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, dump_of_dump_is_identical, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, quoted_text_is_read_back, 0, COUNT_OF(texts));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
