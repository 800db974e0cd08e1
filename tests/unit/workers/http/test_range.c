/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges against sizes. A range outside the file, an invalid set that is half obeyed, or
 * parts that outweigh the whole break it.
 */
#include "tests/unit/workers/http/asserts.h"
#include "workers/http/range.h"

static const struct {
	const char *value;
	uint64_t size_bytes;
	enum range_verdict want;
	unsigned count;
	struct byte_range ranges[4];
} rows[] = {
	{ "bytes=0-0", 10, RANGE_PARTIAL, 1, { { 0, 1 } } },
	{ "bytes=0-9", 10, RANGE_PARTIAL, 1, { { 0, 10 } } },
	{ "bytes=0-10", 10, RANGE_PARTIAL, 1, { { 0, 10 } } },
	{ "bytes=9-9", 10, RANGE_PARTIAL, 1, { { 9, 1 } } },
	{ "bytes=3-", 10, RANGE_PARTIAL, 1, { { 3, 7 } } },
	{ "bytes=0-", 10, RANGE_PARTIAL, 1, { { 0, 10 } } },
	{ "bytes=-3", 10, RANGE_PARTIAL, 1, { { 7, 3 } } },
	{ "bytes=-10", 10, RANGE_PARTIAL, 1, { { 0, 10 } } },
	{ "bytes=-11", 10, RANGE_PARTIAL, 1, { { 0, 10 } } },
	{ "BYTES=1-2", 10, RANGE_PARTIAL, 1, { { 1, 2 } } },
	{ "bytes=0001-0002", 10, RANGE_PARTIAL, 1, { { 1, 2 } } },
	{ "bytes=0-99999999999999999999999999", 10, RANGE_PARTIAL, 1, { { 0, 10 } } },
	{ "bytes=-99999999999999999999999999", 10, RANGE_PARTIAL, 1, { { 0, 10 } } },
	{ "bytes=0-184467440737095516160", 10, RANGE_PARTIAL, 1, { { 0, 10 } } },
	{ "bytes=0-18446744073709551615", 10, RANGE_PARTIAL, 1, { { 0, 10 } } },
	{ "bytes=4294967296-4294967297", 1ULL << 33, RANGE_PARTIAL, 1, { { 1ULL << 32, 2 } } },
	{ "bytes=18446744073709551614-", UINT64_MAX, RANGE_PARTIAL, 1, { { UINT64_MAX - 1, 1 } } },
	{ "bytes=0-18446744073709551615", UINT64_MAX, RANGE_PARTIAL, 1, { { 0, UINT64_MAX } } },
	{ "bytes=0-1,4-5", 10, RANGE_PARTIAL, 2, { { 0, 2 }, { 4, 2 } } },
	{ "bytes=4-5 ,\t0-1", 10, RANGE_PARTIAL, 2, { { 4, 2 }, { 0, 2 } } },
	{ "bytes= 0-1", 10, RANGE_PARTIAL, 1, { { 0, 2 } } },
	{ "bytes=,0-1,,4-5,", 10, RANGE_PARTIAL, 2, { { 0, 2 }, { 4, 2 } } },
	{ "bytes=0-4,5-9", 10, RANGE_PARTIAL, 2, { { 0, 5 }, { 5, 5 } } },
	{ "bytes=0-1,99-", 10, RANGE_PARTIAL, 1, { { 0, 2 } } },
	{ "bytes=-0,0-1", 10, RANGE_PARTIAL, 1, { { 0, 2 } } },
	{ "bytes=0-1,0-1,0-1", 10, RANGE_PARTIAL, 3, { { 0, 2 }, { 0, 2 }, { 0, 2 } } },

	{ "bytes=10-", 10, RANGE_UNSATISFIABLE, 0, { { 0, 0 } } },
	{ "bytes=10-11", 10, RANGE_UNSATISFIABLE, 0, { { 0, 0 } } },
	{ "bytes=-0", 10, RANGE_UNSATISFIABLE, 0, { { 0, 0 } } },
	{ "bytes=10-,-0", 10, RANGE_UNSATISFIABLE, 0, { { 0, 0 } } },
	{ "bytes=99999999999999999999999999-", 10, RANGE_UNSATISFIABLE, 0, { { 0, 0 } } },
	{ "bytes=18446744073709551616-", UINT64_MAX, RANGE_UNSATISFIABLE, 0, { { 0, 0 } } },

	{ "bytes=-5", 0, RANGE_IGNORE, 0, { { 0, 0 } } },       /* of nothing: 200 */
	{ "bytes=0-", 0, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0-0", 0, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=-0", 0, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0-9,0-0", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0-,0-,0-", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0-,0-", UINT64_MAX, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=5-4", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0-1,5-4", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=18446744073709551616-5", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=,", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=-", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=--1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0-1-2", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0 - 1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=+0-1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0-+1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0x0-0x1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=a-b", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=0-1;2-3", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes=\"0-1\"", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes =0-1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bytes:0-1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "bits=0-1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "items=0-1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
	{ "xbytes=0-1", 10, RANGE_IGNORE, 0, { { 0, 0 } } },
};

START_TEST(ranges_are_read)
{
	struct range_set set;
	enum range_verdict got = range_parse(slice_from_text(rows[_i].value), rows[_i].size_bytes,
	    16, &set);

	ck_assert_msg(got == rows[_i].want, "\"%s\" of %ju: %d, should be %d", rows[_i].value,
	    (uintmax_t)rows[_i].size_bytes, (int)got, (int)rows[_i].want);
	if (got != RANGE_PARTIAL)
		return;
	ck_assert_uint_eq(set.count, rows[_i].count);
	for (unsigned i = 0; i < set.count; i++) {
		ck_assert_uint_eq(set.ranges[i].first, rows[_i].ranges[i].first);
		ck_assert_uint_eq(set.ranges[i].len, rows[_i].ranges[i].len);
	}
}
END_TEST

START_TEST(count_limit_is_exact)
{
	struct slice three = SLICE_LITERAL("bytes=0-0,99-,-1");
	struct range_set set;

	ck_assert_int_eq(range_parse(three, 10, 3, &set), RANGE_PARTIAL);
	ck_assert_int_eq(range_parse(three, 10, 2, &set), RANGE_IGNORE);
	ck_assert_int_eq(range_parse(SLICE_LITERAL("bytes=0-0"), 10, 1, &set), RANGE_PARTIAL);
	ck_assert_int_eq(range_parse(SLICE_LITERAL("bytes=0-0"), 10, 0, &set), RANGE_IGNORE);
	ck_assert_int_eq(range_parse(SLICE_LITERAL("bytes=99-"), 10, 0, &set), RANGE_IGNORE);
}
END_TEST

/* A limit above RANGE_MAX must not let the array overflow. */
START_TEST(count_never_exceeds_the_array)
{
	static char text[16 + 4 * (RANGE_MAX + 1)] = "bytes=";
	struct range_set set;

	for (int i = 0; i < RANGE_MAX; i++)
		strcat(text, "0-0,");
	ck_assert_int_eq(range_parse(slice_from_text(text), 1000, RANGE_MAX + 1, &set),
	    RANGE_PARTIAL);
	ck_assert_uint_eq(set.count, RANGE_MAX);
	strcat(text, "0-0,");
	ck_assert_int_eq(range_parse(slice_from_text(text), 1000, RANGE_MAX + 1, &set),
	    RANGE_IGNORE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("range");
	TCase *tcase = tcase_create("range");

	tcase_add_loop_test(tcase, ranges_are_read, 0, COUNT_OF(rows));
	tcase_add_test(tcase, count_limit_is_exact);
	tcase_add_test(tcase, count_never_exceeds_the_array);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
