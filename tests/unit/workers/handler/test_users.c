/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/users.c and proofs.c with real files and real hashes: who gets in, that a changed
 * file counts at once, that an unchanged one is not read again, and what the log says. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "server/base/log.h"
#include "tests/lib/scratch.h"
#include "workers/handler/proofs.h"
#include "workers/handler/users.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

#define BCRYPT "$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu"
#define YESCRYPT "$y$j75$abcdefgh$vwIKStVcLt6LXLBV8bMKZA/kQ5072uU1UzKeDmkGC15"
#define SHA256_CRYPT "$5$rounds=1000$abcdefgh$zCPBLQmf2iBY3ystUFSI5ySfd8rveOdGIKpA7ReLNzA"
#define SHA512_CRYPT "$6$rounds=1000$abcdefgh$T4IxfLekGaBeQnTAwBiF44khEyJ0Me902qgy/TUTljtDBGek0" \
	"yXtln/VLwcluRKTXc0yr5n2UBkCl7H2BREdh0"
#define OTHER "$2y$04$abcdefghijklmnopqrstuuys.BQlrfqSdFKVZotm8JiGSji20KGe6" /* pass:w */
#define HA1 "db6244c5a17f5ff5276a996df84fb3401df4eac863e21449a066b15131b30a38"

static int root_fds[1];
static struct config_file path = { (char *)"htpasswd", 0, (char *)"htpasswd" };
static int64_t later_s;             /* that the clock is ahead */

/* In place of libc's: a file becomes old without a wait. */
int
clock_gettime(clockid_t clock, struct timespec *time_out)
{
	int result = (int)syscall(SYS_clock_gettime, clock, time_out);

	if (clock == CLOCK_REALTIME)
		time_out->tv_sec += later_s;
	return result;
}

static void
begin(void)
{
	struct log_sink sink = { LOG_SINK_FD, -1 };

	root_fds[0] = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	sink.fd = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ck_assert(root_fds[0] >= 0 && sink.fd >= 0);
	log_set_sink(sink);
}

