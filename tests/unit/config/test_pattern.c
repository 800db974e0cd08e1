/* SPDX-License-Identifier: BSD-2-Clause */
/* config/pattern.c: what matches, what is captured, and that a hostile path costs neither much
 * time nor any memory. Breaks when an option of the compiler, a limit or the shares of steps
 * change what a path can do. */
#include <check.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "config/pattern.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof(rows)[0]))
#define PATH_BYTES 4095

#ifdef HAVE_PCRE2

static struct pattern *
compile(const char *text, bool ignores_case)
{
	char errbuf[256] = "";
	struct pattern *pattern = pattern_compile(text, ignores_case, errbuf, sizeof(errbuf));

	ck_assert_msg(pattern != NULL, "%s: %s", text, errbuf);
	return pattern;
}

static const struct {
	const char *text, *subject;
	bool ignores_case;
	const char *captures;       /* of $0, $1 ..., "|" between; NULL: no match */
} matches[] = {
	{ "\\.php$", "/a.php", false, ".php" },
	{ "\\.php$", "/a.php5", false, NULL },
	{ "\\.php$", "/a.PHP", false, NULL },
	{ "\\.php$", "/a.PHP", true, ".PHP" },
	{ "^/(\\d+)/(\\w+)$", "/12/ab", false, "/12/ab|12|ab" },
	{ "^/(a)?(b)?(c)$", "/c", false, "/c|||c" },
	{ "^/(a)?(b)?", "/", false, "/" },
	{ "b", "abc", false, "b" },         /* anchored only where it says so */
	{ "", "/x", false, "" },
	{ "^/(?<name>.+)$", "/x", false, "/x|x" },
	{ "(.)(.)(.)(.)(.)(.)(.)(.)(.)", "123456789", false,
	    "123456789|1|2|3|4|5|6|7|8|9" },
	{ "(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)", "123456789A", false,
	    "123456789A|1|2|3|4|5|6|7|8|9" },   /* one more than can be asked for */
	/* A line feed hides nothing. */
	{ "^/closed/.*$", "/closed/a\nb", false, "/closed/a\nb" },
	{ "\\.php$", "/a.php\n", false, NULL },
	{ "^b", "a\nb", false, NULL },
	/* Bytes, in whatever encoding. */
	{ "^/.$", "/\xc3\xa4", false, NULL },
	{ "^/..$", "/\xff\xfe", false, "/\xff\xfe" },
	{ "^/\\w$", "/\xe4", true, NULL },
};

START_TEST(match_and_captures)
{
	struct pattern *pattern = compile(matches[_i].text, matches[_i].ignores_case);
	const char *subject = matches[_i].subject, *wanted = matches[_i].captures;
	struct pattern_captures captures;
	enum pattern_outcome outcome = pattern_match(pattern, subject, strlen(subject),
	    &captures);
	char got[256] = "";
	size_t used = 0;

	ck_assert_int_eq(outcome, wanted != NULL ? PATTERN_MATCH : PATTERN_NO_MATCH);
	ck_assert_int_eq(pattern_match(pattern, subject, strlen(subject), NULL), outcome);
	for (unsigned i = 0; wanted != NULL && i < captures.count; i++) {
		size_t bytes = captures.end[i] - captures.start[i];

		ck_assert_uint_le(captures.end[i], strlen(subject));
		if (i > 0)
			got[used++] = '|';
		memcpy(got + used, subject + captures.start[i], bytes);
		used += bytes;
	}
	if (wanted != NULL)
		ck_assert_str_eq(got, wanted);
	pattern_free(&pattern);
	ck_assert_ptr_null(pattern);
}
END_TEST

START_TEST(subject_is_bytes_not_text)
{
	struct pattern *pattern = compile("^/a.b$", false);

	ck_assert_int_eq(pattern_match(pattern, "/a\0b", 4, NULL), PATTERN_MATCH);
	ck_assert_int_eq(pattern_match(pattern, "/a.bc", 4, NULL), PATTERN_MATCH);
	pattern_free(&pattern);
}
END_TEST

START_TEST(captures_are_counted)
{
	struct pattern *pattern = compile("(a)(?:b)(?<c>c)", false);

	ck_assert_uint_eq(pattern_capture_count(pattern), 2);
	pattern_free(&pattern);
}
END_TEST

static const struct {
	const char *text, *reason;
} mistakes[] = {
	{ "(a", "(after 2 bytes of the pattern)" },
	{ "ab)", "(after 2 bytes of the pattern)" },
	{ "a[b", "(after 3 bytes of the pattern)" },
	{ "(*UTF)a", "UTF" },
	{ "(*UCP)a", "UCP" },
};

START_TEST(mistake_is_told)
{
	char errbuf[256] = "";

	ck_assert_ptr_null(pattern_compile(mistakes[_i].text, false, errbuf, sizeof(errbuf)));
	ck_assert_msg(strstr(errbuf, mistakes[_i].reason) != NULL, "%s", errbuf);
}
END_TEST

