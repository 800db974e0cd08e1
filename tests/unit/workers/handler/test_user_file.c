/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/user_file.c: which lines count, what is said of the others, and who is found. A
 * weak hash that is taken, or a reason that quotes a line, breaks it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/user_file.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

#define BCRYPT "$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu"
#define YESCRYPT "$y$j75$abcdefgh$vwIKStVcLt6LXLBV8bMKZA/kQ5072uU1UzKeDmkGC15"
#define SHA256_CRYPT "$5$saltsalt$IeaomH1t0t79ShF5t59ZywXLL/dm2jA/3vpoR6EMo74"
#define SHA512_CRYPT "$6$rounds=1000$abcdefgh$T4IxfLekGaBeQnTAwBiF44khEyJ0Me902qgy/TUTljtDBGek0" \
	"yXtln/VLwcluRKTXc0yr5n2UBkCl7H2BREdh0"
#define HA1 "db6244c5a17f5ff5276a996df84fb3401df4eac863e21449a066b15131b30a38"
#define UPPER "DB6244C5A17F5FF5276A996DF84FB3401DF4EAC863E21449A066B15131B30A38"

#define ENTRIES_MAX 16

static struct user_entry entries[ENTRIES_MAX];
static struct user_file file;
static char *copy;

/* Into memory of exactly the size that is asked for. */
static bool
parse(enum user_file_kind kind, const char *text, size_t bytes, size_t cap)
{
	free(copy);
	copy = malloc(bytes + 1);
	memcpy(copy, text, bytes);
	copy[bytes] = '#';
	return user_file_parse(kind, copy, bytes, entries, cap, &file);
}

static void
end(void)
{
	free(copy);
	copy = NULL;
}

static const struct {
	enum user_file_kind kind;
	const char *line, *name, *value;
} good[] = {
	{ USER_FILE_PASSWORDS, "alice:" BCRYPT, "alice", BCRYPT },
	{ USER_FILE_PASSWORDS, "alice:" BCRYPT "\r", "alice", BCRYPT },
	{ USER_FILE_PASSWORDS, "alice: " BCRYPT " \t", "alice", BCRYPT },
	{ USER_FILE_PASSWORDS, "alice:" BCRYPT ":1000:Alice", "alice", BCRYPT },
	{ USER_FILE_PASSWORDS, "a:" YESCRYPT, "a", YESCRYPT },
	{ USER_FILE_PASSWORDS, "a:" SHA256_CRYPT, "a", SHA256_CRYPT },
	{ USER_FILE_PASSWORDS, "a:" SHA512_CRYPT, "a", SHA512_CRYPT },
	{ USER_FILE_PASSWORDS, "two words:" BCRYPT, "two words", BCRYPT },
	{ USER_FILE_PASSWORDS, "J\xc3\xa4s:" BCRYPT, "J\xc3\xa4s", BCRYPT },
	{ USER_FILE_DIGESTS, "alice:restricted:" HA1, "alice:restricted", HA1 },
	{ USER_FILE_DIGESTS, "alice:restricted:" UPPER, "alice:restricted", UPPER },
	{ USER_FILE_DIGESTS, "alice:a: b:" HA1 "\r", "alice:a: b", HA1 },
	{ USER_FILE_GROUPS, "staff: alice bob", "staff", "alice bob" },
	{ USER_FILE_GROUPS, "staff :alice\tbob ", "staff", "alice\tbob" },
	{ USER_FILE_GROUPS, "empty:", "empty", "" },
	{ USER_FILE_GROUPS, "empty: \r", "empty", "" },
};

START_TEST(good_lines_are_read)
{
	char text[512];

	for (int way = 0; way < 3; way++) {
		int len = snprintf(text, sizeof text, "%s%s%s", way == 1 ? "# one\n\n" : "",
		    good[_i].line, way == 2 ? "\n" : "");

		ck_assert(parse(good[_i].kind, text, (size_t)len, ENTRIES_MAX));
		ck_assert_msg(file.count == 1 && file.bad_count == 0, "%s: %s", good[_i].line,
		    file.bad_reason);
		ck_assert_ptr_eq(file.first, &entries[0]);
		ck_assert_uint_eq(entries[0].line, way == 1 ? 3 : 1);
		ck_assert(slice_equal(entries[0].name, slice_from_text(good[_i].name)));
		ck_assert_str_eq(entries[0].value.data, good[_i].value);
		ck_assert_uint_eq(entries[0].value.len, strlen(good[_i].value));
		ck_assert_ptr_eq(user_file_find(&file, slice_from_text(good[_i].name)),
		    &entries[0]);
	}
}
END_TEST

