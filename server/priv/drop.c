/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives up root, and looks up for whom. Leaves the opening of what needs root to the master. The
 * giving up runs in a forked child, as root until it returns. Rule: every step is read back,
 * and any doubt is an error. Shown by tests/integration/60-privilege (as root). */
#include "server/priv/drop.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "server/base/role.h"

static int
refuse(char *errbuf, size_t bytes, const char *step)
{
	(void)snprintf(errbuf, bytes, "cannot give up root: %s: %s", step, strerror(errno));
	return -1;
}

/* Part of the ids root's, part not: such a process could take root's rights again. */
static bool
ids_are_mixed(void)
{
	uid_t ruid, euid, suid;

	return getresuid(&ruid, &euid, &suid) < 0 ||
	    (ruid == 0) != (euid == 0) || (suid == 0) != (euid == 0);
}

/* Who that is, and why not: what the child that looks it up says, at once (PIPE_BUF). */
struct findings {
	int result;
	struct drop_target target;  /* ids and groups */
	char text[512];
};

/* The list of groups is taken now: inside a chroot there may be no /etc/group. */
static int
look_up_groups(const char *name, struct drop_target *target, char *errbuf, size_t errbuf_bytes)
{
	int count = DROP_GROUPS_MAX;

	if (getgrouplist(name, target->gid, target->groups, &count) < 0) {
		(void)snprintf(errbuf, errbuf_bytes, "user \"%s\" is in more than %d groups",
		    name, DROP_GROUPS_MAX);
		return -1;
	}
	target->group_count = (size_t)count;
	for (; count > 0; count--)
		if (target->groups[count - 1] == 0) {
			(void)snprintf(errbuf, errbuf_bytes,
			    "user \"%s\" is in group 0, expected one without root's rights", name);
			return -1;
		}
	return 0;
}

/* directive: what names the user. group_name: NULL: the user's own. */
static int
look_up(const char *directive, const char *name, const char *group_name,
    struct drop_target *target, char *errbuf, size_t errbuf_bytes)
{
	const struct passwd *user = getpwnam(name);
	const struct group *group;

	if (user == NULL) {
		(void)snprintf(errbuf, errbuf_bytes,
		    "%s is \"%s\", expected a user of this system", directive, name);
		return -1;
	}
	target->uid = user->pw_uid;
	target->gid = user->pw_gid;
	if (group_name != NULL) {
		group = getgrnam(group_name);
		if (group == NULL) {
			(void)snprintf(errbuf, errbuf_bytes,
			    "group is \"%s\", expected a group of this system", group_name);
			return -1;
		}
		target->gid = group->gr_gid;
	}
	if (target->uid == 0 || target->gid == 0) {
		bool is_user = target->uid == 0 || group_name == NULL;

		(void)snprintf(errbuf, errbuf_bytes,
		    "%s is \"%s\", expected one without root's rights: workers never run as root",
		    is_user ? directive : "group", is_user ? name : group_name);
		return -1;
	}
	return look_up_groups(name, target, errbuf, errbuf_bytes);
}

/* The modules that answer (nsswitch.conf(5)), and what they need, stay with whoever asked: in the
 * master they would be for good, and in the maps of each of its children. */
static int
look_up_in_child(const char *directive, const char *name, const char *group_name,
    struct findings *found)
{
	int ends[2], status, saved_errno;
	pid_t pid;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		found->result = look_up(directive, name, group_name, &found->target,
		    found->text, sizeof found->text);
		_exit(fdio_write_all(ends[1], found, sizeof *found) < 0);
	}
	saved_errno = errno;
	fdio_close(&ends[1]);
	n = pid < 0 ? -1 : fdio_read(ends[0], found, sizeof *found);
	if (pid > 0)                /* it has died, unless it said all */
		saved_errno = n < 0 ? errno : EPIPE;
	fdio_close(&ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	errno = saved_errno;
	return n == (ssize_t)sizeof *found ? 0 : -1;
}

/* Into a target that is all else. */
static int
find_ids(const char *directive, const char *name, const char *group_name,
    struct drop_target *target, char *errbuf, size_t errbuf_bytes)
{
	struct findings found = { .result = -1 };

