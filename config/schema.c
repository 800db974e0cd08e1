/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be said about a directive without a value of it: where it may stand, what it
 * expects, within which range. The table itself is directives.c; how a value is parsed and
 * stored is value.c and elements.c. Pure; every process may read it. Messages and the manual
 * take their words from here. Shown by tests/unit/config/test_schema.c and
 * tests/lint/directives.sh. */
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

#include "config/directives.h"
#include "config/network.h"
#include "config/units.h"

#define SECOND_MS 1000u

const struct schema_directive *
schema_rows(size_t *count_out)
{
	*count_out = directives_count;
	return directives;
}

const struct schema_directive *
schema_find(enum schema_scope scope, const char *name)
{
	for (size_t i = 0; i < directives_count; i++) {
		const struct schema_directive *row = &directives[i];

		if ((row->scopes & SCHEMA_IN(scope)) != 0 && strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

const char *
schema_scope_name(enum schema_scope scope)
{
	static const char *const names[SCHEMA_SCOPE_COUNT] = {
		[SCHEMA_GLOBAL] = "global", [SCHEMA_POOL] = "pool",
		[SCHEMA_KEEPALIVE] = "keepalive", [SCHEMA_CACHE] = "cache",
		[SCHEMA_LIMITS] = "limits", [SCHEMA_TLS] = "tls",
		[SCHEMA_LOG] = "log", [SCHEMA_LISTEN] = "listen",
		[SCHEMA_HOST] = "host", [SCHEMA_LOCATION] = "location",
		[SCHEMA_HEADER] = "header", [SCHEMA_ERROR_PAGE] = "error_page",
		[SCHEMA_REDIRECT] = "redirect", [SCHEMA_REWRITE] = "rewrite",
	};

	return names[scope];
}

bool
schema_is_list(const struct schema_directive *row)
{
	return row->kind >= SCHEMA_FIRST_LIST;
}

bool
schema_is_plain(const struct schema_directive *row)
{
	return row->kind > SCHEMA_INCLUDE && row->kind < SCHEMA_ROOT;
}

bool
schema_is_passed_on(const struct schema_directive *row)
{
	return row->is_inheritable || (row->kind == SCHEMA_SECTION &&
	    (row->scopes & SCHEMA_IN(SCHEMA_LOCATION)) != 0 && row->min != SCHEMA_LOCATION);
}

int
schema_word(const struct schema_directive *row, const char *text)
{
	int index = 0;

	for (const char *word = row->words; word != NULL; index++) {
		size_t bytes = strcspn(word, " ");

		if (bytes == strlen(text) && memcmp(word, text, bytes) == 0)
			return index;
		word = word[bytes] == '\0' ? NULL : word + bytes + 1;
	}
	return -1;
}

static void
format_bound(enum schema_kind kind, uint64_t bound, char *text)
{
	if (kind == SCHEMA_COUNT)
		units_format_count(bound, text, UNITS_TEXT_BYTES);
	else if (kind == SCHEMA_SIZE)
		units_format_size(bound, text, UNITS_TEXT_BYTES);
	else
		units_format_duration(kind == SCHEMA_DURATION_S ? bound * SECOND_MS : bound, text,
		    UNITS_TEXT_BYTES);
}

void
schema_range(const struct schema_directive *row, char *text, size_t text_bytes)
{
	char least[UNITS_TEXT_BYTES], most[UNITS_TEXT_BYTES];

	text[0] = '\0';
	if (row->kind != SCHEMA_COUNT && row->kind != SCHEMA_SIZE &&
	    row->kind != SCHEMA_DURATION_MS && row->kind != SCHEMA_DURATION_S)
		return;
	format_bound(row->kind, row->min, least);
	format_bound(row->kind, row->max, most);
	snprintf(text, text_bytes, "%s to %s", least, most);
}

/* "error", "warn" or "debug"; in quotes. */
static void
list_words(const char *words, char *text, size_t text_bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (const char *word = words; word != NULL && used < text_bytes;) {
		size_t bytes = strcspn(word, " ");
		const char *after = word[bytes] == '\0' ? NULL : word + bytes + 1;
		const char *mark = word == words ? "" : after == NULL ? " or " : ", ";

		used += (size_t)snprintf(text + used, text_bytes - used, "%s\"%.*s\"", mark,
		    (int)bytes, word);
		word = after;
	}
}

/* What follows it is the range or the words. */
static const char *const what[SCHEMA_KIND_COUNT] = {
	[SCHEMA_SECTION] = "a section",
	[SCHEMA_INCLUDE] = "a path in parentheses",
	[SCHEMA_COUNT] = "a whole number from ",
	[SCHEMA_DURATION_MS] = "a duration with its unit (ms, s, m, h, d) from ",
	[SCHEMA_DURATION_S] = "a duration in whole seconds with its unit "
	    "(s, m, h, d) from ",
	[SCHEMA_SIZE] = "a size in bytes or with its unit (k, M, G, T) from ",
	[SCHEMA_BOOLEAN] = "true or false",
	[SCHEMA_WORD] = "",
	[SCHEMA_CODE] = "",
	[SCHEMA_NAME] = "a name",
	[SCHEMA_MAYBE_NAME] = "a name, or \"\"",
	[SCHEMA_PATH] = "an absolute path or \"\"",
	[SCHEMA_TARGET] = "an absolute path, ",
	[SCHEMA_FORMAT] = "\"common\", \"combined\", \"json\" or a format string",
	[SCHEMA_MEDIA_TYPE] = "a media type such as \"text/plain\", or \"\"",
	[SCHEMA_CHARSET] = "the name of a character set such as \"utf-8\", or \"\"",
	[SCHEMA_FIELD_VALUE] = "the value of a header field without blanks around it",
	[SCHEMA_REALM] = "a text without quotes and backslashes",
	[SCHEMA_TEMPLATE] = "a path or an address",
	[SCHEMA_URL_PATH] = "a path that starts with \"/\", without \".\" and \"..\"",
	[SCHEMA_CIPHERS] = "ciphers as in openssl-ciphers(1), such as "
	    "\"ECDHE+AESGCM:!SHA1\", or \"\"",
	[SCHEMA_CIPHER_NAMES] = "names with \":\" between them, or \"\"",
	[SCHEMA_ROOT] = "an absolute path without \".\" and \"..\", or \"\"",
	[SCHEMA_ALIAS] = "an absolute path without \".\" and \"..\", or \"\"",
	[SCHEMA_FILE] = "an absolute path of a file without \".\" and \"..\", or \"\"",
	[SCHEMA_USER_DIR] = "an absolute path with \"*\" in place of the user, such as "
	    "\"/home/*/public_html\", or \"\"",
	[SCHEMA_RATE] = "a rate such as \"10/s\" or \"600/m\", or \"\"",
	[SCHEMA_FILE_NAMES] = "names of files without \"/\"",
	[SCHEMA_TRIES] = "\"$uri\", \"$uri/\", a path that starts with \"/\", or at the "
	    "end a status such as \"=404\"",
	[SCHEMA_HOST_NAMES] = "names of hosts",
	[SCHEMA_LISTENERS] = "titles of listen sections",
	[SCHEMA_FILES] = "absolute paths of files",
	[SCHEMA_PROTOCOLS] = "",
	[SCHEMA_NETWORKS] = NETWORK_EXPECTED,
	[SCHEMA_LANGUAGES] = "language tags such as \"de\" or \"pt-br\"",
	[SCHEMA_MEDIA_RANGES] = "media types such as \"text/css\" or \"text/*\"",
	[SCHEMA_CODINGS] = "\"zstd\", \"br\" or \"gzip\"",
	[SCHEMA_TYPES] = "a media type and its extensions, such as "
	    "\"text/x-foo foo bar\"",
	[SCHEMA_EXPIRIES] = "a media type and a duration or \"off\", such as "
	    "\"image/* 30d\" or \"* 1h\"",
	[SCHEMA_ORIGINS] = "origins such as \"https://example.org\", or \"*\"",
	[SCHEMA_TOKENS] = "names of header fields",
	[SCHEMA_NAMES] = "names without blanks and colons",
	[SCHEMA_STATUSES] = "a status such as \"404\", or \"5xx\"",
	[SCHEMA_DIRECTIVES] = "names of inherited directives, or \"all\"",
};

void
schema_expected(const struct schema_directive *row, char *text, size_t text_bytes)
{
	char range[2 * UNITS_TEXT_BYTES + 8], words[160];

	schema_range(row, range, sizeof(range));
	list_words(row->words, words, sizeof(words));
	snprintf(text, text_bytes, "%s%s%s", what[row->kind], range, words);
}