#define NOT_TAKEN "kind that is not taken"
static const struct {
	enum user_file_kind kind;
	const char *line;
	const char *reason;         /* a part of it */
} bad[] = {
	{ USER_FILE_PASSWORDS, "alice", "no colon" },
	{ USER_FILE_PASSWORDS, ":" BCRYPT, "no name" },
	{ USER_FILE_PASSWORDS, "alice:", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:wonderland", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$apr1$repKqIli$AD/n6nE7V4tIbPrXQt37U/", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$1$abcdefgh$90FgjgNE3pH//25Pe/ys.1", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:{SHA}6dcfXufJLW3J6S/9rRe4vUlBj5g=", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:abbIw0V4oaGvc", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$sha1$1000$abcdefgh$/m..L6lPPcmWBn1mgK98cJBN.YGr",
	    NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$2x$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu",
	    NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:" BCRYPT "x", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5Djl",
	    NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$2y$4$$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu",
	    NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$y$", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$y$$abc$x", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$y$j75", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$y$j75$abc", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:" YESCRYPT "5", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$5$", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$5$rounds=1000", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$5$$IeaomH1t0t79ShF5t59ZywXLL/dm2jA/3vpoR6EMo74", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$5$saltsalt", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:$6$saltsalt$IeaomH1t0t79ShF5t59ZywXLL/dm2jA/3vpoR6EMo74",
	    NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "alice:" SHA256_CRYPT "x", NOT_TAKEN },
	{ USER_FILE_PASSWORDS, "ali\x01" "ce:" BCRYPT, "control byte" },
	{ USER_FILE_PASSWORDS, "alice:" BCRYPT "\r\r", "control byte" },
	{ USER_FILE_DIGESTS, "alice", "no colon" },
	{ USER_FILE_DIGESTS, "alice:" HA1, "one colon" },
	{ USER_FILE_DIGESTS, ":restricted:" HA1, "no name" },
	{ USER_FILE_DIGESTS, "alice:restricted:db6244c5a17f5ff5276a996df84fb340", "MD5" },
	{ USER_FILE_DIGESTS, "alice:restricted:" HA1 "0", "64 hexadecimal" },
	{ USER_FILE_DIGESTS, "alice:restricted:", "64 hexadecimal" },
	{ USER_FILE_DIGESTS, "alice:restricted:xb6244c5a17f5ff5276a996df84fb3401df4eac863e21449a066"
	    "b15131b30a38", "64 hexadecimal" },
	{ USER_FILE_GROUPS, "staff alice bob", "no colon" },
	{ USER_FILE_GROUPS, ": alice", "no name" },
	{ USER_FILE_GROUPS, "\t : alice", "no name" },
};

/* What is wrong with a line is nothing to the one behind it. */
START_TEST(bad_lines_are_explained)
{
	static const char *const next[] = { "bob:" BCRYPT, "bob:r:" HA1, "bob: x" };
	char text[1024];
	int len = snprintf(text, sizeof text, "\n%s\n%s\n%s\n", bad[_i].line,
	    next[bad[_i].kind], bad[_i].line);

	ck_assert(parse(bad[_i].kind, text, (size_t)len, ENTRIES_MAX));
	ck_assert_msg(file.count == 1, "%s: was taken", bad[_i].line);
	ck_assert_uint_eq(file.bad_count, 2);
	ck_assert_uint_eq(file.bad_line, 2);
	ck_assert_msg(strstr(file.bad_reason, bad[_i].reason) != NULL, "%s: %s", bad[_i].line,
	    file.bad_reason);
	ck_assert_ptr_nonnull(strstr(file.bad_reason, "expected"));
	ck_assert_uint_eq(file.first->line, 3);
	ck_assert_ptr_null(user_file_find(&file, SLICE_LITERAL("alice")));
}
END_TEST

START_TEST(a_nul_is_a_control_byte)
{
	static const char text[] = "alice\0:" BCRYPT "\nbob:" BCRYPT "\0\n";

	ck_assert(parse(USER_FILE_PASSWORDS, text, sizeof text - 1, ENTRIES_MAX));
	ck_assert_uint_eq(file.count, 0);
	ck_assert_uint_eq(file.bad_count, 2);
	ck_assert_ptr_null(file.first);
}
END_TEST

START_TEST(a_long_name_is_refused)
{
	char text[4096];
	int len = snprintf(text, sizeof text, "%0*d:%s\n%0*d:%s\n", USER_FILE_NAME_MAX, 0, BCRYPT,
	    USER_FILE_NAME_MAX + 1, 0, BCRYPT);

	ck_assert(parse(USER_FILE_PASSWORDS, text, (size_t)len, ENTRIES_MAX));
	ck_assert_uint_eq(file.count, 1);
	ck_assert_uint_eq(file.bad_line, 2);
	ck_assert_ptr_nonnull(strstr(file.bad_reason, "too long"));
}
END_TEST

