/* SPDX-License-Identifier: BSD-2-Clause */
/* server/priv/roots.c: each root has its descriptor in its place; with chroot a path, and every
 * link in it, means what it will mean inside. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/role.h"
#include "server/priv/roots.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static char errbuf[512], here[256];

/* In the text '@' stands for this folder. */
static struct config *
load(const char *pattern)
{
	struct config_errors errors = { 0 };
	struct config *config;
	char text[4096];
	size_t len = 0;

	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	for (; *pattern != '\0'; pattern++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%.*s",
		    *pattern == '@' ? (int)sizeof here : 1, *pattern == '@' ? here : pattern);
	config = config_load_text(text, "f", &errors);
	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
	return config;
}

#define LISTEN "types_file = \"\" listen \"127.0.0.1:0\" {}\n"

static void
make_folders(void)
{
	static const char *const folders[] = {
		"a", "b", "jail", "jail/www", "jail/inner", "jail/a", "outside",
	};

	for (int i = 0; i < COUNT_OF(folders); i++)
		ck_assert_int_eq(mkdir(folders[i], 0755), 0);
	scratch_write("file", "");
}

static void
assert_is_folder(int fd, const char *path)
{
	struct stat got, wanted;
	char byte;

	ck_assert_int_eq(fstat(fd, &got), 0);
	ck_assert_int_eq(stat(path, &wanted), 0);
	ck_assert_msg(got.st_ino == wanted.st_ino && got.st_dev == wanted.st_dev, "not %s", path);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	/* O_PATH: it serves to resolve below it and for nothing else. */
	ck_assert_int_eq(read(fd, &byte, 1), -1);
	ck_assert_int_eq(errno, EBADF);
}

START_TEST(roots_are_in_their_places)
{
	struct config *config = load(LISTEN "root = \"@/b\"\n"
	    "host x { root = \"@/a\" location \"/l\" { alias = \"@/link\" } }");
	int open_count = process_open_count(), *fds;

	make_folders();
	ck_assert_int_eq(symlink("outside", "link"), 0);
	ck_assert_uint_eq(config->root_count, 3);
	ck_assert_msg(roots_open_priv(config, &fds, errbuf, sizeof errbuf) == 0, "%s", errbuf);
	assert_is_folder(fds[0], "b");
	assert_is_folder(fds[1], "a");
	assert_is_folder(fds[2], "outside"); /* the administrator's link */
	ck_assert_int_eq(process_open_count(), open_count + 3);
	roots_close(&fds, config->root_count);
	ck_assert_ptr_null(fds);
	ck_assert_int_eq(process_open_count(), open_count);
	roots_close(&fds, config->root_count); /* accepts NULL */
	config_free(&config);
}
END_TEST

START_TEST(no_root_is_fine)
{
	struct config *config = load(LISTEN);
	int *fds;

	ck_assert_int_eq(roots_open_priv(config, &fds, errbuf, sizeof errbuf), 0);
	roots_close(&fds, 0);
	config_free(&config);
}
END_TEST

static const struct {
	const char *text, *error;   /* behind the folder's path in the error */
} wrong[] = {
	{ LISTEN "root = \"@/missing\"", "/missing: No such file or directory" },
	{ LISTEN "root = \"@/file\"", "/file: Not a directory" },
	{ LISTEN "host x { root = \"@/a\" } host y { root = \"@/missing/deep\" }",
	    "/missing/deep: No such file or directory" },
};

START_TEST(missing_root_is_named_with_its_line)
{
	struct config *config = load(wrong[_i].text);
	int open_count = process_open_count(), *fds;
	char wanted[1024];

	make_folders();
	ck_assert_int_eq(roots_open_priv(config, &fds, errbuf, sizeof errbuf), -1);
	snprintf(wanted, sizeof wanted, "f:2: cannot open directory %s%s", here, wrong[_i].error);
	ck_assert_str_eq(errbuf, wanted);
	ck_assert_ptr_null(fds);
	ck_assert_int_eq(process_open_count(), open_count);
	config_free(&config);
}
END_TEST

