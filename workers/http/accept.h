/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client would rather have: Accept-Encoding and Accept-Language (RFC 9110 12.4.2,
 * 12.5.3, 12.5.4). Field lines of one name are one list; an element that is malformed says
 * nothing. Pure. */
#ifndef MUSTER_HTTP_ACCEPT_H
#define MUSTER_HTTP_ACCEPT_H

#include <stddef.h>

#include "workers/http/parse.h"

enum accept_coding {            /* content codings (RFC 9110 8.4.1, RFC 7932, RFC 8878) */
	ACCEPT_IDENTITY,
	ACCEPT_GZIP,
	ACCEPT_BR,
	ACCEPT_ZSTD,
};
#define ACCEPT_CODING_COUNT 4

/* As in Content-Encoding: "gzip", "br", "zstd"; empty for the identity. Static. */
struct slice accept_coding_name(enum accept_coding coding);
/* The best of offered[0..offered_count), which holds what can be had besides the identity, best
 * first: that decides among those the client likes equally well, and any of them comes
 * before the identity then. The identity also when nothing is acceptable, and when the client
 * has not asked for a coding. */
enum accept_coding accept_coding(const struct http_request *request,
    const enum accept_coding *offered, size_t offered_count);

#define ACCEPT_REFUSED (-1)
/* How well the client likes a language: 1 to 1000; 0: it does not name it, or nothing at all;
 * ACCEPT_REFUSED: it excludes it (q=0). The closest range that the tag lies in counts ("de"
 * for "de-AT", RFC 4647 3.3.1); else the best that the tag is a generalisation of ("de-AT" for
 * "de", RFC 4647 3.4); else "*". tag: a language tag, any case. */
int accept_language(const struct http_request *request, struct slice tag);

#endif
