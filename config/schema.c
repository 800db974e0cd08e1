/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of directives, and what can be said about a row. How a value is parsed
 * and stored is value.c; what several values mean together is validate.c. Pure
 * data; every process may read it. A directive exists only if it has a row here
 * and an entry in musterd.conf(5) that says the same.
 * Shown by tests/unit/config/test_schema.c and tests/lint/manual.sh. */
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/units.h"

#ifndef MUSTER_LOCALSTATEDIR    /* configure says */
#define MUSTER_LOCALSTATEDIR "/var"
#endif
#define LOG_FOLDER MUSTER_LOCALSTATEDIR "/log/muster"

#define FIELD(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define GLOBAL SCHEMA_IN(SCHEMA_GLOBAL)
#define POOL SCHEMA_IN(SCHEMA_POOL)
#define KEEPALIVE SCHEMA_IN(SCHEMA_KEEPALIVE)
#define LIMITS SCHEMA_IN(SCHEMA_LIMITS)
#define LOG SCHEMA_IN(SCHEMA_LOG)
#define LISTEN SCHEMA_IN(SCHEMA_LISTEN)
#define HOST SCHEMA_IN(SCHEMA_HOST)
#define LOCATION SCHEMA_IN(SCHEMA_LOCATION)
#define EVERYWHERE (SCHEMA_IN(SCHEMA_SCOPE_COUNT) - 1)
#define INHERITED (GLOBAL | HOST | LOCATION)

#define SECOND 1000u
#define DAY (86400u * SECOND)
#define KIBIBYTE 1024u
#define MEBIBYTE (1024u * KIBIBYTE)
#define TEBIBYTE (UINT64_C(1) << 40)
#define REQUESTS_MAX 1000000000u

#define NO_RANGE 0, 0, NULL
#define SECTION(word, outer, inner, titled, does) \
	{ word, outer, SCHEMA_SECTION, "", inner, 0, NULL, 0, 0, false, titled, \
	    SCHEMA_AT_ONCE, does }