static const struct {
	const char *root;           /* below the jail */
	const char *link, *target;  /* made before, or NULL */
	const char *folder;         /* what it must be; NULL: it cannot be opened */
} jailed[] = {
	{ "", NULL, NULL, "jail" },
	{ "/www", NULL, NULL, "jail/www" },
	{ "/l", "jail/l", "inner", "jail/inner" },
	{ "/l", "jail/l", "/inner", "jail/inner" },
	{ "/www/l", "jail/www/l", "../inner", "jail/inner" },
	{ "/www/l", "jail/www/l", "../../../../inner", "jail/inner" },
	{ "/l", "jail/l", "/", "jail" },
	{ "/l", "jail/l", "..", "jail" },
	{ "/l/www", "jail/l", "../..", "jail/www" },
	{ "/l", "jail/l", "/a", "jail/a" },     /* not the "a" beside the jail */
	{ "/l", "jail/l", "../a", "jail/a" },
	{ "/l", "jail/l", "../outside", NULL },
	{ "/l", "jail/l", "/outside", NULL },
	{ "/l", "jail/l", "/../outside", NULL },
	{ "/l", "jail/l", "l", NULL },
};

START_TEST(chroot_bounds_the_roots)
{
	char pattern[256];
	struct config *config;
	int open_count, *fds, result;

	snprintf(pattern, sizeof pattern, LISTEN "chroot = \"@/jail\" root = \"@/jail%s\"",
	    jailed[_i].root);
	config = load(pattern);
	make_folders();
	if (jailed[_i].link != NULL)
		ck_assert_int_eq(symlink(jailed[_i].target, jailed[_i].link), 0);
	open_count = process_open_count();
	result = roots_open_priv(config, &fds, errbuf, sizeof errbuf);
	if (jailed[_i].folder == NULL) {
		ck_assert_int_eq(result, -1);
		ck_assert_ptr_null(fds);
	} else {
		ck_assert_msg(result == 0, "%s", errbuf);
		assert_is_folder(fds[0], jailed[_i].folder);
		/* No way out: the jail itself is not open besides. */
		ck_assert_int_eq(process_open_count(), open_count + 1);
	}
	roots_close(&fds, config->root_count);
	ck_assert_int_eq(process_open_count(), open_count);
	config_free(&config);
}
END_TEST

START_TEST(chroot_may_be_the_whole_tree)
{
	struct config *config = load(LISTEN "chroot = \"/\" root = \"@/a\"");
	int *fds;

	make_folders();
	ck_assert_msg(roots_open_priv(config, &fds, errbuf, sizeof errbuf) == 0, "%s", errbuf);
	assert_is_folder(fds[0], "a");
	roots_close(&fds, config->root_count);
	config_free(&config);
}
END_TEST

START_TEST(missing_chroot_is_named)
{
	struct config *config = load(LISTEN "chroot = \"@/no\" root = \"@/no/www\"");
	char wanted[512];
	int *fds;

	ck_assert_int_eq(roots_open_priv(config, &fds, errbuf, sizeof errbuf), -1);
	snprintf(wanted, sizeof wanted, "cannot open chroot %s/no: No such file or directory",
	    here);
	ck_assert_str_eq(errbuf, wanted);
	ck_assert_ptr_null(fds);
	config_free(&config);
}
END_TEST

static void
open_as_worker(void)
{
	struct config *config = load(LISTEN);
	int *fds;

	role_set(ROLE_WORKER);
	(void)roots_open_priv(config, &fds, errbuf, sizeof errbuf);
}

START_TEST(worker_cannot)
{
	ck_assert(process_aborts(open_as_worker));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("roots");
	TCase *tcase = tcase_create("roots");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_test(tcase, roots_are_in_their_places);
	tcase_add_test(tcase, no_root_is_fine);
	tcase_add_loop_test(tcase, missing_root_is_named_with_its_line, 0, COUNT_OF(wrong));
	tcase_add_loop_test(tcase, chroot_bounds_the_roots, 0, COUNT_OF(jailed));
	tcase_add_test(tcase, chroot_may_be_the_whole_tree);
	tcase_add_test(tcase, missing_chroot_is_named);
	tcase_add_test(tcase, worker_cannot);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
