/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/user_file.c on any text, as each kind of file: each entry is found under its
 * name, its value is one that this kind has, and each line is an entry, bad, or skipped. */
#include <stdint.h>
#include <stdlib.h>

#include "workers/handler/user_file.h"

#define ENTRIES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_entry(enum user_file_kind kind, const struct user_file *file,
    const struct user_entry *entry, unsigned line_count)
{
	const struct user_entry *found = user_file_find(file, entry->name);

	if (found == NULL || !slice_equal(found->name, entry->name) || found->line > entry->line)
		abort();
	if (entry->line == 0 || entry->line > line_count || entry->line < file->first->line)
		abort();
	if (entry->name.len == 0 || entry->name.len > USER_FILE_NAME_MAX ||
	    strlen(entry->value.data) != entry->value.len)
		abort();
	for (size_t i = 0; i < entry->name.len; i++) {
		if (entry->name.data[i] == '\n' || entry->name.data[i] == '\0')
			abort();
	}
	if (kind == USER_FILE_DIGESTS ? entry->value.len != 64 :
	    kind == USER_FILE_PASSWORDS && entry->value.data[0] != '$')
		abort();
}

static void
check_kind(enum user_file_kind kind, const uint8_t *data, size_t size, unsigned line_count)
{
	static struct user_entry entries[ENTRIES_MAX];
	char *text = malloc(size + 1);
	struct user_file file;
	bool has_room;

	memcpy(text, data, size);
	has_room = user_file_parse(kind, text, size, entries, ENTRIES_MAX, &file);
	if (file.count > ENTRIES_MAX || file.count + file.bad_count > line_count ||
	    (!has_room && file.count != ENTRIES_MAX) || (file.count > 0) != (file.first != NULL) ||
	    (file.bad_count > 0) != (file.bad_reason != NULL) || file.bad_line > line_count)
		abort();
	for (size_t i = 0; i < file.count; i++)
		check_entry(kind, &file, &file.entries[i], line_count);
	/* The input's own words as questions. */
	for (size_t i = 0; kind == USER_FILE_GROUPS && i < file.count; i++) {
		struct slice user = file.entries[i].value;

		if (user_file_has_member(&file, file.entries[i].name, user) &&
		    (user.len == 0 || memchr(user.data, ' ', user.len) != NULL))
			abort();
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned line_count = 1;

	for (size_t i = 0; i < size; i++)
		line_count += data[i] == '\n';
	check_kind(USER_FILE_PASSWORDS, data, size, line_count);
	check_kind(USER_FILE_DIGESTS, data, size, line_count);
	check_kind(USER_FILE_GROUPS, data, size, line_count);
	return 0;
}
