/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/match.c: prefixes fit whole segments, exact paths themselves. Breaks when a
 * slash at the end of a title comes to mean something. */
#include <check.h>
#include <stdlib.h>

#include "workers/handler/match.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static const struct {
	const char *prefix, *path;
	int bytes;                  /* -1: it does not fit */
} prefixes[] = {
	{ "/", "/", 0 },
	{ "/", "/x", 0 },
	{ "/x", "/", -1 },
	{ "/files", "/files", 6 },
	{ "/files", "/files/", 6 },
	{ "/files", "/files/x", 6 },
	{ "/files", "/filesystem", -1 },
	{ "/files", "/file", -1 },
	{ "/files", "/FILES", -1 },
	{ "/files/", "/files", 6 },
	{ "/files/", "/files/", 6 },
	{ "/files/", "/files/x", 6 },
	{ "/files/", "/filesx", -1 },
	{ "/files/", "/file", -1 },
	{ "/a/b", "/a/b/c", 4 },
	{ "/a/b", "/a/bc", -1 },
	{ "/a/b", "/a", -1 },
};

START_TEST(prefix_fits_whole_segments)
{
	struct config_matcher matcher = { .match = CONFIG_MATCH_STRONG_PREFIX,
		.path = (char *)(uintptr_t)prefixes[_i].prefix };
	struct slice path = slice_from_text(prefixes[_i].path);
	struct pattern_captures captures;
	size_t bytes;
	bool fits = match_prefix(prefixes[_i].prefix, path, &bytes);

	ck_assert_int_eq(fits ? (int)bytes : -1, prefixes[_i].bytes);
	ck_assert_int_eq(match_path(&matcher, path, &captures),
	    fits ? PATTERN_MATCH : PATTERN_NO_MATCH);
	if (!fits)
		return;
	ck_assert_uint_eq(captures.count, 1);
	ck_assert_uint_eq(captures.start[0], 0);
	ck_assert_uint_eq(captures.end[0], bytes);
}
END_TEST

START_TEST(exact_path_is_itself)
{
	struct config_matcher matcher = { .match = CONFIG_MATCH_EXACT,
		.path = (char *)(uintptr_t)"/a/" };
	struct pattern_captures captures;

	ck_assert(match_exact("/a", slice_from_text("/a")));
	ck_assert(!match_exact("/a", slice_from_text("/a/")));
	ck_assert(!match_exact("/a/", slice_from_text("/a")));
	ck_assert(!match_exact("/a", slice_from_text("/ab")));
	ck_assert(!match_exact("/ab", slice_from_text("/a")));
	ck_assert(match_exact("/a", slice_make("/abc", 2)));
	ck_assert_int_eq(match_path(&matcher, slice_from_text("/a/"), &captures), PATTERN_MATCH);
	ck_assert_uint_eq(captures.end[0], 3);
	ck_assert_int_eq(match_path(&matcher, slice_from_text("/a"), NULL), PATTERN_NO_MATCH);
}
END_TEST

START_TEST(pattern_is_asked)
{
#ifdef HAVE_PCRE2
	struct config_matcher matcher = { .match = CONFIG_MATCH_PATTERN };
	struct pattern_captures captures;
	char errbuf[128];

	matcher.pattern = pattern_compile("(b+)", false, errbuf, sizeof errbuf);
	ck_assert_ptr_nonnull(matcher.pattern);
	/* The slice ends before the text does. */
	ck_assert_int_eq(match_path(&matcher, slice_make("/abbb", 4), &captures), PATTERN_MATCH);
	ck_assert_uint_eq(captures.start[1], 2);
	ck_assert_uint_eq(captures.end[1], 4);
	ck_assert_int_eq(match_path(&matcher, slice_from_text("/a"), NULL), PATTERN_NO_MATCH);
	pattern_free(&matcher.pattern);
#endif
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("match");
	TCase *tcase = tcase_create("match");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, prefix_fits_whole_segments, 0, COUNT_OF(prefixes));
	tcase_add_test(tcase, exact_path_is_itself);
	tcase_add_test(tcase, pattern_is_asked);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
