/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/resolve.c: what can be opened below a root and what cannot, with links, dots
 * and things that are no files, and which status each refusal becomes. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lib/process.h"
#include "tests/lib/scratch.h"
#include "workers/handler/resolve.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LINKS_LEAVE true
#define LINKS_STAY false

static int root_fd;

static void
make_link(const char *target, const char *name)
{
	ck_assert_int_eq(symlink(target, name), 0);
}

/* root/ is served; what stands beside it is not. */
static void
make_tree(void)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "root/socket" };
	char here[256], target[300];

	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	ck_assert_int_eq(mkdir("root", 0755), 0);
	ck_assert_int_eq(mkdir("root/dir", 0755), 0);
	ck_assert_int_eq(mkdir("outside", 0755), 0);
	scratch_write("root/file", "in the root");
	scratch_write("root/dir/file", "in the folder");
	scratch_write("root/.hidden", "hidden");
	scratch_write("outside/file", "secret");
	make_link("file", "root/to-file");
	make_link("dir", "root/to-dir");
	make_link("../file", "root/dir/up-and-back");
	make_link("../outside/file", "root/to-outside");
	make_link("../outside", "root/to-outside-dir");
	make_link("../root/file", "root/out-and-in");
	make_link("missing", "root/dangling");
	make_link("loop", "root/loop");
	make_link("/proc/self/root", "root/to-magic");
	snprintf(target, sizeof target, "%s/root/file", here);
	make_link(target, "root/absolute");
	ck_assert_int_eq(mkfifo("root/fifo", 0666), 0);
	ck_assert_int_eq(bind(socket(AF_UNIX, SOCK_STREAM, 0), (const void *)&address,
	    sizeof address), 0);
	root_fd = open("root", O_PATH | O_DIRECTORY);
	ck_assert_int_ge(root_fd, 0);
}

static const struct {
	const char *path;
	bool follows_links;
	int error;                  /* 0: it opens */
	const char *text;           /* of a regular file; NULL: it is none */
} paths[] = {
	{ "file", LINKS_STAY, 0, "in the root" },
	{ "dir/file", LINKS_STAY, 0, "in the folder" },
	{ ".hidden", LINKS_STAY, 0, "hidden" }, /* dot names are the handler's matter */
	{ "", LINKS_STAY, 0, NULL },
	{ "dir", LINKS_STAY, 0, NULL },
	{ "dir/", LINKS_STAY, 0, NULL },
	{ "missing", LINKS_STAY, ENOENT, NULL },
	{ "dir/missing/x", LINKS_STAY, ENOENT, NULL },
	{ "file/", LINKS_STAY, ENOTDIR, NULL },
	{ "file/x", LINKS_STAY, ENOTDIR, NULL },
	/* a path cannot leave, in whatever way it is written */
	{ "..", LINKS_STAY, EXDEV, NULL },
	{ "../outside/file", LINKS_STAY, EXDEV, NULL },
	{ "dir/../../outside/file", LINKS_STAY, EXDEV, NULL },
	{ "dir/../file", LINKS_STAY, 0, "in the root" },
	{ "/etc/passwd", LINKS_STAY, EXDEV, NULL },
	/* nor can a link, unless it may */
	{ "to-file", LINKS_STAY, 0, "in the root" },
	{ "to-dir/file", LINKS_STAY, 0, "in the folder" },
	{ "dir/up-and-back", LINKS_STAY, 0, "in the root" },
	{ "to-outside", LINKS_STAY, EXDEV, NULL },
	{ "to-outside-dir/file", LINKS_STAY, EXDEV, NULL },
	{ "out-and-in", LINKS_STAY, EXDEV, NULL },
	{ "absolute", LINKS_STAY, EXDEV, NULL },
	{ "dangling", LINKS_STAY, ENOENT, NULL },
	{ "loop", LINKS_STAY, ELOOP, NULL },
	{ "to-outside", LINKS_LEAVE, 0, "secret" },
	{ "to-outside-dir/file", LINKS_LEAVE, 0, "secret" },
	{ "out-and-in", LINKS_LEAVE, 0, "in the root" },
	{ "absolute", LINKS_LEAVE, 0, "in the root" },
	{ "dangling", LINKS_LEAVE, ENOENT, NULL },
	{ "loop", LINKS_LEAVE, ELOOP, NULL },
	{ "file", LINKS_LEAVE, 0, "in the root" },
	{ "", LINKS_LEAVE, 0, NULL },
	/* the links of /proc lead anywhere and are never followed */
	{ "to-magic", LINKS_LEAVE, ELOOP, NULL },
	/* opened without a wait (it breaks by never ending); the handler refuses them */
	{ "fifo", LINKS_STAY, 0, NULL },
	{ "socket", LINKS_STAY, ENXIO, NULL },
};

