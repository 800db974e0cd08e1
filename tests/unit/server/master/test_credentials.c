/* SPDX-License-Identifier: BSD-2-Clause */
/* server/master/credentials.c: all is open, or nothing is and the reason is told; keys are tried in
 * another process, whose death is a reason as well. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/master/credentials.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static char errbuf[512], place[] = "f", chain[] = "chain", key_files[2][8] = { "k0", "k1" };
static struct config_certificate certificates[2];
static struct config config;
static struct drop_target workers = { .is_needed = false };
static int site_count, public_key_limit;
static pid_t own_pid;

static struct tls_site *
new_site(const struct config *of, struct ticket_keys *tickets, const struct tls_site *old,
    const bool keeps[], char *out, size_t cap)
{
	ck_assert(of == &config || of->certificate_count == 1);
	ck_assert(old == NULL || (keeps[0] && !keeps[1]));
	ck_assert_ptr_nonnull(tickets);
	if (strcmp(certificates[0].chain_file, "bad") == 0) {
		snprintf(out, cap, "no certificate");
		return NULL;
	}
	site_count++;
	return (struct tls_site *)(void *)&site_count;
}

static void
free_site(struct tls_site **site)
{
	site_count--;
	*site = NULL;
}

static const char *
site_warning(const struct tls_site *site, size_t index)
{
	ck_assert_ptr_nonnull(site);
	return index == 0 ? "f:1: an odd one" : index == 1 ? "f:2: odd, too" : NULL;
}

static const char *
site_notice(const struct tls_site *site)
{
	ck_assert_ptr_nonnull(site);
	return "good to know";
}

static unsigned char *
public_key(const struct tls_site *site, size_t key_index, size_t *bytes_out)
{
	ck_assert_ptr_nonnull(site);
	*bytes_out = key_index + 1;
	return (int)key_index < public_key_limit ? malloc(8) : NULL;
}

/* The text of a key says what comes of it. */
static int
check(const struct config *of, const struct inherit_key *keys, size_t count, char *out, size_t cap)
{
	size_t i;

	if (getpid() == own_pid || of->certificate_count != count)
		abort();            /* never in this process */
	for (i = 0; i < count; i++) {
		char text[64] = "";

		if (pread(keys[i].fd, text, sizeof text - 1, 0) < 0 ||
		    keys[i].public_key_bytes != i + 1 || strcmp(text, "crash") == 0)
			abort();
		if (strcmp(text, "bad") == 0) {
			snprintf(out, cap, "key %zu is bad", i);
			return -1;
		}
	}
	return 0;
}

static struct tls_means means = { .site_renew = new_site, .site_free = free_site,
	.site_warning = site_warning, .site_notice = site_notice, .site_public_key = public_key,
	.keys_check = check };

static void
make_all(void)
{
	static char no_user[1];
	int i;

	umask(077);
	for (i = 0; i < 2; i++) {
		scratch_write(key_files[i], "good");
		certificates[i] = (struct config_certificate){ chain, key_files[i], place, 1 };
	}
	config.tls.signer_user = no_user;
	config.certificates = certificates;
	config.certificate_count = 2;
	means.tickets = ticket_keys_open();
	public_key_limit = 2;
	own_pid = getpid();
}

static int
open_them(struct credentials *credentials, bool checks_keys)
{
	return credentials_open(credentials, &config, &means, &workers, NULL, NULL, checks_keys,
	    errbuf, sizeof errbuf);
}