/* How often the log has that text. */
static unsigned
logged_count(const char *text)
{
	static char log[65536];
	int fd = open("log", O_RDONLY);
	ssize_t n = read(fd, log, sizeof log - 1);
	unsigned count = 0;

	ck_assert_int_ge(n, 0);
	close(fd);
	log[n] = '\0';
	for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static bool
may_log_in(const char *user, const char *password)
{
	const struct user_file *file = users_open(root_fds, &path, USER_FILE_PASSWORDS);

	return file != NULL && users_check_password(file, path.path, slice_from_text(user),
	    slice_from_text(password), 1000);
}

static const char *const hashes[] = { BCRYPT, YESCRYPT, SHA256_CRYPT, SHA512_CRYPT };

/* Twice: the second time the proof is remembered, and must not be for anything else. */
START_TEST(right_passwords_get_in)
{
	char text[512];

	snprintf(text, sizeof text, "other:%s\nalice:%s\n", OTHER, hashes[_i]);
	scratch_write("htpasswd", text);
	for (int again = 0; again < 2; again++) {
		ck_assert(may_log_in("alice", "wonderland"));
		ck_assert(may_log_in("other", "pass:w"));
		ck_assert(!may_log_in("alice", "pass:w"));
		ck_assert(!may_log_in("other", "wonderland"));
		ck_assert(!may_log_in("bob", "pass:w")); /* the first one's */
		ck_assert(!may_log_in("bob", "wonderland"));
		ck_assert(!may_log_in("", "wonderland"));
		ck_assert(!may_log_in("alice", ""));
		ck_assert(!may_log_in("alice", "wonderlan"));
		ck_assert(!may_log_in("alice", "wonderlandx"));
		ck_assert(!may_log_in("alicew", "onderland"));
	}
	ck_assert_uint_eq(logged_count("\n"), 0);
}
END_TEST

/* With the same size, within the same tick of the clock, by another file of that name. */
START_TEST(a_changed_file_counts_at_once)
{
	scratch_write("htpasswd", "alice:" BCRYPT "\n");
	ck_assert(may_log_in("alice", "wonderland"));
	scratch_write("htpasswd", "alice:" OTHER "\n");
	ck_assert(!may_log_in("alice", "wonderland"));
	ck_assert(may_log_in("alice", "pass:w"));
	scratch_write("new", "carol:" BCRYPT "\n");
	ck_assert_int_eq(rename("new", "htpasswd"), 0);
	ck_assert(!may_log_in("alice", "pass:w"));
	ck_assert(may_log_in("carol", "wonderland"));
	later_s = 10;
	ck_assert(may_log_in("carol", "wonderland"));
	scratch_write("htpasswd", "alice:" BCRYPT "\n\n"); /* too soon but for its size */
	ck_assert(!may_log_in("carol", "wonderland"));
	ck_assert(may_log_in("alice", "wonderland"));
}
END_TEST

/* What this process has read so far. */
static unsigned long
read_bytes(void)
{
	char text[512];
	int fd = open("/proc/self/io", O_RDONLY);
	ssize_t n = read(fd, text, sizeof text - 1);

	ck_assert_int_gt(n, 0);
	close(fd);
	text[n] = '\0';
	return strtoul(text + strlen("rchar: "), NULL, 10);
}

START_TEST(an_unchanged_file_is_not_read_again)
{
	static char text[600000] = "alice:" BCRYPT "\n#";
	unsigned long before;

	memset(text + strlen(text), 'x', sizeof text - strlen(text) - 1);
	scratch_write("htpasswd", text);
	before = read_bytes();
	ck_assert(may_log_in("alice", "wonderland"));
	ck_assert(may_log_in("alice", "wonderland"));
	ck_assert_uint_ge(read_bytes() - before, 2 * strlen(text)); /* too new to know */
	later_s = 10;
	before = read_bytes();
	for (int i = 0; i < 5; i++)
		ck_assert(may_log_in("alice", "wonderland"));
	ck_assert_uint_lt(read_bytes() - before, 2 * strlen(text));
}
END_TEST

static void
make_nothing(void)
{
}

static void
make_folder(void)
{
	ck_assert_int_eq(mkdir("htpasswd", 0755), 0);
}

static void
make_fifo(void)
{
	ck_assert_int_eq(mkfifo("htpasswd", 0644), 0);
}

static void
make_link_out(void)
{
	ck_assert_int_eq(symlink("/etc/passwd", "htpasswd"), 0);
}

static void
make_large(void)
{
	ck_assert_int_eq(close(open("htpasswd", O_CREAT | O_WRONLY, 0644)), 0);
	ck_assert_int_eq(truncate("htpasswd", USERS_FILE_BYTES + 1), 0);
}

static void
make_many_lines(void)
{
	FILE *file = fopen("htpasswd", "w");

	for (int i = 0; i <= USERS_ENTRIES_MAX; i++)
		fputs("a:\n", file);
	fclose(file);
}

static const struct {
	void (*make)(void);
	enum user_file_kind kind;
	const char *message;
} faults[] = {
	{ make_nothing, USER_FILE_PASSWORDS, "htpasswd: No such file" },
	{ make_folder, USER_FILE_PASSWORDS, "htpasswd: expected a regular file" },
	{ make_fifo, USER_FILE_PASSWORDS, "htpasswd: expected a regular file" },
	{ make_link_out, USER_FILE_PASSWORDS, "htpasswd: " },
	{ make_large, USER_FILE_PASSWORDS, "htpasswd: too large" },
	{ make_many_lines, USER_FILE_GROUPS, "htpasswd: too large" },
};

/* Nobody gets in, the log says so once, and all is well when the file is. */
START_TEST(a_file_that_cannot_be_used_is_told_once)
{
	faults[_i].make();
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_null(users_open(root_fds, &path, faults[_i].kind));
	ck_assert_uint_eq(logged_count("error: "), 1);
	ck_assert_uint_eq(logged_count(faults[_i].message), 1);
	ck_assert_uint_eq(logged_count("nobody can log in"), 1);
	(void)remove("htpasswd");
	scratch_write("htpasswd", "alice:" BCRYPT "\n");
	ck_assert_ptr_nonnull(users_open(root_fds, &path, faults[_i].kind));
	ck_assert_int_eq(unlink("htpasswd"), 0);
	ck_assert_ptr_null(users_open(root_fds, &path, faults[_i].kind));
	ck_assert_uint_eq(logged_count("error: "), 2);
}
END_TEST

START_TEST(the_largest_file_is_read)
{
	static char text[USERS_FILE_BYTES + 1] = "alice:" BCRYPT "\n";

	memset(text + strlen(text), '\n', USERS_FILE_BYTES - strlen(text));
	memcpy(text + USERS_FILE_BYTES - strlen("bob:" BCRYPT), "bob:" BCRYPT,
	    strlen("bob:" BCRYPT));
	scratch_write("htpasswd", text);
	ck_assert(may_log_in("alice", "wonderland"));
	ck_assert(may_log_in("bob", "wonderland"));
}
END_TEST

START_TEST(bad_lines_are_told_once)
{
	scratch_write("htpasswd", "alice:" BCRYPT "\nbob:letmein\ncarol:letmein\n");
	for (int i = 0; i < 3; i++) {
		ck_assert(may_log_in("alice", "wonderland"));
		ck_assert(!may_log_in("bob", "letmein"));
	}
	later_s = 10;
	ck_assert(may_log_in("alice", "wonderland"));
	ck_assert_uint_eq(logged_count("warn: htpasswd:2: "), 1);
	ck_assert_uint_eq(logged_count("; and 1 more such lines"), 1);
	ck_assert_uint_eq(logged_count("letmein"), 0);
	ck_assert_uint_eq(logged_count("\n"), 1);
}
END_TEST

/* It looks right and crypt(3) knows better. */
START_TEST(an_impossible_hash_lets_nobody_in)
{
	scratch_write("htpasswd", "\nalice:"
	    "$2y$39$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu\n");
	ck_assert(!may_log_in("alice", "wonderland"));
	ck_assert(!may_log_in("alice", "*0"));
	ck_assert_uint_eq(logged_count("error: htpasswd:2: crypt(3) does not take this hash"),
	    2);
}
END_TEST

START_TEST(an_empty_file_lets_nobody_in)
{
	scratch_write("htpasswd", "# nobody yet\n");
	ck_assert(!may_log_in("alice", "wonderland"));
	ck_assert(!may_log_in("", ""));
	ck_assert_uint_eq(logged_count("\n"), 0);
}
END_TEST

static const struct {
	const char *user, *realm, *want; /* NULL: not found */
} digests[] = {
	{ "alice", "restricted", HA1 },
	{ "Alice", "restricted",
	    "000000000000000000000000000000000000000000000000000000000000000a" },
	{ "alice", "other", NULL }, { "bob", "restricted", NULL }, { "", "restricted", NULL },
	{ "alice", "", NULL }, { "", "", NULL }, { "alice:restricted", "", NULL },
};

START_TEST(digests_are_found)
{
	const struct user_file *file;
	char hex[64 + 1] = "", longest[2000];

	scratch_write("htpasswd", "alice:restricted:" HA1 "\nAlice:restricted:"
	    "000000000000000000000000000000000000000000000000000000000000000A\n");
	file = users_open(root_fds, &path, USER_FILE_DIGESTS);
	ck_assert_ptr_nonnull(file);
	ck_assert(users_find_digest(file, slice_from_text(digests[_i].user),
	    slice_from_text(digests[_i].realm), hex) == (digests[_i].want != NULL));
	if (digests[_i].want != NULL)
		ck_assert_str_eq(hex, digests[_i].want);
	memset(longest, 'x', sizeof longest);
	ck_assert(!users_find_digest(file, slice_from_text("alice"),
	    slice_make(longest, sizeof longest), hex));
}
END_TEST

/* More files than there are slots: each is right all the same, whatever its kind. */
START_TEST(many_files_take_turns)
{
	char names[20][16], text[128];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++) {
			struct config_file one = { names[i], 0, names[i] };
			const struct user_file *file;

			snprintf(names[i], sizeof names[i], "file%d", i);
			snprintf(text, sizeof text, "group%d: user%d\n", i, round);
			scratch_write(names[i], text);
			file = users_open(root_fds, &one, USER_FILE_GROUPS);
			ck_assert_ptr_nonnull(file);
			snprintf(text, sizeof text, "group%d", i);
			ck_assert_uint_eq(file->count, 1);
			ck_assert(slice_equal(file->entries[0].name, slice_from_text(text)));
			ck_assert_int_eq(file->entries[0].value.data[4], '0' + round);
			ck_assert_ptr_nonnull(users_open(root_fds, &one, USER_FILE_PASSWORDS));
		}
	}
}
END_TEST

