/* SPDX-License-Identifier: BSD-2-Clause */
/* server/signer/scheme.c: what TLS 1.3 takes is less than what TLS 1.2 takes, and nothing is taken
 * without a purpose. */
#include <check.h>
#include <stdlib.h>

#include "server/signer/scheme.h"

START_TEST(purposes)
{
	const struct scheme *scheme = scheme_at((unsigned)_i);
	bool is_old = scheme->digest != NULL && !scheme->is_pss && scheme->curve == NULL;

	ck_assert_uint_eq(scheme_index(scheme), (unsigned)_i);
	ck_assert_ptr_eq(scheme_find(scheme->number, SIGN_TLS12_KEY_EXCHANGE), scheme);
	ck_assert_ptr_null(scheme_find(scheme->number, SIGN_NOTHING));
	/* PKCS #1, SHA-1, SHA-224 are no schemes of TLS 1.3; ECDSA there has its curve. */
	ck_assert_ptr_eq(scheme_find(scheme->number, SIGN_TLS13_SERVER), is_old ? NULL : scheme);
	ck_assert(scheme->is_in_tls13 == !is_old);
}
END_TEST

START_TEST(unknown)
{
	ck_assert_ptr_null(scheme_find(0, SIGN_TLS12_KEY_EXCHANGE));
	ck_assert_ptr_null(scheme_find(0x0101, SIGN_TLS12_KEY_EXCHANGE)); /* MD5 */
	ck_assert_ptr_null(scheme_find(0x0402, SIGN_TLS12_KEY_EXCHANGE)); /* DSA */
	ck_assert_ptr_null(scheme_find(0xffff, SIGN_TLS13_SERVER));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scheme");
	TCase *tcase = tcase_create("scheme");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, purposes, 0, SCHEME_COUNT);
	tcase_add_test(tcase, unknown);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
