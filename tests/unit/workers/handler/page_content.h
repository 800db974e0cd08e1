/* SPDX-License-Identifier: BSD-2-Clause */
/* Content as one text, for the tests of what makes pages. */
#ifndef MUSTER_TEST_PAGE_CONTENT_H
#define MUSTER_TEST_PAGE_CONTENT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/content.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
/* A slice in a static table; the text may hold NULs. */
#define TEXT(text) { (text), sizeof (text) - 1 }

#define ck_assert_slice(slice, wanted) \
	ck_assert_msg(slice_equal((slice), (wanted)), \
	    "%s is \"%.*s\", should be \"%.*s\"", #slice, (int)(slice).len, \
	    (slice).len > 0 ? (slice).data : "", (int)(wanted).len, (wanted).data)

/* With a NUL behind it. */
static inline const char *
content_text(struct content *content)
{
	content_add(content, slice_make("", 1));
	ck_assert(!content->is_bad);
	return content_whole(content).data;
}

static inline int
run_one_case(const char *name, TCase *tcase)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed_count;

	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