/* Whole names are compared, whatever stands before or behind them in order. */
START_TEST(names_are_found)
{
	static const char *const names[] = { "bob", "al", "alice", "ALICE", "alicex", "b", "zoe" };
	static const char *const others[] = { "", "a", "ali", "alicey", "bobb", "bo", "zo", "Bob" };
	char text[1024] = "";

	for (int i = 0; i < COUNT_OF(names); i++)
		sprintf(text + strlen(text), "%s: of-%s\n", names[i], names[i]);
	ck_assert(parse(USER_FILE_GROUPS, text, strlen(text), ENTRIES_MAX));
	ck_assert_uint_eq(file.count, COUNT_OF(names));
	ck_assert_str_eq(file.first->value.data, "of-bob");
	for (int i = 0; i < COUNT_OF(names); i++) {
		const struct user_entry *entry = user_file_find(&file, slice_from_text(names[i]));

		ck_assert_ptr_nonnull(entry);
		ck_assert_str_eq(entry->value.data + 3, names[i]);
		ck_assert_uint_eq(entry->line, (unsigned)i + 1);
	}
	for (int i = 0; i < COUNT_OF(others); i++)
		ck_assert_ptr_null(user_file_find(&file, slice_from_text(others[i])));
}
END_TEST

START_TEST(the_first_of_a_name_counts)
{
	static const char text[] = "b:" SHA256_CRYPT "\na:" BCRYPT "\nb:" YESCRYPT "\na:" YESCRYPT;

	ck_assert(parse(USER_FILE_PASSWORDS, text, sizeof text - 1, ENTRIES_MAX));
	ck_assert_uint_eq(user_file_find(&file, SLICE_LITERAL("a"))->line, 2);
	ck_assert_uint_eq(user_file_find(&file, SLICE_LITERAL("b"))->line, 1);
	ck_assert_uint_eq(file.first->line, 1);
}
END_TEST

static const struct {
	const char *group, *user;
	bool is_member;
} members[] = {
	{ "staff", "alice", true }, { "staff", "bob", true }, { "staff", "carol", true },
	{ "staff", "dave", true }, { "staff", "eve", false }, { "staff", "ali", false },
	{ "staff", "alicex", false }, { "staff", "", false }, { "staff", "alice bob", false },
	{ "staf", "alice", false }, { "empty", "alice", false }, { "empty", "", false },
	{ "none", "alice", false }, { "other", "eve", true }, { "other", "alice", false },
};

/* A group may have several lines. */
START_TEST(members_are_found)
{
	static const char text[] = "staff:  alice \t bob\nother: eve\nempty:\nstaff: carol dave \n";

	ck_assert(parse(USER_FILE_GROUPS, text, sizeof text - 1, ENTRIES_MAX));
	ck_assert_uint_eq(file.bad_count, 0);
	ck_assert(user_file_has_member(&file, slice_from_text(members[_i].group),
	    slice_from_text(members[_i].user)) == members[_i].is_member);
}
END_TEST

START_TEST(entries_have_a_limit)
{
	static const char text[] = "a: x\nb: y\n# c\n\nd: z\n";

	ck_assert(parse(USER_FILE_GROUPS, text, sizeof text - 1, 3));
	ck_assert(!parse(USER_FILE_GROUPS, text, sizeof text - 1, 2));
	ck_assert_uint_eq(file.count, 2);
	ck_assert(parse(USER_FILE_GROUPS, "# none\n", 7, 0));
	ck_assert_ptr_null(user_file_find(&file, SLICE_LITERAL("a")));
	ck_assert(parse(USER_FILE_GROUPS, "", 0, 0));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("user_file");
	TCase *tcase = tcase_create("user_file");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, NULL, end);
	tcase_add_loop_test(tcase, good_lines_are_read, 0, COUNT_OF(good));
	tcase_add_loop_test(tcase, bad_lines_are_explained, 0, COUNT_OF(bad));
	tcase_add_test(tcase, a_nul_is_a_control_byte);
	tcase_add_test(tcase, a_long_name_is_refused);
	tcase_add_test(tcase, names_are_found);
	tcase_add_test(tcase, the_first_of_a_name_counts);
	tcase_add_loop_test(tcase, members_are_found, 0, COUNT_OF(members));
	tcase_add_test(tcase, entries_have_a_limit);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
