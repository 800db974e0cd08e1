/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of password, digest and group files. Leaves opening to users.c. Workers,
 * unprivileged, on the administrator's text; pure but for qsort(3). Rules: a hash that
 * crypt(3) would take and that is too weak is refused here, so that it is never tried; no
 * reason that is given for a line quotes it, for it may hold a password.
 * Shown by test_user_file.c and fuzz_users.c. */
#include "workers/handler/user_file.h"

#include <stdlib.h>

#define HASHES_EXPECTED \
	"expected bcrypt ($2y$), yescrypt ($y$), SHA-256 ($5$) or SHA-512 ($6$), as from " \
	"\"htpasswd -B\" or mkpasswd(1)"

/* How many of [./A-Za-z0-9] s begins with. */
static size_t
count_salt_bytes(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (!(c >= '.' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
			break;
	}
	return i;
}

static struct slice
behind(struct slice s, size_t bytes)
{
	return slice_make(s.data + bytes, s.len - bytes);
}

/* $2y$10$ and 53 more */
static bool
is_bcrypt(struct slice hash)
{
	const char *text = hash.data;

	return hash.len == 60 && text[0] == '$' && text[1] == '2' &&
	    (text[2] == 'a' || text[2] == 'b' || text[2] == 'y') && text[3] == '$' &&
	    text[4] >= '0' && text[4] <= '3' && text[5] >= '0' && text[5] <= '9' &&
	    text[6] == '$' && count_salt_bytes(behind(hash, 7)) == 53;
}

/* $y$PARAMETERS$SALT$ and 43 more */
static bool
is_yescrypt(struct slice hash)
{
	size_t params_len, salt_len;

	if (!slice_starts_with(hash, SLICE_LITERAL("$y$")))
		return false;
	hash = behind(hash, 3);
	params_len = count_salt_bytes(hash);
	if (params_len == 0 || params_len == hash.len || hash.data[params_len] != '$')
		return false;
	hash = behind(hash, params_len + 1);
	salt_len = count_salt_bytes(hash);
	if (salt_len > 86 || salt_len == hash.len || hash.data[salt_len] != '$')
		return false;
	hash = behind(hash, salt_len + 1);
	return hash.len == 43 && count_salt_bytes(hash) == 43;
}

/* $5$SALT$ or $5$rounds=N$SALT$ and 43 more; $6$ and 86 */
static bool
is_sha_crypt(struct slice hash)
{
	size_t result_len, salt_len = 0;

	if (slice_starts_with(hash, SLICE_LITERAL("$5$")))
		result_len = 43;
	else if (slice_starts_with(hash, SLICE_LITERAL("$6$")))
		result_len = 86;
	else
		return false;
	hash = behind(hash, 3);
	if (slice_starts_with(hash, SLICE_LITERAL("rounds="))) {
		const char *end = memchr(hash.data, '$', hash.len);

		if (end == NULL)
			return false;
		hash = behind(hash, (size_t)(end - hash.data) + 1);
	}
	while (salt_len < hash.len && hash.data[salt_len] != '$')
		salt_len++;
	if (salt_len == 0 || salt_len > 16 || salt_len == hash.len)
		return false;
	hash = behind(hash, salt_len + 1);
	return hash.len == result_len && count_salt_bytes(hash) == result_len;
}

static bool
is_hex(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F'))
			return false;
	}
	return true;
}

/* The rest of these check a line and cut it into entry. NULL: it is good; else why not. */

static const char *
read_password(struct slice line, const char *colon, struct user_entry *entry)
{
	const char *end;

	entry->name = slice_make(line.data, (size_t)(colon - line.data));
	entry->value = behind(line, entry->name.len + 1);
	end = memchr(entry->value.data, ':', entry->value.len); /* more fields: not ours */
	if (end != NULL)
		entry->value.len = (size_t)(end - entry->value.data);
	entry->value = slice_trim(entry->value);
	if (is_bcrypt(entry->value) || is_yescrypt(entry->value) || is_sha_crypt(entry->value))
		return NULL;
	return "a hash of a kind that is not taken, " HASHES_EXPECTED;
}

static const char *
read_digest(struct slice line, const char *colon, struct user_entry *entry)
{
	const char *last = memrchr(line.data, ':', line.len);

	if (last == colon)
		return "one colon only, expected user:realm:HASH";
	entry->name = slice_make(line.data, (size_t)(last - line.data));
	entry->value = slice_trim(behind(line, entry->name.len + 1));
	if (entry->value.len == 64 && is_hex(entry->value))
		return NULL;
	if (entry->value.len == 32 && is_hex(entry->value))
		return "an MD5 hash, expected SHA-256 of user:realm:password, 64 digits";
	return "no hash, expected SHA-256 of user:realm:password, 64 hexadecimal digits";
}

