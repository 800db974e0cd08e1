/* SPDX-License-Identifier: BSD-2-Clause */
/* config/suggest.c: the distance counts typing mistakes, and nothing is suggested that would
 * not help. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/suggest.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static const struct {
	const char *a, *b;
	unsigned distance;
} distances[] = {
	{ "", "", 0 }, { "root", "root", 0 }, { "rot", "root", 1 }, { "rooot", "root", 1 },
	{ "riot", "root", 1 }, { "orot", "root", 1 }, { "keepalvie", "keepalive", 1 },
	{ "abc", "", 3 }, { "", "abc", 3 }, { "kitten", "sitting", 3 }, { "ca", "abc", 3 },
};

START_TEST(distance_counts_mistakes)
{
	ck_assert_uint_eq(suggest_distance(distances[_i].a, distances[_i].b),
	    distances[_i].distance);
	ck_assert_uint_eq(suggest_distance(distances[_i].b, distances[_i].a),
	    distances[_i].distance);
}
END_TEST

static const char *const names[] = { "min_idle", "max_idle", "start", "max_workers", "root" };

static const struct {
	const char *name, *nearest;
} nearest[] = {
	{ "max_idel", "max_idle" }, { "max_worker", "max_workers" }, { "Start", "start" },
	{ "mix_idle", "min_idle" }, { "roots", "root" }, { "xx", NULL }, { "", NULL },
	{ "proxy", NULL }, { "m", NULL },
};

START_TEST(nearest_helps_or_is_silent)
{
	const char *found = suggest_nearest(nearest[_i].name, names,
	    sizeof(names) / sizeof(names[0]));

	if (nearest[_i].nearest == NULL)
		ck_assert_msg(found == NULL, "%s: %s", nearest[_i].name, found);
	else
		ck_assert_msg(found != NULL && strcmp(found, nearest[_i].nearest) == 0, "%s: %s",
		    nearest[_i].name, found != NULL ? found : "none");
}
END_TEST

/* Rows of the distance are of fixed size. */
START_TEST(long_name_is_near_to_nothing)
{
	char longest[SUGGEST_NAME_BYTES], too_long[SUGGEST_NAME_BYTES + 1];

	memset(longest, 'a', sizeof(longest));
	memset(too_long, 'a', sizeof(too_long));
	longest[sizeof(longest) - 1] = too_long[sizeof(too_long) - 1] = '\0';
	ck_assert_uint_eq(suggest_distance(longest, longest), 0);
	ck_assert_uint_eq(suggest_distance(longest, too_long), SUGGEST_NAME_BYTES);
	ck_assert_ptr_null(suggest_nearest(too_long, names, sizeof(names) / sizeof(names[0])));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("suggest");
	TCase *tcase = tcase_create("suggest");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, distance_counts_mistakes, 0, COUNT_OF(distances));
	tcase_add_loop_test(tcase, nearest_helps_or_is_silent, 0, COUNT_OF(nearest));
	tcase_add_test(tcase, long_name_is_near_to_nothing);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
