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
	SCHEMA_LIMITS,
	SCHEMA_LOG,
	SCHEMA_LISTEN,
	SCHEMA_HOST,
	SCHEMA_LOCATION,
	SCHEMA_SCOPE_COUNT,
};

enum schema_kind {              /* in brackets: the C type of its field */
	SCHEMA_SECTION,             /* [none] min is the scope inside it */
	SCHEMA_INCLUDE,             /* [none] source.c has dealt with it */
	SCHEMA_COUNT,               /* whole number [unsigned, size_t, uint64_t] */
	SCHEMA_DURATION_MS,         /* [unsigned] */
	SCHEMA_DURATION_S,          /* whole seconds [unsigned] */
	SCHEMA_SIZE,                /* bytes [size_t, uint64_t] */
	SCHEMA_BOOLEAN,             /* [bool] */
	SCHEMA_WORD,                /* one of words, numbered from min [enum] */
	SCHEMA_NAME,                /* of a user or group; not empty [char *] */
	SCHEMA_PATH,                /* absolute, or empty [char *] */
	SCHEMA_TARGET,              /* absolute path or one of words [char *] */
	SCHEMA_FORMAT,              /* of the access log [char *] */
	SCHEMA_MEDIA_TYPE,          /* "text/html", or empty [char *] */
	SCHEMA_CHARSET,             /* "utf-8", or empty [char *] */
	SCHEMA_ROOT,                /* [root_index] */
	SCHEMA_ALIAS,               /* [root_index, alias_file] */
	SCHEMA_FILE_NAMES,          /* list [index] */
	SCHEMA_HOST_NAMES,          /* list [aliases] */
};

enum schema_reload {
	SCHEMA_AT_ONCE,             /* new workers use it, the old ones finish first */
	SCHEMA_AT_RESTART,          /* stays what it was until muster is restarted */
};

struct schema_directive {
	const char *name;
	unsigned scopes;            /* SCHEMA_IN(), or-ed */
	enum schema_kind kind;
	const char *default_text;   /* as units.h formats it; lists: names with spaces */
	uint64_t min, max;          /* of what is stored; ms, s or bytes by kind */
	const char *words;          /* with spaces between; NULL: none */
	size_t field_offset;        /* in the struct of its scope, see value.h */
	size_t field_bytes;
	bool is_inheritable;        /* global < host < location; in struct config_settings */
	bool has_title;             /* sections: listen, host, location */
	enum schema_reload reload;
	const char *meaning;
};
#define SCHEMA_IN(scope) (1u << (scope))

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
bool schema_is_list(const struct schema_directive *row);

#endif
