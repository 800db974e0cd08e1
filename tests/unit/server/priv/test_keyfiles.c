/* SPDX-License-Identifier: BSD-2-Clause */
/* server/priv/keyfiles.c: what was opened stays what it was, whatever becomes of the file; what is
 * no key file is refused by name and leaves nothing open. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/role.h"
#include "server/priv/keyfiles.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static char errbuf[512], place[] = "f", names[4][16] = { "one", "two", "fifo", "large" };
static struct config_certificate certificates[4];
static char *files[5];
static struct config config;
static int log_fd;

static void
make_files(void)
{
	int logs[2], i;

	umask(077);
	scratch_write("one", "first key");
	scratch_write("two", "second key");
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	scratch_write("large", "");
	ck_assert_int_eq(truncate("large", KEYFILES_BYTES_MAX + 1), 0);
	for (i = 0; i < 4; i++)
		certificates[i] = (struct config_certificate){ place, names[i], place,
			(unsigned)i + 1 };
	config.certificates = certificates;
	config.certificate_count = 2;
	ck_assert_int_eq(pipe(logs), 0);
	log_fd = logs[0];
	log_set_sink((struct log_sink){ LOG_SINK_FD, logs[1] });
}

static const char *
read_log(void)
{
	static char text[1024];
	ssize_t n;

	log_warn("end");
	n = read(log_fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
assert_holds(int fd, const char *wanted)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof text, 0);

	ck_assert_int_eq(n, (ssize_t)strlen(wanted));
	ck_assert_mem_eq(text, wanted, strlen(wanted));
}

START_TEST(content_stays)
{
	int open_count = process_open_count(), *fds;

	ck_assert_msg(keyfiles_open_priv(&config, NULL, &fds, errbuf, sizeof errbuf) == 0, "%s",
	    errbuf);
	ck_assert_int_eq(process_open_count(), open_count + 2);
	scratch_write("one", "another text, longer than the one before");
	ck_assert_int_eq(unlink("two"), 0);
	assert_holds(fds[0], "first key");
	assert_holds(fds[0], "first key"); /* as often as a signer is replaced */
	assert_holds(fds[1], "second key");
	ck_assert_int_ne(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_lt(pwrite(fds[0], "x", 1, 0), 0);
	ck_assert_int_lt(ftruncate(fds[0], 0), 0);
	ck_assert_ptr_null(strstr(read_log(), "everybody"));
	keyfiles_close(&fds, 2);
	ck_assert_ptr_null(fds);
	keyfiles_close(&fds, 2);
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

START_TEST(link_is_followed)
{
	int *fds;

	ck_assert_int_eq(rename("one", "archive"), 0);
	ck_assert_int_eq(symlink("archive", "one"), 0);
	ck_assert_int_eq(keyfiles_open_priv(&config, NULL, &fds, errbuf, sizeof errbuf), 0);
	assert_holds(fds[0], "first key");
	keyfiles_close(&fds, 2);
}
END_TEST

START_TEST(everybody_may_read)
{
	int *fds;

	ck_assert_int_eq(chmod("two", 0644), 0);
	ck_assert_int_eq(keyfiles_open_priv(&config, NULL, &fds, errbuf, sizeof errbuf), 0);
	ck_assert_ptr_nonnull(strstr(read_log(),
	    "f:2: certificate_key two can be read by everybody"));
	keyfiles_close(&fds, 2);
}
END_TEST

static const struct {
	const char *name, *error;
} refused[] = {
	{ "none", "f:2: cannot read certificate_key none: No such file or directory" },
	{ ".", "f:2: cannot read certificate_key .: not a regular file" },
	{ "fifo", "f:2: cannot read certificate_key fifo: not a regular file" },
	{ "large", "f:2: cannot read certificate_key large: larger than 64 KiB" },
};

START_TEST(refused_files)
{
	int open_count = process_open_count(), *fds;

	snprintf(names[1], sizeof names[1], "%s", refused[_i].name);
	ck_assert_int_eq(keyfiles_open_priv(&config, NULL, &fds, errbuf, sizeof errbuf), -1);
	ck_assert_str_eq(errbuf, refused[_i].error);
	ck_assert_ptr_null(fds);
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

static const struct {
	size_t sizes[5];
	size_t count;
	const char *error;          /* NULL: none */
} tickets[] = {
	{ { 0 }, 0, NULL },
	{ { 80 }, 1, NULL },
	{ { 80, 80, 80, 80 }, 4, NULL },
	{ { 80, 48 }, 2, "session_ticket_keys t1 has 48 bytes, expected 80" },
	{ { 0 }, 1, "session_ticket_keys t0 has 0 bytes, expected 80" },
	{ { 81 }, 1, "session_ticket_keys t0 has at least 81 bytes, expected 80" },
	{ { 80, 80, 80, 80, 80 }, 5, "session_ticket_keys names 5 files, expected at most 4" },
};

START_TEST(ticket_files)
{
	struct ticket_key list[TICKET_KEYS_MAX];
	char texts[5][3] = { "t0", "t1", "t2", "t3", "t4" }, content[96];
	size_t count, i;
	int result;

	for (i = 0; i < tickets[_i].count; i++) {
		memset(content, 'a' + (int)i, sizeof content);
		content[tickets[_i].sizes[i]] = '\0';
		scratch_write(texts[i], content);
		files[i] = texts[i];
	}
	config.tls.ticket_key_files = (struct config_texts){ files, tickets[_i].count };
	result = keyfiles_read_tickets_priv(&config, list, &count, errbuf, sizeof errbuf);
	ck_assert_int_eq(result, tickets[_i].error == NULL ? 0 : -1);
	if (tickets[_i].error != NULL) {
		ck_assert_str_eq(errbuf, tickets[_i].error);
		return;
	}
	ck_assert_uint_eq(count, tickets[_i].count);
	for (i = 0; i < count; i++)
		ck_assert_int_eq(list[i].cipher[31], 'a' + (int)i);
}
END_TEST

static void
open_in_worker(void)
{
	int *fds;

	role_set(ROLE_WORKER);
	(void)keyfiles_open_priv(&config, NULL, &fds, errbuf, sizeof errbuf);
}

START_TEST(never_in_a_worker)
{
	ck_assert(process_aborts(open_in_worker));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keyfiles");
	TCase *tcase = tcase_create("keyfiles");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, make_files, NULL);
	tcase_add_test(tcase, content_stays);
	tcase_add_test(tcase, link_is_followed);
	tcase_add_test(tcase, everybody_may_read);
	tcase_add_loop_test(tcase, refused_files, 0, COUNT_OF(refused));
	tcase_add_loop_test(tcase, ticket_files, 0, COUNT_OF(tickets));
	tcase_add_test(tcase, never_in_a_worker);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
