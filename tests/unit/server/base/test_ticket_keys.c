/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/ticket_keys.c: the newest makes tickets, three before it are taken, and no child can
 * write them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/ticket_keys.h"
#include "tests/lib/process.h"

static struct ticket_keys *keys;

static struct ticket_key
key_of(int byte)
{
	struct ticket_key key;

	memset(&key, byte, sizeof key);
	return key;
}

static bool
has(int byte, bool is_newest)
{
	struct ticket_key wanted = key_of(byte), found;
	bool found_newest;

	return ticket_keys_find(keys, wanted.name, &found, &found_newest) &&
	    found_newest == is_newest && memcmp(&found, &wanted, sizeof found) == 0;
}

static void
push(int byte)
{
	struct ticket_key key = key_of(byte);

	ticket_keys_push(keys, &key);
}

static void
open_keys(void)
{
	keys = ticket_keys_open();
	ck_assert_ptr_nonnull(keys);
}

static void
close_keys(void)
{
	ticket_keys_close(&keys);
	ck_assert_ptr_null(keys);
	ticket_keys_close(&keys);
}

START_TEST(empty)
{
	struct ticket_key key;

	ck_assert(!ticket_keys_newest(keys, &key));
	ck_assert(!has(0, true));
	ck_assert(!has(0, false));
}
END_TEST

START_TEST(oldest_goes)
{
	struct ticket_key key, wanted = key_of(5);
	int byte;

	for (byte = 1; byte <= 5; byte++)
		push(byte);
	ck_assert(ticket_keys_newest(keys, &key));
	ck_assert_mem_eq(&key, &wanted, sizeof key);
	ck_assert(has(5, true));
	ck_assert(has(4, false));
	ck_assert(has(2, false));
	ck_assert(!has(1, false));
	ck_assert(!has(6, false));
}
END_TEST

START_TEST(replaced)
{
	struct ticket_key list[TICKET_KEYS_MAX + 1];
	int i;

	push(9);
	for (i = 0; i < TICKET_KEYS_MAX + 1; i++)
		list[i] = key_of(20 + i);
	ticket_keys_replace(keys, list, 2);
	ck_assert(has(20, true));
	ck_assert(has(21, false));
	ck_assert(!has(9, false));
	ck_assert(!has(22, false));
	ticket_keys_replace(keys, list, TICKET_KEYS_MAX + 1); /* no more than there is room for */
	ck_assert(has(20 + TICKET_KEYS_MAX - 1, false));
	ck_assert(!has(20 + TICKET_KEYS_MAX, false));
	ticket_keys_replace(keys, NULL, 0);
	ck_assert(!has(20, true));
}
END_TEST

START_TEST(parsed_and_made)
{
	uint8_t bytes[TICKET_KEY_FILE_BYTES];
	struct ticket_key key, other;
	size_t i;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	ticket_key_parse(bytes, &key);
	ck_assert_int_eq(key.name[0], 0);
	ck_assert_int_eq(key.mac[0], 16);
	ck_assert_int_eq(key.cipher[0], 48);
	ck_assert_int_eq(key.cipher[31], 79);
	ck_assert_int_eq(ticket_key_make(&key), 0);
	ck_assert_int_eq(ticket_key_make(&other), 0);
	ck_assert_mem_ne(&key, &other, sizeof key);
}
END_TEST

/* What a hostile child would try: 0 when nothing of it works. */
static int
try_to_write(void)
{
	char line[256];
	FILE *maps;
	int fault = 0;

	if (ticket_keys_adopt(keys) < 0 || (!has(1, true) && !has(1, false)))
		return 10;
	maps = fopen("/proc/self/maps", "r");
	while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
		unsigned long start, end;

		if (strstr(line, "muster-tickets") == NULL ||
		    sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		if (strstr(line, " r--s ") == NULL)
			fault = 11;
		if (mprotect((void *)start, end - start, PROT_READ | PROT_WRITE) == 0)
			fault = 12;
	}
	return maps == NULL ? 13 : fault;
}

START_TEST(child_reads_and_never_writes)
{
	int status, word[2];
	char byte = 'x';
	pid_t pid;

	push(1);
	ck_assert_int_eq(pipe(word), 0);
	pid = fork();
	if (pid == 0) {
		int result = try_to_write();

		/* What the master does later is seen. */
		if (result == 0 && (read(word[0], &byte, 1) != 1 || !has(2, true) ||
		    !has(1, false)))
			result = 14;
		ticket_keys_close(&keys); /* which wipes nothing */
		_exit(result);
	}
	push(2);
	ck_assert_int_eq(write(word[1], &byte, 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(has(2, true));
	close(word[0]);
	close(word[1]);
}
END_TEST

static int
look_for_mappings(void)
{
	char line[256];
	FILE *maps;
	int result = 0;

	if (ticket_keys_forget(keys) < 0 || (maps = fopen("/proc/self/maps", "r")) == NULL)
		return 10;
	while (fgets(line, sizeof line, maps) != NULL)
		if (strstr(line, "muster-tickets") != NULL)
			result = 11;
	fclose(maps);
	return result;
}

START_TEST(who_has_no_use_for_them_cannot_reach_them)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(look_for_mappings());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void
push_in_child(void)
{
	(void)ticket_keys_adopt(keys);
	push(3);
}

START_TEST(push_is_the_masters)
{
	ck_assert(process_aborts(push_in_child));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ticket_keys");
	TCase *tcase = tcase_create("ticket_keys");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, open_keys, close_keys);
	tcase_add_test(tcase, empty);
	tcase_add_test(tcase, oldest_goes);
	tcase_add_test(tcase, replaced);
	tcase_add_test(tcase, parsed_and_made);
	tcase_add_test(tcase, child_reads_and_never_writes);
	tcase_add_test(tcase, push_is_the_masters);
	tcase_add_test(tcase, who_has_no_use_for_them_cannot_reach_them);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
