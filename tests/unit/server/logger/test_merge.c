/* SPDX-License-Identifier: BSD-2-Clause */
/* server/logger/merge.c: sources come out by their times, equal ones by number, whatever the order
 * they came in and whatever times a source has next. */
#include <check.h>
#include <stdlib.h>

#include "server/logger/merge.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define SOURCE_MAX 8
#define MANY 1000

static const struct {
	int64_t times[SOURCE_MAX];
	uint32_t count;
	uint32_t wanted[SOURCE_MAX];
} orders[] = {
	{ { 5 }, 1, { 0 } },
	{ { 1, 2, 3 }, 3, { 0, 1, 2 } },
	{ { 3, 2, 1 }, 3, { 2, 1, 0 } },
	{ { 2, 1, 2, 1 }, 4, { 1, 3, 0, 2 } },
	{ { 7, 7, 7, 7, 7 }, 5, { 0, 1, 2, 3, 4 } },
	{ { 0, -1, INT64_MAX, INT64_MIN }, 4, { 3, 1, 0, 2 } },
	{ { 8, 6, 7, 5, 3, 0, 9, 1 }, 8, { 5, 7, 4, 3, 1, 2, 0, 6 } },
};

START_TEST(oldest_comes_first)
{
	struct merge_entry entries[SOURCE_MAX];
	struct merge merge = { entries, 0 };

	ck_assert_ptr_null(merge_first(&merge));
	for (uint32_t i = 0; i < orders[_i].count; i++)
		merge_add(&merge, orders[_i].times[i], i);
	for (uint32_t i = 0; i < orders[_i].count; i++) {
		ck_assert_uint_eq(merge_first(&merge)->source, orders[_i].wanted[i]);
		merge_drop_first(&merge);
	}
	ck_assert_ptr_null(merge_first(&merge));
}
END_TEST

/* Sources whose times rise: all of them together are in order. */
START_TEST(many_sources_are_merged)
{
	static struct merge_entry entries[MANY];
	static int left_counts[MANY];
	struct merge merge = { entries, 0 };
	unsigned seed = (unsigned)_i + 1;
	int64_t last = INT64_MIN;
	int total = 0, seen = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		left_counts[i] = rand_r(&seed) % 20;
		total += left_counts[i] + 1;
		merge_add(&merge, rand_r(&seed) % 1000, i);
	}
	while (merge_first(&merge) != NULL) {
		struct merge_entry first = *merge_first(&merge);

		ck_assert_int_ge(first.mono_us, last);
		last = first.mono_us;
		seen++;
		if (left_counts[first.source]-- > 0)
			merge_renew_first(&merge, first.mono_us + rand_r(&seed) % 100);
		else
			merge_drop_first(&merge);
	}
	ck_assert_int_eq(seen, total);
}
END_TEST

/* A clock that goes back, which none does: only that source is out of order. */
START_TEST(source_may_go_back)
{
	struct merge_entry entries[2];
	struct merge merge = { entries, 0 };

	merge_add(&merge, 10, 0);
	merge_add(&merge, 20, 1);
	merge_renew_first(&merge, 5);
	ck_assert_uint_eq(merge_first(&merge)->source, 0);
	merge_renew_first(&merge, 30);
	ck_assert_uint_eq(merge_first(&merge)->source, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("merge");
	TCase *tcase = tcase_create("merge");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, oldest_comes_first, 0, COUNT_OF(orders));
	tcase_add_loop_test(tcase, many_sources_are_merged, 0, 5);
	tcase_add_test(tcase, source_may_go_back);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