	if (look_up_in_child(directive, name, group_name, &found) < 0) {
		(void)snprintf(errbuf, errbuf_bytes, "cannot look up user \"%s\": %s", name,
		    strerror(errno));
		return -1;
	}
	if (found.result < 0) {
		(void)snprintf(errbuf, errbuf_bytes, "%s", found.text);
		return -1;
	}
	found.target.is_needed = true;
	found.target.chroot = target->chroot;
	*target = found.target;
	return 0;
}

int
drop_resolve(const struct config *config, struct drop_target *target, char *errbuf,
    size_t errbuf_bytes)
{
	memset(target, 0, sizeof *target);
	target->chroot = config->chroot;
	if (ids_are_mixed()) {
		(void)snprintf(errbuf, errbuf_bytes,
		    "started with root's rights set aside, expected to be root or not");
		return -1;
	}
	if (geteuid() != 0) {
		if (config->chroot[0] != '\0') {
			(void)snprintf(errbuf, errbuf_bytes,
			    "chroot \"%s\" needs root, expected to be started as root",
			    config->chroot);
			return -1;
		}
		return 0;
	}
	return find_ids("user", config->user, config->group, target, errbuf, errbuf_bytes);
}

int
drop_resolve_signer(const struct config *config, const struct drop_target *workers,
    struct drop_target *target, char *errbuf, size_t errbuf_bytes)
{
	*target = *workers;
	if (!target->is_needed || config->tls.signer_user[0] == '\0')
		return 0;
	return find_ids("signer_user", config->tls.signer_user, NULL, target, errbuf,
	    errbuf_bytes);
}

static bool
ids_are(const struct drop_target *target)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid, groups[DROP_GROUPS_MAX];
	int count = getgroups(DROP_GROUPS_MAX, groups), i;

	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0 || count < 0)
		return false;
	for (i = 0; i < count; i++)
		if (groups[i] == 0)
			return false;
	return ruid == target->uid && euid == target->uid && suid == target->uid &&
	    rgid == target->gid && egid == target->gid && sgid == target->gid &&
	    (size_t)count == target->group_count;
}

/* An ordinary user may hold capabilities as well (to bind port 80); a worker needs none. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2], now[2];

	memset(none, 0, sizeof none);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return -1;
	if (syscall(SYS_capset, &header, none) < 0 || syscall(SYS_capget, &header, now) < 0)
		return -1;
	if (memcmp(none, now, sizeof none) != 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

static bool
root_can_be_regained(void)
{
	return setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || setuid(0) == 0 ||
	    setresgid((gid_t)-1, 0, (gid_t)-1) == 0 || setgroups(0, NULL) == 0 ||
	    geteuid() == 0 || getegid() == 0;
}

int
drop_forever_postfork(const struct drop_target *target, char *errbuf, size_t errbuf_bytes)
{
	role_require_privileged(__func__);
	if (target->is_needed) {
		if (target->chroot[0] != '\0' &&
		    (chroot(target->chroot) < 0 || chdir("/") < 0))
			return refuse(errbuf, errbuf_bytes, "chroot");
		if (setgroups(target->group_count, target->groups) < 0)
			return refuse(errbuf, errbuf_bytes, "setgroups");
		if (setresgid(target->gid, target->gid, target->gid) < 0)
			return refuse(errbuf, errbuf_bytes, "setresgid");
		if (setresuid(target->uid, target->uid, target->uid) < 0)
			return refuse(errbuf, errbuf_bytes, "setresuid");
		errno = EPERM;
		if (!ids_are(target))
			return refuse(errbuf, errbuf_bytes, "the ids read back differ");
	}
	if (drop_capabilities() < 0)
		return refuse(errbuf, errbuf_bytes, "capset");
	if (target->is_needed && root_can_be_regained()) {
		errno = EPERM;
		return refuse(errbuf, errbuf_bytes, "it could be had again");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return refuse(errbuf, errbuf_bytes, "no_new_privs");
	return 0;
}
