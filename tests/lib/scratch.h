/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder for what a test puts on disk. Each test runs in one of its own, so that short relative
 * names do; all of them go when the last test is over, also when one failed half-way. */
#ifndef MUSTER_TESTS_SCRATCH_H
#define MUSTER_TESTS_SCRATCH_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_root[256];

static inline void
scratch_make_root(void)
{
	const char *folder = getenv("TMPDIR");

	snprintf(scratch_root, sizeof scratch_root, "%s/muster-test-XXXXXX",
	    folder != NULL && strlen(folder) < 200 ? folder : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch_root));
	ck_assert_int_eq(chmod(scratch_root, 0755), 0); /* also for a test that gives up root */
}

static inline int
scratch_remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	(void)st;
	(void)kind;
	(void)place;
	return remove(path);
}

static inline void
scratch_remove_root(void)
{
	(void)nftw(scratch_root, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void
scratch_enter(void)
{
	char folder[sizeof scratch_root + 16];

	snprintf(folder, sizeof folder, "%s/XXXXXX", scratch_root);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chdir(folder), 0);
}

/* The unchecked fixture runs outside of the process that may fail. */
static inline void
scratch_use(TCase *tcase)
{
	tcase_add_unchecked_fixture(tcase, scratch_make_root, scratch_remove_root);
	tcase_add_checked_fixture(tcase, scratch_enter, NULL);
}

static inline void
scratch_write(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	ck_assert_msg(file != NULL, "%s", name);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void
scratch_assert_holds(const char *name, const char *wanted)
{
	char text[4096];
	FILE *file = fopen(name, "r");
	size_t bytes;

	ck_assert_msg(file != NULL, "%s", name);
	bytes = fread(text, 1, sizeof text - 1, file);
	text[bytes] = '\0';
	fclose(file);
	ck_assert_str_eq(text, wanted);
}

#endif
