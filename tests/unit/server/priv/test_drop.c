/* SPDX-License-Identifier: BSD-2-Clause */
/* server/priv/drop.c: who workers become is looked up or refused with a reason, and what is given
 * up stays given up. What only root can show is left out without root. */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/base/role.h"
#include "server/priv/drop.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define SOMEBODY 65534

static char errbuf[512];

static struct config *
load(const char *text)
{
	struct config_errors errors = { 0 };
	struct config *config;
	char whole[1024];

	snprintf(whole, sizeof whole, "types_file = \"\" listen \"127.0.0.1:0\" {}\n%s", text);
	config = config_load_text(whole, "f", &errors);
	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
	return config;
}

/* The names that this system gives to a user and a group without rights; false: none. */
static bool
load_somebody(struct config **config_out)
{
	const struct passwd *user = getpwnam("nobody");
	const struct group *group = user != NULL ? getgrgid(user->pw_gid) : NULL;
	char text[256];

	if (geteuid() != 0 || group == NULL)
		return false;
	snprintf(text, sizeof text, "user = \"%s\" group = \"%s\"", user->pw_name, group->gr_name);
	*config_out = load(text);
	return true;
}

static const struct {
	const char *text, *error;
} refused[] = {
	{ "user = \"no-such-user\" group = \"nogroup\"",
	    "user is \"no-such-user\", expected a user of this system" },
	{ "user = \"nobody\" group = \"no-such-group\"",
	    "group is \"no-such-group\", expected a group of this system" },
	{ "user = \"root\" group = \"nogroup\"", "user is \"root\", expected one without root's "
	    "rights: workers never run as root" },
	{ "user = \"nobody\" group = \"root\"", "group is \"root\", expected one without root's "
	    "rights: workers never run as root" },
};

START_TEST(wrong_target_is_refused)
{
	struct config *config = load(refused[_i].text);
	struct drop_target target;

	if (geteuid() == 0 && getgrnam("nogroup") != NULL) {
		ck_assert_int_eq(drop_resolve(config, &target, errbuf, sizeof errbuf), -1);
		ck_assert_str_eq(errbuf, refused[_i].error);
	}
	config_free(&config);
}
END_TEST

START_TEST(root_becomes_somebody)
{
	struct config *config;
	struct drop_target target;
	const struct passwd *user = getpwnam("nobody");
	bool has_group = false;

	if (!load_somebody(&config))
		return;
	ck_assert_msg(drop_resolve(config, &target, errbuf, sizeof errbuf) == 0, "%s", errbuf);
	ck_assert(target.is_needed);
	ck_assert_uint_eq(target.uid, user->pw_uid);
	ck_assert_uint_eq(target.gid, user->pw_gid);
	ck_assert_str_eq(target.chroot, "");
	for (size_t i = 0; i < target.group_count; i++)
		has_group |= target.groups[i] == target.gid;
	ck_assert(has_group);
	config_free(&config);
}
END_TEST

static const struct {
	const char *signer_user;
	const char *error;          /* NULL: none */
} signer_users[] = {
	{ "", NULL },
	{ "nobody", NULL },
	{ "no-such-user", "signer_user is \"no-such-user\", expected a user of this system" },
	{ "root", "signer_user is \"root\", expected one without root's rights: workers never run "
	    "as root" },
};

START_TEST(signer_becomes_another)
{
	static char name[32];
	struct drop_target workers = { .is_needed = geteuid() == 0, .uid = 7, .gid = 8,
		.groups = { 8 }, .group_count = 1, .chroot = "/jail" }, target;
	struct config config = { .tls.signer_user = name };
	const struct passwd *user = getpwnam("nobody");
	const char *error = workers.is_needed ? signer_users[_i].error : NULL;

	snprintf(name, sizeof name, "%s", signer_users[_i].signer_user);
	ck_assert_int_eq(drop_resolve_signer(&config, &workers, &target, errbuf, sizeof errbuf),
	    error == NULL ? 0 : -1);
	if (error != NULL) {
		ck_assert_str_eq(errbuf, error);
		return;
	}
	ck_assert_str_eq(target.chroot, "/jail");
	if (name[0] == '\0' || !workers.is_needed) {
		ck_assert_uint_eq(target.uid, 7);
		ck_assert_uint_eq(target.group_count, 1);
	} else {
		ck_assert_uint_eq(target.uid, user->pw_uid);
		ck_assert_uint_eq(target.gid, user->pw_gid);
	}
}
END_TEST

