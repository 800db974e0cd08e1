/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/mem/pages.c: whole pages are given back, and what is beside them stays. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workers/mem/pages.h"

#define PAGES 4

/* In pages and bytes; lost: how many of the pages from the second one on. */
static const struct row {
	size_t from, from_bytes, to;
	long to_bytes;
	size_t lost;
} rows[] = {
	{ 1, 0, 3, 0, 2 }, { 1, 0, 2, 0, 1 }, { 1, 0, 3, -1, 1 }, { 0, 1, 3, 1, 2 },
	{ 1, 1, 2, -1, 0 }, { 1, 0, 2, -1, 0 }, { 1, 0, 1, 0, 0 }, { 0, 64, 2, 64, 1 },
};

START_TEST(whole_pages_and_nothing_else)
{
	const struct row *row = &rows[_i];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i;
	char *all = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	char *start = all + row->from * page + row->from_bytes;
	char *end = all + row->to * page + row->to_bytes;

	ck_assert_ptr_ne(all, MAP_FAILED);
	memset(all, 'x', PAGES * page);
	pages_give_back(start, (size_t)(end - start));
	for (i = 0; i < PAGES * page; i++)
		ck_assert_int_eq(all[i], i / page >= 1 && i / page < 1 + row->lost ? 0 : 'x');
	munmap(all, PAGES * page);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pages");
	TCase *tcase = tcase_create("pages");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, whole_pages_and_nothing_else, 0,
	    (int)(sizeof rows / sizeof rows[0]));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
