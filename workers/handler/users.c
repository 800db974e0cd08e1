/* SPDX-License-Identifier: BSD-2-Clause */
/* Password, digest and group files: opened, cached, asked. Leaves their lines to user_file.c,
 * proved credentials to proofs.c. Workers, as the unprivileged user, which has to be able to
 * read the files. Rules: a file that changed is read before the next answer; a file that
 * cannot be read lets nobody in; crypt(3)'s memory is wiped.
 *
 * Memory: each slot maps its share when it is first needed and keeps it. When a file has
 * changed, qsort(3) may take some more for a moment; and so does crypt(3) for each password that
 * was not proved before (yescrypt: 16 MiB as Debian sets it). Shown by test_users.c. */
#include "workers/handler/users.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "server/base/log.h"
#include "workers/handler/proofs.h"
#include "workers/handler/resolve.h"
#include "workers/handler/secret.h"
#include "workers/mem/arena.h"

#define SLOT_COUNT 8
#define SLOT_BYTES (USERS_FILE_BYTES + 4096 + USERS_ENTRIES_MAX * sizeof(struct user_entry))
/* A file that was changed so shortly before it was read may change again within the same tick of
 * its clock, and look the same: it is not taken for known. */
#define SETTLE_S 2

struct identity {
	dev_t device;
	ino_t inode;
	off_t bytes;
	struct timespec modified, changed;
};

/* A file that this process has read. */
struct slot {
	const char *name;           /* of the configuration; NULL: the slot is free */
	unsigned root_index;
	enum user_file_kind kind;
	uint64_t used_at;           /* in order of use */
	int fault;                  /* errno that was logged; 0: none */
	bool is_read, is_settled;
	struct identity identity;
	struct arena memory;
	struct user_file file;
};

static struct slot slots[SLOT_COUNT];
static uint64_t use_count;
static struct crypt_data crypt_memory; /* 32 KiB, untouched until a password is tried */

static bool
is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
is_same_identity(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
	    is_same_time(a->modified, b->modified) && is_same_time(a->changed, b->changed);
}

static struct identity
make_identity(const struct stat *st)
{
	return (struct identity){ st->st_dev, st->st_ino, st->st_size, st->st_mtim,
		st->st_ctim };
}

/* The slot of that file; else one that is free, or was not used for the longest time. */
static struct slot *
choose_slot(const struct config_file *file, enum user_file_kind kind)
{
	struct slot *oldest = &slots[0];
	struct arena memory;

	for (struct slot *slot = slots; slot < slots + SLOT_COUNT; slot++) {
		if (slot->name != NULL && slot->root_index == file->root_index &&
		    slot->kind == kind && strcmp(slot->name, file->name) == 0)
			return slot;
		if (slot->used_at < oldest->used_at)
			oldest = slot;
	}
	memory = oldest->memory;
	memset(oldest, 0, sizeof *oldest);
	oldest->memory = memory;
	oldest->name = file->name;
	oldest->root_index = file->root_index;
	oldest->kind = kind;
	return oldest;
}

/* All of it into text, which has room for one byte more than is allowed. -1 and errno. */
static ssize_t
read_whole(int fd, char *text)
{
	size_t used = 0;
	ssize_t got;

	do {
		got = fdio_read(fd, text + used, USERS_FILE_BYTES + 1 - used);
		if (got < 0)
			return -1;
		used += (size_t)got;
	} while (got > 0 && used <= USERS_FILE_BYTES);
	if (used > USERS_FILE_BYTES) {
		errno = EFBIG;
		return -1;
	}
	return (ssize_t)used;
}

static void
tell_bad_lines(const struct config_file *path, const struct user_file *file)
{
	char more[48] = "";

	if (file->bad_count > 1)
		(void)snprintf(more, sizeof more, "; and %u more such lines",
		    file->bad_count - 1);
	log_warn("%s:%u: %s%s", path->path, file->bad_line, file->bad_reason, more);
}

/* Reads the file into the slot. 0, or -1 and errno. */
static int
fill_slot(struct slot *slot, int fd, const struct config_file *path)
{
	unsigned bad_count = slot->file.bad_count;
	struct user_entry *entries;
	ssize_t bytes;
	char *text;

	if (slot->memory.base == NULL && arena_init(&slot->memory, SLOT_BYTES) < 0)
		return -1;
	arena_reset(&slot->memory);
	text = arena_alloc(&slot->memory, USERS_FILE_BYTES + 1);
	entries = arena_alloc(&slot->memory, USERS_ENTRIES_MAX * sizeof *entries);
	bug_if(text == NULL || entries == NULL, "users: a slot is too small");
	bytes = read_whole(fd, text);
	if (bytes < 0)
		return -1;
	if (!user_file_parse(slot->kind, text, (size_t)bytes, entries, USERS_ENTRIES_MAX,
	    &slot->file)) {
		errno = EFBIG;
		return -1;
	}
	/* A file that is not settled is read again and again, its faults are told once. */
	if (slot->file.bad_count > 0 && (slot->is_settled || slot->file.bad_count != bad_count))
		tell_bad_lines(path, &slot->file);
	return 0;
}

