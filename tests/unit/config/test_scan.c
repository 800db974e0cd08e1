/* SPDX-License-Identifier: BSD-2-Clause */
/* config/scan.c: tokens and their lines, every text that libconfuse's lexer would mistake is
 * named, and a directive is blanked with all that belongs to it and nothing more. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/scan.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

/* One letter a token: w word, s string, m mark, c comment, b bad. */
static const struct {
	const char *text, *kinds;
	unsigned last_line;
} rows[] = {
	{ "", "", 1 }, { " \t\r\n", "", 2 }, { "user = www", "wmw", 1 },
	{ "# a \"b\nuser", "cw", 2 }, { "// a\nuser", "cw", 2 },
	{ "/* a\n\n * b */ user", "cw", 3 },
	{ "http://a/b", "w", 1 }, { "a#b", "wc", 1 }, { "a+=b", "wmw", 1 },
	{ "\"a b\" 'c d'", "ss", 1 }, { "\"a # b\"", "s", 1 }, { "\"a\\\"b\"", "s", 1 },
	{ "'a\\'b'", "s", 1 }, { "\"a\\\nb\" c", "sw", 2 }, { "${HOME}", "s", 1 },
	{ "\"${HOME}\"", "s", 1 }, { "\"\\${HOME\"", "s", 1 }, { "'${HOME'", "s", 1 },
	{ "\"\\x41\\x0a\"", "s", 1 }, { "{}(),", "mmmmm", 1 },
	{ "\"a\nb", "bw", 2 }, { "'a", "b", 1 }, { "\"a\\", "b", 1 }, { "'a\\", "b", 1 },
	{ "/* a", "b", 1 }, { "listen *:80", "wbw", 1 }, { "a + b", "wbw", 1 },
	{ "a\001b", "wbw", 1 },
	{ "\"\\0\"", "b", 1 }, { "\"\\101\"", "b", 1 }, { "\"\\x00\"", "b", 1 },
	{ "\"\\x0\"", "b", 1 }, { "\"${A\" b }", "bwm", 1 }, { "${A\nb", "bw", 2 },
	{ "\"a\001b\" c", "bw", 1 },
};

START_TEST(text_is_cut_into_tokens)
{
	struct scan scan = { .text = rows[_i].text, .text_bytes = strlen(rows[_i].text),
	    .line = 1 };
	static const char letters[] = "-wsmcb";
	char kinds[32] = "";
	struct scan_token token;

	for (size_t i = 0; (token = scan_next(&scan)).kind != SCAN_END; i++) {
		ck_assert_uint_lt(i, sizeof(kinds) - 1);
		ck_assert_uint_gt(token.end, token.start);
		ck_assert_uint_le(token.end, scan.text_bytes);
		kinds[i] = letters[token.kind];
		if (token.kind == SCAN_BAD)
			ck_assert_ptr_nonnull(strstr(scan.problem, "expected"));
	}
	ck_assert_msg(strcmp(kinds, rows[_i].kinds) == 0, "%s: %s", rows[_i].text, kinds);
	ck_assert_uint_eq(scan.line, rows[_i].last_line);
}
END_TEST

/* A byte 0 ends no text: the file may go on behind it. */
START_TEST(byte_0_is_bad)
{
	struct scan scan = { .text = "a\0b", .text_bytes = 3, .line = 1 };

	ck_assert_int_eq(scan_next(&scan).kind, SCAN_WORD);
	ck_assert_int_eq(scan_next(&scan).kind, SCAN_BAD);
	ck_assert_int_eq(scan_next(&scan).kind, SCAN_WORD);
	ck_assert_int_eq(scan_next(&scan).kind, SCAN_END);
}
END_TEST

static const struct {
	const char *text, *left;        /* NULL: not found; line 2 is searched for x */
} blanks[] = {
	{ "a\nx = 1 b", "a\n      b" },
	{ "a\nx = \"1 2\" b", "a\n          b" },
	{ "a\nx += {1, 2} b", "a\n            b" },
	{ "a\nx { y { z = 1\n} } b", "a\n             \n    b" },
	{ "a\nx \"t\" { } b", "a\n          b" },
	{ "a\nx {} b", "a\n     b" },
	{ "a\nx(\"f\") b", "a\n       b" },
	{ "a\nb = x x = 1 c", "a\nb = x       c" },
	{ "a\n\"x\" = 1 c", "a\n        c" },
	{ "a\nx }", "a\n  }" },
	{ "a\nx", "a\n " }, { "a\nx \"b\" c", "a\n      c" }, { "a\nx b = 1", "a\n  b = 1" },
	{ "a\nx {", "a\n   " },
	{ "x\nb", NULL }, { "a", NULL }, { "a\nb\nx", NULL }, { "a\nxx = 1", NULL },
};

START_TEST(directive_is_blanked_whole)
{
	char *text = strdup(blanks[_i].text);

	ck_assert_int_eq(scan_blank_directive(text, 2, "x"), blanks[_i].left != NULL);
	ck_assert_str_eq(text, blanks[_i].left != NULL ? blanks[_i].left : blanks[_i].text);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scan");
	TCase *tcase = tcase_create("scan");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, text_is_cut_into_tokens, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, directive_is_blanked_whole, 0, COUNT_OF(blanks));
	tcase_add_test(tcase, byte_0_is_bad);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