static struct { const char *text, *piece; } hard[] = {
	{ "^(a+)+[cd]", "a" },
	{ "(a+)+[cd]", "a" },
	{ "^/(.*)/(.*)/(.*)[xy]", "/a" },
	{ "(\\w+/?)+[xy]$", "ab" },
	{ "^(?:[a-z]|/)*(?:[a-z/])*[xy]", "/a" },
	{ "^((?:/[a-z]*)*(/[a-z]*))*[xy]", "/a" },
	{ "(?:a|b|ab)*[cd]", "ab" },
	{ "(x?x?x?x?x?x?x?x?x?x?x?x?x?x?)*[y]", "x" },
	{ "([a-z]+)*=", "a" },
	{ "(?R)?a[b]", "a" },
	{ "^(a|(?1)b)*[cd]", "a" },
};

static void
fill(char *subject, const char *piece)
{
	for (size_t i = 0; i < PATH_BYTES; i++)
		subject[i] = piece[i % strlen(piece)];
}

/* Without the limits these never end within a test's time. */
START_TEST(hard_work_is_refused)
{
	struct pattern *pattern = compile(hard[_i].text, false);
	char subject[PATH_BYTES];

	fill(subject, hard[_i].piece);
	ck_assert_int_ne(pattern_match(pattern, subject, sizeof(subject), NULL), PATTERN_MATCH);
	pattern_free(&pattern);
}
END_TEST

START_TEST(exponential_work_is_an_error_not_a_miss)
{
	struct pattern *pattern = compile("^(a+)+[cd]", false);

	ck_assert_int_eq(pattern_match(pattern, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 30, NULL),
	    PATTERN_TOO_COSTLY);
	ck_assert_int_eq(pattern_match(pattern, "aaac", 4, NULL), PATTERN_MATCH);
	pattern_free(&pattern);
}
END_TEST

/* What administrators do write must work on the longest of paths. */
static struct { const char *text, *piece; } easy[] = {
	{ "\\.(gif|jpe?g|png)$", "/.gi" },
	{ "^/(.*)/(.*)$", "/a" },
	{ "^(/[a-z]+)+$", "/a" },
	{ "^((/[a-z])+)x?[0-9]?", "/a" },
	{ "/(.*)\\.php$", "/a" },
	{ "^(?!.*\\.html?$).*$", "/a" },
	{ "[a-z]+/[a-z]+\\.html?[x]?$", "ab/" },
	/* From most places it fails at once, from one it goes to the end and back. */
	{ "\\w+-(.*)[x]$", "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789012345678901234567890123456789/" },
};

START_TEST(long_paths_are_matched)
{
	struct pattern *pattern = compile(easy[_i].text, false);
	char subject[PATH_BYTES];

	fill(subject, easy[_i].piece);
	ck_assert_int_ne(pattern_match(pattern, subject, sizeof(subject), NULL),
	    PATTERN_TOO_COSTLY);
	pattern_free(&pattern);
}
END_TEST

/* Also not for the deepest backtracking: a worker never waits for memory. */
START_TEST(matching_asks_for_no_memory)
{
	static struct pattern *patterns[COUNT_OF(hard)];
	char subject[PATH_BYTES];
	struct mallinfo2 before, after;

	for (int i = 0; i < COUNT_OF(hard); i++)
		patterns[i] = compile(hard[i].text, false);
	before = mallinfo2();
	for (int i = 0; i < COUNT_OF(hard); i++) {
		fill(subject, hard[i].piece);
		(void)pattern_match(patterns[i], subject, sizeof(subject), NULL);
	}
	after = mallinfo2();
	ck_assert_uint_eq(after.uordblks, before.uordblks);
	ck_assert_uint_eq(after.hblkhd, before.hblkhd);
	for (int i = 0; i < COUNT_OF(hard); i++)
		pattern_free(&patterns[i]);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, match_and_captures, 0, COUNT_OF(matches));
	tcase_add_test(tcase, subject_is_bytes_not_text);
	tcase_add_test(tcase, captures_are_counted);
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_loop_test(tcase, hard_work_is_refused, 0, COUNT_OF(hard));
	tcase_add_test(tcase, exponential_work_is_an_error_not_a_miss);
	tcase_add_loop_test(tcase, long_paths_are_matched, 0, COUNT_OF(easy));
	tcase_add_test(tcase, matching_asks_for_no_memory);
}

#else

START_TEST(absence_is_told)
{
	char errbuf[256] = "";

	ck_assert_ptr_null(pattern_compile("a", false, errbuf, sizeof(errbuf)));
	ck_assert_ptr_nonnull(strstr(errbuf, "PCRE2"));
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_test(tcase, absence_is_told);
}

#endif

START_TEST(freeing_nothing_is_allowed)
{
	struct pattern *pattern = NULL;

	pattern_free(&pattern);
	ck_assert_ptr_null(pattern);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pattern");
	TCase *tcase = tcase_create("pattern");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	add_tests(tcase);
	tcase_add_test(tcase, freeing_nothing_is_allowed);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
