/* SPDX-License-Identifier: BSD-2-Clause */
/* config/matcher.c: what the title of a location means, and that spellings of one thing come
 * out the same. */
#include "tests/lib/load_config.h"

#include "config/matcher.h"
#include "config/pattern.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static const struct {
	const char *written, *title, *path;
	enum config_match match;
	const char *subject;        /* of a pattern: what it has to match */
} titles[] = {
	{ "/", "/", "/", CONFIG_MATCH_PREFIX, NULL },
	{ "/a/b", "/a/b", "/a/b", CONFIG_MATCH_PREFIX, NULL },
	{ "/a/", "/a/", "/a/", CONFIG_MATCH_PREFIX, NULL },
	{ " /a", "/a", "/a", CONFIG_MATCH_PREFIX, NULL },
	{ "= /a", "= /a", "/a", CONFIG_MATCH_EXACT, NULL },
	{ "=/a", "= /a", "/a", CONFIG_MATCH_EXACT, NULL },
	{ "=  /a/", "= /a/", "/a/", CONFIG_MATCH_EXACT, NULL },
	{ "^~ /a", "^~ /a", "/a", CONFIG_MATCH_STRONG_PREFIX, NULL },
	{ "^~/a", "^~ /a", "/a", CONFIG_MATCH_STRONG_PREFIX, NULL },
	{ "", NULL, NULL, CONFIG_MATCH_PREFIX, NULL },
	{ "=", NULL, NULL, CONFIG_MATCH_PREFIX, NULL },
	{ "a", NULL, NULL, CONFIG_MATCH_PREFIX, NULL },
	{ "^ /a", NULL, NULL, CONFIG_MATCH_PREFIX, NULL },
	{ "= ^~ /a", NULL, NULL, CONFIG_MATCH_PREFIX, NULL },
#ifdef HAVE_PCRE2
	{ "~ ^/a$", "~ ^/a$", "^/a$", CONFIG_MATCH_PATTERN, "/a" },
	{ "~^/a$", "~ ^/a$", "^/a$", CONFIG_MATCH_PATTERN, "/a" },
	{ "~* \\.PNG$", "~* \\.PNG$", "\\.PNG$", CONFIG_MATCH_PATTERN, "/x.png" },
	{ "~*\\.PNG$", "~* \\.PNG$", "\\.PNG$", CONFIG_MATCH_PATTERN, "/x.png" },
#endif
};

START_TEST(title_is_understood)
{
	char text[128], *quoted = config_quote(titles[_i].written);
	struct config_errors errors;
	const struct config_matcher *matcher;
	struct config *config;

	snprintf(text, sizeof(text), LOAD_LEAST "host a { location %s {} }", quoted);
	free(quoted);
	config = config_load_text(text, "f", &errors);
	ck_assert_msg((config != NULL) == (titles[_i].title != NULL), "%s: %s", text,
	    errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
	if (config == NULL)
		return;
	matcher = &config->hosts[0].locations[0].matcher;
	ck_assert_str_eq(matcher->title, titles[_i].title);
	ck_assert_str_eq(matcher->path, titles[_i].path);
	ck_assert_int_eq(matcher->match, titles[_i].match);
	ck_assert_int_eq(matcher->pattern != NULL, titles[_i].subject != NULL);
	if (matcher->pattern != NULL)
		ck_assert_int_eq(pattern_match(matcher->pattern, titles[_i].subject,
		    strlen(titles[_i].subject), NULL), PATTERN_MATCH);
	config_free(&config);
}
END_TEST

#define FORMS "\"/prefix\", \"^~ /prefix\", \"= /exact\", \"~ pattern\" or \"~* pattern\""

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "host a { location \"x\" {} }", "1: location is \"x\", expected " FORMS },
	{ "host a {\nlocation \"= x\" {} }", "2: location is \"= x\", expected " FORMS },
	{ "host a { location \"/a/../b\" {} }",
	    "1: location is \"/a/../b\", expected a path without \".\" and \"..\"" },
	{ "host a { location \"= /a//b\" {} }",
	    "1: location is \"= /a//b\", expected a path without \"//\"" },
	{ "host a { location \"/a\\x01\" {} }",
	    "1: location is \"/a\\x01\", expected at most 4095 bytes without control characters" },
	{ "host a { location \"~\" {} }",
	    "1: location is \"~\", expected a pattern after the \"~\"" },
	{ "host a { location \"~* \" {} }",
	    "1: location is \"~* \", expected a pattern after the \"~\"" },
};

START_TEST(mistake_is_told)
{
	refuse_config(mistakes[_i].text, mistakes[_i].error);
}
END_TEST

/* What is wrong with the pattern itself, pattern.c says. */
START_TEST(wrong_pattern_is_told)
{
	struct config_errors errors;

	ck_assert_ptr_null(config_load_text(LOAD_LEAST "host a {\nlocation \"~ (\" {} }", "f",
	    &errors));
	ck_assert_uint_eq(errors.count, 1);
	ck_assert_int_eq(strncmp(errors.lines[0], "f:2: location \"~ (\": ", 21), 0);
	ck_assert_uint_gt(strlen(errors.lines[0]), 25);
	config_errors_fini(&errors);
}
END_TEST

static const struct {
	const char *path;
	size_t bytes;
} prefixes[] = { { "/", 0 }, { "/a", 2 }, { "/a/", 2 }, { "/a/b/", 4 }, { "", 0 } };

START_TEST(prefix_is_measured)
{
	char path[16];
	struct config_matcher matcher = { .path = strcpy(path, prefixes[_i].path) };

	ck_assert_uint_eq(matcher_prefix_bytes(&matcher), prefixes[_i].bytes);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("matcher");
	TCase *tcase = tcase_create("matcher");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, title_is_understood, 0, COUNT_OF(titles));
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_loop_test(tcase, prefix_is_measured, 0, COUNT_OF(prefixes));
	tcase_add_test(tcase, wrong_pattern_is_told);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
