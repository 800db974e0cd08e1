/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of password, digest and group files. Pure: text in, entries out. */
#ifndef MUSTER_HANDLER_USER_FILE_H
#define MUSTER_HANDLER_USER_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "workers/mem/slice.h"

#define USER_FILE_NAME_MAX 1280     /* bytes of "user:realm" */

enum user_file_kind {
	USER_FILE_PASSWORDS,        /* htpasswd(1): user:HASH, as crypt(5) has it */
	USER_FILE_DIGESTS,          /* user:realm:HEX, SHA-256 of user:realm:password */
	USER_FILE_GROUPS,           /* group: user user ... */
};

struct user_entry {
	struct slice name;          /* user, "user:realm" or group */
	struct slice value;         /* NUL-terminated: hash, 64 digits or list of users */
	unsigned line;
};

struct user_file {
	struct user_entry *entries; /* by name; of equal names the first line comes first */
	size_t count;
	const struct user_entry *first; /* of the lines; NULL: there is none */
	unsigned bad_count;         /* lines that are not taken */
	unsigned bad_line;          /* the first of them */
	const char *bad_reason;     /* what it is and what was expected, static */
};

/* text[0..bytes) and one byte behind it are the caller's and are written to; file_out points
 * into them and into entries. Empty lines and those that begin with '#' are skipped. False:
 * more than cap entries; file_out has the first of them. */
bool user_file_parse(enum user_file_kind kind, char *text, size_t bytes,
    struct user_entry *entries, size_t cap, struct user_file *file_out);
/* The first line with that name; NULL: none. */
const struct user_entry *user_file_find(const struct user_file *file, struct slice name);
/* Any line of that group has the user. */
bool user_file_has_member(const struct user_file *file, struct slice group, struct slice user);

#endif