START_TEST(all_is_open)
{
	int open_count = process_open_count();
	struct credentials credentials;
	char byte = 'x';

	ck_assert_msg(open_them(&credentials, true) == 0, "%s", errbuf);
	ck_assert_uint_eq(credentials.key_count, 2);
	ck_assert_int_eq(site_count, 1);
	ck_assert_int_eq(process_open_count(), open_count + 4);
	ck_assert_uint_eq(credentials.keys[1].public_key_bytes, 2);
	ck_assert_int_eq(send(credentials.sign_fd, &byte, 1, 0), 1);
	ck_assert_int_eq(recv(credentials.asked_fd, &byte, 1, MSG_DONTWAIT), 1);
	credentials_close_site(&credentials, &means);
	ck_assert_int_eq(site_count, 0);
	credentials_close(&credentials, &means);
	credentials_close(&credentials, &means);
	ck_assert_int_eq(site_count, 0);
	ck_assert_int_eq(process_open_count(), open_count);
	ck_assert_int_eq(credentials_check(&config, &means, &workers, NULL, errbuf,
	    sizeof errbuf), 0);
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

START_TEST(without_tls)
{
	int open_count = process_open_count();
	struct credentials credentials;

	config.certificate_count = 0;
	ck_assert_int_eq(open_them(&credentials, true), 0);
	ck_assert_uint_eq(credentials.key_count, 0);
	ck_assert_int_eq(site_count, 0);
	ck_assert_int_eq(process_open_count(), open_count);
	credentials_close(&credentials, &means);
}
END_TEST

START_TEST(oddities_are_logged)
{
	struct credentials credentials;
	int ends[2];
	char text[512] = "";

	ck_assert_int_eq(pipe(ends), 0);
	log_set_sink((struct log_sink){ LOG_SINK_FD, ends[1] });
	ck_assert_int_eq(open_them(&credentials, true), 0);
	credentials_log_oddities(&credentials, &means);
	log_set_sink((struct log_sink){ LOG_SINK_NONE, -1 });
	ck_assert_int_gt(read(ends[0], text, sizeof text - 1), 0);
	ck_assert_ptr_nonnull(strstr(text, "warn: f:1: an odd one\n"));
	ck_assert_ptr_nonnull(strstr(text, "warn: f:2: odd, too\n"));
	ck_assert_ptr_nonnull(strstr(text, "notice: good to know\n"));
	credentials_close(&credentials, &means);
	ck_assert_int_eq(close(ends[0]), 0);
	ck_assert_int_eq(close(ends[1]), 0);
}
END_TEST

static char bad_chain[] = "bad", no_file[] = "none";
static const struct {
	const char *what;
	const char *text;           /* of the second key; NULL: there is none */
	const char *chain;          /* NULL: a good one */
	int public_key_limit;
	const char *error;
} refused[] = {
	{ "a bad key", "bad", NULL, 2, "key 1 is bad" },
	{ "a key that kills", "crash", NULL, 2, "private keys could not be tried" },
	{ "no key", NULL, NULL, 2,
	    "f:1: cannot read certificate_key none: No such file or directory" },
	{ "a bad certificate", "good", bad_chain, 2, "no certificate" },
	{ "no memory", "good", NULL, 1, "private keys: " },
};

START_TEST(nothing_is_left)
{
	int open_count = process_open_count();
	struct credentials credentials;

	if (refused[_i].text != NULL)
		scratch_write("k1", refused[_i].text);
	else
		certificates[1].key_file = no_file;
	if (refused[_i].chain != NULL)
		certificates[0].chain_file = bad_chain;
	public_key_limit = refused[_i].public_key_limit;
	ck_assert_msg(open_them(&credentials, true) == -1, "%s", refused[_i].what);
	ck_assert_msg(strncmp(errbuf, refused[_i].error, strlen(refused[_i].error)) == 0, "%s: %s",
	    refused[_i].what, errbuf);
	ck_assert_int_eq(site_count, 0);
	ck_assert_int_eq(process_open_count(), open_count);
	ck_assert_uint_eq(credentials.key_count, 0);
}
END_TEST

/* A running master does not wait for somebody who tries keys. */
START_TEST(unchecked)
{
	struct credentials credentials;

	scratch_write("k1", "crash");
	ck_assert_int_eq(open_them(&credentials, false), 0);
	credentials_close(&credentials, &means);
}
END_TEST

static int
check_pair(size_t index)
{
	return credentials_check_pair(&config, index, &means, &workers, errbuf, sizeof errbuf);
}

/* One of two pairs is no good any more: the one that was open is taken, and the other one anew. */
START_TEST(what_is_bad_is_kept)
{
	int open_count = process_open_count();
	const bool keeps[2] = { true, false };
	struct credentials old, new;
	const struct credentials_kept kept = { &old, keeps };
	char text[16] = "";

	ck_assert_int_eq(open_them(&old, true), 0);
	scratch_write("k0", "bad");
	scratch_write("k1", "good, too");
	ck_assert_int_eq(check_pair(0), -1);
	ck_assert_str_eq(errbuf, "key 0 is bad");
	ck_assert_int_eq(check_pair(1), 0);
	ck_assert_int_eq(open_them(&new, true), -1);
	ck_assert_int_eq(unlink("k0"), 0);
	ck_assert_int_eq(credentials_open(&new, &config, &means, &workers, NULL, &kept, true,
	    errbuf, sizeof errbuf), 0);
	credentials_close(&old, &means);
	ck_assert_int_eq(pread(new.keys[0].fd, text, sizeof text, 0), 4);
	ck_assert_str_eq(text, "good");
	ck_assert_int_eq(pread(new.keys[1].fd, text, sizeof text, 0), 9);
	credentials_close(&new, &means);
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("credentials");
	TCase *tcase = tcase_create("credentials");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, make_all, NULL);
	tcase_add_test(tcase, all_is_open);
	tcase_add_test(tcase, without_tls);
	tcase_add_test(tcase, oddities_are_logged);
	tcase_add_loop_test(tcase, nothing_is_left, 0, COUNT_OF(refused));
	tcase_add_test(tcase, unchecked);
	tcase_add_test(tcase, what_is_bad_is_kept);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