/* name, scopes, kind, default, min, max, words, field, inheritable, title, reload, meaning */
static const struct schema_directive rows[] = {
	{ "include", EVERYWHERE, SCHEMA_INCLUDE, "", NO_RANGE, 0, 0, false, false,
	    SCHEMA_AT_ONCE, "puts other files in place" },
	{ "user", GLOBAL, SCHEMA_NAME, "www-data", NO_RANGE, FIELD(config, user), false, false,
	    SCHEMA_AT_ONCE, "the user that workers run as" },
	{ "group", GLOBAL, SCHEMA_NAME, "www-data", NO_RANGE, FIELD(config, group), false, false,
	    SCHEMA_AT_ONCE, "the group that workers run as" },
	{ "pid_file", GLOBAL, SCHEMA_PATH, "/run/musterd.pid", NO_RANGE, FIELD(config, pid_file),
	    false, false, SCHEMA_AT_RESTART, "holds the process id of the master, locked" },
	{ "chroot", GLOBAL, SCHEMA_PATH, "", NO_RANGE, FIELD(config, chroot), false, false,
	    SCHEMA_AT_ONCE, "the directory that workers are locked into" },
	{ "types_file", GLOBAL, SCHEMA_PATH, "/etc/mime.types", NO_RANGE,
	    FIELD(config, types_file), false, false, SCHEMA_AT_ONCE,
	    "media types by file extension" },

	{ "default", HOST, SCHEMA_BOOLEAN, "false", NO_RANGE, FIELD(config_host, is_default),
	    false, false, SCHEMA_AT_ONCE, "serves requests that name no known host" },
	{ "aliases", HOST, SCHEMA_HOST_NAMES, "", NO_RANGE, FIELD(config_host, aliases),
	    false, false, SCHEMA_AT_ONCE, "more names of the host" },

	{ "alias", LOCATION, SCHEMA_ALIAS, "", NO_RANGE, FIELD(config_location, is_alias),
	    false, false, SCHEMA_AT_ONCE, "stands in the file system for the location's path" },
	{ "root", INHERITED, SCHEMA_ROOT, "", NO_RANGE, FIELD(config_settings, root_index),
	    true, false, SCHEMA_AT_ONCE, "the directory that files are served from" },
	{ "index", INHERITED, SCHEMA_FILE_NAMES, "index.html", NO_RANGE,
	    FIELD(config_settings, index), true, false, SCHEMA_AT_ONCE,
	    "file names to try for a directory" },
	{ "follow_symlinks", INHERITED, SCHEMA_BOOLEAN, "false", NO_RANGE,
	    FIELD(config_settings, follow_symlinks), true, false, SCHEMA_AT_ONCE,
	    "symbolic links may lead out of the root" },
	{ "dot_files", INHERITED, SCHEMA_BOOLEAN, "false", NO_RANGE,
	    FIELD(config_settings, dot_files), true, false, SCHEMA_AT_ONCE,
	    "names that start with a dot are served" },
	{ "etag", INHERITED, SCHEMA_BOOLEAN, "true", NO_RANGE, FIELD(config_settings, etag),
	    true, false, SCHEMA_AT_ONCE, "answers carry an entity tag" },
	{ "max_ranges", INHERITED, SCHEMA_COUNT, "16", 0, 64, NULL,
	    FIELD(config_settings, max_range_count), true, false, SCHEMA_AT_ONCE,
	    "ranges in one request" },
	{ "default_type", INHERITED, SCHEMA_MEDIA_TYPE, "application/octet-stream", NO_RANGE,
	    FIELD(config_settings, default_type), true, false, SCHEMA_AT_ONCE,
	    "media type of an unknown extension" },
	{ "charset", INHERITED, SCHEMA_CHARSET, "utf-8", NO_RANGE,
	    FIELD(config_settings, charset), true, false, SCHEMA_AT_ONCE,
	    "character set named with text types" },

	SECTION("pool", GLOBAL, SCHEMA_POOL, false, "how many workers there are"),
	{ "start", POOL, SCHEMA_COUNT, "8", 1, 65536, NULL, FIELD(config_pool, start_count),
	    false, false, SCHEMA_AT_ONCE, "workers at start, per listening socket" },
	{ "min_idle", POOL, SCHEMA_COUNT, "4", 1, 65536, NULL, FIELD(config_pool, min_idle_count),
	    false, false, SCHEMA_AT_ONCE, "idle workers kept ready, per listening socket" },
	{ "max_idle", POOL, SCHEMA_COUNT, "32", 1, 65536, NULL, FIELD(config_pool, max_idle_count),
	    false, false, SCHEMA_AT_ONCE, "more idle workers are retired, per listening socket" },
	{ "max_workers", POOL, SCHEMA_COUNT, "512", 1, 65536, NULL,
	    FIELD(config_pool, max_worker_count), false, false, SCHEMA_AT_ONCE,
	    "workers of all listening sockets together" },
	{ "max_requests", POOL, SCHEMA_COUNT, "10000", 0, REQUESTS_MAX, NULL,
	    FIELD(config_pool, max_request_count), false, false, SCHEMA_AT_ONCE,
	    "requests after which a worker is replaced" },

	SECTION("keepalive", GLOBAL, SCHEMA_KEEPALIVE, false, "connections between requests"),
	{ "timeout", KEEPALIVE, SCHEMA_DURATION_MS, "75s", 0, DAY, NULL,
	    FIELD(config_keepalive, timeout_ms), false, false, SCHEMA_AT_ONCE,
	    "wait for the next request" },
	{ "linger", KEEPALIVE, SCHEMA_DURATION_MS, "50ms", 0, 60 * SECOND, NULL,
	    FIELD(config_keepalive, linger_ms), false, false, SCHEMA_AT_ONCE,
	    "the same while no worker is idle" },
	{ "max_requests", KEEPALIVE, SCHEMA_COUNT, "1000", 0, REQUESTS_MAX, NULL,
	    FIELD(config_keepalive, max_request_count), false, false, SCHEMA_AT_ONCE,
	    "requests on one connection" },

	SECTION("limits", GLOBAL, SCHEMA_LIMITS, false, "what a client may take"),
	{ "header_timeout", LIMITS, SCHEMA_DURATION_MS, "15s", 1, DAY, NULL,
	    FIELD(config_limits, header_timeout_ms), false, false, SCHEMA_AT_ONCE,
	    "time for a whole request header" },
	{ "body_timeout", LIMITS, SCHEMA_DURATION_MS, "30s", 1, DAY, NULL,
	    FIELD(config_limits, body_timeout_ms), false, false, SCHEMA_AT_ONCE,
	    "time for each 64 KiB of a request body" },
	{ "send_timeout", LIMITS, SCHEMA_DURATION_MS, "30s", 1, DAY, NULL,
	    FIELD(config_limits, send_timeout_ms), false, false, SCHEMA_AT_ONCE,
	    "time for each 64 KiB of an answer" },
	{ "drain_timeout", LIMITS, SCHEMA_DURATION_MS, "30s", 1, DAY, NULL,
	    FIELD(config_limits, drain_timeout_ms), false, false, SCHEMA_AT_ONCE,
	    "time for the last request of an old worker" },
	{ "request_line", LIMITS, SCHEMA_SIZE, "8k", 256, MEBIBYTE, NULL,
	    FIELD(config_limits, request_line_bytes), false, false, SCHEMA_AT_ONCE,
	    "length of a request line" },
	{ "header_size", LIMITS, SCHEMA_SIZE, "32k", KIBIBYTE, MEBIBYTE, NULL,
	    FIELD(config_limits, header_bytes), false, false, SCHEMA_AT_ONCE,
	    "size of a request line and its header fields" },
	{ "header_fields", LIMITS, SCHEMA_COUNT, "100", 1, 200, NULL,
	    FIELD(config_limits, header_field_count), false, false, SCHEMA_AT_ONCE,
	    "header fields in a request" },
	{ "body_size", LIMITS, SCHEMA_SIZE, "64M", 0, TEBIBYTE, NULL,
	    FIELD(config_limits, body_bytes), false, false, SCHEMA_AT_ONCE,
	    "size of a request body" },

	SECTION("log", GLOBAL, SCHEMA_LOG, false, "where messages go"),
	{ "error", LOG, SCHEMA_TARGET, LOG_FOLDER "/error.log", 0, 0, "stderr syslog",
	    FIELD(config_log, error), false, false, SCHEMA_AT_ONCE, "where errors are written" },
	{ "level", LOG, SCHEMA_WORD, "notice", CONFIG_LEVEL_ERROR, CONFIG_LEVEL_DEBUG,
	    "error warn notice info debug", FIELD(config_log, level), false, false,
	    SCHEMA_AT_ONCE, "least important message that is written" },
	{ "access", LOG, SCHEMA_TARGET, LOG_FOLDER "/access.log", 0, 0,
	    "stdout stderr syslog off", FIELD(config_log, access), false, false,
	    SCHEMA_AT_ONCE, "where requests are written" },
	{ "format", LOG, SCHEMA_FORMAT, "combined", NO_RANGE, FIELD(config_log, format),
	    false, false, SCHEMA_AT_ONCE, "what is written of a request" },
	{ "buffer", LOG, SCHEMA_SIZE, "0", 0, MEBIBYTE, NULL, FIELD(config_log, buffer_bytes),
	    false, false, SCHEMA_AT_ONCE, "bytes a worker gathers before it writes" },
	{ "flush", LOG, SCHEMA_DURATION_MS, "1s", 1, 3600 * SECOND, NULL,
	    FIELD(config_log, flush_ms), false, false, SCHEMA_AT_ONCE,
	    "longest wait of a gathered record" },

	SECTION("listen", GLOBAL, SCHEMA_LISTEN, true, "an address to listen on"),
	{ "backlog", LISTEN, SCHEMA_COUNT, "1024", 1, 65535, NULL,
	    FIELD(config_listener, backlog_count), false, false, SCHEMA_AT_ONCE,
	    "connections the kernel queues" },
	{ "defer_accept", LISTEN, SCHEMA_DURATION_S, "1s", 0, 60, NULL,
	    FIELD(config_listener, defer_accept_s), false, false, SCHEMA_AT_ONCE,
	    "the kernel waits for the first bytes of a request" },

	SECTION("host", GLOBAL, SCHEMA_HOST, true, "a site"),
	SECTION("location", HOST, SCHEMA_LOCATION, true, "a part of a site"),
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const struct schema_directive *
schema_rows(size_t *count_out)
{
	*count_out = ROW_COUNT;
	return rows;
}

const struct schema_directive *
schema_find(enum schema_scope scope, const char *name)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if ((rows[i].scopes & SCHEMA_IN(scope)) != 0 && strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

const char *
schema_scope_name(enum schema_scope scope)
{
	static const char *const names[SCHEMA_SCOPE_COUNT] = {
		[SCHEMA_GLOBAL] = "global", [SCHEMA_POOL] = "pool",
		[SCHEMA_KEEPALIVE] = "keepalive", [SCHEMA_LIMITS] = "limits",
		[SCHEMA_LOG] = "log", [SCHEMA_LISTEN] = "listen",
		[SCHEMA_HOST] = "host", [SCHEMA_LOCATION] = "location",
	};

	return names[scope];
}

bool
schema_is_list(const struct schema_directive *row)
{
	return row->kind == SCHEMA_FILE_NAMES || row->kind == SCHEMA_HOST_NAMES;
}

static void
format_bound(enum schema_kind kind, uint64_t bound, char *text)
{
	if (kind == SCHEMA_COUNT)
		units_format_count(bound, text, UNITS_TEXT_BYTES);
	else if (kind == SCHEMA_SIZE)
		units_format_size(bound, text, UNITS_TEXT_BYTES);
	else
		units_format_duration(kind == SCHEMA_DURATION_S ? bound * SECOND : bound, text,
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

void
schema_expected(const struct schema_directive *row, char *text, size_t text_bytes)
{
	static const char *const what[] = {
		[SCHEMA_COUNT] = "a whole number from ",
		[SCHEMA_DURATION_MS] = "a duration with its unit (ms, s, m, h, d) from ",
		[SCHEMA_DURATION_S] = "a duration in whole seconds with its unit (s, m) from ",
		[SCHEMA_SIZE] = "a size in bytes or with its unit (k, M, G, T) from ",
		[SCHEMA_BOOLEAN] = "true or false",
		[SCHEMA_WORD] = "",
		[SCHEMA_NAME] = "a name",
		[SCHEMA_PATH] = "an absolute path or \"\"",
		[SCHEMA_TARGET] = "an absolute path, ",
		[SCHEMA_FORMAT] = "\"common\", \"combined\", \"json\" or a format string",
		[SCHEMA_MEDIA_TYPE] = "a media type such as \"text/plain\", or \"\"",
		[SCHEMA_CHARSET] = "the name of a character set such as \"utf-8\", or \"\"",
		[SCHEMA_ROOT] = "an absolute path without \".\" and \"..\", or \"\"",
		[SCHEMA_ALIAS] = "an absolute path without \".\" and \"..\", or \"\"",
		[SCHEMA_FILE_NAMES] = "names of files without \"/\"",
		[SCHEMA_HOST_NAMES] = "names of hosts",
	};
	char range[2 * UNITS_TEXT_BYTES + 8], words[128];

	schema_range(row, range, sizeof(range));
	list_words(row->words, words, sizeof(words));
	snprintf(text, text_bytes, "%s%s%s", what[row->kind], range, words);
}
