/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/sip_hash.c against the values of the reference implementation, as openssl(1)
 * gives them: a round too few would still spread well, and be foreseeable. */
#include <check.h>
#include <stdlib.h>

#include "server/base/sip_hash.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

/* The bytes 0, 1, 2 ... of key and text, as words. */
static const uint64_t key[2] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };
static const uint64_t text[4] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908),
	UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c1b1a1918) };
static const uint64_t values[] = {
	UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x93f5f5799a932462), UINT64_C(0x3f2acc7f57c29bdb),
	UINT64_C(0xb8ad50c6f649af94), UINT64_C(0x7127512f72f27cce),
};

START_TEST(values_are_those_of_the_reference)
{
	ck_assert_uint_eq(sip_hash(key, text, (unsigned)_i), values[_i]);
}
END_TEST

START_TEST(each_half_of_the_key_counts)
{
	const uint64_t one[2] = { key[0] ^ 1, key[1] }, other[2] = { key[0], key[1] ^ 1 };

	ck_assert_uint_ne(sip_hash(one, text, 4), values[4]);
	ck_assert_uint_ne(sip_hash(other, text, 4), values[4]);
	ck_assert_uint_ne(sip_hash(one, text, 4), sip_hash(other, text, 4));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sip_hash");
	TCase *tcase = tcase_create("sip_hash");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, values_are_those_of_the_reference, 0, COUNT_OF(values));
	tcase_add_test(tcase, each_half_of_the_key_counts);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
