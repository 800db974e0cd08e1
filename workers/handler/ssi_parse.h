/* SPDX-License-Identifier: BSD-2-Clause */
/* Server-side includes as text: a page is cut into plain parts and elements,
 * <!--#name attribute="value" ... -->. Pure; all slices point into the page. */
#ifndef MUSTER_HANDLER_SSI_PARSE_H
#define MUSTER_HANDLER_SSI_PARSE_H

#include "workers/mem/arena.h"
#include "workers/mem/slice.h"

enum ssi_token_kind {
	SSI_TOKEN_END,
	SSI_TOKEN_TEXT,
	SSI_TOKEN_ELEMENT,
	SSI_TOKEN_UNFINISHED,       /* an element without "-->": it takes the rest */
};

struct ssi_token {
	enum ssi_token_kind kind;
	struct slice text;          /* of the page, all of the token */
	struct slice name;          /* ELEMENT: as written, may be empty */
	struct slice attributes;    /* ELEMENT: what stands behind the name */
	unsigned line;              /* where it begins, from 1 */
};

struct ssi_scanner {                /* caller's storage, private to ssi_parse.c */
	struct slice rest;
	unsigned line;
};

void ssi_scan_init(struct ssi_scanner *scanner, struct slice page);
/* The tokens together are the page. */
void ssi_scan_next(struct ssi_scanner *scanner, struct ssi_token *token_out);

struct ssi_attribute {
	struct slice name;          /* as written */
	struct slice value;         /* without its quotes, escapes still in it */
	char quote;                 /* " ' ` or 0 */
};
/* Takes the next attribute off token.attributes. 1: got one; 0: the end; -1: it is none. */
int ssi_next_attribute(struct slice *attributes, struct ssi_attribute *attribute_out);
/* The value with \" as " (where that is its quote). False: no memory. */
bool ssi_unescape(struct arena *arena, const struct ssi_attribute *attribute,
    struct slice *value_out);

#endif
