/* SPDX-License-Identifier: BSD-2-Clause */
/* config/mime.c: types by extension, the built-in ones and those of a file, and which files
 * are taken. */
#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/mime.h"

static char folder[64];         /* of one test, which runs in a process of its own */
static char path[128];

static void
make_folder(void)
{
	snprintf(folder, sizeof folder, "/tmp/test_mime.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/mime.types", folder);
}

static void
remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void
write_file(const char *text, size_t bytes)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, bytes, file), bytes);
	ck_assert_int_eq(fclose(file), 0);
}

static void
assert_type(const struct mime_table *table, const char *name, const char *wanted)
{
	const char *type = mime_lookup(table, name, strlen(name));

	if (wanted == NULL)
		ck_assert_msg(type == NULL, "%s: %s", name, type);
	else
		ck_assert_msg(type != NULL && strcmp(type, wanted) == 0, "%s: %s, not %s", name,
		    type == NULL ? "none" : type, wanted);
}

static const struct {
	const char *name, *type;
} builtin_types[] = {
	{ "index.html", "text/html" },
	{ "INDEX.HTM", "text/html" },
	{ "app.mjs", "text/javascript" },
	{ "app.js", "text/javascript" },
	{ "app.js.map", "application/json" },
	{ "code.wasm", "application/wasm" },
	{ "a.webp", "image/webp" },
	{ "a.avif", "image/avif" },
	{ "a.svg", "image/svg+xml" },
	{ "a.woff2", "font/woff2" },
	{ "site.webmanifest", "application/manifest+json" },
	{ "data.json", "application/json" },
	{ "README.md", "text/markdown" },
	{ "first.7z", "application/x-7z-compressed" },
	{ "last.zst", "application/zstd" },
	{ "a.tar.gz", "application/gzip" },
	{ ".hidden.css", "text/css" },
	{ "..css", "text/css" },
	{ "", NULL },
	{ ".", NULL },
	{ "html", NULL },
	{ ".html", NULL },
	{ "a.", NULL },
	{ "a.htm\xc3\xa9", NULL },
	{ "a.html ", NULL },
	{ "a.htmlhtmlhtmlhtmlhtmlhtmlhtmlhtmlhtml", NULL },
};

START_TEST(builtin_types_are_found)
{
	bool is_missing = true;
	char errbuf[256];
	struct mime_table *table = mime_load("", &is_missing, errbuf, sizeof errbuf);

	ck_assert_ptr_nonnull(table);
	ck_assert(!is_missing);
	assert_type(table, builtin_types[_i].name, builtin_types[_i].type);
	mime_free(&table);
	ck_assert_ptr_null(table);
}
END_TEST

/* Breaks when lookup reads past the name or takes a NUL in it for an end. */
START_TEST(a_name_ends_where_its_length_says)
{
	struct mime_table *table = mime_parse("", 0);
	char *name = malloc(6), with_nul[9] = "a.html";

	memcpy(name, "a.html", 6);
	ck_assert_str_eq(mime_lookup(table, name, 6), "text/html");
	ck_assert_str_eq(mime_lookup(table, name, 5), "text/html");
	ck_assert_ptr_null(mime_lookup(table, name, 4));
	free(name);
	/* Many, so that some fall on the slot of "html" and are compared with it. */
	for (unsigned i = 0; i < 1 << 16; i++) {
		with_nul[7] = (char)i;
		with_nul[8] = (char)(i >> 8);
		ck_assert_ptr_null(mime_lookup(table, with_nul, sizeof with_nul));
	}
	mime_free(&table);
}
END_TEST

