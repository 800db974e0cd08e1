/* SPDX-License-Identifier: BSD-2-Clause */
/* config/syntax.c: what is a token, a media type, a field value, a language or an origin, and
 * above all what is none. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/syntax.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static bool
is_type(const char *text)
{
	return syntax_is_media_type(text, false);
}

static bool
is_type_with_parameters(const char *text)
{
	return syntax_is_media_type(text, true);
}

static const struct {
	bool (*check)(const char *text);
	const char *text;
	bool is_right;
} rows[] = {
	{ syntax_is_token, "X-Frame-Options", true }, { syntax_is_token, "a", true },
	{ syntax_is_token, "!#$%&'*+-.^_`|~", true }, { syntax_is_token, "", false },
	{ syntax_is_token, "a b", false }, { syntax_is_token, "a:", false },
	{ syntax_is_token, "a\r\nb", false }, { syntax_is_token, "\xc3\xbc", false },
	{ syntax_is_token, "a(b)", false }, { syntax_is_token, "\"a\"", false },
	{ is_type, "text/html", true }, { is_type, "image/svg+xml", true },
	{ is_type, "text/*", true }, { is_type, "text", false }, { is_type, "text/", false },
	{ is_type, "/html", false }, { is_type, "text/html;a=b", false },
	{ is_type, "text/html b", false }, { is_type, "a/b/c", false }, { is_type, "", false },
	{ is_type_with_parameters, "text/html;a=b", true },
	{ is_type_with_parameters, "text/html", true },
	{ is_type_with_parameters, "text/;a=b", false },
	{ syntax_is_field_value, "", true }, { syntax_is_field_value, "a  b\tc", true },
	{ syntax_is_field_value, "max-age=1, \"x\"", true },
	{ syntax_is_field_value, "\xc3\xbc", true }, { syntax_is_field_value, " a", false },
	{ syntax_is_field_value, "a\t", false }, { syntax_is_field_value, "a\nb", false },
	{ syntax_is_field_value, "a\rb", false }, { syntax_is_field_value, "a\x7f", false },
	{ syntax_is_field_value, "a\x01", false },
	{ syntax_is_language, "de", true }, { syntax_is_language, "pt-BR", true },
	{ syntax_is_language, "zh-hant-tw", true }, { syntax_is_language, "x-1", true },
	{ syntax_is_language, "", false }, { syntax_is_language, "1", false },
	{ syntax_is_language, "de-", false }, { syntax_is_language, "-de", false },
	{ syntax_is_language, "de_AT", false }, { syntax_is_language, "abcdefghi", false },
	{ syntax_is_language, "de-abcdefghi", false }, { syntax_is_language, "de.", false },
	{ syntax_is_language, "*", false },
	{ syntax_is_origin, "https://example.org", true },
	{ syntax_is_origin, "http://localhost:8080", true },
	{ syntax_is_origin, "https://[2001:db8::1]:443", true },
	{ syntax_is_origin, "moz-extension://a_b", true },
	{ syntax_is_origin, "https://example.org/", false },
	{ syntax_is_origin, "https://example.org:", false },
	{ syntax_is_origin, "https://example.org:123456", false },
	{ syntax_is_origin, "https://example.org:8x", false },
	{ syntax_is_origin, "https://", false }, { syntax_is_origin, "https://:80", false },
	{ syntax_is_origin, "https://[]", false }, { syntax_is_origin, "https://[::1", false },
	{ syntax_is_origin, "https://*.example.org", false },
	{ syntax_is_origin, "https://u@example.org", false },
	{ syntax_is_origin, "example.org", false }, { syntax_is_origin, "null", false },
	{ syntax_is_origin, "://a", false }, { syntax_is_origin, "", false },
};

START_TEST(syntax_is_told)
{
	ck_assert_msg(rows[_i].check(rows[_i].text) == rows[_i].is_right, "%s", rows[_i].text);
}
END_TEST

START_TEST(token_is_measured)
{
	ck_assert_uint_eq(syntax_token_bytes("abc/d"), 3);
	ck_assert_uint_eq(syntax_token_bytes("/"), 0);
}
END_TEST

START_TEST(capitals_become_small)
{
	char text[] = "AZaz[@`{0\xc3\x9c";

	syntax_lower(text);
	ck_assert_str_eq(text, "azaz[@`{0\xc3\x9c");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("syntax");
	TCase *tcase = tcase_create("syntax");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, syntax_is_told, 0, COUNT_OF(rows));
	tcase_add_test(tcase, token_is_measured);
	tcase_add_test(tcase, capitals_become_small);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
