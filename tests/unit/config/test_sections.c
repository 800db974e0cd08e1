/* SPDX-License-Identifier: BSD-2-Clause */
/* config/headers.c and config/error_pages.c: what a section becomes, in which order those of
 * several scopes stand, and what is refused. */
#include "tests/lib/load_config.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

START_TEST(header_is_filled)
{
	struct config *config = load_config("header \"X-A\" { value = \"a b\" }\n"
	    "header X-B { action = remove status = { 404, 5xx } }\n"
	    "header X-B { value = c action = add } header x-a { value = d action = default }");
	const struct config_header *headers = config->settings.headers;

	ck_assert_uint_eq(config->settings.header_count, 4);
	ck_assert_str_eq(headers[0].name, "X-A");
	ck_assert_str_eq(headers[0].value, "a b");
	ck_assert_int_eq(headers[0].action, CONFIG_HEADER_SET);
	ck_assert_uint_eq(headers[0].status_text_count, 0);
	ck_assert(config_statuses_hold(&headers[0].statuses, 200));
	ck_assert_int_eq(headers[1].action, CONFIG_HEADER_REMOVE);
	ck_assert_str_eq(headers[1].value, "");
	ck_assert_uint_eq(headers[1].status_text_count, 2);
	ck_assert_str_eq(headers[1].status_texts[1], "5xx");
	ck_assert(config_statuses_hold(&headers[1].statuses, 503));
	ck_assert(!config_statuses_hold(&headers[1].statuses, 200));
	ck_assert_int_eq(headers[2].action, CONFIG_HEADER_ADD);
	ck_assert_int_eq(headers[3].action, CONFIG_HEADER_DEFAULT);
	config_free(&config);
}
END_TEST

/* Names of the innermost scope's headers. */
static const struct {
	const char *text, *names;
} headers[] = {
	{ "header g { value = 1 } host a { header h { value = 1 } location \"/\" {\n"
	    "header l { value = 1 } header k { value = 1 } } }", "g h l k " },
	{ "host a { location \"/\" {} } header g { value = 1 }", "g " },
	{ "header g { value = 1 } host a { header h { value = 1 } reset = header }", "h " },
	{ "header g { value = 1 } host a { location \"/\" { reset = all } }", "" },
	{ "header g { value = 1 } host a { reset = error_page }", "g " },
};

START_TEST(outer_headers_come_first)
{
	struct config *config = load_config(headers[_i].text);
	const struct config_settings *settings = load_innermost(config);
	char names[64] = "";

	for (size_t i = 0; i < settings->header_count; i++) {
		strcat(names, settings->headers[i].name);
		strcat(names, " ");
	}
	ck_assert_str_eq(names, headers[_i].names);
	config_free(&config);
}
END_TEST

START_TEST(error_page_is_filled)
{
	struct config *config = load_config("root = \"/r\" error_page \"404  5xx\" { file = \"/a\" "
	    "}\n"
	    "error_page \"403\" { file = \"/b/c\" status = 404 }");
	const struct config_error_page *pages = config->settings.error_pages;

	ck_assert_uint_eq(config->settings.error_page_count, 2);
	ck_assert_str_eq(pages[0].title, "404  5xx");
	ck_assert(config_statuses_hold(&pages[0].statuses, 404));
	ck_assert(config_statuses_hold(&pages[0].statuses, 599));
	ck_assert(!config_statuses_hold(&pages[0].statuses, 403));
	ck_assert_str_eq(pages[0].file, "/a");
	ck_assert_uint_eq(pages[0].status, 0);
	ck_assert_uint_eq(pages[0].root_index, config->settings.root_index);
	ck_assert_uint_eq(pages[1].status, 404);
	config_free(&config);
}
END_TEST

/* Files of the innermost scope's pages, each with its root. */
static const struct {
	const char *text, *files;
} pages[] = {
	{ "root = \"/r\" error_page 404 { file = \"/g\" } host a { root = \"/s\"\n"
	    "error_page 404 { file = \"/h\" } location \"/\" { error_page 404 { file = \"/l\" }\n"
	    "error_page 404 { file = \"/k\" } alias = \"/t\" } }", "/t/l /t/k /s/h /r/g " },
	{ "root = \"/r\" error_page 404 { file = \"/g\" } host a { root = \"\" }", "/r/g " },
	{ "root = \"/r\" error_page 404 { file = \"/g\" } host a { reset = error_page }", "" },
	{ "root = \"/r\" error_page 404 { file = \"/g\" } host a { reset = header }", "/r/g " },
	{ "host a { root = \"/r\" location \"= /x\" { alias = \"/t/u\" error_page 404 {\n"
	    "file = \"/l\" } } }", "/t/l " },
};

START_TEST(inner_pages_come_first)
{
	struct config *config = load_config(pages[_i].text);
	const struct config_settings *settings = load_innermost(config);
	char files[64] = "";

	for (size_t i = 0; i < settings->error_page_count; i++) {
		const struct config_error_page *page = &settings->error_pages[i];

		ck_assert_uint_lt(page->root_index, config->root_count);
		strcat(files, config->roots[page->root_index].path);
		strcat(files, page->file);
		strcat(files, " ");
	}
	ck_assert_str_eq(files, pages[_i].files);
	config_free(&config);
}
END_TEST

#define PAGE_WITH_STATUS(status) \
	"root = \"/r\" error_page \"404\" { file = \"/a\" status = " status " }"
#define STATUS_IS_WRONG(status) "1: error_page.status is \"" status "\", expected 0, 200, or a " \
	"status from 400 to 599"

static const struct {
	const char *text;
	unsigned status;
} page_statuses[] = {
	{ PAGE_WITH_STATUS("0"), 0 }, { PAGE_WITH_STATUS("200"), 200 },
	{ PAGE_WITH_STATUS("400"), 400 }, { PAGE_WITH_STATUS("599"), 599 },
};

