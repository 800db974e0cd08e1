/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a directory for a listing. Workers, unprivileged. Rules: what a request would be
 * refused for its kind or its leading dot is not named either; a symbolic link is shown as
 * what it leads to, with follow_symlinks any, else only one that stays below the directory
 * that is listed; no more than LISTING_ENTRIES_MAX entries are looked at.
 * Shown by tests/integration/20-static/test_listing.py. */
#include "workers/handler/listing_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK_BYTES (64 * 1024)     /* of getdents64(2) */

struct reader {
	const struct exchange *exchange;
	int dir_fd;
	struct listing *listing;
	unsigned seen_count;
};

/* What a symbolic link leads to. The kernel decides whether it stays below, see resolve.c. */
static bool
stat_link(const struct reader *reader, const char *name, struct stat *st)
{
	struct open_how how;
	bool is_known;
	int fd;

	memset(&how, 0, sizeof how);
	how.flags = O_PATH | O_CLOEXEC;
	how.resolve = RESOLVE_NO_MAGICLINKS;
	if (!reader->exchange->route.settings->follow_symlinks)
		how.resolve |= RESOLVE_BENEATH;
	do {
		fd = (int)syscall(SYS_openat2, reader->dir_fd, name, &how, sizeof how);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return false;
	is_known = fstat(fd, st) == 0;
	(void)close(fd);
	return is_known;
}

/* False: it is not shown, or is gone again. */
static bool
stat_entry(const struct reader *reader, const char *name, struct stat *st)
{
	if (fstatat(reader->dir_fd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (S_ISLNK(st->st_mode) && !stat_link(reader, name, st))
		return false;
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

static bool
is_hidden(const struct reader *reader, const char *name)
{
	if (name[0] != '.')
		return false;
	return !reader->exchange->route.settings->dot_files || name[1] == '\0' ||
	    (name[1] == '.' && name[2] == '\0');
}

/* name lies in the scratch arena. */
static void
take_entry(struct reader *reader, const char *name)
{
	struct listing *listing = reader->listing;
	struct listing_entry *entry = &listing->entries[listing->count];
	struct stat st;

	if (is_hidden(reader, name) || !stat_entry(reader, name, &st))
		return;
	entry->name = slice_from_text(name);
	entry->is_directory = S_ISDIR(st.st_mode);
	entry->size_bytes = entry->is_directory ? 0 : (uint64_t)st.st_size;
	entry->modified_s = st.st_mtim.tv_sec;
	listing->count++;
	listing->directory_count += entry->is_directory;
}

/* True: the maximum is reached. */
static bool
take_block(struct reader *reader, const char *block, size_t len)
{
	for (size_t at = 0; at < len;) {
		const struct dirent64 *entry = (const void *)(block + at);

		if (reader->seen_count == LISTING_ENTRIES_MAX) {
			reader->listing->is_cut = true;
			return true;
		}
		reader->seen_count++;
		take_entry(reader, entry->d_name);
		at += entry->d_reclen;
	}
	return false;
}

int
listing_read(const struct exchange *exchange, int dir_fd, struct listing *listing)
{
	struct reader reader = { exchange, dir_fd, listing, 0 };
	char *block = NULL;
	unsigned count_before = 0;

	listing->count = listing->directory_count = 0;
	listing->is_cut = false;
	listing->entries = arena_alloc(exchange->scratch,
	    LISTING_ENTRIES_MAX * sizeof *listing->entries);
	for (;;) {
		ssize_t got;

		/* Names stay where they were read: a block is used again only when none was
		 * kept. */
		if (block == NULL || listing->count > count_before)
			block = arena_alloc(exchange->scratch, BLOCK_BYTES);
		if (listing->entries == NULL || block == NULL) {
			errno = ENOMEM;
			return -1;
		}
		count_before = listing->count;
		got = syscall(SYS_getdents64, dir_fd, block, BLOCK_BYTES);
		if (got <= 0)
			return got < 0 ? -1 : 0;
		if (take_block(&reader, block, (size_t)got))
			return 0;
	}
}
