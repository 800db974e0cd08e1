/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts with variables, as in redirect.to and rewrite.to: "/new/$1?id=$2", "https://$host$path".
 * Compiled with the configuration; workers/handler/expand.c puts the values in. Pure. */
#ifndef MUSTER_CONFIG_TEMPLATE_H
#define MUSTER_CONFIG_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

enum template_part_kind {
	TEMPLATE_TEXT,              /* as it is; "$$" gives "$" */
	TEMPLATE_CAPTURE,           /* $0 to $9, ${0} to ${9} */
	TEMPLATE_HOST,              /* $host: of the request, without port, lower case */
	TEMPLATE_SCHEME,            /* $scheme: http or https */
	TEMPLATE_PATH,              /* $path, $uri: decoded and normalised, before any rewrite
	                             * of this scope */
	TEMPLATE_QUERY,             /* $query, $args: as sent, without '?' */
	TEMPLATE_REQUEST_URI,       /* $request_uri: path and query as sent */
	TEMPLATE_REST,              /* $rest: of a prefix: what follows it, without leading '/' */
};
struct template_part {
	enum template_part_kind kind;
	char *text;                 /* TEMPLATE_TEXT, else NULL */
	unsigned capture;           /* TEMPLATE_CAPTURE */
};
struct template {
	struct template_part *parts;
	size_t part_count;
	bool has_query;             /* a '?' stands in the text: the request's query is not
	                             * put behind it */
	bool is_absolute;           /* begins with "scheme://", "$scheme://" or "//" */
	unsigned capture_max;       /* the highest $n; 0: none but perhaps $0 */
};

/* NULL: errbuf says what was expected. malloc'd. */
struct template *template_compile(const char *text, char *errbuf, size_t errbuf_bytes);
void template_free(struct template **template);

#endif