static const struct {
	const char *text, *name, *type;
} parsed[] = {
	{ "x/y aa bb\n", "f.aa", "x/y" },
	{ "x/y aa bb\n", "f.bb", "x/y" },
	{ "x/y\taa\t\tBB\r\nx/z cc\r\n", "f.bb", "x/y" },
	{ "x/y\taa\t\tBB\r\nx/z cc\r\n", "f.cc", "x/z" },
	{ "x/y aa", "f.AA", "x/y" },
	{ "# x/y aa\n  x/z aa # bb\n", "f.aa", "x/z" },
	{ "# x/y aa\n  x/z aa # bb\n", "f.bb", NULL },
	{ "x/y aa\nx/z aa\n", "f.aa", "x/z" },
	{ "text/x-own html\n", "f.html", "text/x-own" },
	{ "text/x-own html\n", "f.htm", "text/html" },
	{ "x/y\n", "f.html", "text/html" },
	{ "xy aa\n", "f.aa", NULL },
	{ "/y aa\nx/ aa\nx/y/z aa\n", "f.aa", NULL },
	{ "x/y;q=1 aa\n", "f.aa", NULL },
	{ "x/\x01y aa\n", "f.aa", NULL },
	{ "x/y a.b\n", "f.b", NULL },
	{ "x/y a;\n", "f.a;", NULL },
	{ "\n\n\n", "f.html", "text/html" },
	{ "x/y eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\n", "f.eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "x/y" },
	{ "x/y eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\n", "f.eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", NULL },
};

START_TEST(text_is_parsed)
{
	struct mime_table *table = mime_parse(parsed[_i].text, strlen(parsed[_i].text));

	ck_assert_ptr_nonnull(table);
	assert_type(table, parsed[_i].name, parsed[_i].type);
	mime_free(&table);
}
END_TEST

/* Breaks when probing or sizing fails under many entries: each must still be found. */
START_TEST(many_types_are_all_found)
{
	static char text[400000];
	struct mime_table *table;
	char name[32], type[32];
	size_t len = 0;

	for (unsigned i = 0; i < 20000; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "x/t%x e%x\n", i, i);
	ck_assert_uint_lt(len, sizeof text);
	table = mime_parse(text, len);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "f.E%X", i);
		snprintf(type, sizeof type, "x/t%x", i);
		assert_type(table, name, type);
	}
	assert_type(table, "f.e20000x", NULL);
	assert_type(table, "f.html", "text/html");
	mime_free(&table);
}
END_TEST

START_TEST(a_file_is_loaded)
{
	bool is_missing = true;
	char errbuf[256] = "";
	struct mime_table *table;

	write_file("x/y aa\n", 7);
	table = mime_load(path, &is_missing, errbuf, sizeof errbuf);
	ck_assert_msg(table != NULL, "%s", errbuf);
	ck_assert(!is_missing);
	assert_type(table, "f.aa", "x/y");
	assert_type(table, "f.html", "text/html");
	mime_free(&table);
	mime_free(&table);
}
END_TEST

START_TEST(a_missing_file_gives_the_builtin_types)
{
	bool is_missing = false;
	char errbuf[256];
	struct mime_table *table = mime_load(path, &is_missing, errbuf, sizeof errbuf);

	ck_assert_ptr_nonnull(table);
	ck_assert(is_missing);
	assert_type(table, "f.html", "text/html");
	mime_free(&table);
}
END_TEST

static void
assert_refused(const char *message_part)
{
	bool is_missing = true;
	char errbuf[256] = "";
	struct mime_table *table = mime_load(path, &is_missing, errbuf, sizeof errbuf);

	ck_assert_ptr_null(table);
	ck_assert(!is_missing);
	ck_assert_msg(strstr(errbuf, message_part) != NULL, "%s", errbuf);
	ck_assert_msg(strstr(errbuf, path) != NULL, "no path in: %s", errbuf);
}

/* A blocking open() of a FIFO would hang here until Check ends the test. */
START_TEST(only_regular_files_are_read)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	assert_refused("not a regular file");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/dev/zero", path), 0);
	assert_refused("not a regular file");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	assert_refused("not a regular file");
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(files_without_types_are_refused)
{
	write_file("x/y aa\0bb\n", 10);
	assert_refused("not a text file");
	write_file("root:x:0:0:root:/root:/bin/sh\n", 30);
	assert_refused("no media type");
	write_file("x/y aa\n", 7);
	ck_assert_int_eq(truncate(path, 1 << 30), 0);
	assert_refused("too large");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(path, path), 0);
	assert_refused("symbolic links");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mime");
	TCase *types = tcase_create("types"), *files = tcase_create("files");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(types, builtin_types_are_found, 0,
	    (int)(sizeof builtin_types / sizeof builtin_types[0]));
	tcase_add_test(types, a_name_ends_where_its_length_says);
	tcase_add_loop_test(types, text_is_parsed, 0, (int)(sizeof parsed / sizeof parsed[0]));
	tcase_add_test(types, many_types_are_all_found);
	suite_add_tcase(suite, types);
	tcase_add_checked_fixture(files, make_folder, remove_folder);
	tcase_add_test(files, a_file_is_loaded);
	tcase_add_test(files, a_missing_file_gives_the_builtin_types);
	tcase_add_test(files, only_regular_files_are_read);
	tcase_add_test(files, files_without_types_are_refused);
	suite_add_tcase(suite, files);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