static const char *
read_group(struct slice line, const char *colon, struct user_entry *entry)
{
	entry->name = slice_trim(slice_make(line.data, (size_t)(colon - line.data)));
	entry->value = slice_trim(behind(line, (size_t)(colon - line.data) + 1));
	return NULL;
}

static const char *
check_bytes(struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.data[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return "a control byte, expected a line of text";
	}
	return NULL;
}

static const char *
read_line(enum user_file_kind kind, struct slice line, struct user_entry *entry)
{
	const char *colon = memchr(line.data, ':', line.len);
	const char *reason = check_bytes(line);

	if (reason != NULL)
		return reason;
	if (colon == NULL)
		return kind == USER_FILE_PASSWORDS ? "no colon, expected user:HASH" :
		    kind == USER_FILE_DIGESTS ? "no colon, expected user:realm:HASH" :
		    "no colon, expected group: user user";
	reason = kind == USER_FILE_PASSWORDS ? read_password(line, colon, entry) :
	    kind == USER_FILE_DIGESTS ? read_digest(line, colon, entry) :
	    read_group(line, colon, entry);
	if (reason == NULL && (colon == line.data || entry->name.len == 0))
		return "no name before the colon, expected one";
	if (reason == NULL && entry->name.len > USER_FILE_NAME_MAX)
		return "a name that is too long";
	return reason;
}

static int
compare_slices(struct slice a, struct slice b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int
compare_entries(const void *a, const void *b)
{
	const struct user_entry *left = a, *right = b;
	int order = compare_slices(left->name, right->name);

	return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

static void
sort_entries(struct user_file *file)
{
	unsigned first_line;

	if (file->count == 0)
		return;
	first_line = file->entries[0].line;
	qsort(file->entries, file->count, sizeof file->entries[0], compare_entries);
	file->first = file->entries;
	while (file->first->line != first_line)
		file->first++;
}

/* False: no room. */
static bool
add_line(enum user_file_kind kind, struct slice line, unsigned number, size_t cap,
    struct user_file *file)
{
	struct user_entry entry = { .line = number };
	struct slice rest = slice_trim(line);
	const char *reason;

	if (rest.len == 0 || rest.data[0] == '#')
		return true;
	reason = read_line(kind, line, &entry);
	if (reason != NULL) {
		if (file->bad_count++ == 0) {
			file->bad_line = number;
			file->bad_reason = reason;
		}
		return true;
	}
	if (file->count == cap)
		return false;
	file->entries[file->count++] = entry;
	return true;
}

bool
user_file_parse(enum user_file_kind kind, char *text, size_t bytes,
    struct user_entry *entries, size_t cap, struct user_file *file_out)
{
	unsigned number = 1;
	bool has_room = true;
	size_t at, end;

	memset(file_out, 0, sizeof *file_out);
	file_out->entries = entries;
	for (at = 0; at < bytes && has_room; at = end + 1, number++) {
		struct slice line;

		for (end = at; end < bytes && text[end] != '\n'; end++)
			continue;
		line = slice_make(text + at, end - at);
		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		has_room = add_line(kind, line, number, cap, file_out);
	}
	/* Only now: no value reaches to where the next one begins. */
	for (at = 0; at < file_out->count; at++) {
		const struct slice *value = &file_out->entries[at].value;

		text[value->data + value->len - text] = '\0';
	}
	sort_entries(file_out);
	return has_room;
}

const struct user_entry *
user_file_find(const struct user_file *file, struct slice name)
{
	size_t low = 0, high = file->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_slices(file->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < file->count && slice_equal(file->entries[low].name, name) ?
	    &file->entries[low] : NULL;
}

static bool
list_holds(struct slice list, struct slice user)
{
	while (list.len > 0) {
		struct slice word;

		list = slice_trim(list);
		word = slice_make(list.data, 0);
		while (word.len < list.len && word.data[word.len] != ' ' &&
		    word.data[word.len] != '\t')
			word.len++;
		if (word.len > 0 && slice_equal(word, user))
			return true;
		list = behind(list, word.len);
	}
	return false;
}

bool
user_file_has_member(const struct user_file *file, struct slice group, struct slice user)
{
	const struct user_entry *entry = user_file_find(file, group);
	const struct user_entry *end = file->entries + file->count;

	for (; entry != NULL && entry < end && slice_equal(entry->name, group); entry++) {
		if (list_holds(entry->value, user))
			return true;
	}
	return false;
}
