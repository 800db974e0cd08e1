/* SPDX-License-Identifier: BSD-2-Clause */
/* config/source.c and config/file.c: includes are found from where they are written, every
 * message names the file and line that somebody wrote, and what is no regular file is
 * refused without waiting. */
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static char folder[] = "/tmp/test_source.XXXXXX";

/* Each test is a process of its own, in a folder of its own. */
static void
enter_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static int
remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

static void
leave_folder(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

#define LISTEN "types_file = \"\" listen \"*:80\" {} "

static struct config *
load(const char *path)
{
	struct config_errors errors;
	struct config *config = config_load(path, &errors);

	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	ck_assert_uint_eq(errors.count, 0);
	config_errors_fini(&errors);
	return config;
}

static void
assert_errors(const char *path, const char *const *lines, size_t line_count)
{
	struct config_errors errors;

	ck_assert_ptr_null(config_load(path, &errors));
	for (size_t i = 0; i < errors.count && i < line_count; i++)
		ck_assert_str_eq(errors.lines[i], lines[i]);
	ck_assert_uint_eq(errors.count, line_count);
	config_errors_fini(&errors);
}

/* Also in the middle of a line, within a section, and from a file in another folder. */
START_TEST(includes_are_put_in_place)
{
	struct config *config;

	ck_assert_int_eq(mkdir("sub", 0700), 0);
	write_file("main", LISTEN "include(\"sub/a\") user = main\nhost x { include ( 'sub/h' ) }");
	write_file("sub/a", "# a comment without a line feed at the end\ninclude(\"b\") # b");
	write_file("sub/b", "group = b");
	write_file("sub/h", "\xef\xbb\xbfroot = \"/h\"");
	config = load("main");
	ck_assert_str_eq(config->user, "main");
	ck_assert_str_eq(config->group, "b");
	ck_assert_str_eq(config->roots[0].path, "/h");
	ck_assert_str_eq(config->roots[0].file, "sub/h");
	ck_assert_uint_eq(config->roots[0].line, 1);
	ck_assert_uint_eq(config->hosts[0].line, 2);
	ck_assert_str_eq(config->source, "main");
	config_free(&config);
}
END_TEST

START_TEST(pattern_includes_in_order)
{
	struct config *config;

	ck_assert_int_eq(mkdir("d", 0700), 0);
	write_file("main", LISTEN "include(\"d/*.conf\") include(\"none/*.conf\") "
	    "include(\"d/*.not\")");
	write_file("d/2.conf", "host two {}");
	write_file("d/1.conf", "host one {}");
	write_file("d/1.conf.bak", "host three {}");
	config = load("main");
	ck_assert_uint_eq(config->host_count, 2);
	ck_assert_str_eq(config->hosts[0].name, "one");
	ck_assert_str_eq(config->hosts[1].file, "d/2.conf");
	config_free(&config);
}
END_TEST

START_TEST(messages_name_the_written_line)
{
	static const char *const lines[] = {
		"main:1: user is \"\", expected a name",
		"a:3: unknown directive \"foo\" in global, expected one of musterd.conf(5)",
		"a:4: pool.start is \"x\", expected a whole number from 1 to 65536",
		"main:2: group is set again, expected once, the first is at a:5",
		"main:5: etag is \"x\", expected true or false",
	};

	write_file("main", LISTEN "user = \"\" /* */ include(\"a\")\ngroup = g\n# one\n/* two */ # "
	    "2\n"
	    "etag = x");
	write_file("a", "# one\n\n foo = 1\npool { start = x }\ngroup = g\n");
	assert_errors("main", lines, COUNT_OF(lines));
}
END_TEST

START_TEST(broken_files_are_all_told)
{
	static const char *const lines[] = {
		"./main:1: include: \"./missing\" cannot be read: No such file or directory",
		"./main:2: include: \"./d\" cannot be read: it is a directory, expected a regular "
		    "file",
		"./main:3: include: \"./fifo\" cannot be read: it is no regular file, expected one",
		"./open:2: a \"{\" is not closed, expected \"}\" in this file",
		"./close:1: a \"}\" without its \"{\", expected a directive",
		"./main:6: include is not complete, expected include(\"path\") without escapes and "
		    "variables",
		"./main:7: include is not complete, expected include(\"path\") without escapes and "
		    "variables",
		"./main:8: include is not complete, expected include(\"path\") without escapes and "
		    "variables",
	};

	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	write_file("open", "\nhost a {\n");
	write_file("close", "}");
	write_file("main", "include(\"missing\")\ninclude(\"d\")\ninclude(\"fifo\")\n"
	    "include(\"open\")\n"
	    "include(\"close\")\ninclude()\ninclude(\"${A}\")\ninclude(\"\\x41\"");
	assert_errors("./main", lines, COUNT_OF(lines));
}
END_TEST

START_TEST(includes_end)
{
	static const char *const lines[] = {
		"main:2: include is nested too deeply, expected at most 8 levels",
	};

	write_file("main", "\ninclude(\"main\")");
	assert_errors("main", lines, COUNT_OF(lines));
}
END_TEST

static const struct {
	const char *path, *error;
} unreadable[] = {
	{ "missing", "missing: cannot be read: No such file or directory" },
	{ "d", "d: cannot be read: it is a directory, expected a regular file" },
	{ "fifo", "fifo: cannot be read: it is no regular file, expected one" },
	{ "/dev/zero", "/dev/zero: cannot be read: it is no regular file, expected one" },
	{ "large", "large: cannot be read: it is too large" },
	{ "d/x/y", "d/x/y: cannot be read: No such file or directory" },
};

START_TEST(unreadable_file_is_told)
{
	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	write_file("large", "");
	ck_assert_int_eq(truncate("large", 16 * 1024 * 1024 + 1), 0);
	assert_errors(unreadable[_i].path, &unreadable[_i].error, 1);
}
END_TEST

/* The limit is on the sum, however often a file is included. */
START_TEST(includes_are_bounded)
{
	static const char *const lines[] = { "big:1: the configuration is too large" };
	FILE *file = fopen("main", "w");

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < 20; i++)
		fputs("include(\"big\")\n", file);
	ck_assert_int_eq(fclose(file), 0);
	file = fopen("big", "w");
	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < 1024 * 1024; i++)
		putc(' ', file);
	ck_assert_int_eq(fclose(file), 0);
	assert_errors("main", lines, COUNT_OF(lines));
}
END_TEST

/* What make install puts in place. */
START_TEST(sample_is_right)
{
	const char *source_folder = getenv("srcdir");
	char path[4096];
	struct config *config;

	snprintf(path, sizeof(path), "%s/config/musterd.conf.sample",
	    source_folder != NULL ? source_folder : ".");
	config = load(path);
	ck_assert_uint_eq(config->listener_count, 1);
	ck_assert_str_eq(config->listeners[0].text, "*:80");
	ck_assert_uint_eq(config->root_count, 1);
	ck_assert_str_eq(config->roots[0].path, "/var/www/html");
	config_free(&config);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("source");
	TCase *tcase = tcase_create("source");
	TCase *sample = tcase_create("sample");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, unreadable_file_is_told, 0, COUNT_OF(unreadable));
	tcase_add_test(tcase, includes_are_put_in_place);
	tcase_add_test(tcase, pattern_includes_in_order);
	tcase_add_test(tcase, messages_name_the_written_line);
	tcase_add_test(tcase, broken_files_are_all_told);
	tcase_add_test(tcase, includes_end);
	tcase_add_test(tcase, includes_are_bounded);
	tcase_add_checked_fixture(tcase, enter_folder, leave_folder);
	tcase_add_test(sample, sample_is_right);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, sample);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