START_TEST(path_is_opened_or_refused)
{
	char text[64] = "";
	int fd, open_count;
	struct stat st;

	make_tree();
	open_count = process_open_count();
	fd = resolve_open(root_fd, paths[_i].path, paths[_i].follows_links, &st);
	if (paths[_i].error != 0) {
		ck_assert_int_eq(fd, -1);
		ck_assert_msg(errno == paths[_i].error, "%s: %s", paths[_i].path,
		    strerror(errno));
		ck_assert_int_eq(process_open_count(), open_count);
		return;
	}
	ck_assert_msg(fd >= 0, "%s: %s", paths[_i].path, strerror(errno));
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(S_ISREG(st.st_mode), paths[_i].text != NULL);
	if (paths[_i].text == NULL)
		return;
	ck_assert_uint_eq((size_t)st.st_size, strlen(paths[_i].text));
	ck_assert_int_eq(read(fd, text, sizeof text - 1), (ssize_t)strlen(paths[_i].text));
	ck_assert_str_eq(text, paths[_i].text);
}
END_TEST

static const struct {
	const char *path;
	bool follows_links;
	int error;
} directories[] = {
	{ "", LINKS_STAY, 0 },
	{ "dir", LINKS_STAY, 0 },
	{ "dir/", LINKS_STAY, 0 },
	{ "dir/.", LINKS_STAY, 0 },
	{ "to-dir", LINKS_STAY, 0 },
	{ "file", LINKS_STAY, ENOTDIR },
	{ "to-file", LINKS_STAY, ENOTDIR },
	{ "fifo", LINKS_STAY, ENOTDIR },
	{ "missing", LINKS_STAY, ENOENT },
	{ "..", LINKS_STAY, EXDEV },
	{ "to-outside-dir", LINKS_STAY, EXDEV },
	{ "to-outside-dir", LINKS_LEAVE, 0 },
	{ "to-magic", LINKS_LEAVE, ELOOP },
};

START_TEST(directory_to_start_from)
{
	int fd, open_count, file_fd;
	struct stat st;

	make_tree();
	open_count = process_open_count();
	fd = resolve_directory(root_fd, directories[_i].path, directories[_i].follows_links);
	if (directories[_i].error != 0) {
		ck_assert_int_eq(fd, -1);
		ck_assert_int_eq(errno, directories[_i].error);
		ck_assert_int_eq(process_open_count(), open_count);
		return;
	}
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_PATH, 0);
	file_fd = resolve_open(fd, "file", LINKS_STAY, &st);
	ck_assert_int_ge(file_fd, 0);
	/* What leaves it stays out, also where the root would not be left. */
	ck_assert_int_eq(resolve_open(fd, "../file", LINKS_STAY, &st), -1);
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

static const struct {
	const char *first, *between, *last, *want;
} joints[] = {
	{ "a", "/", "b", "a/b" }, { "", "", "", "" }, { "", "", "index.html", "index.html" },
	{ "a.html", ".", "de", "a.html.de" }, { "a.html", ".gz", "", "a.html.gz" },
};

START_TEST(path_is_put_together)
{
	struct arena arena;
	struct slice path;

	ck_assert_int_eq(arena_init(&arena, 4096), 0);
	path = resolve_path(&arena, slice_from_text(joints[_i].first),
	    slice_from_text(joints[_i].between), slice_from_text(joints[_i].last));
	ck_assert_str_eq(path.data, joints[_i].want);
	ck_assert_uint_eq(path.len, strlen(joints[_i].want));
	ck_assert_ptr_nonnull(arena_alloc(&arena, arena_left(&arena)));
	ck_assert_ptr_null(resolve_path(&arena, path, path, path).data);
	arena_fini(&arena);
}
END_TEST

START_TEST(device_is_opened_without_a_wait)
{
	int dev_fd = open("/dev", O_PATH | O_DIRECTORY), fd;
	struct stat st;

	fd = resolve_open(dev_fd, "null", LINKS_STAY, &st);
	ck_assert_int_ge(fd, 0);
	ck_assert(S_ISCHR(st.st_mode));
}
END_TEST

static void
open_unreadable(void)
{
	struct stat st;

	if (geteuid() == 0 && seteuid(65534) < 0)
		_exit(1);
	if (resolve_open(root_fd, "private", LINKS_STAY, &st) >= 0 || errno != EACCES)
		_exit(2);
	if (resolve_open(root_fd, "closed/file", LINKS_STAY, &st) >= 0 || errno != EACCES)
		_exit(3);
}

