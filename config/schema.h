/* SPDX-License-Identifier: BSD-2-Clause */
/* The one table of all directives. The parser's options, the checks, the dump, the
 * suggestions and the comparison with musterd.conf(5) are all made from it. */
#ifndef MUSTER_CONFIG_SCHEMA_H
#define MUSTER_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum schema_scope {
	SCHEMA_GLOBAL,
	SCHEMA_POOL,
	SCHEMA_KEEPALIVE,
	SCHEMA_CACHE,
	SCHEMA_LIMITS,
	SCHEMA_TLS,
	SCHEMA_LOG,
	SCHEMA_LISTEN,
	SCHEMA_HOST,
	SCHEMA_LOCATION,
	SCHEMA_HEADER,
	SCHEMA_ERROR_PAGE,
	SCHEMA_REDIRECT,
	SCHEMA_REWRITE,
	SCHEMA_SCOPE_COUNT,
};

/* In brackets: the C type of its field. The order is that of the groups that the functions
 * schema_is_...() below tell apart. */
enum schema_kind {
	SCHEMA_SECTION,             /* [none] min is the scope inside it */
	SCHEMA_INCLUDE,             /* [none] source.c has dealt with it */

	/* Plain: value.c stores and prints them. */
	SCHEMA_COUNT,               /* whole number [unsigned, size_t, uint64_t] */
	SCHEMA_DURATION_MS,         /* [unsigned] */
	SCHEMA_DURATION_S,          /* whole seconds [unsigned] */
	SCHEMA_SIZE,                /* bytes [size_t, uint64_t] */
	SCHEMA_BOOLEAN,             /* [bool] */
	SCHEMA_WORD,                /* one of words, numbered from min [enum] */
	SCHEMA_CODE,                /* one of words, each a number [unsigned] */
	SCHEMA_RATE,                /* "10/s", or empty [struct config_rate] */
	SCHEMA_NAME,                /* of a user or group; not empty [char *] */
	SCHEMA_MAYBE_NAME,          /* the same, or empty [char *] */
	SCHEMA_PATH,                /* absolute, or empty [char *] */
	SCHEMA_TARGET,              /* absolute path or one of words [char *] */
	SCHEMA_FORMAT,              /* of the access log [char *] */
	SCHEMA_MEDIA_TYPE,          /* "text/html", or empty [char *] */
	SCHEMA_CHARSET,             /* "utf-8", or empty [char *] */
	SCHEMA_FIELD_VALUE,         /* of a header field, or empty [char *] */
	SCHEMA_REALM,               /* not empty, fit for a quoted string as it is [char *] */
	SCHEMA_TEMPLATE,            /* see template.h, compiled by rules.c [char *] */
	SCHEMA_URL_PATH,            /* starts with '/' [char *] */
	SCHEMA_CIPHERS,             /* as OpenSSL writes a list of them, or empty [char *] */
	SCHEMA_CIPHER_NAMES,        /* with colons between, or empty [char *] */

	/* Of more than one field, each with a function in folder.c or alias.c. */
	SCHEMA_ROOT,                /* [root_index] */
	SCHEMA_ALIAS,               /* [is_alias and more] */
	SCHEMA_FILE,                /* absolute path of a file, or empty [struct config_file] */
	SCHEMA_USER_DIR,            /* [user_dir and more] */

	/* Lists: elements.c parses one element each. */
	SCHEMA_FILE_NAMES,
	SCHEMA_TRIES,               /* of try_files */
	SCHEMA_HOST_NAMES,
	SCHEMA_LISTENERS,           /* titles of listen sections */
	SCHEMA_FILES,               /* absolute paths of files */
	SCHEMA_PROTOCOLS,           /* versions of TLS, of words */
	SCHEMA_NETWORKS,
	SCHEMA_LANGUAGES,
	SCHEMA_MEDIA_RANGES,        /* "text/html", "text" and all of it with an asterisk */
	SCHEMA_CODINGS,
	SCHEMA_TYPES,
	SCHEMA_EXPIRIES,
	SCHEMA_ORIGINS,
	SCHEMA_TOKENS,
	SCHEMA_NAMES,               /* of users and groups */
	SCHEMA_STATUSES,
	SCHEMA_DIRECTIVES,          /* of reset */
	SCHEMA_KIND_COUNT,
};
#define SCHEMA_FIRST_STRING SCHEMA_NAME
#define SCHEMA_FIRST_LIST SCHEMA_FILE_NAMES

enum schema_reload {
	SCHEMA_AT_ONCE,             /* new workers use it, the old ones finish first */
	SCHEMA_AT_RESTART,          /* stays what it was until muster is restarted */
};

struct schema_directive {
	const char *name;
	unsigned scopes;            /* SCHEMA_IN(), or-ed */
	enum schema_kind kind;
	const char *default_text;   /* as units.h formats it; lists: elements with spaces */
	uint64_t min, max;          /* of what is stored; ms, s or bytes by kind; lists: max is
	                             * the most elements, inherited ones included */
	const char *words;          /* with spaces between; NULL: none */
	size_t field_offset;        /* in the struct of its scope, see value.h */
	size_t field_bytes;
	size_t count_offset;        /* lists: of the number of elements; else 0 */
	bool is_inheritable;        /* global < host < location; in struct config_settings */
	bool has_title;             /* sections that may stand more than once */
	enum schema_reload reload;
	const char *meaning;
};
#define SCHEMA_IN(scope) (1u << (scope))
#define SCHEMA_LOCATION_DEPTH 4 /* locations within each other */

/* The table's rows, in the order of the dump. */
const struct schema_directive *schema_rows(size_t *count_out);
/* NULL: there is none of that name in that scope. */
const struct schema_directive *schema_find(enum schema_scope scope, const char *name);
/* "pool"; the global scope is "global". */
const char *schema_scope_name(enum schema_scope scope);
/* What a value has to be, fit to follow "expected ". */
void schema_expected(const struct schema_directive *row, char *text, size_t text_bytes);
/* "1 to 65536" in the units of the configuration; "" where there is no range. */
void schema_range(const struct schema_directive *row, char *text, size_t text_bytes);
/* Which of the row's words the text is; -1: none. */
int schema_word(const struct schema_directive *row, const char *text);
bool schema_is_list(const struct schema_directive *row);
/* value.c knows it: neither section, include nor list, and only one field. */
bool schema_is_plain(const struct schema_directive *row);
/* Inner scopes start with what outer ones set: the name may stand in reset. */
bool schema_is_passed_on(const struct schema_directive *row);

#endif
