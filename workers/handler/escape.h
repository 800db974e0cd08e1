/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of others, put into HTML, JSON and links so that it stays text. */
#ifndef MUSTER_HANDLER_ESCAPE_H
#define MUSTER_HANDLER_ESCAPE_H

#include "workers/handler/content.h"

/* For the text of an element and for attribute values in quotes of either kind: bytes from
 * 0x80 on stay, since the page's charset is not known. */
void escape_html(struct content *out, struct slice s);
/* The same in a page of UTF-8: control characters and what is not UTF-8 become U+FFFD. */
void escape_html_utf8(struct content *out, struct slice s);
/* Within a JSON string's quotes; what is not UTF-8 becomes U+FFFD. */
void escape_json(struct content *out, struct slice s);
/* For a relative link: unreserved characters and '/' stay, all else is %XX; a ':' too, or
 * "javascript:x" would be another scheme. */
void escape_url(struct content *out, struct slice s);
/* Bytes of the well-formed UTF-8 character at the start of s, 1 to 4; 0: none. */
size_t escape_utf8_bytes(struct slice s);

#endif