START_TEST(status_with_content_is_taken)
{
	struct config *config = load_config(page_statuses[_i].text);

	ck_assert_uint_eq(config->settings.error_pages[0].status, page_statuses[_i].status);
	config_free(&config);
}
END_TEST

#define OWN_FIELD(name) { "header " name " { action = default value = a }", "1: header is \"" \
	name "\", expected another field: muster makes this one itself" }
#define CONNECTION_FIELD(name) { "header " name " { value = a }", "1: header is \"" name "\", " \
	"expected another field: this one is about the connection, which muster looks after" }

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "header \"a b\" { value = c }",
	    "1: header is \"a b\", expected the name of a header field" },
	{ "header \"\" { value = c }", "1: header is \"\", expected the name of a header field" },
	{ "\nheader content-length { value = 1 }", "2: header is \"content-length\", expected "
	    "another field: muster makes this one itself" },
	{ "header Date { action = remove }", "1: header is \"Date\", expected another field: "
	    "muster makes this one itself" },
	{ "header Transfer-Encoding { value = chunked }", "1: header is \"Transfer-Encoding\", "
	    "expected another field: muster makes this one itself" },
	{ "header Connection { value = close }", "1: header is \"Connection\", expected another "
	    "field: muster makes this one itself" },
	{ "header Content-Range { value = 1 }", "1: header is \"Content-Range\", expected another "
	    "field: muster makes this one itself" },
	{ "header Trailer { value = X }", "1: header is \"Trailer\", expected another field: "
	    "muster makes this one itself" },
	{ "header Upgrade { value = h2c }", "1: header is \"Upgrade\", expected another field: "
	    "muster makes this one itself" },
	OWN_FIELD("Last-Modified"), OWN_FIELD("Content-Encoding"),
	{ "header etag { action = remove }", "1: header is \"etag\", expected another field: "
	    "muster makes this one itself, unless etag = false" },
	CONNECTION_FIELD("Keep-Alive"), CONNECTION_FIELD("Proxy-Connection"),
	CONNECTION_FIELD("TE"),
	{ "header a {}", "1: header has no value, expected one unless action is \"remove\"" },
	{ "header a { action = add value = \"\" }",
	    "1: header has no value, expected one unless action is \"remove\"" },
	{ "header a { action = remove value = b }",
	    "1: header.value is \"b\", expected none with action \"remove\"" },
	{ "header a { action = merge }",
	    "1: header.action is \"merge\", expected \"set\", \"add\", \"default\" or \"remove\"" },
	{ "header a { value = \"b \" }", "1: header.value is \"b \", expected the value of a "
	    "header field without blanks around it" },
	{ "root = \"/r\" error_page \"404\" {}", "1: error_page has no file, expected one" },
	{ "root = \"/r\" error_page \"404\" { file = \"\" }",
	    "1: error_page has no file, expected one" },
	{ "root = \"/r\" error_page \"404\" { file = \"a\" }", "1: error_page.file is \"a\", "
	    "expected a path that starts with \"/\", without \".\" and \"..\"" },
	{ "root = \"/r\" error_page \"404\" { file = \"/../a\" }", "1: error_page.file is "
	    "\"/../a\", expected a path that starts with \"/\", without \".\" and \"..\"" },
	{ "error_page \"404\" {\nfile = \"/a\" }",
	    "2: error_page.file is \"/a\", expected a root in the scope of the error_page" },
	{ "error_page \"404\" { file = \"/a\" } host a { root = \"/r\" }",
	    "1: error_page.file is \"/a\", expected a root in the scope of the error_page" },
	{ "root = \"/r\" error_page \"200\" { file = \"/a\" }", "1: error_page is \"200\", "
	    "expected statuses from 400 to 599, such as \"404\" or \"500 5xx\"" },
	{ "root = \"/r\" error_page \"404,403\" { file = \"/a\" }", "1: error_page is \"404,403\", "
	    "expected statuses from 400 to 599, such as \"404\" or \"500 5xx\"" },
	{ "root = \"/r\" error_page \" \" { file = \"/a\" }", "1: error_page is \" \", expected "
	    "statuses from 400 to 599, such as \"404\" or \"500 5xx\"" },
	{ PAGE_WITH_STATUS("100"), STATUS_IS_WRONG("100") },
	{ PAGE_WITH_STATUS("201"), STATUS_IS_WRONG("201") },
	{ PAGE_WITH_STATUS("204"), STATUS_IS_WRONG("204") },
	{ PAGE_WITH_STATUS("205"), STATUS_IS_WRONG("205") },
	{ PAGE_WITH_STATUS("206"), STATUS_IS_WRONG("206") },
	{ PAGE_WITH_STATUS("302"), STATUS_IS_WRONG("302") },
	{ PAGE_WITH_STATUS("304"), STATUS_IS_WRONG("304") },
	{ PAGE_WITH_STATUS("399"), STATUS_IS_WRONG("399") },
	{ "root = \"/r\" error_page \"404\" { file = \"/a\" status = 600 }", "1: error_page.status "
	    "is \"600\", expected a whole number from 0 to 599" },
};

START_TEST(mistake_is_told)
{
	refuse_config(mistakes[_i].text, mistakes[_i].error);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sections");
	TCase *tcase = tcase_create("sections");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, outer_headers_come_first, 0, COUNT_OF(headers));
	tcase_add_loop_test(tcase, inner_pages_come_first, 0, COUNT_OF(pages));
	tcase_add_loop_test(tcase, status_with_content_is_taken, 0, COUNT_OF(page_statuses));
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_test(tcase, header_is_filled);
	tcase_add_test(tcase, error_page_is_filled);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