START_TEST(unreadable_file_is_refused)
{
	make_tree();
	scratch_write("root/private", "x");
	ck_assert_int_eq(chmod("root/private", 0), 0);
	ck_assert_int_eq(mkdir("root/closed", 0), 0);
	ck_assert_int_eq(process_run(open_unreadable), 0);
}
END_TEST

/* One name too long for a folder entry, and a path too long for the system. */
START_TEST(overlong_path_is_refused)
{
	static char path[8192];
	struct stat st;

	make_tree();
	memset(path, 'x', _i == 0 ? 256 : sizeof path - 1);
	for (size_t i = 100; _i == 1 && i < sizeof path - 1; i += 100)
		path[i] = '/';
	ck_assert_int_eq(resolve_open(root_fd, path, LINKS_STAY, &st), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST

static const struct {
	int error;
	unsigned status;
} statuses[] = {
	{ ENOENT, 404 }, { ENOTDIR, 404 }, { ENAMETOOLONG, 404 }, { EACCES, 403 }, { EPERM, 403 },
	{ EXDEV, 403 }, { ELOOP, 403 }, { ENXIO, 403 }, { ENODEV, 403 }, { EMFILE, 503 },
	{ ENFILE, 503 }, { ENOMEM, 503 }, { EAGAIN, 503 }, { EIO, 500 }, { EINVAL, 500 },
	{ EBADF, 500 }, { 0, 500 },
};

START_TEST(refusal_becomes_a_status)
{
	ck_assert_uint_eq(resolve_status(statuses[_i].error), statuses[_i].status);
}
END_TEST

/* What was read just now is in memory, unless the system has thrown it out: then that is told. */
START_TEST(keeper_reads_what_is_in_memory)
{
	char text[16] = "";
	struct stat st;
	int here_fd, fd, tries;
	ssize_t n = -1;

	scratch_write("warm", "content");
	here_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (tries = 0; tries < 100 && n < 0; tries++) {
		resolve_never_wait();
		(void)resolve_take_refusal();
		fd = resolve_open(here_fd, "warm", false, &st);
		if (fd >= 0) {
			n = resolve_read(fd, text, sizeof text, 0);
			close(fd);
		}
		ck_assert_int_eq(resolve_take_refusal(), n < 0);
		ck_assert(!resolve_take_refusal()); /* once */
	}
	ck_assert_int_eq(n, 7);
	ck_assert_str_eq(text, "content");
	ck_assert(!resolve_waits());
	close(here_fd);
}
END_TEST

/* What is not there is no refusal when the system knows so by heart, and else one. */
START_TEST(keeper_is_not_sure_of_what_it_never_saw)
{
	struct stat st;
	int here_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), fd, error;
	char name[32];
	unsigned refused_count = 0, i;

	resolve_never_wait();
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "never-%u", i);
		fd = resolve_open(here_fd, name, false, &st);
		error = errno;
		ck_assert_int_lt(fd, 0);
		ck_assert(error == EAGAIN || error == ENOENT);
		ck_assert_int_eq(resolve_take_refusal(), error == EAGAIN);
		refused_count += error == EAGAIN;
	}
	ck_assert_uint_gt(refused_count, 0);
	close(here_fd);
}
END_TEST

START_TEST(worker_waits_and_is_never_refused)
{
	struct stat st;
	int here_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	ck_assert(resolve_waits());
	ck_assert_int_lt(resolve_open(here_fd, "nothing", false, &st), 0);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(!resolve_take_refusal());
	close(here_fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *tcase = tcase_create("resolve");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_loop_test(tcase, path_is_opened_or_refused, 0, COUNT_OF(paths));
	tcase_add_loop_test(tcase, directory_to_start_from, 0, COUNT_OF(directories));
	tcase_add_loop_test(tcase, path_is_put_together, 0, COUNT_OF(joints));
	tcase_add_test(tcase, device_is_opened_without_a_wait);
	tcase_add_test(tcase, unreadable_file_is_refused);
	tcase_add_loop_test(tcase, overlong_path_is_refused, 0, 2);
	tcase_add_test(tcase, keeper_reads_what_is_in_memory);
	tcase_add_test(tcase, keeper_is_not_sure_of_what_it_never_saw);
	tcase_add_test(tcase, worker_waits_and_is_never_refused);
	tcase_add_loop_test(tcase, refusal_becomes_a_status, 0, COUNT_OF(statuses));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
