/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of this folder share: texts with their length, slices compared. */
#ifndef MUSTER_TEST_HTTP_ASSERTS_H
#define MUSTER_TEST_HTTP_ASSERTS_H

#include <check.h>
#include <stdlib.h>

#include "workers/mem/slice.h"

#define COUNT_OF(array) ((int)(sizeof (array) / sizeof ((array)[0])))
/* A slice in a static table; the text may hold NULs. */
#define TEXT(text) { (text), sizeof (text) - 1 }

#define ck_assert_text(slice, text) \
	ck_assert_msg(slice_equal((slice), slice_from_text(text)), \
	    "%s is \"%.*s\", should be \"%s\"", #slice, (int)(slice).len, \
	    (slice).len > 0 ? (slice).data : "", (text))

/* Runs the suite as CK_* variables ask; what main() returns. */
static inline int
run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed_count;

	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
