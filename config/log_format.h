/* SPDX-License-Identifier: BSD-2-Clause */
/* Access log formats: the text compiled to a list of steps, so that a mistake is found
 * with the configuration and a worker only walks the list. Rendering is
 * workers/conn/log_render.c. Directives as in Apache httpd's mod_log_config. */
#ifndef MUSTER_CONFIG_LOG_FORMAT_H
#define MUSTER_CONFIG_LOG_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

enum log_step_kind {
	LOG_STEP_TEXT,              /* text as it is */
	LOG_STEP_CLIENT,            /* %h %a  client address */
	LOG_STEP_IDENT,             /* %l     always "-" */
	LOG_STEP_USER,              /* %u */
	LOG_STEP_TIME,              /* %t     [10/Oct/2000:13:55:36 -0700] */
	LOG_STEP_REQUEST_LINE,      /* %r */
	LOG_STEP_STATUS,            /* %s %>s */
	LOG_STEP_BODY_BYTES,        /* %B */
	LOG_STEP_BODY_BYTES_CLF,    /* %b     "-" for 0 */
	LOG_STEP_SENT_BYTES,        /* %O */
	LOG_STEP_RECEIVED_BYTES,    /* %I */
	LOG_STEP_DURATION_US,       /* %D */
	LOG_STEP_DURATION_S,        /* %T %{s}T  whole seconds */
	LOG_STEP_DURATION_MS,       /* %{ms}T */
	LOG_STEP_METHOD,            /* %m */
	LOG_STEP_TARGET,            /* %U     path without the query */
	LOG_STEP_QUERY,             /* %q     "?..." or nothing */
	LOG_STEP_PROTOCOL,          /* %H */
	LOG_STEP_HOST,              /* %v %V */
	LOG_STEP_PID,               /* %P */
	LOG_STEP_CONNECTION_STATUS, /* %X     X aborted, + kept alive, - closed */
	LOG_STEP_KEEPALIVE_COUNT,   /* %k     earlier requests of the connection */
	LOG_STEP_FIELD,             /* %{Name}i  text is the name */
	LOG_STEP_ANSWER_FIELD,      /* %{Name}o  the same of the answer */
	LOG_STEP_PEER,              /* %{c}a  the connection's address, be it a proxy's */
	LOG_STEP_PORT,              /* %p     that the client came to */
	LOG_STEP_ID,                /* %L     of the request, no other has it */
	LOG_STEP_TLS_PROTOCOL,      /* %{SSL_PROTOCOL}x  "TLSv1.3", or "-" without TLS */
	LOG_STEP_TLS_CIPHER,        /* %{SSL_CIPHER}x    OpenSSL's name */
	LOG_STEP_TLS_CLIENT_SUBJECT, /* %{SSL_CLIENT_S_DN}x  of its certificate, or "-" */
	LOG_STEP_TLS_CLIENT_VERIFY, /* %{SSL_CLIENT_VERIFY}x  "NONE", "SUCCESS", or "-" */
	LOG_STEP_TLS_SNI,           /* %{SSL_TLS_SNI}x   the host it asked for, or "-" */
};

struct log_step {
	enum log_step_kind kind;
	char *text;                 /* NULL where the kind needs none */
};

struct log_format {
	struct log_step *steps;
	size_t step_count;
	bool is_json;               /* rendered whole by log_render; no steps */
};

/* What a record of a compiled format takes at least: its own text, the longest form of each
 * number and time, and 4 bytes for each value that a client decides. Never more than this, so
 * that every record is whole within LOG_RECORD_MIN bytes (workers/conn/log_render.h). */
#define LOG_FORMAT_LEAST_MAX 1000

/* name_or_format: "common", "combined", "json" or a string with % directives ("%%" a
 * percent sign). malloc'd; NULL: not valid, and what was expected in errbuf. */
struct log_format *log_format_compile(const char *name_or_format, char *errbuf,
    size_t errbuf_bytes);
void log_format_free(struct log_format **format);

#endif
