/* SPDX-License-Identifier: BSD-2-Clause */
/* server/master/watch.c: files are tried when two looks agree on them, once, and again after a
 * while; each way in which a file can become another one shows. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/master/watch.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define INTERVAL_MS 3000

/* A look each second where it is due. A letter is what lies there at that second; '.': the same as
 * before. tried: '!' where it is tried, and found good in capitals, bad otherwise; '-': a look and
 * nothing more; ' ': no look. In force at first: A. */
static const struct {
	const char *what;
	const char *lies, *tried;
} rows[] = {
	{ "nothing happens", "A.........", "-  -  -  -" },
	{ "a new pair", "AB........", "-  -!  -  " },
	{ "just after a look", "A..B.....", "-  -!  - " },
	{ "still being written", "A..BCDE....", "-  ----!  -" },
	{ "back to the old one", "A..BA......", "-  ---  -  " },
	{ "a broken one", "A..b........", "-  -!  -  - " },
	{ "broken, then mended", "A..b....C......", "-  -!  -  -!  -" },
	{ "broken, then the old one", "A..b....A.....", "-  -!  -  --  " },
	{ "broken, the old one, broken", "A..b....A...b...", "-  -!  -  --  -!" },
	{ "two broken ones", "A..b..c......", "-  -!  -!  - " },
	{ "one good one after another", "A..B..C......", "-  -!  -!  - " },
};

START_TEST(decisions)
{
	const char *lies = rows[_i].lies;
	struct watch watch;
	char tried[64] = "", now = 'A';
	size_t i;

	watch_begin(&watch, 'A', 0);
	for (i = 0; lies[i] != '\0'; i++) {
		int64_t now_ms = (int64_t)i * 1000;

		now = lies[i] != '.' ? lies[i] : now;
		tried[i] = ' ';
		if (!watch_is_due(&watch, now_ms))
			continue;
		tried[i] = '-';
		if (!watch_look(&watch, (uint64_t)now, INTERVAL_MS, now_ms))
			continue;
		tried[i] = '!';
		if (now >= 'a')
			watch_refuse(&watch, now_ms);
		else
			watch_begin(&watch, (uint64_t)now, now_ms + INTERVAL_MS);
	}
	ck_assert_msg(strcmp(tried, rows[_i].tried) == 0, "%s: \"%s\"", rows[_i].what, tried);
}
END_TEST

/* What was refused is tried again for other reasons than the files', and is no news then. */
START_TEST(another_try)
{
	struct watch watch;

	watch_begin(&watch, 'A', 0);
	ck_assert(!watch_look(&watch, 'b', INTERVAL_MS, 0));
	ck_assert(watch_look(&watch, 'b', INTERVAL_MS, 1000));
	ck_assert(!watch_was_refused(&watch));
	watch_refuse(&watch, 1100);
	ck_assert(watch_was_refused(&watch));
	ck_assert(!watch_look(&watch, 'b', INTERVAL_MS, 1099 + WATCH_RETRY_MS));
	ck_assert(watch_look(&watch, 'b', INTERVAL_MS, 1100 + WATCH_RETRY_MS));
	ck_assert(watch_was_refused(&watch));
	ck_assert(!watch_look(&watch, 'c', INTERVAL_MS, 200000));
	ck_assert(watch_look(&watch, 'c', INTERVAL_MS, 201000));
	ck_assert(!watch_was_refused(&watch));
	watch_refuse(&watch, 201000);
	ck_assert(!watch_look(&watch, 'A', INTERVAL_MS, 202000));
	ck_assert(!watch_was_refused(&watch));
	ck_assert(!watch_look(&watch, 'c', INTERVAL_MS, 203000));
	ck_assert(watch_look(&watch, 'c', INTERVAL_MS, 204000));
	ck_assert(!watch_was_refused(&watch)); /* it is news once more */
}
END_TEST

static char chains[2][8] = { "c0", "c1" }, keys[2][8] = { "k0", "k1" };
static struct config_certificate certificates[2];
static struct config config = { .certificates = certificates, .certificate_count = 2 };

static void
make_files(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		certificates[i].chain_file = chains[i];
		certificates[i].key_file = keys[i];
		scratch_write(chains[i], "chain");
	}
	scratch_write("key", "key");
	scratch_write("other", "key");
	scratch_write("k1", "key");
	ck_assert_int_eq(symlink("key", "k0"), 0);
}

static void
move_time(const char *name)
{
	struct timespec times[2] = { { 0, UTIME_OMIT }, { 1000000000, 1 } };

	ck_assert_int_eq(utimensat(AT_FDCWD, name, times, 0), 0);
}

static void
rewrite(void)
{
	scratch_write("c1", "other");
	move_time("c1");            /* the clock of a file system may be coarse */
}

static void
replace(void)
{
	scratch_write("new", "chain");
	ck_assert_int_eq(rename("new", "c0"), 0);
}

static void
point_elsewhere(void)
{
	ck_assert_int_eq(unlink("k0"), 0);
	ck_assert_int_eq(symlink("other", "k0"), 0);
}

static void
rewrite_behind_the_link(void)
{
	scratch_write("key", "longer");
}

static void
remove_one(void)
{
	ck_assert_int_eq(unlink("k1"), 0);
}

static void
break_link(void)
{
	ck_assert_int_eq(unlink("key"), 0);
}

static void
swap(void)
{
	ck_assert_int_eq(rename("c0", "t"), 0);
	ck_assert_int_eq(rename("c1", "c0"), 0);
	ck_assert_int_eq(rename("t", "c1"), 0);
}

static void (*const changes[])(void) = { rewrite, replace, point_elsewhere,
	rewrite_behind_the_link, remove_one, break_link, swap };

START_TEST(each_change_shows)
{
	uint64_t before = watch_fingerprint(&config), after;
	uint64_t pairs[2] = { watch_fingerprint_pair(&config, 0),
		watch_fingerprint_pair(&config, 1) };

	ck_assert_uint_ne(before, 0);
	ck_assert_uint_eq(watch_fingerprint(&config), before);
	changes[_i]();
	after = watch_fingerprint(&config);
	ck_assert_uint_ne(after, before);
	ck_assert_uint_eq(watch_fingerprint(&config), after);
	ck_assert(watch_fingerprint_pair(&config, 0) != pairs[0] ||
	    watch_fingerprint_pair(&config, 1) != pairs[1]);
}
END_TEST

START_TEST(the_newest_is_found)
{
	static char source[] = "musterd.conf";
	struct config none = { .source = source };

	while (strcmp(watch_newest(&config), "k1") != 0)
		scratch_write("k1", "key"); /* the clock of a file system may be coarse */
	do
		point_elsewhere();
	while (strcmp(watch_newest(&config), "k0") != 0);
	while (strcmp(watch_newest(&config), "c1") != 0)
		scratch_write("c1", "chain");
	remove_one();
	ck_assert_str_eq(watch_newest(&config), "c1");
	ck_assert_str_eq(watch_newest(&none), "musterd.conf");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("watch");
	TCase *pure = tcase_create("decisions"), *files = tcase_create("files");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(pure, decisions, 0, COUNT_OF(rows));
	tcase_add_test(pure, another_try);
	scratch_use(files);
	tcase_add_checked_fixture(files, make_files, NULL);
	tcase_add_loop_test(files, each_change_shows, 0, COUNT_OF(changes));
	tcase_add_test(files, the_newest_is_found);
	suite_add_tcase(suite, pure);
	suite_add_tcase(suite, files);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
