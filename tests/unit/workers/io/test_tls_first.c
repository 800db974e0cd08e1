/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/io/tls_first.c: a ClientHello is waited for whole, however it is cut, and what is none
 * is not waited for. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "workers/io/tls_first.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define BODY_BYTES 600

static char hello[6 * (4 + BODY_BYTES)]; /* also in records of a byte */
static size_t hello_bytes;

/* A message of 4 + BODY_BYTES bytes, in records of at most so many each. */
static void
put_hello(size_t record_bytes)
{
	unsigned char message[4 + BODY_BYTES] = { 1, 0, BODY_BYTES >> 8, BODY_BYTES & 255 };
	size_t at = 0;

	hello_bytes = 0;
	while (at < sizeof message) {
		size_t part = sizeof message - at < record_bytes ? sizeof message - at :
		    record_bytes;
		const unsigned char head[5] = { 22, 3, 1, (unsigned char)(part >> 8),
			(unsigned char)part };

		memcpy(hello + hello_bytes, head, 5);
		memcpy(hello + hello_bytes + 5, message + at, part);
		hello_bytes += 5 + part;
		at += part;
	}
}

static const size_t cuts[] = { 16384, 604, 603, 302, 100 };

START_TEST(it_is_waited_for_whole)
{
	put_hello(cuts[_i]);
	for (size_t i = 0; i < hello_bytes; i++)
		ck_assert_msg(!tls_first_is_enough(hello, i), "%zu", i);
	ck_assert(tls_first_is_enough(hello, hello_bytes));
	ck_assert(tls_first_is_enough(hello, hello_bytes + 10)); /* something behind it */
}
END_TEST

START_TEST(in_too_many_pieces_it_is_not)
{
	put_hello(1);
	ck_assert(!tls_first_is_enough(hello, 7 * 6 + 5));
	ck_assert(tls_first_is_enough(hello, 8 * 6));
	put_hello(3);               /* its length is in two records */
	ck_assert(!tls_first_is_enough(hello, 12));
}
END_TEST

#define EMPTY "\x16\3\1\0\0"

static const struct { const char *in; size_t bytes; bool is_enough; } rows[] = {
	{ "", 0, false },
	{ "G", 1, true },                           /* HTTP */
	{ "\x16", 1, false },
	{ "\x15\3\1\0", 4, false },
	{ "\x15\3\1\0\2", 5, true },                /* an alert */
	{ "\x80\x2e\1\0", 4, false },
	{ "\x80\x2e\1\0\2", 5, true },              /* SSLv2 */
	{ "\r\n\r\n\r", 5, true },
	{ "\x16\3\1\2", 4, false },
	{ "\x16\3\1\2\0", 5, false },
	{ "\x16\3\1\2\0\1", 6, false },
	{ "\x16\3\1\2\0\2", 6, false },             /* OpenSSL cannot tell before it is whole */
	{ "\x16\3\1\0\1\2", 6, false },
	{ "\x16\3\1\0\4\2\0\0\1", 9, true },        /* another message */
	{ "\x16\3\1\x40\1", 5, true },              /* a record that is too long */
	{ "\x16\3\1\0\0", 5, false },               /* nothing in it */
	{ EMPTY EMPTY EMPTY EMPTY EMPTY EMPTY EMPTY, 35, false },
	{ EMPTY EMPTY EMPTY EMPTY EMPTY EMPTY EMPTY EMPTY, 40, true },
	{ "\x16\3\1\0\4\1\0\x3f\xfc", 9, false },
	{ "\x16\3\1\0\4\1\0\x3f\xfd", 9, true },    /* a message that is too long */
	{ "\x16\3\1\0\4\1\xff\xff\xff", 9, true },
	{ "\x16\3\1\0\4\1\0\0\0", 9, true },
	{ "\x16\3\1\0\1\1\x14\3\3\0", 10, false },
	{ "\x16\3\1\0\1\1\x14\3\3\0\1", 11, true },
	{ "\x16\3\1\0\1\1GET ", 10, false },
	{ "\x16\3\1\0\1\1\x16", 7, false },
};

START_TEST(lengths_are_looked_at)
{
	ck_assert_int_eq(tls_first_is_enough(rows[_i].in, rows[_i].bytes), rows[_i].is_enough);
}
END_TEST

START_TEST(there_is_a_limit)
{
	/* 16304 bytes of a message, of which 16000 come, and then too large a record. */
	static char many[16640] = "\x16\3\1\x3e\x80\1\0\x3f\xac";

	ck_assert(!tls_first_is_enough(many, 16005));
	memcpy(many + 16005, "\x16\3\1\x40", 4);
	ck_assert(!tls_first_is_enough(many, sizeof many - 1));
	ck_assert(tls_first_is_enough(many, sizeof many));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_first");
	TCase *tcase = tcase_create("tls_first");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, it_is_waited_for_whole, 0, COUNT_OF(cuts));
	tcase_add_test(tcase, in_too_many_pieces_it_is_not);
	tcase_add_loop_test(tcase, lengths_are_looked_at, 0, COUNT_OF(rows));
	tcase_add_test(tcase, there_is_a_limit);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