static bool
is_settled(const struct identity *identity)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return identity->modified.tv_sec + SETTLE_S < now.tv_sec &&
	    identity->changed.tv_sec + SETTLE_S < now.tv_sec;
}

/* Opens, and reads when it is not the file that was read. 0, or -1 and errno. */
static int
refresh(struct slot *slot, int root_fd, const struct config_file *path)
{
	struct identity identity;
	int fd, error = 0;
	struct stat st;

	fd = resolve_open(root_fd, path->name, false, &st);
	if (fd < 0)
		return -1;
	identity = make_identity(&st);
	if (!S_ISREG(st.st_mode)) {
		error = EINVAL;
	} else if (!slot->is_read || !slot->is_settled ||
	    !is_same_identity(&slot->identity, &identity)) {
		slot->is_read = fill_slot(slot, fd, path) == 0;
		error = slot->is_read ? 0 : errno;
		slot->identity = identity;
		slot->is_settled = is_settled(&identity);
	}
	(void)close(fd);
	errno = error;
	return error == 0 ? 0 : -1;
}

static void
tell_fault(const struct config_file *file, int error)
{
	switch (error) {
	case EFBIG:
		log_error("%s: too large, expected at most 1 MiB and %d lines: nobody can log in",
		    file->path, USERS_ENTRIES_MAX);
		break;
	case EINVAL:
		log_error("%s: expected a regular file: nobody can log in", file->path);
		break;
	default:
		log_error("%s: %s, expected a file that the workers' user can read: "
		    "nobody can log in", file->path, strerror(error));
		break;
	}
}

const struct user_file *
users_open(const int *root_fds, const struct config_file *file, enum user_file_kind kind)
{
	struct slot *slot;
	int error = 0;

	bug_if(file->root_index == CONFIG_NO_ROOT, "users: the configuration names no file");
	slot = choose_slot(file, kind);
	slot->used_at = ++use_count;
	if (refresh(slot, root_fds[file->root_index], file) < 0)
		error = errno;
	if (error != 0 && error != slot->fault)
		tell_fault(file, error);
	slot->fault = error;
	return error == 0 ? &slot->file : NULL;
}

static bool
crypt_matches(const struct user_entry *entry, const char *path, const char *password)
{
	const char *result = crypt_r(password, entry->value.data, &crypt_memory);
	bool is_equal = false;

	if (result == NULL || result[0] == '*')
		log_error("%s:%u: crypt(3) does not take this hash: %s", path, entry->line,
		    strerror(errno));
	else
		is_equal = strlen(result) == entry->value.len &&
		    secret_is_equal(result, entry->value.data, entry->value.len);
	secret_wipe(&crypt_memory, sizeof crypt_memory);
	return is_equal;
}

bool
users_check_password(const struct user_file *file, const char *path, struct slice user,
    struct slice password, int64_t now_mono_ms)
{
	const struct user_entry *entry = user_file_find(file, user);
	const struct user_entry *tried = entry != NULL ? entry : file->first;
	struct proof proof;
	bool is_right;

	if (tried == NULL)
		return false;
	proof_make(user, password, tried->value, &proof);
	/* A proof outlives its user, when the first of the file has that hash now. */
	is_right = proofs_hold(&proof, now_mono_ms) && entry != NULL;
	if (!is_right) {
		is_right = crypt_matches(tried, path, password.data) && entry != NULL;
		if (is_right)
			proofs_add(&proof, now_mono_ms);
	}
	secret_wipe(&proof, sizeof proof);
	return is_right;
}

bool
users_find_digest(const struct user_file *file, struct slice user, struct slice realm,
    char hex_out[64])
{
	char name[USER_FILE_NAME_MAX];
	const struct user_entry *entry = NULL;
	size_t len = user.len + 1 + realm.len;

	memset(hex_out, '0', 64);
	if (len <= sizeof name) {
		memcpy(name, user.data, user.len);
		name[user.len] = ':';
		memcpy(name + user.len + 1, realm.data, realm.len);
		entry = user_file_find(file, slice_make(name, len));
	}
	for (size_t i = 0; entry != NULL && i < 64; i++) {
		char c = entry->value.data[i];

		hex_out[i] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
	}
	return entry != NULL;
}