/* In a child: 0, or the number of the check that failed. */
static int
resolve_without_root(const char *text, bool *is_needed_out)
{
	struct config *config = load(text);
	struct drop_target target = { .is_needed = true };

	if (getuid() == 0 && setresuid(SOMEBODY, SOMEBODY, SOMEBODY) < 0)
		_exit(9);
	if (drop_resolve(config, &target, errbuf, sizeof errbuf) < 0)
		return -1;
	*is_needed_out = target.is_needed;
	return 0;
}

/* Names are not even looked up: a developer's machine need not have them. */
static void
resolve_unknown_names(void)
{
	bool is_needed = true;

	if (resolve_without_root("user = \"no-such-user\" group = \"no-such-group\"",
	    &is_needed) < 0)
		_exit(1);
	if (is_needed)
		_exit(2);
}

static void
resolve_chroot(void)
{
	bool is_needed;

	if (resolve_without_root("chroot = \"/srv/jail\"", &is_needed) == 0)
		_exit(1);
	if (strcmp(errbuf, "chroot \"/srv/jail\" needs root, expected to be started as root") != 0)
		_exit(2);
}

/* Rights that are only set aside can be had again: such a start is refused. */
static void
resolve_with_mixed_ids(void)
{
	struct config *config = load("");
	struct drop_target target;

	if (getuid() != 0)
		return;
	if (seteuid(SOMEBODY) < 0)
		_exit(9);
	if (drop_resolve(config, &target, errbuf, sizeof errbuf) == 0)
		_exit(1);
	if (setresuid(SOMEBODY, -1, -1) == 0 && drop_resolve(config, &target, errbuf,
	    sizeof errbuf) == 0)
		_exit(2);           /* the saved one still is root's */
}

START_TEST(ordinary_user_stays_who_he_is)
{
	static void (*const tries[])(void) = {
		resolve_unknown_names, resolve_chroot, resolve_with_mixed_ids,
	};

	ck_assert_int_eq(process_run(tries[_i]), 0);
}
END_TEST

static bool
has_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct now[2], none[2];

	memset(none, 0, sizeof none);
	return syscall(SYS_capget, &header, now) < 0 || memcmp(now, none, sizeof none) != 0;
}

/* In a child: 0, or the number of the check that failed. */
static int
drop_and_look(const struct drop_target *target)
{
	uid_t uids[3];
	gid_t gids[3];

	if (drop_forever_postfork(target, errbuf, sizeof errbuf) < 0)
		return 1;
	if (getresuid(&uids[0], &uids[1], &uids[2]) < 0 ||
	    getresgid(&gids[0], &gids[1], &gids[2]) < 0)
		return 2;
	for (int i = 0; target->is_needed && i < 3; i++)
		if (uids[i] != target->uid || gids[i] != target->gid)
			return 3;
	if (has_capabilities())
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 5;
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0)
		return 6;
	return 0;
}

static void
assert_drops(const struct drop_target *target)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(drop_and_look(target));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(root_is_given_up_for_good)
{
	struct config *config;
	struct drop_target target;

	if (!load_somebody(&config))
		return;
	ck_assert_int_eq(drop_resolve(config, &target, errbuf, sizeof errbuf), 0);
	assert_drops(&target);
	config_free(&config);
}
END_TEST

