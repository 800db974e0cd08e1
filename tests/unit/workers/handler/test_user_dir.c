/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/user_dir.c: whose directory is opened. A name that leads elsewhere, or an
 * answer that tells a user who lets nobody in from one who does not exist, breaks it. */
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/workers/handler/file_exchange.h"
#include "workers/handler/resolve.h"
#include "workers/handler/user_dir.h"

/* ./root stands for /home. */
static void
make_users(void)
{
	static const char *const folders[] = { "alice", "alice/public_html", "alice/.private",
		"bob", "carol", ".skel", ".skel/public_html", "public_html", "~dora",
		"~dora/public_html" };

	for (int i = 0; i < COUNT_OF(folders); i++) {
		char path[128];

		snprintf(path, sizeof path, "root/%s", folders[i]);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	ck_assert_int_eq(mkdir("outside", 0755), 0);
	ck_assert_int_eq(mkdir("outside/public_html", 0755), 0);
	ck_assert_int_eq(mkdir("public_html", 0755), 0);
	scratch_write("root/alice/public_html/page", "of alice");
	scratch_write("root/carol/public_html", "a file");
	scratch_write("outside/public_html/page", "outside");
	ck_assert_int_eq(symlink("../outside", "root/link"), 0);
	ck_assert_int_eq(symlink("alice", "root/alias"), 0);
	settings->user_dir_root_index = 0;
	settings->user_dir_below = (char *)"public_html";
	exchange.route.is_user_dir = true;
	exchange.path = SLICE_LITERAL("/~user/");
}

static const struct {
	const char *name, *below;
	bool follows_links;
	bool opens;
} users[] = {
	{ "alice", "public_html", false, true },
	{ "alice", "", false, true },
	{ "alice", ".private", false, true },       /* the administrator says so */
	{ "alice", "public_html/page", false, false },
	{ "bob", "public_html", false, false },
	{ "bob", "", false, true },
	{ "carol", "public_html", false, false },   /* a file */
	{ "~dora", "public_html", false, true },
	{ "nobody", "public_html", false, false },
	{ "alias", "public_html", false, true },
	{ "link", "public_html", false, false },
	{ "link", "public_html", true, true },
	/* what is no user, also where links may leave */
	{ "", "public_html", true, false },
	{ ".", "public_html", true, false },
	{ "..", "public_html", true, false },
	{ ".skel", "public_html", true, false },
	{ "alice/..", "public_html", true, false },
	{ "/", "public_html", true, false },
	{ "../outside", "public_html", true, false },
};

START_TEST(only_users_have_directories)
{
	int open_count, fd;
	struct stat st;

	make_users();
	settings->user_dir_below = (char *)users[_i].below;
	settings->follow_symlinks = users[_i].follows_links;
	exchange.route.user_name = slice_from_text(users[_i].name);
	open_count = process_open_count();
	fd = user_dir_open(&exchange);
	if (!users[_i].opens) {
		ck_assert_int_eq(fd, -1);
		ck_assert_int_eq(errno, ENOENT);
		ck_assert_int_eq(process_open_count(), open_count);
		return;
	}
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
}
END_TEST

START_TEST(files_are_found_below_it)
{
	struct stat st;
	int fd, file_fd;

	make_users();
	exchange.route.user_name = SLICE_LITERAL("alice");
	fd = user_dir_open(&exchange);
	file_fd = resolve_open(fd, "page", false, &st);
	ck_assert_int_ge(file_fd, 0);
	ck_assert_str_eq(content_of(file_fd), "of alice");
	ck_assert_int_eq(resolve_open(fd, "../../bob", false, &st), -1);
	ck_assert_int_eq(errno, EXDEV);
	close(file_fd);
	close(fd);
}
END_TEST

START_TEST(part_of_a_path_is_the_name)
{
	static const char path[] = "/~alice/page";
	int fd;

	make_users();
	exchange.route.user_name = slice_make(path + 2, 5);
	fd = user_dir_open(&exchange);
	ck_assert_int_ge(fd, 0);
	close(fd);
	exchange.route.user_name = slice_make("alice\0x", 7);
	ck_assert_int_eq(user_dir_open(&exchange), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* Home and pages, each closed to the workers' user. */
static const char *const closed[] = { "root/alice", "root/alice/public_html" };

static void
open_closed(void)
{
	if (geteuid() == 0 && seteuid(65534) < 0)
		_exit(1);
	exchange.route.user_name = SLICE_LITERAL("alice");
	if (user_dir_open(&exchange) >= 0 || errno != ENOENT)
		_exit(2);
}

START_TEST(closed_directory_looks_like_none)
{
	make_users();
	ck_assert_int_eq(chmod(closed[_i], 0700), 0);
	if (geteuid() != 0)
		ck_assert_int_eq(chmod(closed[_i], 0), 0);
	ck_assert_int_eq(process_run(open_closed), 0);
	ck_assert_int_eq(chmod(closed[_i], 0755), 0);
}
END_TEST

START_TEST(shortage_is_no_missing_user)
{
	struct rlimit none = { 0, 0 };

	make_users();
	exchange.route.user_name = SLICE_LITERAL("alice");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &none), 0);
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(user_dir_open(&exchange), -1);
	ck_assert_int_eq(errno, EMFILE);
	none.rlim_cur = none.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
}
END_TEST

START_TEST(off_is_off)
{
	make_users();
	settings->user_dir_root_index = CONFIG_NO_ROOT;
	exchange.route.user_name = SLICE_LITERAL("alice");
	ck_assert_int_eq(user_dir_open(&exchange), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

int
main(void)
{
	TCase *tcase = exchange_case("user_dir");

	tcase_add_loop_test(tcase, only_users_have_directories, 0, COUNT_OF(users));
	tcase_add_test(tcase, files_are_found_below_it);
	tcase_add_test(tcase, part_of_a_path_is_the_name);
	tcase_add_loop_test(tcase, closed_directory_looks_like_none, 0, COUNT_OF(closed));
	tcase_add_test(tcase, shortage_is_no_missing_user);
	tcase_add_test(tcase, off_is_off);
	return exchange_run("user_dir", tcase);
}