START_TEST(proofs_end)
{
	struct slice user = SLICE_LITERAL("alice"), password = SLICE_LITERAL("wonderland");
	struct slice hash = SLICE_LITERAL(BCRYPT);
	struct proof proof, other;

	proof_make(user, password, hash, &proof);
	if (!proof.is_made) {
		proofs_add(&proof, 0);
		ck_assert(!proofs_hold(&proof, 0));
		return;
	}
	ck_assert(!proofs_hold(&proof, 1000));
	proofs_add(&proof, 1000);
	ck_assert(proofs_hold(&proof, 1000));
	ck_assert(proofs_hold(&proof, 1000 + PROOFS_LIFE_MS - 1));
	ck_assert(!proofs_hold(&proof, 1000 + PROOFS_LIFE_MS));
	proof_make(SLICE_LITERAL("alic"), SLICE_LITERAL("ewonderland"), hash, &other);
	ck_assert(!proofs_hold(&other, 1000));
	proof_make(user, password, SLICE_LITERAL(OTHER), &other);
	ck_assert(!proofs_hold(&other, 1000));
	for (int i = 0; i < 64; i++) { /* others take its place */
		char text[8];

		snprintf(text, sizeof text, "%d", i);
		proof_make(slice_from_text(text), password, hash, &other);
		ck_assert(!proofs_hold(&other, 2000));
		proofs_add(&other, 2000);
		ck_assert(proofs_hold(&other, 2000));
	}
	ck_assert(!proofs_hold(&proof, 2000));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("users");
	TCase *tcase = tcase_create("users");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, begin, NULL);
	tcase_add_loop_test(tcase, right_passwords_get_in, 0, COUNT_OF(hashes));
	tcase_add_test(tcase, a_changed_file_counts_at_once);
	tcase_add_test(tcase, an_unchanged_file_is_not_read_again);
	tcase_add_loop_test(tcase, a_file_that_cannot_be_used_is_told_once, 0, COUNT_OF(faults));
	tcase_add_test(tcase, the_largest_file_is_read);
	tcase_add_test(tcase, bad_lines_are_told_once);
	tcase_add_test(tcase, an_impossible_hash_lets_nobody_in);
	tcase_add_test(tcase, an_empty_file_lets_nobody_in);
	tcase_add_loop_test(tcase, digests_are_found, 0, COUNT_OF(digests));
	tcase_add_test(tcase, many_files_take_turns);
	tcase_add_test(tcase, proofs_end);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
