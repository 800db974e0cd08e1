/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/keeper/partial.c: the bytes come back as they were, a head that comes byte by byte is
 * looked at a few times only and never too late, and all together stay within their bound. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "workers/keeper/partial.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define BLOCK_BYTES (1024 * 1024)
#define ALL_BLOCKS 64               /* what fits into all memory for it */

static char in[BLOCK_BYTES];

START_TEST(test_kept_and_freed)
{
	static const size_t lengths[] = { 1, 511, 512, 513, 5000, 70, 100000, 0, 3 };
	struct partial *partial = NULL;
	int i;

	for (i = 0; i < BLOCK_BYTES; i++)
		in[i] = (char)(i % 251);
	for (i = 0; i < COUNT_OF(lengths); i++) {
		in[0] = (char)i;
		ck_assert(partial_keep(&partial, in, lengths[i]));
		if (lengths[i] == 0) {
			ck_assert_ptr_null(partial);
			continue;
		}
		ck_assert_uint_eq(partial->bytes, lengths[i]);
		ck_assert_int_eq(memcmp(partial->data, in, lengths[i]), 0);
	}
	partial_free(&partial);
	ck_assert_ptr_null(partial);
	partial_free(&partial);
}
END_TEST

START_TEST(test_all_together_are_bounded)
{
	static struct partial *all[ALL_BLOCKS + 1];
	int round, i;

	for (round = 0; round < 3; round++) { /* what is freed can be had again */
		for (i = 0; i < ALL_BLOCKS; i++)
			ck_assert(partial_keep(&all[i], in, BLOCK_BYTES));
		ck_assert(!partial_keep(&all[ALL_BLOCKS], in, 1));
		ck_assert_ptr_null(all[ALL_BLOCKS]);
		ck_assert(partial_keep(&all[0], in, 10)); /* has the room */
		ck_assert(!partial_keep(&all[ALL_BLOCKS], in, 1));
		for (i = 0; i <= ALL_BLOCKS; i++)
			partial_free(&all[i]);
	}
}
END_TEST

START_TEST(test_what_was_kept_stays_when_there_is_no_room)
{
	static struct partial *all[ALL_BLOCKS];
	int i;

	for (i = 0; i < ALL_BLOCKS - 1; i++)
		ck_assert(partial_keep(&all[i], in, BLOCK_BYTES));
	ck_assert(partial_keep(&all[i], "first", 5));
	ck_assert(!partial_keep(&all[i], in, BLOCK_BYTES + 1));
	ck_assert_uint_eq(all[i]->bytes, 5);
	ck_assert_int_eq(memcmp(all[i]->data, "first", 5), 0);
	for (i = 0; i < ALL_BLOCKS; i++)
		partial_free(&all[i]);
}
END_TEST

/* kept: so many bytes without a line end were looked at; then text comes behind them. */
static const struct {
	size_t kept;
	const char *text;
	bool is_worth;
} pieces[] = {
	{ 0, "G", true },           /* nobody has looked yet */
	{ 5, "x", false }, { 5, "xxxx", false }, { 5, "xxxxx", true }, { 5, "\n", true },
	{ 5, "x\nx", true }, { 5, "\r", false }, { 1, "x", true }, { 100, "xxx", false },
};

START_TEST(test_worth_parsing)
{
	struct partial *partial = NULL;
	size_t kept = pieces[_i].kept, bytes = strlen(pieces[_i].text);
	char buffer[200];

	memset(buffer, 'a', sizeof buffer);
	ck_assert(partial_keep(&partial, buffer, kept));
	memcpy(buffer + kept, pieces[_i].text, bytes);
	ck_assert_int_eq(partial_is_worth_parsing(partial, buffer, kept, kept + bytes),
	    pieces[_i].is_worth);
	partial_free(&partial);
}
END_TEST

/* A head of one long line, a byte at a time, as keepers do it. Once each byte put it off. */
START_TEST(test_byte_by_byte)
{
	struct partial *partial = NULL;
	size_t at, looks = 0, last_look = 0;

	memset(in, 'a', 40000);
	for (at = 0; at < 40000; at++) {
		if (partial_is_worth_parsing(partial, in, at, at + 1)) {
			looks++;
			last_look = at + 1;
		}
		ck_assert(partial_keep(&partial, in, at + 1));
	}
	ck_assert_uint_le(looks, 20);
	ck_assert_uint_gt(last_look, 20000);
	/* The next request, of which less has come. */
	ck_assert(partial_keep(&partial, in, 4));
	ck_assert(!partial_is_worth_parsing(partial, in, 4, 7));
	ck_assert(partial_is_worth_parsing(partial, in, 4, 8));
	partial_free(&partial);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("partial");
	TCase *tcase = tcase_create("partial");
	SRunner *runner;
	int failed_count;

	tcase_add_test(tcase, test_kept_and_freed);
	tcase_add_test(tcase, test_all_together_are_bounded);
	tcase_add_test(tcase, test_what_was_kept_stays_when_there_is_no_room);
	tcase_add_loop_test(tcase, test_worth_parsing, 0, COUNT_OF(pieces));
	tcase_add_test(tcase, test_byte_by_byte);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
