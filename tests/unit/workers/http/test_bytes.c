/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/http/bytes.h: what is looked for in blocks is found wherever it stands, and nothing
 * beside the text is read (each text has heap of its own size, for a sanitizer). */
#include <check.h>
#include <ctype.h>
#include <stdlib.h>

#include "workers/http/bytes.h"

#define LEN_MAX 40              /* more than two blocks */

/* len bytes of 'a', but c at `at`; freed by the caller. */
static char *
text_with(size_t len, size_t at, char c)
{
	char *text = malloc(len);

	ck_assert_ptr_nonnull(text);
	memset(text, 'a', len);
	text[at] = c;
	return text;
}

START_TEST(each_byte_is_told_as_the_table_says)
{
	char c = (char)_i;

	for (size_t len = 1; len <= LEN_MAX; len++)
		for (size_t at = 0; at < len; at++) {
			char *text = text_with(len, at, c);
			size_t letters = bytes_count_letters(text, len);

			ck_assert_uint_eq(bytes_find_control(text, 0, len),
			    byte_is(c, BYTE_CONTROL) ? at : len);
			ck_assert_uint_eq(bytes_skip(text, 0, len, BYTE_TOKEN),
			    byte_is(c, BYTE_TOKEN) ? len : at);
			/* It may give up early, but not count what is no letter. */
			ck_assert(letters <= at || isalpha(_i) || c == '-');
			ck_assert_uint_le(letters, len);
			free(text);
		}
}
END_TEST

START_TEST(a_search_starts_where_it_is_told_to)
{
	for (size_t len = 2; len <= LEN_MAX; len++)
		for (size_t from = 1; from <= len; from++)
			for (size_t at = 0; at < len; at++) {
				char *text = text_with(len, at, '\r');
				size_t wanted = at < from ? len : at;

				ck_assert_uint_eq(bytes_find_control(text, from, len), wanted);
				ck_assert_uint_eq(bytes_skip(text, from, len, BYTE_TOKEN), wanted);
				free(text);
			}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bytes");
	TCase *blocks = tcase_create("blocks");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(blocks, each_byte_is_told_as_the_table_says, 0, 256);
	tcase_add_test(blocks, a_search_starts_where_it_is_told_to);
	suite_add_tcase(suite, blocks);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
