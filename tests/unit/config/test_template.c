/* SPDX-License-Identifier: BSD-2-Clause */
/* config/template.c: texts are taken apart as written, and what is no variable is told. Breaks
 * when a name or one of the marks that decide on query and scheme is read wrongly. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/template.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof(rows)[0]))

/* Parts with "|" between, a variable as "<kind>". */
static void
describe(const struct template *template, char *out, size_t out_bytes)
{
	static const char *const names[] = { "text", "", "host", "scheme", "path", "query",
	    "request_uri", "rest" };
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < template->part_count; i++) {
		const struct template_part *part = &template->parts[i];
		const char *bar = i > 0 ? "|" : "";

		ck_assert_int_eq(part->kind == TEMPLATE_TEXT, part->text != NULL);
		if (part->kind == TEMPLATE_TEXT)
			used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", bar,
			    part->text);
		else if (part->kind == TEMPLATE_CAPTURE)
			used += (size_t)snprintf(out + used, out_bytes - used, "%s<%u>", bar,
			    part->capture);
		else
			used += (size_t)snprintf(out + used, out_bytes - used, "%s<%s>", bar,
			    names[part->kind]);
	}
}

static const struct {
	const char *text, *parts;
	bool has_query, is_absolute;
	unsigned capture_max;
} texts[] = {
	{ "", "", false, false, 0 },
	{ "/a", "/a", false, false, 0 },
	{ "/a$1b", "/a|<1>|b", false, false, 1 },
	{ "$0", "<0>", false, false, 0 },
	{ "$10", "<1>|0", false, false, 1 },
	{ "${1}0", "<1>|0", false, false, 1 },
	{ "$9$2$1", "<9>|<2>|<1>", false, false, 9 },
	{ "/$$", "/$", false, false, 0 },
	{ "$$$$x$$1", "$$x$1", false, false, 0 },
	{ "a$$$1", "a$|<1>", false, false, 1 },
	{ "$path$uri", "<path>|<path>", false, false, 0 },
	{ "/x?$query", "/x?|<query>", true, false, 0 },
	{ "/x?a=$args", "/x?a=|<query>", true, false, 0 },
	{ "$request_uri", "<request_uri>", false, false, 0 },
	{ "/$rest", "/|<rest>", false, false, 0 },
	{ "/${rest}s", "/|<rest>|s", false, false, 0 },
	{ "$1?", "<1>|?", true, false, 1 },
	{ "https://example.org/", "https://example.org/", false, true, 0 },
	{ "HTTP://x", "HTTP://x", false, true, 0 },
	{ "$scheme://$host$path", "<scheme>|://|<host>|<path>", false, true, 0 },
	{ "//cdn.example.org/", "//cdn.example.org/", false, true, 0 },
	{ "$scheme/x", "<scheme>|/x", false, false, 0 },
	{ "/a://b", "/a://b", false, false, 0 },
	{ "://b", "://b", false, false, 0 },
	{ "$1://b", "<1>|://b", false, false, 1 },
};

START_TEST(text_is_taken_apart)
{
	char errbuf[256], parts[256];
	struct template *template = template_compile(texts[_i].text, errbuf, sizeof(errbuf));

	ck_assert_ptr_nonnull(template);
	describe(template, parts, sizeof(parts));
	ck_assert_str_eq(parts, texts[_i].parts);
	ck_assert_int_eq(template->has_query, texts[_i].has_query);
	ck_assert_int_eq(template->is_absolute, texts[_i].is_absolute);
	ck_assert_uint_eq(template->capture_max, texts[_i].capture_max);
	template_free(&template);
	ck_assert_ptr_null(template);
}
END_TEST

static const char *const mistakes[] = {
	"$", "/a$", "$x", "$hostname", "${host", "${}", "${1", "${12}", "${ host}", "$ 1", "$-",
	"$Host", "$1$", "$_",
};

START_TEST(mistake_is_told)
{
	char errbuf[256] = "";

	ck_assert_ptr_null(template_compile(mistakes[_i], errbuf, sizeof(errbuf)));
	ck_assert_msg(strstr(errbuf, "\"$$\" for a dollar sign") != NULL, "%s", errbuf);
}
END_TEST

START_TEST(freeing_nothing_is_allowed)
{
	struct template *template = NULL;

	template_free(&template);
	ck_assert_ptr_null(template);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("template");
	TCase *tcase = tcase_create("template");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, text_is_taken_apart, 0, COUNT_OF(texts));
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_test(tcase, freeing_nothing_is_allowed);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