/* One who may bind port 80, for example, keeps that to himself. */
static void
keep_capabilities_and_drop(void)
{
	const struct drop_target target = { .is_needed = false, .chroot = "" };

	if (getuid() == 0 && (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(SOMEBODY, SOMEBODY, SOMEBODY) < 0 ||
	    setresuid(SOMEBODY, SOMEBODY, SOMEBODY) < 0 || !has_capabilities()))
		_exit(90);
	_exit(drop_and_look(&target));
}

START_TEST(ordinary_user_gives_up_capabilities)
{
	ck_assert_int_eq(process_run(keep_capabilities_and_drop), 0);
}
END_TEST

static void
drop_into_jail(void)
{
	const struct drop_target target = { .is_needed = true, .uid = SOMEBODY, .gid = SOMEBODY,
		.groups = { SOMEBODY }, .group_count = 1, .chroot = "jail" };

	if (drop_forever_postfork(&target, errbuf, sizeof errbuf) < 0)
		_exit(1);
	if (access("/inside", F_OK) != 0 || access("inside", F_OK) != 0 ||
	    access("../../../../../proc", F_OK) == 0)
		_exit(2);
}

START_TEST(chroot_is_entered)
{
	ck_assert_int_eq(mkdir("jail", 0755), 0);
	scratch_write("jail/inside", "");
	if (geteuid() == 0)
		ck_assert_int_eq(process_run(drop_into_jail), 0);
}
END_TEST

static void
drop_without_rights(void)
{
	const struct drop_target target = { .is_needed = true, .uid = SOMEBODY - 1,
		.gid = SOMEBODY - 1, .group_count = 0, .chroot = "" };

	if (geteuid() == 0 && setresuid(SOMEBODY, SOMEBODY, SOMEBODY) < 0)
		_exit(1);
	if (drop_forever_postfork(&target, errbuf, sizeof errbuf) == 0)
		_exit(2);
	if (strncmp(errbuf, "cannot give up root: setgroups: ", 32) != 0)
		_exit(3);
}

static void
drop_into_missing_jail(void)
{
	const struct drop_target target = { .is_needed = true, .uid = SOMEBODY, .gid = SOMEBODY,
		.chroot = "missing" };

	if (drop_forever_postfork(&target, errbuf, sizeof errbuf) == 0)
		_exit(2);
	if (strncmp(errbuf, "cannot give up root: chroot: ", 29) != 0)
		_exit(3);
}

/* A worker of the user root is what must never come of it. */
static void
drop_to_root(void)
{
	const struct drop_target target = { .is_needed = true, .uid = 0, .gid = SOMEBODY,
		.groups = { SOMEBODY }, .group_count = 1, .chroot = "" };

	if (geteuid() == 0 && drop_forever_postfork(&target, errbuf, sizeof errbuf) == 0)
		_exit(2);
}

START_TEST(failed_step_is_an_error)
{
	static void (*const drops[])(void) = {
		drop_without_rights, drop_into_missing_jail, drop_to_root,
	};

	ck_assert_int_eq(process_run(drops[_i]), 0);
}
END_TEST

static void
drop_as_worker(void)
{
	const struct drop_target target = { .is_needed = false, .chroot = "" };

	role_set(ROLE_WORKER);
	(void)drop_forever_postfork(&target, errbuf, sizeof errbuf);
}

START_TEST(worker_cannot)
{
	ck_assert(process_aborts(drop_as_worker));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("drop");
	TCase *tcase = tcase_create("drop");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	scratch_use(tcase);
	tcase_add_loop_test(tcase, wrong_target_is_refused, 0, COUNT_OF(refused));
	tcase_add_test(tcase, root_becomes_somebody);
	tcase_add_loop_test(tcase, signer_becomes_another, 0, COUNT_OF(signer_users));
	tcase_add_loop_test(tcase, ordinary_user_stays_who_he_is, 0, 3);
	tcase_add_test(tcase, root_is_given_up_for_good);
	tcase_add_test(tcase, ordinary_user_gives_up_capabilities);
	tcase_add_test(tcase, chroot_is_entered);
	tcase_add_loop_test(tcase, failed_step_is_an_error, 0, 3);
	tcase_add_test(tcase, worker_cannot);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
